"""Plans executed the MVP's way, on a real Postgres, with git and the sandbox; the answers are recorded."""

from __future__ import annotations

import asyncio
import subprocess

import pytest

from app.errors import Conflict
from app.execution.run import RunOptions
from app.llm.fences import fence
from app.llm.recorded import RecordedProvider
from app.model.plan import PlanSource, PlanStatus, TaskStatus, TaskType
from app.model.prompt import Prompt
from app.plans import read
from app.plans.states import PlanMove, move_plan
from app.sandbox.run import available
from app.sandbox.suite import SuiteOutcome
from tests.documents import document, task
from tests.integration.execution.conftest import Runner

ADD = "```python\ndef add(a: int, b: int) -> int:\n    return a + b\n```"
TEST = "```python\nfrom calc import add\n\n\ndef test_add() -> None:\n    assert add(1, 2) == 3\n```"


def calc(**changed: str) -> dict[str, str]:
    return {"subtask 1.1": ADD, "subtask 2.1": TEST, **changed}


def plan_of(answers: dict[str, str]):  # type: ignore[no-untyped-def]
    return document(
        task(1, "calc.py"), task(2, "test_calc.py", [1], task_type=TaskType.TEST), answers=answers
    )


needs_sandbox = pytest.mark.skipif(not available().available, reason=available().reason or "no sandbox")


@needs_sandbox
async def test_a_plan_becomes_files_with_a_commit_a_task_and_green_tests(runner: Runner) -> None:
    plan_id = await runner.approved(plan_of(calc()))
    result = await runner.execute(plan_id)
    assert (result.status, result.completed, result.retried) == (PlanStatus.COMPLETED, 2, 0)
    assert result.tests is not None
    assert (result.tests.outcome, result.tests.passed) == (SuiteOutcome.PASSED, 1)
    assert set(runner.files(plan_id)) == {"calc.py", "test_calc.py"}
    plan = await read.show_plan(runner.pool, plan_id, "default")
    assert (plan.status, plan.completed_tasks, plan.simulated) == (PlanStatus.COMPLETED, 2, True)
    log = subprocess.run(
        ["git", "log", "--format=%s"], cwd=runner.workspaces / str(plan_id), capture_output=True, text=True
    )
    assert log.stdout.splitlines() == ["2. Task 2", "1. Task 1", "Begin the workspace"]
    events = [each.event_type for each in await read.events_after(runner.pool, plan_id, "default", 0)]
    assert events[-2:] == ["tests_run", "plan_completed"]
    assert events.count("task_completed") == 2


@needs_sandbox
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("```python\ndef add(a: int, b: int) -> int:\n    return math.prod([a]) + b\n```", "math"),
        ("```python\nimport nowhere_at_all\n\n\ndef add(a, b):\n    return a + b\n```", "nowhere_at_all"),
        ("```python\ndef add(a, b):\n    return (a +\n```", "not complete"),
        ("I am not sure what you mean.", "does not work"),
        ("```python\ndef add(a, b):\n    return a.no_such_attribute + b\n```", "no_such_attribute"),
    ],
)
async def test_a_faulty_answer_is_written_again_with_what_was_found(
    runner: Runner, answer: str, said: str
) -> None:
    plan_id = await runner.approved(plan_of({**calc(), "subtask 1.1": answer, "subtask 1.1#2": ADD}))
    result = await runner.execute(plan_id)
    assert (result.status, result.retried) == (PlanStatus.COMPLETED, 1)
    full = await read.show_full_plan(runner.pool, plan_id, "default")
    row, first = await read.show_task(runner.pool, full.tasks[0].task_id, "default")
    assert (first.status, first.retry_count, first.validation_passed) == (TaskStatus.COMPLETED, 1, True)
    assert said in row["llm_prompt"]
    assert "return a + b" in runner.files(plan_id)["calc.py"]


async def test_what_fails_twice_blocks_only_what_depends_on_it(runner: Runner) -> None:
    plan = document(
        task(1, "a.py"),
        task(2, "b.py", [1]),
        task(3, "c.py"),
        answers={"subtask 1.1": "```python\nx = (\n```", "subtask 2.1": "y = 1", "subtask 3.1": "z = 1\n"},
    )
    plan_id = await runner.approved(plan)
    result = await runner.execute(plan_id)
    assert (result.status, result.completed, result.failed, result.blocked) == (PlanStatus.FAILED, 1, 1, 1)
    full = await read.show_full_plan(runner.pool, plan_id, "default")
    assert [each.status for each in full.tasks] == [
        TaskStatus.FAILED,
        TaskStatus.BLOCKED,
        TaskStatus.COMPLETED,
    ]
    assert full.tasks[0].last_error
    assert set(runner.files(plan_id)) == {"c.py"}


