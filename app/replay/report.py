"""What a replay came to, as people and scripts read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.derive.code import LeftOut
from app.execution.orchestrator import RunResult
from app.model.plan import FullPlan, TaskStatus
from app.plans.read import PlanUsage
from app.replay.account import Account
from app.replay.suite import Suite


@dataclass(frozen=True, slots=True)
class FileComparison:
    """The files of the tree against those of the workspace, byte for byte."""

    planned: tuple[str, ...]
    equal: tuple[str, ...]
    different: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """How many tasks there are, and what became of them; ``first_try``: done without a retry."""

    total: int
    subtasks: int
    first_try: int
    completed: int
    failed: int
    blocked: int
    retries: int

    def as_json(self) -> dict[str, object]:
        return {
            "total": self.total,
            "subtasks": self.subtasks,
            "completed": self.completed,
            "failed": self.failed,
            "blocked": self.blocked,
            "retries": self.retries,
            "first_try": self.first_try,
            "first_try_rate": round(self.first_try / self.total, 4),
            "after_retry_rate": round(self.completed / self.total, 4),
        }


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """All figures of a replay."""

    source: str
    name: str
    mode: str
    provider: str
    fault_rate: float
    seed: int
    masterplan_id: UUID
    plan_id: str
    run: RunResult
    code_lines: int
    tasks: TaskFigures
    files: FileComparison
    left_out: tuple[LeftOut, ...]
    left_behind: tuple[tuple[str, str], ...]
    before: Suite
    after: Suite
    account: Account
    usage: PlanUsage
    requests: int
    seconds: Mapping[str, float]
    out: str

    @property
    def broken_tests(self) -> tuple[str, ...]:
        """The tests that pass on the original and fail on what was written."""
        return tuple(test for test in self.after.failures if test not in self.before.failures)

    @property
    def is_faithful(self) -> bool:
        """Whether every file is the original and no test fails that passed before."""
        return not (self.files.different or self.files.missing or self.broken_tests)

    def as_json(self) -> dict[str, Any]:
        """One document; money as text, so that no digit is lost."""
        usage = self.usage
        return {
            "source": self.source,
            "name": self.name,
            "mode": self.mode,
            "provider": self.provider,
            "simulated": usage.simulated,
            "masterplan_id": str(self.masterplan_id),
            "plan_id": self.plan_id,
            "status": self.run.status.value,
            "faithful": self.is_faithful,
            "code_lines": self.code_lines,
            "tasks": self.tasks.as_json(),
            "files": {
                "total": len(self.files.equal) + len(self.files.different) + len(self.files.missing),
                "planned": len(self.files.planned),
                "equal": len(self.files.equal),
                "different": list(self.files.different),
                "missing": list(self.files.missing),
                "not_planned": [{"path": each.path, "reason": each.reason} for each in self.left_out],
                "not_copied": [{"path": path, "reason": reason} for path, reason in self.left_behind],
            },
            "tests": {
                "before": self.before.as_json(),
                "after": self.after.as_json(),
                "broken": list(self.broken_tests),
                "failing_before": list(self.before.failures),
                "advice": self.before.advice,
            },
            "faults": {
                "rate": self.fault_rate,
                "seed": self.seed,
                **self.account.total().as_json(),
                "by_kind": {kind: count.as_json() for kind, count in sorted(self.account.kinds.items())},
                "files_that_got_through": sorted({path for path, _ in self.account.through}),
                "blamed_wrongly": self.account.blamed_wrongly,
            },
            "usage": {
                "requests": self.requests,
                "completions": usage.completions,
                "input_tokens": usage.input_tokens,
                "cached_tokens": usage.cache_read_tokens,
                "output_tokens": usage.output_tokens,
                "simulated_cost_usd": _money(usage.cost_usd),
            },
            "seconds": {stage: round(each, 2) for stage, each in self.seconds.items()},
            "out": self.out,
        }


def task_figures(full: FullPlan) -> TaskFigures:
    """The figures of a plan's tasks."""
    statuses = [task.status for task in full.tasks]
    done = [task for task in full.tasks if task.status is TaskStatus.COMPLETED]
    return TaskFigures(
        total=len(statuses),
        subtasks=sum(len(task.subtasks) for task in full.tasks),
        first_try=sum(task.retry_count == 0 for task in done),
        completed=len(done),
        failed=statuses.count(TaskStatus.FAILED),
        blocked=statuses.count(TaskStatus.BLOCKED),
        retries=sum(task.retry_count for task in full.tasks),
    )


def _money(amount: Decimal) -> str:
    return f"{amount:.6f}"
