"""Executing a plan from its first task to its tests: what a job, or a command, does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import UUID

from app.errors import BudgetExceeded, Conflict, MgeError, StoreDown
from app.execution.baseline import Known, known_findings
from app.execution.mvp import MvpStrategy
from app.execution.orchestrator import ExecutionOrchestrator, RunResult
from app.execution.run import PlanRun, RunOptions, TestPolicy, tasks_by_id
from app.llm.ask import ask, take_over
from app.llm.port import Provider
from app.model.plan import ExecutionMode, MasterPlan, PlanSource, PlanStatus
from app.model.prompt import Completion, Complexity, Prompt
from app.plans.events import EventType
from app.plans.read import recorded_answers, request_of, show_full_plan
from app.plans.states import PlanMove, move_plan
from app.plans.tasks import PlanKey, RunFacts, note_plan_event, note_run
from app.postgres.connect import Pool
from app.workspace.repository import open_workspace

# Models that continue a begun answer are small ones, whose answers get worse with longer prompts.
_SMALL_PROMPT: Final = 2_000
_LARGE_PROMPT: Final = 12_000


@dataclass(frozen=True, slots=True)
class Execution:
    """A run that was asked for. ``holder`` names this attempt at it: what an earlier one held is taken over."""

    key: PlanKey
    mode: ExecutionMode
    holder: str
    workspaces: Path
    options: RunOptions


async def execute_plan(pool: Pool, provider: Provider, execution: Execution) -> RunResult:
    """Execute what of a plan is not done; how that ended.

    Raises `Conflict` where the plan is not in progress or its mode is not offered, `StoreDown`, and other
    errors, such as `BudgetExceeded` and `ModelError`, which leave the plan paused with their reason.
    """
    key = execution.key
    full = await show_full_plan(pool, key.masterplan_id, key.tenant_id)
    if full.plan.status is not PlanStatus.IN_PROGRESS:
        raise Conflict(f"the plan is {full.plan.status}", hint="`mge plan run PLAN` starts it")
    if execution.mode is not ExecutionMode.MVP:
        raise Conflict(
            f"plans are not executed in the mode {execution.mode} yet", hint="run it in the mode mvp"
        )
    await _note_run(pool, provider, execution, full.plan)
    await take_over(pool, key.masterplan_id, execution.holder, tenant_id=key.tenant_id)
    workspace = await open_workspace(execution.workspaces / str(key.masterplan_id))

    async def ask_for(prompt: Prompt, task_id: UUID) -> Completion:
        return await ask(
            pool,
            provider,
            prompt,
            tenant_id=key.tenant_id,
            masterplan_id=key.masterplan_id,
            task_id=task_id,
            holder=execution.holder,
        )

    known: Known = frozenset()
    if full.plan.source is PlanSource.DERIVED:
        answers = await recorded_answers(pool, key.masterplan_id, key.tenant_id)
        known = await known_findings(full.tasks, answers)
    request = await request_of(pool, full.plan.discovery_id, key.tenant_id)
    options = _options(execution, provider, full.plan)
    run = PlanRun(pool, key, full.plan, workspace, ask_for, options, tasks_by_id(full), request, known)
    try:
        result = await ExecutionOrchestrator(run, MvpStrategy(run)).execute()
    except StoreDown:
        raise
    except MgeError as error:
        await _pause(pool, key, error)
        raise
    return await _end(pool, key, result)


def _options(execution: Execution, provider: Provider, plan: MasterPlan) -> RunOptions:
    """A plan from code is whole only at its end, so its tests run then."""
    budget = _SMALL_PROMPT if provider.continues else _LARGE_PROMPT
    options = replace(execution.options, token_budget=budget)
    if plan.source is PlanSource.DERIVED:
        return replace(options, tests=TestPolicy.AT_END)
    return options


async def _note_run(pool: Pool, provider: Provider, execution: Execution, plan: MasterPlan) -> None:
    run = RunFacts(
        execution.mode,
        provider.name,
        provider.model_for(Complexity.MEDIUM),
        provider.simulated,
        str(plan.masterplan_id),
    )
    await note_run(pool, execution.key, run)


async def _pause(pool: Pool, key: PlanKey, error: MgeError) -> None:
    """Leave the plan paused with the reason, so that it can go on when that is mended."""
    reason: dict[str, object] = {"reason": str(error), "hint": error.hint}
    if isinstance(error, BudgetExceeded):
        await note_plan_event(pool, key, EventType.BUDGET_USED, reason)
    try:
        await move_plan(pool, key.masterplan_id, key.tenant_id, PlanMove.PAUSE, actor=key.actor, data=reason)
    except Conflict:
        return  # somebody paused or cancelled it in the meantime


async def _end(pool: Pool, key: PlanKey, result: RunResult) -> RunResult:
    if result.status is PlanStatus.PAUSED:
        return result
    move = PlanMove.COMPLETE if result.status is PlanStatus.COMPLETED else PlanMove.FAIL
    data: dict[str, object] = {
        "completed": result.completed,
        "failed": result.failed,
        "blocked": result.blocked,
        "retried": result.retried,
        "tests": None if result.tests is None else result.tests.as_event(),
    }
    try:
        await move_plan(pool, key.masterplan_id, key.tenant_id, move, actor=key.actor, data=data)
    except Conflict as error:
        return replace(result, status=PlanStatus.PAUSED, reason=str(error))
    return result
