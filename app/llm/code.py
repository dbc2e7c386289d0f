"""Code and JSON out of what a model answered, which is often wrapped in fences and talk."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.llm.fences import NO_FINAL_NEWLINE, fence, unfence

__all__ = ["Extracted", "extract_code", "extract_json", "fence", "parses"]

_FENCE: Final = re.compile(r"(?P<indent>[ \t]*)(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)")
_NAMES: Final = {
    "py": "python", "python3": "python", "pyi": "python", "pycon": "python",
    "ts": "typescript", "mts": "typescript", "cts": "typescript",
    "js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "javascript",
    "md": "markdown", "yml": "yaml", "sh": "bash", "shell": "bash",
}  # fmt: skip
_CODE_LINE: Final = re.compile(
    r"(import |from \w|def |class |async def |@\w|#|\"\"\"|'''|if |for |while |with |try:|[A-Za-z_][\w.\[\]'\"]*\s*(:[^=]+)?=)"
)
_MAX_TRIES: Final = 60


@dataclass(frozen=True, slots=True)
class Extracted:
    """The code of an answer. ``chatter``: there was more than code. ``complete``: its block was closed."""

    code: str
    chatter: bool
    complete: bool


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines ``first`` to before ``end`` between fences; ``end`` is the number of all lines where it was never closed."""

    language: str
    first: int
    end: int
    closed: bool
    indent: str
    final_newline: bool = True


def extract_code(text: str, language_hint: str = "") -> Extracted:
    """The code of an answer in a language, or for a file, that is given as the hint.

    The rules, the first that holds: a text that is one block is its code, byte for byte · Python that parses with its fences
    is code as it is, and so is a Markdown document with blocks in it · of several blocks, the longest in the hint's language,
    else the longest without one, else the longest · a block of Python that does not parse ends at a later fence, if it parses
    then · without an opening fence, code ends at the closing one · without any, it is all code, for Python without the lines
    before and after that keep it from parsing.
    """
    whole = unfence(text)
    if whole is not None:
        return Extracted(whole, chatter=False, complete=True)
    language = language_of(language_hint)
    lines = text.split("\n")
    fences = [number for number, line in enumerate(lines) if _FENCE.fullmatch(line.rstrip("\r"))]
    if not fences:
        return _unfenced(text, language)
    if language == "python" and parses(text):
        return Extracted(text, chatter=False, complete=True)
    if language == "markdown":
        return _document(text, lines, fences)
    if _begins_with_code(lines, fences, language):
        code = "\n".join([*lines[: fences[0]], ""])
        return Extracted(code, _is_talk(lines[fences[0] + 1 :]), complete=True)
    block = _best(_blocks(lines, fences), language)
    if language == "python" and block.closed:
        block = _until_it_parses(lines, fences, block)
    return _taken(lines, block)


def extract_json(text: str) -> str:
    """The JSON value of an answer: the longest object or list in it, or what was begun of one that is cut off.

    It may be none: whoever reads it finds out.
    """
    stripped = text.strip()
    decoder = json.JSONDecoder()
    found = ""
    position = tries = 0
    while tries < _MAX_TRIES and (start := _next_start(stripped, position)) >= 0:
        tries += 1
        try:
            _, end = decoder.raw_decode(stripped, start)
        except json.JSONDecodeError as error:
            if not found and _is_cut_off(stripped, error):
                return stripped[start:]
            position = start + 1
        except RecursionError:
            return stripped[start:]
        else:
            found = max(found, stripped[start:end], key=len)
            position = end
    return found or _braced(stripped)


def language_of(hint: str) -> str:
    """The language of a name, a path or a suffix, in the words of code blocks; empty for none."""
    word = hint.replace("\\", "/").rpartition("/")[2].rpartition(".")[2].strip().lower()
    return _NAMES.get(word, word)


