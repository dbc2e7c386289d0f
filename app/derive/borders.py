"""Where between a file's atoms a part may end, and how much a reader would mind."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from app.derive.code import CodeAtom, CodeFile

_DEFINITIONS: Final = frozenset(
    {"function", "function_head", "class", "class_head", "interface", "type", "enum", "namespace"}
)
_METHODS: Final = frozenset({"method", "method_head", *_DEFINITIONS})
_TAILS: Final = ("else", "elif", "except", "finally", "catch")


def cut_costs(file: CodeFile) -> tuple[float | None, ...]:
    """What a cut before each atom costs, 0 at a top-level definition; None where no part may begin.

    A part of a Python file begins where a statement does, so that its brackets and strings are closed.
    """
    allowed = _statement_starts(file.text) if file.language == "python" else None
    starts = [0, *accumulate(len(atom.code) for atom in file.atoms)]
    return tuple(
        None if at and allowed is not None and starts[at] not in allowed else _cost(atom)
        for at, atom in enumerate(file.atoms)
    )


def _cost(atom: CodeAtom) -> float:
    if atom.node_type.startswith(_TAILS):
        return 1.0
    if not _indentation(atom.code):
        return 0.0 if atom.kind in _DEFINITIONS else 0.08
    return 0.2 if atom.kind in _METHODS else 0.6


def _indentation(code: str) -> str:
    line = next((line for line in code.splitlines() if line.strip()), "")
    return line[: len(line) - len(line.lstrip())]


def _statement_starts(text: str) -> frozenset[int]:
    """Offsets of lines of a Python text that do not go on with a statement; none where it cannot be read so."""
    lines = text.split("\n")
    inside: set[int] = set()
    if "\r" in text.replace("\r\n", ""):
        return frozenset()
    first = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
            if token.type == tokenize.NEWLINE:
                inside.update(range(first + 1, token.start[0] + 1) if first else ())
                first = 0
            elif not first and token.type not in _BETWEEN:
                first = token.start[0]
    except (tokenize.TokenError, SyntaxError):
        return frozenset()
    offsets: Sequence[int] = [0, *accumulate(len(line) + 1 for line in lines)]
    return frozenset(offset for line, offset in enumerate(offsets[:-1], 1) if line not in inside)


_BETWEEN: Final = frozenset(
    {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)