async def test_a_derived_plan_joins_byte_for_byte(runner: Runner) -> None:
    parts = ["import os\n\n\nclass A:\n    x = 1\n", "    y = 2\n\n\n\n", "z = os.sep\n"]
    plan = document(
        task(1, "a.py", parts=["1", "2"]),
        task(2, "a.py", [1], parts=["3"]),
        answers={
            "subtask 1.1": fence(parts[0], "python"),
            "subtask 1.2": fence(parts[1], "python"),
            "subtask 2.1": fence(parts[2], "python"),
        },
    )
    plan_id = await runner.approved(plan, PlanSource.DERIVED)
    result = await runner.execute(plan_id)
    assert result.completed == 2
    assert runner.files(plan_id) == {"a.py": "".join(parts)}


class Slow(RecordedProvider):
    """Recorded answers that take a while, and that say when they are asked for."""

    asked = 0

    async def complete(self, prompt: Prompt, on_progress=None):  # type: ignore[no-untyped-def]
        self.asked += 1
        await asyncio.sleep(0.2)
        return await super().complete(prompt, on_progress)


def chain(length: int):  # type: ignore[no-untyped-def]
    return document(
        *(task(n, f"f{n}.py", [n - 1] if n > 1 else []) for n in range(1, length + 1)),
        answers={f"subtask {n}.1": f"x = {n}\n" for n in range(1, length + 1)},
    )


async def test_a_run_that_is_killed_goes_on_without_asking_again(runner: Runner) -> None:
    plan_id = await runner.approved(chain(6))
    answers = await read.recorded_answers(runner.pool, plan_id, "default")
    first = Slow(answers)
    running = asyncio.create_task(runner.execute(plan_id, first))
    while (await read.show_plan(runner.pool, plan_id, "default")).completed_tasks < 3:
        await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    second = Slow(answers)
    result = await runner.execute(plan_id, second)
    assert result.completed == 6
    assert first.asked + second.asked <= 7
    assert second.asked <= 4
    assert runner.files(plan_id) == {f"f{n}.py": f"x = {n}\n" for n in range(1, 7)}


async def test_a_paused_plan_stops_and_goes_on_where_it_was(runner: Runner) -> None:
    plan_id = await runner.approved(chain(8))
    answers = await read.recorded_answers(runner.pool, plan_id, "default")
    running = asyncio.create_task(runner.execute(plan_id, Slow(answers)))
    while (await read.show_plan(runner.pool, plan_id, "default")).completed_tasks < 2:
        await asyncio.sleep(0.02)
    await move_plan(runner.pool, plan_id, "default", PlanMove.PAUSE, actor="user:test")
    result = await running
    assert result.status is PlanStatus.PAUSED
    assert result.completed < 8
    with pytest.raises(Conflict):
        await runner.execute(plan_id)
    await move_plan(runner.pool, plan_id, "default", PlanMove.RESUME, actor="user:test")
    assert (await runner.execute(plan_id)).completed == 8


async def test_a_workspace_that_was_deleted_is_written_again(runner: Runner) -> None:
    plan_id = await runner.approved(chain(3))
    await runner.execute(plan_id)
    root = runner.workspaces / str(plan_id)
    subprocess.run(["rm", "-rf", str(root)], check=True)
    await move_plan(runner.pool, plan_id, "default", PlanMove.RESUME, actor="user:test")
    result = await runner.execute(plan_id)
    assert result.completed == 3
    assert len(runner.files(plan_id)) == 3


async def test_no_more_tasks_run_at_once_than_allowed(runner: Runner) -> None:
    wide = document(
        *(task(n, f"f{n}.py") for n in range(1, 9)),
        answers={f"subtask {n}.1": f"x = {n}\n" for n in range(1, 9)},
    )
    plan_id = await runner.approved(wide)
    active = most = 0

    class Counting(RecordedProvider):
        async def complete(self, prompt: Prompt, on_progress=None):  # type: ignore[no-untyped-def]
            nonlocal active, most
            active += 1
            most = max(most, active)
            await asyncio.sleep(0.05)
            active -= 1
            return await super().complete(prompt, on_progress)

    answers = await read.recorded_answers(runner.pool, plan_id, "default")
    await runner.execute(plan_id, Counting(answers), RunOptions(parallel_tasks=2))
    assert most == 2
