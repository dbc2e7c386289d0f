"""Mechanical mends of a plan that a model could not put right itself: each follows from the plan as it stands."""

from __future__ import annotations

from collections.abc import Mapping

from app.plans.document import PlanDocument, TaskDocument
from app.plans.findings import Fault, find_faults


def mend(document: PlanDocument) -> tuple[PlanDocument, tuple[str, ...]]:
    """The plan with dependencies on nothing and on itself dropped, and writers of one file put in order.

    Returns it with a line for each change. What is left wrong, `find_faults` tells.
    """
    said: list[str] = []
    numbers = {task.number for task in document.tasks()}
    for task in document.tasks():
        kept = tuple(number for number in task.depends_on if number in numbers and number != task.number)
        if kept != task.depends_on:
            dropped = sorted(set(task.depends_on) - set(kept))
            said.append(f"task {task.number}: dropped its dependency on {', '.join(map(str, dropped))}")
            document = _with_dependencies(document, {task.number: kept})
    while pair := _unordered(document):
        first, second = pair
        earlier = next(task for task in document.tasks() if task.number == second).depends_on
        document = _with_dependencies(document, {second: (*earlier, first)})
        said.append(f"task {second}: made to wait for task {first}, which writes the same file")
    return document, tuple(said)


def _unordered(document: PlanDocument) -> tuple[int, int] | None:
    for finding in find_faults(document, max_tasks=None):
        if finding.fault == Fault.UNORDERED_WRITERS and finding.tasks is not None:
            return finding.tasks
    return None


def _with_dependencies(document: PlanDocument, changed: Mapping[int, tuple[int, ...]]) -> PlanDocument:
    def task_of(task: TaskDocument) -> TaskDocument:
        if task.number not in changed:
            return task
        return task.model_copy(update={"depends_on": changed[task.number]})

    phases = tuple(
        phase.model_copy(
            update={
                "milestones": tuple(
                    milestone.model_copy(update={"tasks": tuple(map(task_of, milestone.tasks))})
                    for milestone in phase.milestones
                )
            }
        )
        for phase in document.phases
    )
    return document.model_copy(update={"phases": phases})
