"""A file is the parts that subtasks wrote, in the order of their numbers.

A plan that was derived from code has parts that join byte for byte. A model's parts overlap instead: it writes an import
twice, or a function again. These are merged: imports once at the top, and of two definitions of a name the later one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final
from uuid import UUID

_DEFINITION: Final = re.compile(r"(?:\s*#.*\n)*(?:def |class |async def |@)")


@dataclass(frozen=True, slots=True)
class Part:
    """What one subtask wrote."""

    task_id: UUID
    subtask_id: UUID
    code: str


@dataclass(frozen=True, slots=True)
class AssembledFile:
    """A file's text; ``owners`` names, for each line from the first, the part that it comes from."""

    path: str
    text: str
    owners: tuple[Part, ...]

    def owner_of(self, line: int) -> Part | None:
        """The part that a line (from 1) comes from; the nearest one for a line outside of the file."""
        if not self.owners:
            return None
        return self.owners[min(max(line, 1), len(self.owners)) - 1]


@dataclass(frozen=True, slots=True)
class _Statement:
    part: Part
    text: str
    name: str
    """What a later statement of the same name replaces; empty where nothing does."""
    rank: int
    """0: docstring, 1: ``from __future__``, 2: import, 3: anything else, 4: the main guard."""


def join_parts(path: str, parts: Sequence[Part]) -> AssembledFile:
    """The parts one after the other, byte for byte."""
    text = "".join(part.code for part in parts)
    ends = accumulate(part.code.count("\n") for part in parts)
    owners: list[Part] = []
    for part, end in zip(parts, ends, strict=True):
        owners += [part] * (end - len(owners))
    lines = len(text.splitlines())
    return AssembledFile(path, text, tuple((owners + list(parts[-1:]) * lines)[:lines]))


def merge_parts(path: str, parts: Sequence[Part]) -> AssembledFile:
    """The parts as one file, without what a later one writes again."""
    if len(parts) <= 1 or not path.endswith(".py"):
        return _spaced(path, parts)
    statements: list[_Statement] = []
    for part in parts:
        try:
            statements += _statements(part)
        except (SyntaxError, ValueError):
            return _spaced(path, parts)
    last = {each.name: number for number, each in enumerate(statements) if each.name}
    kept: dict[str, _Statement] = {}
    for number, each in enumerate(statements):
        # A name keeps the place where it was first defined, with the text of its last definition.
        kept.setdefault(each.name or f"#{number}", statements[last.get(each.name, number)])
    ordered = sorted(kept.values(), key=lambda each: each.rank)
    lines: list[str] = []
    owners: list[Part] = []
    for before, each in zip([None, *ordered], ordered, strict=False):
        blank = [] if before is None else [""] * _blank_lines(before, each)
        added = [*blank, *each.text.split("\n")]
        lines += added
        owners += [each.part] * len(added)
    return AssembledFile(path, "\n".join(lines) + "\n", tuple(owners))


def _spaced(path: str, parts: Sequence[Part]) -> AssembledFile:
    """The parts with a blank line between them, and one line end at the end."""
    tidy = [Part(each.task_id, each.subtask_id, each.code.strip("\n") + "\n") for each in parts]
    spaced = [
        Part(each.task_id, each.subtask_id, each.code + ("\n\n" if number < len(tidy) else ""))
        for number, each in enumerate(tidy, 1)
    ]
    return join_parts(path, spaced)


def _statements(part: Part) -> list[_Statement]:
    tree = ast.parse(part.code)
    lines = part.code.split("\n")
    found: list[_Statement] = []
    previous = 0
    for number, node in enumerate(tree.body):
        begin = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
        # A comment stands before what it is about.
        first = previous
        while first < begin - 1 and not lines[first].strip():
            first += 1
        end = node.end_lineno or begin
        if end <= previous:
            continue  # after a semicolon: the line is there already
        text = "\n".join(lines[first:end]).rstrip()
        previous = end
        found.append(_described(part, node, text, is_first=number == 0))
    rest = "\n".join(lines[previous:]).strip("\n")
    if rest.strip():
        found.append(_Statement(part, rest, "", 3))
    return found


def _described(part: Part, node: ast.stmt, text: str, *, is_first: bool) -> _Statement:
    match node:
        case ast.Expr(ast.Constant(str())) if is_first:
            return _Statement(part, text, "docstring", 0)
        case ast.ImportFrom(module="__future__"):
            return _Statement(part, text, ast.dump(node), 1)
        case ast.Import() | ast.ImportFrom():
            return _Statement(part, text, ast.dump(node), 2)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            if any("overload" in ast.dump(each) for each in node.decorator_list):
                return _Statement(part, text, "", 3)
            return _Statement(part, text, f"name {name}", 3)
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return _Statement(part, text, f"name {name}", 3)
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return _Statement(part, text, "main guard", 4)
        case _:
            return _Statement(part, text, "", 3)


def _blank_lines(before: _Statement, after: _Statement) -> int:
    if before.rank == after.rank == 2:
        return 0
    is_definition = any(_DEFINITION.match(each.text) for each in (before, after))
    return 2 if is_definition or after.rank == 4 else 1 if before.rank != after.rank else 0
