"""The tasks of a code base in order, each with its parts, what it needs, and where it belongs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.derive.code import CodeAtom, CodeBase, CodeFile, Module
from app.derive.cutting import TASK_LOC, Range, cut_file
from app.derive.order import file_needs, order_files
from app.derive.places import Place, module_place, task_type_of

# A file with fewer code lines does not make a task of its own where its neighbour is as small.
_SMALL_LOC: Final = TASK_LOC // 2
_MOST_FILES: Final = 8


@dataclass(frozen=True, slots=True)
class Part:
    """What one subtask writes: some neighbouring atoms of a file."""

    file: CodeFile
    range: Range

    @property
    def atoms(self) -> tuple[CodeAtom, ...]:
        return self.file.atoms[self.range.first : self.range.end]

    @property
    def code(self) -> str:
        return "".join(atom.code for atom in self.atoms)

    @property
    def loc(self) -> int:
        return sum(atom.loc for atom in self.atoms)

    def lines(self) -> tuple[int, int]:
        """The first and the last line, from 1."""
        before = sum(atom.code.count("\n") for atom in self.file.atoms[: self.range.first])
        return before + 1, before + max(self.code.removesuffix("\n").count("\n") + 1, 1)


@dataclass(frozen=True, slots=True)
class Work:
    """A task: one range of one file, or some small files whole. ``of`` counts the tasks of its file."""

    number: int
    parts: tuple[Part, ...]
    place: Place
    depends_on: tuple[int, ...]
    turn: int
    of: int

    @property
    def atoms(self) -> tuple[CodeAtom, ...]:
        return tuple(atom for part in self.parts for atom in part.atoms)

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.file.path for part in self.parts))


@dataclass(slots=True)
class _Draft:
    """A task without its number and needs."""

    parts: list[Part]
    home: Place
    turn: int
    of: int

    def takes(self, file: CodeFile, home: Place) -> bool:
        """Whether a small file may be written in this task as well."""
        loc = sum(part.loc for part in self.parts)
        return (
            self.of == 1
            and self.home == home
            and task_type_of(self.parts[0].file.path) == task_type_of(file.path)
            and len(self.parts) < _MOST_FILES
            and max(self.parts[0].file.loc, file.loc) <= _SMALL_LOC
            and loc + file.loc <= TASK_LOC
        )


def work_of(code: CodeBase) -> tuple[Work, ...]:
    """All tasks in the order of their numbers, which a file's tasks and all dependencies follow."""
    files = {file.path: file for file in code.files}
    homes = {path: module_place(path, file.atoms, code.modules) for path, file in files.items()}
    ordered = order_files(file_needs(code.files), lambda path: homes[path].order())
    drafts = _drafts([files[path] for path in ordered], homes)
    task_at = {
        (part.file.path, at): number
        for number, draft in enumerate(drafts, 1)
        for part in draft.parts
        for at in range(part.range.first, part.range.end)
    }
    needed = [_needed(number, draft, task_at) for number, draft in enumerate(drafts, 1)]
    return tuple(
        Work(
            number,
            tuple(draft.parts),
            _place(draft, code.modules),
            depends_on,
            draft.turn,
            draft.of,
        )
        for number, (draft, depends_on) in enumerate(zip(drafts, needed, strict=True), 1)
    )


def _drafts(files: Iterable[CodeFile], homes: Mapping[str, Place]) -> list[_Draft]:
    drafts: list[_Draft] = []
    for file in files:
        home = homes[file.path]
        tasks = cut_file(file)
        if len(tasks) == 1 and drafts and drafts[-1].takes(file, home):
            drafts[-1].parts += [Part(file, each) for each in tasks[0]]
            continue
        drafts += [
            _Draft([Part(file, each) for each in parts], home, turn, len(tasks))
            for turn, parts in enumerate(tasks, 1)
        ]
    return drafts


def _needed(number: int, draft: _Draft, task_at: Mapping[tuple[str, int], int]) -> tuple[int, ...]:
    """The tasks before that a task needs. Of each file the last one will do, since that needs the others of its file."""
    last: dict[str, int] = {}
    for part in draft.parts:
        path = part.file.path
        if part.range.first and (before := task_at[path, part.range.first - 1]) < number:
            last[path] = before
        for need in part.file.needs:
            if not part.range.first <= need.atom < part.range.end:
                continue
            needed = task_at.get((need.path, need.needed), number)
            if need.path != path and needed < number:
                last[need.path] = max(last.get(need.path, 0), needed)
    return tuple(sorted(set(last.values())))


def _place(draft: _Draft, modules: Mapping[str, Module]) -> Place:
    atoms: Sequence[CodeAtom] = [atom for part in draft.parts for atom in part.atoms]
    return module_place(draft.parts[0].file.path, atoms, modules)
