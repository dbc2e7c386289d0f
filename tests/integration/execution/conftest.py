from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.execution.execute import Execution, execute_plan
from app.execution.orchestrator import RunResult
from app.execution.run import RunOptions
from app.llm.port import Provider
from app.llm.recorded import RecordedProvider
from app.model.plan import ExecutionMode, PlanSource
from app.plans.document import PlanDocument
from app.plans.read import recorded_answers
from app.plans.states import PlanMove, move_plan
from app.plans.tasks import PlanKey
from app.plans.write import Origin, Owner, create_plan
from app.postgres.connect import Pool

OWNER = Owner("default", uuid4(), uuid4(), "user:test")


class Runner:
    """Plans of one database, executed in a folder of the test's."""

    def __init__(self, pool: Pool, workspaces: Path) -> None:
        self.pool = pool
        self.workspaces = workspaces
        self.attempts = 0

    async def approved(self, document: PlanDocument, source: PlanSource = PlanSource.GENERATED) -> UUID:
        """A plan that is in progress, and that nobody executes yet."""
        plan_id = await create_plan(self.pool, document, OWNER, Origin(source))
        await move_plan(self.pool, plan_id, "default", PlanMove.APPROVE, actor="user:test")
        await move_plan(self.pool, plan_id, "default", PlanMove.START, actor="user:test")
        return plan_id

    async def execute(
        self, plan_id: UUID, provider: Provider | None = None, options: RunOptions | None = None
    ) -> RunResult:
        self.attempts += 1
        answers: Mapping[tuple[str, int], str] = await recorded_answers(self.pool, plan_id, "default")
        execution = Execution(
            PlanKey(plan_id, "default", "worker"),
            ExecutionMode.MVP,
            f"attempt {self.attempts}",
            self.workspaces,
            options or RunOptions(),
        )
        return await execute_plan(self.pool, provider or RecordedProvider(answers), execution)

    def files(self, plan_id: UUID) -> dict[str, str]:
        root = self.workspaces / str(plan_id)
        return {
            path.relative_to(root).as_posix(): path.read_text()
            for path in sorted(root.rglob("*"))
            if path.is_file() and ".git" not in path.parts
        }


@pytest.fixture
def runner(pool: Pool, tmp_path: Path) -> Runner:
    return Runner(pool, tmp_path / "workspaces")
