"""Faults as models make them, seeded into code that is right: pure functions of a text and a die."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from app.llm.code import extract_code
from app.llm.edits import Edit, FaultKind, Mutation, edited, misspelt
from app.llm.fences import fence
from app.llm.python_faults import PythonSource, mutate_python
from app.model.prompt import StopReason

__all__ = ["FaultKind", "Faulty", "Mutation", "mutate", "seed_fault"]

_OPENING: Final = re.compile(r"(?:`{3,}|~{3,})[ \t]*([\w+#.-]*)")
_STRINGS_AND_COMMENTS: Final = re.compile(
    r'"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|`(?:\\.|[^`\\])*`'
    r"|//[^\n]*|/\*[\s\S]*?\*/|(?m:^\s*\#[^\n]*)"
)
_NAME: Final = re.compile(r"(?<![\w.$@#])[A-Za-z_$][\w$]{2,}")
_NUMBER: Final = re.compile(r"(?<![\w.$#])\d{1,9}(?![\w.])")
_IMPORT: Final = re.compile(
    r"(?m)^[ \t]*(?:import\b|from\b.+\bimport\b|use |#include|.*= require\().*(?:\n|\Z)"
)
_CALL: Final = re.compile(r"[\w$]\(([^(),\n]+), ?([^(),\n]+)[,)]")
_BRANCH: Final = re.compile(
    r"\belse\s*(?=\{)|\bif\s*\([^\n]*\)\s*(?=\{)|(?m:^([ \t]*)(?:else|elif\b.*|if\b.*):[ \t]*\n)"
)
_RETURN: Final = re.compile(r"(?m)\breturn ([^\n;{}]+?)(;?)$")
_TYPE: Final = re.compile(r": (number|string|boolean)\b")
_KEYWORDS: Final = frozenset(
    "and async await bool boolean break case catch class const continue def default delete else enum except export extends "
    "extern false final finally float for from function global if implements import int interface lambda let namespace new "
    "none not null number object package pass private protected public raise readonly return self static string super switch "
    "this throw true try type typeof undefined var void while with yield".split()
)
_BEFORE: Final = (
    "Sure! Here is the code you asked for:",
    "Certainly. I have thought about the requirements, and this is what I came up with:",
    "Here's an implementation that handles all of the cases:",
)
_AFTER: Final = (
    "This code does what the description asks. Let me know if you would like me to explain any part of it!",
    "Note that I kept the style of the existing code. You may want to add more tests.",
    "I hope this helps!",
)


@dataclass(frozen=True, slots=True)
class Faulty:
    """An answer with one fault; ``line`` counts in its code."""

    text: str
    stop_reason: StopReason
    kind: FaultKind
    line: int
    before: str
    after: str


def seed_fault(answer: str, kind: FaultKind, dice: Random) -> Faulty | None:
    """The answer with a fault of a kind in its code, or around it; None where it cannot have one."""
    opening = _OPENING.match(answer.lstrip())
    language = opening[1] if opening else ""
    code = extract_code(answer, language).code
    if kind is FaultKind.TRUNCATED:
        return _truncated(code, language, dice)
    if kind is FaultKind.CHATTER:
        before, after = dice.choice(_BEFORE), dice.choice(_AFTER)
        text = f"{before}\n\n{fence(code, language)}\n{after}\n"
        return Faulty(text, StopReason.END, kind, 0, "", f"{before} … {after}")
    mutation = mutate(kind, code, language, dice)
    if mutation is None:
        return None
    text = fence(mutation.text, language)
    return Faulty(text, StopReason.END, kind, mutation.line, mutation.before, mutation.after)


def mutate(kind: FaultKind, code: str, language: str, dice: Random) -> Mutation | None:
    """The code with one fault of a kind; None where it cannot have one. It is another text, and other Python."""
    if language in ("python", "py", "pyi"):
        found = mutate_python(kind, code, dice)
        if found is not None:
            return found
        if kind is FaultKind.MISSING_IMPORT or PythonSource.read(code) is not None:
            return None
    masked = _STRINGS_AND_COMMENTS.sub(lambda match: "\x00" * len(match[0]), code)
    edits = list(_TEXT_FINDERS[kind](masked, code))
    if not edits:
        return None
    mutation = edited(code, *dice.choice(edits))
    return mutation if mutation.text != code else None


def _truncated(code: str, language: str, dice: Random) -> Faulty | None:
    size = len(code.rstrip())
    if size < 2:
        return None
    at = dice.randint(max(1, size // 4), size - 1)
    text = f"{fence('', language).partition(chr(10))[0]}\n{code[:at]}"
    line = code.count("\n", 0, at) + 1
    return Faulty(text, StopReason.TRUNCATED, FaultKind.TRUNCATED, line, code[at:][:200], "")


def _wrong_names(masked: str, code: str) -> Iterator[tuple[Edit, ...]]:
    names = [found for found in _NAME.finditer(masked) if found[0].lower() not in _KEYWORDS]
    taken = frozenset(found[0] for found in names) | _KEYWORDS
    for found in names:
        yield (Edit(*found.span(), misspelt(found[0], taken)),)


def _missing_imports(masked: str, code: str) -> Iterator[tuple[Edit, ...]]:
    for found in _IMPORT.finditer(masked):
        statement = code[slice(*found.span())]
        if statement.count("{") == statement.count("}") and statement.count("(") == statement.count(")"):
            yield (Edit(*found.span(), ""),)


def _off_by_ones(masked: str, code: str) -> Iterator[tuple[Edit, ...]]:
    for found in _NUMBER.finditer(masked):
        yield (Edit(*found.span(), str(int(found[0]) + 1)),)
    for found in re.finditer(r"(?<= )(<=?|>=?)(?= )", masked):
        yield (Edit(*found.span(), found[0][0] if "=" in found[0] else f"{found[0]}="),)


def _dropped_branches(masked: str, code: str) -> Iterator[tuple[Edit, ...]]:
    for found in _BRANCH.finditer(masked):
        if found[1] is not None:
            body = re.compile(rf"(?:{found[1]}[ \t]+\S[^\n]*(?:\n|\Z)|[ \t]*\n)+").match(masked, found.end())
            if body:
                yield (Edit(found.start(), body.end(), ""),)
            continue
        end = _closing(masked, found.end())
        if end < 0:
            continue
        if found[0].startswith("else"):
            yield (Edit(found.start(), end, ""),)
        elif masked[found.end() + 1 : end - 1].strip():
            yield (Edit(found.end(), end, "{}"),)


def _closing(masked: str, start: int) -> int:
    depth = 0
    for at in range(start, len(masked)):
        depth += {"{": 1, "}": -1}.get(masked[at], 0)
        if depth == 0:
            return at + 1
    return -1


def _swapped_arguments(masked: str, code: str) -> Iterator[tuple[Edit, ...]]:
    for found in _CALL.finditer(masked):
        one, other = code[slice(*found.span(1))], code[slice(*found.span(2))]
        if one != other:
            yield (Edit(*found.span(1), other), Edit(*found.span(2), one))


def _wrong_types(masked: str, code: str) -> Iterator[tuple[Edit, ...]]:
    for found in _NUMBER.finditer(masked):
        yield (Edit(*found.span(), f'"{found[0]}"'),)
    for found in _TYPE.finditer(masked):
        yield (Edit(*found.span(1), "string" if found[1] != "string" else "number"),)
    for found in _RETURN.finditer(masked):
        value = code[slice(*found.span(1))]
        yield (Edit(*found.span(1), f"[{value}]"),)


_TEXT_FINDERS: Final[dict[FaultKind, Callable[[str, str], Iterator[tuple[Edit, ...]]]]] = {
    FaultKind.WRONG_NAME: _wrong_names,
    FaultKind.MISSING_IMPORT: _missing_imports,
    FaultKind.OFF_BY_ONE: _off_by_ones,
    FaultKind.DROPPED_BRANCH: _dropped_branches,
    FaultKind.SWAPPED_ARGUMENTS: _swapped_arguments,
    FaultKind.WRONG_TYPE: _wrong_types,
}
