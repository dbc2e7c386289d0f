"""What became of the faults that were put into answers: which check caught each, and which got through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.execution.checks import FindingKind
from app.model.plan import FullPlan, PlanEvent
from app.plans.events import EventType


class Check(StrEnum):
    """What looks at code, in this order."""

    PART = "part"
    SYNTAX = "syntax"
    NAME = "name"
    IMPORT = "import"
    TEST = "test"


class Fate(StrEnum):
    """What became of an answer with a fault that no check caught."""

    PUT_RIGHT = "put_right"
    """The code that was taken out of it is the right one."""
    GOT_THROUGH = "got_through"
    NOT_CHECKED = "not_checked"
    """A task of its file was never done, so nothing looked at the file."""


CHECK_OF: Final = {
    FindingKind.NO_CODE: Check.PART,
    FindingKind.CUT_OFF: Check.PART,
    FindingKind.INCOMPLETE: Check.PART,
    FindingKind.SYNTAX: Check.SYNTAX,
    FindingKind.UNDEFINED_NAME: Check.NAME,
    FindingKind.IMPORT: Check.IMPORT,
    FindingKind.TEST: Check.TEST,
    FindingKind.TEST_TIMEOUT: Check.TEST,
}


@dataclass(frozen=True, slots=True)
class Written:
    """What was taken out of one answer; ``fault`` is the kind that was seeded, empty for none."""

    label: str
    attempt: int
    code: str
    fault: str


@dataclass(slots=True)
class FaultCount:
    """The faults of a kind: how many, and what became of them (the values add up to ``seeded``)."""

    seeded: int = 0
    caught: Counter[str] = field(default_factory=Counter)
    fates: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, object]:
        return {
            "seeded": self.seeded,
            "caught": {check.value: self.caught[check] for check in Check if self.caught[check]},
            **{fate.value: self.fates[fate] for fate in Fate},
        }


@dataclass(slots=True)
class Account:
    """What became of all faults. ``blamed_wrongly`` counts right code that a check had written again."""

    kinds: dict[str, FaultCount] = field(default_factory=dict)
    through: list[tuple[str, str]] = field(default_factory=list)
    blamed_wrongly: int = 0

    def total(self) -> FaultCount:
        whole = FaultCount()
        for count in self.kinds.values():
            whole.seeded += count.seeded
            whole.caught += count.caught
            whole.fates += count.fates
        return whole


def account_for(
    written: Sequence[Written], originals: Mapping[str, str], full: FullPlan, events: Iterable[PlanEvent]
) -> Account:
    """What became of what was written; ``originals`` has the right code by label."""
    caught = _caught(full, events)
    complete = _complete_files(full)
    target = {
        f"subtask {task.task_number}.{part.subtask_number}": part.target_file
        for task in full.tasks
        for part in task.subtasks
    }
    account = Account()
    for each in written:
        check = caught.get((each.label, each.attempt))
        is_right = each.code == originals[each.label]
        if not each.fault:
            account.blamed_wrongly += bool(check and is_right)
            continue
        count = account.kinds.setdefault(each.fault, FaultCount())
        count.seeded += 1
        path = target[each.label]
        if check and not is_right:
            count.caught[check] += 1
        elif is_right:
            count.fates[Fate.PUT_RIGHT] += 1
            account.blamed_wrongly += bool(check)
        elif path in complete:
            count.fates[Fate.GOT_THROUGH] += 1
            account.through.append((path, each.fault))
        else:
            count.fates[Fate.NOT_CHECKED] += 1
    return account


def _caught(full: FullPlan, events: Iterable[PlanEvent]) -> dict[tuple[str, int], Check]:
    """The check that had each answer, by label and attempt, written again or given up."""
    label_of: dict[str, str] = {}
    for task in full.tasks:
        for part in task.subtasks:
            label_of[str(part.subtask_id)] = f"subtask {task.task_number}.{part.subtask_number}"
    number_of: dict[UUID | None, int] = {task.task_id: task.task_number for task in full.tasks}
    latest: dict[str, int] = {}
    caught: dict[tuple[str, int], Check] = {}
    for event in events:
        data = event.event_data
        if event.event_type == EventType.SUBTASK_WRITTEN:
            latest[f"subtask {number_of[event.task_id]}.{data['subtask_number']}"] = int(str(data["attempt"]))
        blamed = data.get("blamed")
        for subtask_id, kind in blamed.items() if isinstance(blamed, dict) else ():
            label = label_of[subtask_id]
            if label in latest:
                caught.setdefault((label, latest[label]), CHECK_OF[FindingKind(kind)])
    return caught


def _complete_files(full: FullPlan) -> set[str]:
    """Files whose tasks are all done, which is when they are checked."""
    open_files = {
        part.target_file for task in full.tasks if task.status != "completed" for part in task.subtasks
    }
    return {part.target_file for task in full.tasks for part in task.subtasks} - open_files