def parses(code: str) -> bool:
    """Whether code is Python in its form."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _blocks(lines: Sequence[str], fences: Sequence[int]) -> list[_Block]:
    """The blocks between fences; one is closed by a bare fence that is as long as the one that opened it."""
    found: list[_Block] = []
    opened: tuple[int, str, str, str] | None = None
    for number in fences:
        indent, ticks, info = _parts(lines[number])
        if opened is None:
            opened = (number, ticks, info, indent)
        elif not info and ticks.startswith(opened[1]):
            found.append(_block(opened, number, closed=True))
            opened = None
    if opened is not None:
        found.append(_block(opened, len(lines), closed=False))
    return found


def _block(opened: tuple[int, str, str, str], end: int, *, closed: bool) -> _Block:
    number, _, info, indent = opened
    words = re.split(r"[\s{,:=]+", info.strip("{} .")) if info else [""]
    final_newline = NO_FINAL_NEWLINE not in info.split()
    return _Block(language_of(words[0].lstrip(".")), number + 1, end, closed, indent, final_newline)


def _best(blocks: Sequence[_Block], language: str) -> _Block:
    right = [each for each in blocks if each.language == language]
    untold = [each for each in blocks if not each.language]
    return max(right or untold or blocks, key=lambda each: each.end - each.first)


def _until_it_parses(lines: Sequence[str], fences: Sequence[int], block: _Block) -> _Block:
    if parses(_content(lines, block)):
        return block
    for end in [number for number in fences if number > block.end][:_MAX_TRIES]:
        longer = replace(block, end=end)
        if not _parts(lines[end])[2] and parses(_content(lines, longer)):
            return longer
    return block


def _taken(lines: Sequence[str], block: _Block) -> Extracted:
    talk = _is_talk(lines[: block.first - 1]) or _is_talk(lines[block.end + 1 :])
    return Extracted(_content(lines, block), talk, block.closed)


def _content(lines: Sequence[str], block: _Block) -> str:
    within = [line.removeprefix(block.indent) for line in lines[block.first : block.end]]
    # The last line of a text that was cut off has no line end.
    return "\n".join([*within, ""] if block.closed and within and block.final_newline else within)


def _begins_with_code(lines: Sequence[str], fences: Sequence[int], language: str) -> bool:
    """Whether the first fence ends code whose opening fence is missing, because it was begun for the model."""
    before = lines[: fences[0]]
    _, _, info = _parts(lines[fences[0]])
    if info or not _is_talk(before):
        return False
    if language == "python":
        return parses("\n".join(before))
    last = next(line for line in reversed(before) if line.strip()).rstrip()
    return len(fences) % 2 == 1 and not last.endswith((":", ".", "!", "?"))


def _document(text: str, lines: Sequence[str], fences: Sequence[int]) -> Extracted:
    """A Markdown document, which has fences of its own: it is within the outermost, or all of the text."""
    outer = next((n for n in fences if language_of(_parts(lines[n])[2]) == "markdown"), None)
    if outer is None and not _is_talk(lines[: fences[0]]) and not _parts(lines[fences[0]])[2]:
        outer = fences[0]
    if outer is None:
        return Extracted(text, chatter=False, complete=True)
    indent, ticks, _ = _parts(lines[outer])
    ends = [n for n in fences if n > outer and not _parts(lines[n])[2] and _parts(lines[n])[1] == ticks]
    end = ends[-1] if ends else len(lines)
    return _taken(lines, _Block("markdown", outer + 1, end, bool(ends), indent))


def _unfenced(text: str, language: str) -> Extracted:
    if language != "python" or parses(text):
        return Extracted(text, chatter=False, complete=True)
    lines = text.split("\n")
    for first in _starts(lines):
        for end in _ends(lines, first):
            code = "\n".join(lines[first:end]).rstrip() + "\n"
            if parses(code) and code.strip():
                return Extracted(code, chatter=True, complete=True)
    return Extracted(text, chatter=False, complete=True)


def _starts(lines: Sequence[str]) -> list[int]:
    return [number for number, line in enumerate(lines) if _CODE_LINE.match(line)][:3]


def _ends(lines: Sequence[str], first: int) -> Iterator[int]:
    """Where code may end before talk: before a line that is not indented and follows a blank one, the last first."""
    yield len(lines)
    breaks = [
        number
        for number in range(first + 1, len(lines))
        if not lines[number - 1].strip() and lines[number][:1].strip()
    ]
    yield from breaks[::-1][:_MAX_TRIES]


def _parts(line: str) -> tuple[str, str, str]:
    found = _FENCE.fullmatch(line.rstrip("\r"))
    assert found is not None
    return found["indent"], found["ticks"], found["info"].strip()


def _is_talk(lines: Sequence[str]) -> bool:
    return any(line.strip() for line in lines)


def _next_start(text: str, position: int) -> int:
    found = [at for at in (text.find("{", position), text.find("[", position)) if at >= 0]
    return min(found, default=-1)


def _is_cut_off(text: str, error: json.JSONDecodeError) -> bool:
    """Whether a value is wrong only in that the text ends within it."""
    rest = text[error.pos :]
    words = ("true", "false", "null", "-")
    return any(word.startswith(rest) for word in words) or error.msg.startswith("Unterminated string")


def _braced(text: str) -> str:
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text
