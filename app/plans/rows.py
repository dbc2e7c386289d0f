"""Rows of the plans' tables as values."""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter

from app.model.plan import MasterPlan, Milestone, Phase, PlanEvent, Subtask, Task
from app.postgres.rows import Row

_PLAN: Final = TypeAdapter(MasterPlan)
_PHASE: Final = TypeAdapter(Phase)
_MILESTONE: Final = TypeAdapter(Milestone)
_TASK: Final = TypeAdapter(Task)
_SUBTASK: Final = TypeAdapter(Subtask)
_EVENT: Final = TypeAdapter(PlanEvent)


def plan_of(row: Row) -> MasterPlan:
    return _PLAN.validate_python(row)


def phase_of(row: Row) -> Phase:
    return _PHASE.validate_python(row)


def milestone_of(row: Row) -> Milestone:
    return _MILESTONE.validate_python(row)


def subtask_of(row: Row) -> Subtask:
    return _SUBTASK.validate_python(row)


def task_of(row: Row, subtasks: tuple[Subtask, ...]) -> Task:
    return _TASK.validate_python({**row, "subtasks": subtasks})


def event_of(row: Row) -> PlanEvent:
    return _EVENT.validate_python(row)
