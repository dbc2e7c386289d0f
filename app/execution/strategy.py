"""What a way of executing a plan does: the MVP's and V2's each answer the same four questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.model.plan import Task, TaskFinding


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checks of a unit found. ``files`` are those that it wrote, ``logs`` what people may want to read."""

    findings: tuple[TaskFinding, ...]
    files: tuple[str, ...]
    logs: str = ""

    @property
    def passed(self) -> bool:
        return not self.findings


class ExecutionStrategy(Protocol):
    """A way of executing a plan. Units are named by their task's id; the orchestrator decides when each is executed."""

    async def atomize_plan(self) -> int:
        """Cut the plan into the units that are executed; how many those are."""

    async def build_execution_order(self) -> Sequence[Sequence[UUID]]:
        """The units in layers: each needs only units of earlier layers."""

    async def execute_unit(self, task: Task) -> Sequence[TaskFinding]:
        """Write what of a unit is not written yet; what kept parts of it from being written."""

    async def validate_unit(self, task: Task) -> Verdict:
        """Put a unit's files into the workspace and check them."""
