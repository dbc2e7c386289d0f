"""What tasks and subtasks are called, and what their descriptions say of the atoms that they write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from app.derive.code import CodeAtom
from app.model.prompt import Complexity

_MOST_NAME: Final = 200
_MOST_TEXT: Final = 4_000
_NAMES_SHOWN: Final = 4
_NAMING: Final = frozenset(
    {
        "function",
        "function_head",
        "method",
        "method_head",
        "class",
        "class_head",
        "interface",
        "type",
        "enum",
        "constant",
    }
)
_QUOTES: Final = re.compile(r"""^\s*[A-Za-z]{0,2}(?:\"{3}|'{3}|"|'|/\*+|//+)\s*""")
# Decisions, which add up over atoms as cyclomatic complexity does not, up to which a task is low, medium and high.
_LOW, _MEDIUM, _HIGH = 4, 14, 28


def complexity_of(atoms: Iterable[CodeAtom]) -> Complexity:
    """How hard it is to write some atoms."""
    decisions = sum(atom.complexity - 1 for atom in atoms)
    if decisions <= _LOW:
        return Complexity.LOW
    if decisions <= _MEDIUM:
        return Complexity.MEDIUM
    return Complexity.HIGH if decisions <= _HIGH else Complexity.CRITICAL


def one_line(text: str, most: int = _MOST_NAME) -> str:
    """The text as one line without control characters, at most so long."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def names_of(atoms: Sequence[CodeAtom]) -> str:
    """The first few names that atoms define, or what else is to say of them."""
    naming = [atom.name for atom in atoms if atom.kind in _NAMING] or [atom.name for atom in atoms]
    names = list(dict.fromkeys(name for name in naming if name))
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(names[:_NAMES_SHOWN]) + more


def describe(atoms: Sequence[CodeAtom]) -> str:
    """The signatures of atoms, each with the first sentence of its docstring."""
    lines: list[str] = []
    for atom in atoms:
        said = _first_line(atom.docstring)
        if atom.signature:
            lines.append(f"- {_signature(atom, 300)}{f': {said}' if said else ''}")
        elif said:
            lines.append(f"- {said}")
    return _fit(lines)


def defines(atoms: Sequence[CodeAtom]) -> str:
    """What other tasks may use of some atoms, on one line; empty where nothing is defined."""
    signatures = [_signature(atom, 120) for atom in atoms if atom.signature]
    return one_line(f"Defines: {'; '.join(signatures)}", 1_000) if signatures else ""


def _signature(atom: CodeAtom, most: int) -> str:
    return one_line(atom.signature.rstrip(":{ \t\r\n"), most)


def _first_line(docstring: str) -> str:
    text = _QUOTES.sub("", docstring)
    line = next((line.strip(" *\t") for line in text.splitlines() if line.strip(" *\t/")), "")
    return one_line(line.removesuffix("*/").rstrip("\"' "), 200)


def _fit(lines: Sequence[str]) -> str:
    kept: list[str] = []
    room = _MOST_TEXT
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return "\n".join([*kept, "- …"])
        kept.append(line)
    return "\n".join(kept)
