"""The recorded plan of the demo, from its request to a workspace whose tests are green."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

import app.cli
from app.llm.recorded import RecordedProvider, read_answers
from app.model.plan import PlanStatus
from app.planning.usecases import generate_masterplan, start_discovery
from app.plans.states import PlanMove, move_plan
from app.sandbox.run import available
from app.sandbox.suite import SuiteOutcome
from tests.integration.execution.conftest import OWNER, Runner

RECORDED: Final = Path(app.cli.__file__).with_name("demo_plan.jsonl")


def _code_lines(text: str) -> int:
    lines = (line.strip() for line in text.splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


@pytest.mark.skipif(not available().available, reason=available().reason or "no sandbox")
async def test_the_recorded_demo_becomes_a_tested_library(runner: Runner) -> None:
    answers = read_answers(RECORDED)
    provider = RecordedProvider(answers)
    discovery = await start_discovery(runner.pool, provider, answers["request", 1], OWNER, "test")
    made = await generate_masterplan(runner.pool, provider, discovery, OWNER, "test", recorded=answers)
    assert (made.attempts, made.mended) == (1, ())
    for move in (PlanMove.APPROVE, PlanMove.START):
        await move_plan(runner.pool, made.masterplan_id, OWNER.tenant_id, move, actor="user:test")

    result = await runner.execute(made.masterplan_id)

    assert result.status is PlanStatus.COMPLETED, result
    assert result.completed >= 50
    assert (result.failed, result.blocked) == (0, 0)
    assert result.retried >= 6
    assert result.tests is not None
    assert (result.tests.outcome, result.tests.failed_tests) == (SuiteOutcome.PASSED, 0)
    assert result.tests.passed >= 200
    files = runner.files(made.masterplan_id)
    lines = sum(_code_lines(text) for path, text in files.items() if path.endswith(".py"))
    assert lines >= 2_500
    print(
        f"{result.completed} tasks, {result.retried} retried, {result.tests.passed} tests, {lines} code lines"
    )
