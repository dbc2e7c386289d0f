"""One run of a plan: what it works with, and the plan's tasks as the run knows them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from app.execution.baseline import Known
from app.execution.parts import AssembledFile, Part, join_parts, merge_parts
from app.execution.testing import TEST_LIMITS
from app.model.plan import FullPlan, MasterPlan, PlanSource, Subtask, SubtaskStatus, Task, TaskStatus
from app.model.prompt import Completion, Prompt
from app.plans.tasks import PlanKey
from app.postgres.connect import Pool
from app.sandbox.values import Limits
from app.workspace.repository import Workspace

AskFor = Callable[[Prompt, UUID], Awaitable[Completion]]
"""Asks a model in the name of a task."""


class TestPolicy(StrEnum):
    """When a plan's tests run: after each task, or once at the end (a plan from code is whole only then)."""

    __test__ = False

    EACH_TASK = "each_task"
    AT_END = "at_end"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is done. ``token_budget`` bounds a request's prompt.

    ``known_failures`` are tests that fail on the code that the plan was derived from as well.
    """

    parallel_tasks: int = 3
    token_budget: int = 2_000
    tests: TestPolicy = TestPolicy.EACH_TASK
    test_paths: tuple[str, ...] = ()
    test_limits: Limits = TEST_LIMITS
    known_failures: frozenset[str] = frozenset()


@dataclass(slots=True)
class PlanRun:
    """A run under way. ``tasks`` is what the tables say, brought up to date with each step of this run."""

    pool: Pool
    key: PlanKey
    plan: MasterPlan
    workspace: Workspace
    ask: AskFor
    options: RunOptions
    tasks: dict[UUID, Task]
    request: str = ""
    """What a person asked for in words, where the plan was made of that."""
    known: Known = frozenset()
    """What the checks find in the code that the plan was derived from as well."""
    applying: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by who changes the workspace: files are checked as one task leaves them."""
    stopping: bool = False
    """Set when the run was paused or cancelled: nothing new begins."""
    _writers: dict[str, list[UUID]] = field(default_factory=dict)

    @property
    def verbatim(self) -> bool:
        """Whether parts join byte for byte: those of a plan from code do."""
        return self.plan.source is PlanSource.DERIVED

    def ordered(self) -> list[Task]:
        return sorted(self.tasks.values(), key=lambda task: task.task_number)

    def replace_subtask(
        self, task_id: UUID, subtask_id: UUID, status: SubtaskStatus, code: str | None
    ) -> None:
        task = self.tasks[task_id]
        subtasks = tuple(
            replace(each, status=status, code=code) if each.subtask_id == subtask_id else each
            for each in task.subtasks
        )
        self.tasks[task_id] = replace(task, subtasks=subtasks)

    def set_status(self, task_id: UUID, status: TaskStatus) -> None:
        self.tasks[task_id] = replace(self.tasks[task_id], status=status)

    def writers_of(self, path: str) -> list[Task]:
        """The tasks that write a file, in the order of their numbers."""
        if not self._writers:
            for task in self.ordered():
                for target in dict.fromkeys(part.target_file for part in task.subtasks):
                    self._writers.setdefault(target, []).append(task.task_id)
        return [self.tasks[task_id] for task_id in self._writers.get(path, ())]

    def is_complete(self, path: str, besides: UUID | None = None) -> bool:
        """Whether every task that writes the file is done, but for one that is being checked."""
        return all(
            task.status is TaskStatus.COMPLETED or task.task_id == besides for task in self.writers_of(path)
        )

    def file(self, path: str, besides: UUID | None = None, before: Subtask | None = None) -> AssembledFile:
        """A file as its completed tasks, and one that is being done, have written it; up to a subtask, if one is given."""
        parts: list[Part] = []
        for task in self.writers_of(path):
            if task.status is not TaskStatus.COMPLETED and task.task_id != besides:
                continue
            for each in task.subtasks:
                if before is not None and each.subtask_id == before.subtask_id:
                    return self._assembled(path, parts)
                if each.target_file == path and each.code is not None:
                    parts.append(Part(task.task_id, each.subtask_id, each.code))
        return self._assembled(path, parts)

    def complete_text(self, path: str, besides: UUID | None = None) -> str | None:
        """The text of a file that no task writes any more; None for another one."""
        if self.writers_of(path) and self.is_complete(path, besides):
            return self.file(path, besides).text
        return None

    def planned_paths(self) -> list[str]:
        """Every path that the plan writes."""
        self.writers_of("")
        return [path for path in self._writers if path]

    def _assembled(self, path: str, parts: list[Part]) -> AssembledFile:
        return join_parts(path, parts) if self.verbatim else merge_parts(path, parts)


def tasks_by_id(full: FullPlan) -> dict[UUID, Task]:
    return {task.task_id: task for task in full.tasks}
