"""What is wrong with a plan, so that a model or a person can put it right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Final

from app.model.paths import path_problem
from app.model.plan import TaskType
from app.plans.document import PlanDocument, TaskDocument

MAX_TASKS: Final = 120


class Fault(StrEnum):
    """Kinds of findings."""

    NO_TASKS = "no_tasks"
    TOO_MANY_TASKS = "too_many_tasks"
    REPEATED_NUMBER = "repeated_number"
    DANGLING_DEPENDENCY = "dangling_dependency"
    CYCLE = "cycle"
    EMPTY_TASK = "empty_task"
    UNSAFE_PATH = "unsafe_path"
    FOREIGN_TARGET = "foreign_target"
    UNORDERED_WRITERS = "unordered_writers"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: ``where`` names the task or milestone, ``detail`` says what is wrong with it."""

    fault: Fault
    where: str
    detail: str
    tasks: tuple[int, int] | None = None
    """Of unordered writers: the one that comes first in the plan, and the other."""

    def __str__(self) -> str:
        return f"{self.where}: {self.detail}"


def find_faults(document: PlanDocument, *, max_tasks: int | None = MAX_TASKS) -> tuple[Finding, ...]:
    """Every fault of a plan, in the order of its tasks; ``max_tasks`` of None sets no limit."""
    tasks = document.tasks()
    found: list[Finding] = []
    if not tasks:
        found.append(Finding(Fault.NO_TASKS, "plan", "it has no task"))
    if max_tasks is not None and len(tasks) > max_tasks:
        found.append(
            Finding(Fault.TOO_MANY_TASKS, "plan", f"it has {len(tasks)} tasks; at most {max_tasks} are taken")
        )
    found += _numbering("milestone", [m.number for m in document.milestones()])
    found += _numbering("task", [task.number for task in tasks])
    for task in tasks:
        found += _task_faults(task)
    needs = {task.number: task.depends_on for task in tasks}
    found += _dependency_faults("task", needs)
    found += _dependency_faults("milestone", {m.number: m.depends_on for m in document.milestones()})
    if not any(finding.fault in (Fault.CYCLE, Fault.REPEATED_NUMBER) for finding in found):
        found += _unordered_writers(tasks, needs)
    return tuple(found)


def _numbering(what: str, numbers: Sequence[int]) -> list[Finding]:
    repeated = sorted({number for number in numbers if numbers.count(number) > 1})
    return [
        Finding(Fault.REPEATED_NUMBER, f"{what} {number}", f"more than one {what} has this number")
        for number in repeated
    ]


def _task_faults(task: TaskDocument) -> list[Finding]:
    where = f"task {task.number}"
    found: list[Finding] = []
    if not task.description.strip() and not task.subtasks:
        found.append(Finding(Fault.EMPTY_TASK, where, "it has neither a description nor subtasks"))
    if not task.target_files and task.task_type != TaskType.DOCUMENTATION:
        found.append(Finding(Fault.EMPTY_TASK, where, "it writes no file: name its target_files"))
    for path in dict.fromkeys((*task.target_files, *(s.target_file for s in task.subtasks))):
        problem = path_problem(path) if path else ""
        if problem:
            found.append(Finding(Fault.UNSAFE_PATH, where, f"{path!r} {problem}"))
        elif path and path not in task.target_files:
            found.append(
                Finding(
                    Fault.FOREIGN_TARGET,
                    where,
                    f"a subtask writes {path!r}, the task's target_files do not name it",
                )
            )
    return found


def _dependency_faults(what: str, needs: Mapping[int, Iterable[int]]) -> list[Finding]:
    found = [
        Finding(
            Fault.DANGLING_DEPENDENCY, f"{what} {number}", f"it depends on {what} {other}, which is not there"
        )
        for number, others in needs.items()
        for other in others
        if other not in needs
    ]
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        cycle = " → ".join(map(str, reversed(error.args[1])))
        found.append(
            Finding(
                Fault.CYCLE,
                f"{what} {error.args[1][0]}",
                f"{what}s depend on each other in a circle: {cycle}",
            )
        )
    return found


def _unordered_writers(tasks: Sequence[TaskDocument], needs: Mapping[int, Sequence[int]]) -> list[Finding]:
    before = _all_before(needs)
    writers: dict[str, list[int]] = {}
    for task in tasks:
        for path in dict.fromkeys(task.target_files):
            writers.setdefault(path, []).append(task.number)
    return [
        Finding(
            Fault.UNORDERED_WRITERS,
            f"task {second}",
            f"tasks {first} and {second} both write {path!r}, and neither depends on the other",
            (first, second),
        )
        for path, numbers in writers.items()
        for first, second in _adjacent_unordered(numbers, before)
    ]


def _adjacent_unordered(
    numbers: Sequence[int], before: Mapping[int, frozenset[int]]
) -> list[tuple[int, int]]:
    """Pairs without an order. In a total order each writer's rank is how many of the others come before it."""
    rank = {number: sum(other in before[number] for other in numbers) for number in numbers}
    ordered = sorted(numbers, key=lambda number: (rank[number], number))
    return [(first, second) for first, second in pairwise(ordered) if first not in before[second]]


def _all_before(needs: Mapping[int, Sequence[int]]) -> dict[int, frozenset[int]]:
    before: dict[int, frozenset[int]] = {}
    for number in TopologicalSorter(needs).static_order():
        direct = needs.get(number, ())
        before[number] = frozenset(direct).union(*(before[other] for other in direct))
    return before
