"""Where in a plan a file's work belongs: its kind of task, its phase and its milestone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from app.derive.code import CodeAtom, Module
from app.model.plan import PhaseType, TaskType

_TEST_FOLDERS: Final = frozenset({"test", "tests", "testing", "__tests__", "spec", "specs"})
_SETUP_NAMES: Final = frozenset(
    {"setup.py", "noxfile.py", "tasks.py", "fabfile.py", "gulpfile.js", "Gruntfile.js"}
)
_DOCS_FOLDERS: Final = frozenset({"doc", "docs", "examples"})

PHASES: Final = {
    PhaseType.SETUP: "Set-up",
    PhaseType.CORE: "Code",
    PhaseType.POLISH: "Tests and documentation",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A milestone of a phase, both by a key and a name."""

    phase_type: PhaseType
    phase_key: str
    phase: str
    milestone_key: str
    milestone: str

    def order(self) -> tuple[int | str, ...]:
        """What places are sorted by, from the coarsest part on."""
        return (list(PhaseType).index(self.phase_type), self.phase_key, self.milestone_key)


def task_type_of(path: str) -> TaskType:
    """What kind of work it is to write a file."""
    file = PurePosixPath(path)
    folders = file.parts[:-1]
    stem = file.name.partition(".")[0]
    is_test = stem.startswith("test_") or stem.endswith("_test") or stem in ("test", "tests", "conftest")
    if is_test or ".test." in file.name or ".spec." in file.name or _TEST_FOLDERS.intersection(folders):
        return TaskType.TEST
    if len(folders) == 0 and (file.name in _SETUP_NAMES or ".config." in file.name):
        return TaskType.SETUP
    if folders and folders[0] in _DOCS_FOLDERS:
        return TaskType.DOCUMENTATION
    return TaskType.IMPLEMENTATION


def phase_type_of(task_type: TaskType) -> PhaseType:
    match task_type:
        case TaskType.SETUP:
            return PhaseType.SETUP
        case TaskType.IMPLEMENTATION:
            return PhaseType.CORE
        case TaskType.TEST | TaskType.DOCUMENTATION:
            return PhaseType.POLISH


def folder_place(path: str) -> Place:
    """A file's place by its folder."""
    phase_type = phase_type_of(task_type_of(path))
    folder = str(PurePosixPath(path).parent)
    name = "top folder" if folder == "." else folder
    return Place(phase_type, phase_type.value, PHASES[phase_type], folder, name)


def module_place(path: str, atoms: Sequence[CodeAtom], modules: Mapping[str, Module]) -> Place:
    """The place of some atoms of a file by the module that most of their code is in; by the folder where that is none."""
    weights: Counter[str] = Counter()
    for atom in atoms:
        if atom.module_id in modules:
            weights[atom.module_id] += atom.loc + 1
    if not weights:
        return folder_place(path)
    module_id = min(weights, key=lambda each: (-weights[each], each))
    module = modules[module_id]
    phase_type = phase_type_of(task_type_of(path))
    key = f"{phase_type.value} {module.component_id}"
    return Place(phase_type, key, module.component, module_id, module.name)
