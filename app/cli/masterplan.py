"""`mge plan`: from a request in words to a plan, its approval, its execution and its end."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID, uuid4

import typer

from app.cli import output
from app.cli.person import ACTOR, local_owner, tenant
from app.cli.running import run
from app.errors import InputError, NotFound
from app.main import open_postgres, open_provider, read_recordings, workspaces
from app.model.plan import FullPlan, MasterPlan, PlanSource, Task, TaskStatus
from app.planning.generate import check_request
from app.planning.usecases import generate_masterplan, start_discovery
from app.plans import read
from app.plans.document import MAX_BYTES, PlanDocument, read_document
from app.plans.markdown import as_markdown
from app.plans.states import PlanMove, move_plan, set_budget
from app.plans.tasks import retry_task
from app.plans.write import Origin, Owner, create_plan, delete_plan, replace_plan
from app.postgres.connect import Pool
from app.settings import Settings
from app.workspace.repository import remove_workspace

Result = TypeVar("Result")


PlanArgument = Annotated[
    str, typer.Argument(help="name or id of a plan, or the start of its id", metavar="PLAN")
]
JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON document and nothing else")]
ReasonOption = Annotated[str, typer.Option("--reason", help="is kept in the plan's history")]
ProviderOption = Annotated[
    str, typer.Option("--provider", help="who answers: auto, anthropic, local or recorded (docs/llm.md)")
]
ModeOption = Annotated[
    str, typer.Option("--mode", help="mvp, v2_atoms or hybrid; the rules decide if left out")
]
BudgetOption = Annotated[
    str, typer.Option("--budget", help="what executing the plan may cost, in US dollars")
]

app = typer.Typer(help="Plans: from a request in words to tested code.", no_args_is_help=True)


def with_pool(work: Callable[[Pool], Awaitable[Result]]) -> Result:
    """Run something that needs Postgres, and not Neo4j."""

    async def whole() -> Result:
        async with open_postgres(Settings()) as pool:
            return await work(pool)

    return run(whole)


@app.command("new")
def new(
    request: Annotated[str, typer.Argument(help="what the software should do, in words")],
    approve: Annotated[bool, typer.Option("--approve", help="approve the plan at once")] = False,
    execute: Annotated[bool, typer.Option("--run", help="approve the plan and execute it")] = False,
    provider: ProviderOption = "auto",
    recorded: Annotated[
        Path | None, typer.Option(help="a file of recorded answers, for --provider recorded")
    ] = None,
    mode: ModeOption = "",
    budget: BudgetOption = "",
    json: JsonOption = False,
) -> None:
    """Make a plan of a request: a discovery document, then a masterplan to look at."""
    text = check_request(request)
    settings = Settings()
    recordings = read_recordings(recorded) if recorded else {}
    allowed = _budget(budget)
    chosen = open_provider(settings, "recorded" if recorded else provider, recordings)
    owner = local_owner()
    holder = f"command {uuid4()}"

    async def work(pool: Pool) -> UUID:
        with output.waiting(f"finding out what it is about, with {chosen.name}", shown=not json):
            discovery = await start_discovery(pool, chosen, text, owner, holder)
        with output.waiting("planning", shown=not json):
            made = await generate_masterplan(
                pool, chosen, discovery, owner, holder, budget_usd=allowed, recorded=recordings
            )
        for line in made.mended:
            output.say(f"mended: {line}")
        if approve or execute:
            await move_plan(pool, made.masterplan_id, tenant(), PlanMove.APPROVE, actor=ACTOR)
        return made.masterplan_id

    masterplan_id = with_pool(work)
    if execute:
        # The worker brings most of the program along, which the other commands do without.
        from app.cli.run_plan import RunChoice, run_plan

        choice = RunChoice("recorded" if recorded else provider, mode)
        with_pool(lambda pool: run_plan(settings, pool, masterplan_id, choice, shown=not json))
    passed = _show(masterplan_id, json=json)
    if execute and not passed:
        raise typer.Exit(1)
    if not json and not execute:
        name = str(masterplan_id)[:8]
        output.say(
            f"next: mge plan run {name}"
            if approve
            else f"next: mge plan approve {name}, or mge plan edit {name} FILE"
        )


@app.command("list")
def list_(json: JsonOption = False) -> None:
    """List the plans that were made of requests, files or code."""

    async def work(pool: Pool) -> list[MasterPlan]:
        found: list[MasterPlan] = []
        after = UUID(int=0)
        while page := await read.list_plans(pool, tenant(), after):
            found += page
            after = page[-1].masterplan_id
        return sorted(found, key=lambda plan: plan.created_at)

    found = with_pool(work)
    if json:
        output.as_json([asdict(plan) for plan in found])
        return
    output.as_table(
        ("plan", "id", "status", "mode", "tasks", "done", "failed", "cost USD", "answers"),
        [
            (
                plan.project_name,
                str(plan.masterplan_id)[:8],
                plan.status,
                plan.execution_mode,
                plan.total_tasks,
                plan.completed_tasks,
                plan.failed_tasks,
                f"{plan.generation_cost_usd + plan.actual_cost_usd:.4f}",
                _answered(plan),
            )
            for plan in found
        ],
    )


@app.command("show")
def show(
    plan: PlanArgument,
    task: Annotated[int, typer.Option("--task", help="show one task whole: prompt, answer, checks")] = 0,
    json: JsonOption = False,
) -> None:
    """Show a plan with its tasks, their states and what failed."""
    masterplan_id = with_pool(lambda pool: read.find_plan(pool, tenant(), plan))
    if task:
        _show_task(masterplan_id, task, json=json)
    else:
        _show(masterplan_id, json=json)


@app.command("approve")
def approve(plan: PlanArgument, reason: ReasonOption = "") -> None:
    """Approve a draft, so that it can be executed."""
    _move(plan, PlanMove.APPROVE, reason, "approved")


@app.command("reject")
def reject(plan: PlanArgument, reason: ReasonOption = "") -> None:
    """Reject a plan that has not begun to run."""
    _move(plan, PlanMove.REJECT, reason, "rejected")


@app.command("pause")
def pause(plan: PlanArgument, reason: ReasonOption = "") -> None:
    """Pause a running plan: no further subtask begins, and what was written stays."""
    _move(plan, PlanMove.PAUSE, reason, "paused; go on with: mge plan run")


@app.command("cancel")
def cancel(plan: PlanArgument, reason: ReasonOption = "") -> None:
    """Stop a plan; what was written stays."""
    _move(plan, PlanMove.CANCEL, reason, "cancelled")


@app.command("run")
def run_(
    plan: PlanArgument,
    provider: ProviderOption = "auto",
    mode: ModeOption = "",
    budget: BudgetOption = "",
    json: JsonOption = False,
) -> None:
    """Execute an approved plan, or go on with one that was stopped; exit code 1 where a task or a test fails."""
    from app.cli.run_plan import RunChoice, run_plan  # as above

    settings = Settings()
    allowed = _budget(budget)

    async def work(pool: Pool) -> UUID:
        masterplan_id = await read.find_plan(pool, tenant(), plan)
        if allowed is not None:
            await set_budget(pool, masterplan_id, tenant(), allowed, actor=ACTOR)
        await run_plan(settings, pool, masterplan_id, RunChoice(provider, mode), shown=not json)
        return masterplan_id

    if not _show(with_pool(work), json=json):
        raise typer.Exit(1)


@app.command("retry")
def retry(
    plan: PlanArgument, task: Annotated[int, typer.Argument(help="the task's number", metavar="TASK")]
) -> None:
    """Let a task that is over be done again when the plan is executed next."""

    async def work(pool: Pool) -> Task:
        full = await read.show_full_plan(pool, await read.find_plan(pool, tenant(), plan), tenant())
        return await retry_task(pool, tenant(), _numbered(full, task).task_id, actor=ACTOR)

    found = with_pool(work)
    output.say(f"task {found.task_number} ({found.name}) waits again; go on with: mge plan run")


@app.command("edit")
def edit(
    plan: PlanArgument,
    file: Annotated[Path, typer.Argument(help="a plan file, as `mge plan export` writes it")],
    change: Annotated[str, typer.Option(help="what was changed, for the history")] = "edited",
) -> None:
    """Make a file the next version of a plan that has not begun to run; it is a draft again."""
    document = _read(file)

    async def work(pool: Pool) -> int:
        masterplan_id = await read.find_plan(pool, tenant(), plan)
        return await replace_plan(pool, masterplan_id, document, _owner(), change)

    output.say(f"version {with_pool(work)}, a draft")


@app.command("diff")
def diff(
    plan: PlanArgument,
    before: Annotated[
        int, typer.Option("--from", help="a version; the one before the other if left out")
    ] = 0,
    after: Annotated[int, typer.Option("--to", help="a version; the newest if left out")] = 0,
) -> None:
    """Show what changed between two versions of a plan."""

    async def work(pool: Pool) -> tuple[int, PlanDocument, int, PlanDocument]:
        masterplan_id = await read.find_plan(pool, tenant(), plan)
        newest = after or (await read.show_plan(pool, masterplan_id, tenant())).version
        older = before or max(newest - 1, 1)
        first = await read.show_version(pool, masterplan_id, tenant(), older)
        return older, first, newest, await read.show_version(pool, masterplan_id, tenant(), newest)

    older, first, newest, second = with_pool(work)
    lines = difflib.unified_diff(
        as_markdown(first).splitlines(),
        as_markdown(second).splitlines(),
        f"version {older}",
        f"version {newest}",
        lineterm="",
    )
    for line in lines:
        output.OUT.print(output.safe(line))


@app.command("export")
def export(
    plan: PlanArgument,
    out: Annotated[Path | None, typer.Option(help="a file; standard output if left out")] = None,
    form: Annotated[str, typer.Option("--format", help="json or markdown")] = "json",
    version: Annotated[int, typer.Option(help="the newest if left out")] = 0,
) -> None:
    """Write a version of a plan as a file that can be imported again, or as Markdown to read."""
    if form not in ("json", "markdown"):
        raise InputError(f"there is no format {form!r}", hint="json or markdown", field="format")

    async def work(pool: Pool) -> PlanDocument:
        masterplan_id = await read.find_plan(pool, tenant(), plan)
        return await read.show_version(pool, masterplan_id, tenant(), version or None)

    document = with_pool(work)
    text = as_markdown(document) if form == "markdown" else document.model_dump_json(indent=2) + "\n"
    if out is None:
        output.OUT.file.write(text)
    else:
        out.write_text(text, encoding="utf-8")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="a plan file (docs/plan.schema.json)")],
    json: JsonOption = False,
) -> None:
    """Keep a plan file as a new plan, a draft."""
    document = _read(file)
    made = with_pool(lambda pool: create_plan(pool, document, _owner(), Origin(PlanSource.IMPORTED)))
    _show(made, json=json)


@app.command("delete")
def delete(plan: PlanArgument) -> None:
    """Delete a plan that is not running, with its history and its workspace."""

    async def work(pool: Pool) -> str | None:
        return await delete_plan(pool, await read.find_plan(pool, tenant(), plan), tenant())

    workspace = with_pool(work)
    if workspace:
        remove_workspace(workspaces(Settings()) / workspace)
    output.say(f"deleted {plan}")


def _move(plan: str, move: PlanMove, reason: str, said: str) -> None:
    async def work(pool: Pool) -> MasterPlan:
        masterplan_id = await read.find_plan(pool, tenant(), plan)
        data = {"reason": reason} if reason else {}
        return await move_plan(pool, masterplan_id, tenant(), move, actor=ACTOR, data=data)

    moved = with_pool(work)
    output.say(f"{moved.project_name} ({str(moved.masterplan_id)[:8]}) is {said}")


def _owner() -> Owner:
    return local_owner()


def _budget(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise InputError(
            f"{text!r} is not an amount", hint="give US dollars, such as 2.50", field="budget"
        ) from error


def _read(file: Path) -> PlanDocument:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError(
                f"{file} is too large", hint=f"at most {MAX_BYTES:,} bytes are read", field="file"
            )
        return read_document(file.read_bytes())
    except OSError as error:
        raise InputError(
            f"cannot read {file}: {error.strerror}", hint="give a plan file", field="file"
        ) from error


def _numbered(full: FullPlan, number: int) -> Task:
    for task in full.tasks:
        if task.task_number == number:
            return task
    raise NotFound(f"the plan has no task {number}", hint="`mge plan show PLAN` lists its tasks")


def _show_task(masterplan_id: UUID, number: int, *, json: bool) -> None:
    async def work(pool: Pool) -> tuple[Mapping[str, Any], Task]:
        full = await read.show_full_plan(pool, masterplan_id, tenant())
        return await read.show_task(pool, _numbered(full, number).task_id, tenant())

    row, task = with_pool(work)
    if json:
        told = ("llm_prompt", "llm_response", "validation_logs")
        output.as_json({**asdict(task), **{name: row[name] for name in told}})
        return
    output.OUT.print(output.safe(f"task {task.task_number}: {task.name} ({task.status})"))
    for title, text in (
        ("last prompt", row["llm_prompt"]),
        ("last answer", row["llm_response"]),
        ("findings", "\n".join(map(str, task.validation_errors))),
        ("logs of its checks", row["validation_logs"]),
    ):
        if text:
            output.OUT.print(f"\n── {title}", style="bold")
            output.OUT.print(output.safe_lines(text))


def show_plan(masterplan_id: UUID) -> None:
    """Print a plan for a person."""
    _show(masterplan_id, json=False)


def _show(masterplan_id: UUID, *, json: bool) -> bool:
    """Print a plan; whether nothing of it failed."""

    async def work(pool: Pool) -> tuple[FullPlan, read.PlanUsage]:
        return (
            await read.show_full_plan(pool, masterplan_id, tenant()),
            await read.plan_usage(pool, masterplan_id, tenant()),
        )

    full, usage = with_pool(work)
    plan = full.plan
    if json:
        output.as_json(
            {**asdict(plan), "tasks": [_task_json(task) for task in full.tasks], "usage": asdict(usage)}
        )
        return plan.status not in ("failed",)
    output.OUT.print(output.safe(f"{plan.project_name}: {plan.description}"), style="bold")
    output.as_table(
        ("task", "name", "after", "writes", "state", "retries", "tokens", "USD"),
        [_task_row(task, full) for task in full.tasks],
        title=f"plan {plan.masterplan_id}, {plan.status}, version {plan.version}",
    )
    for task in full.tasks:
        if task.status is TaskStatus.FAILED:
            output.OUT.print(output.safe(f"task {task.task_number} failed: {task.last_error}"))
    spent = plan.generation_cost_usd + plan.actual_cost_usd
    output.OUT.print(
        output.safe(
            f"{plan.completed_tasks} of {plan.total_tasks} tasks done, {plan.failed_tasks} failed; "
            f"{usage.completions} answers, {usage.input_tokens + usage.cache_read_tokens:,} + {usage.output_tokens:,} tokens, "
            f"{usage.seconds:.0f} s of the model, {spent:.4f} USD; {_answered(plan)}"
        )
    )
    if plan.workspace_path:
        output.OUT.print(output.safe(f"workspace: {workspaces(Settings()) / plan.workspace_path}"))
    return plan.status != "failed"


def _answered(plan: MasterPlan) -> str:
    return "simulated answers" if plan.simulated else f"real answers ({plan.llm_model or 'none yet'})"


def _task_row(task: Task, full: FullPlan) -> tuple[object, ...]:
    numbers = {each.task_id: each.task_number for each in full.tasks}
    return (
        task.task_number,
        task.name,
        ", ".join(str(numbers[each]) for each in task.depends_on_tasks if each in numbers),
        ", ".join(task.target_files),
        task.status,
        task.retry_count,
        task.llm_tokens_output,
        f"{task.llm_cost_usd:.4f}",
    )


def _task_json(task: Task) -> dict[str, Any]:
    return {**asdict(task), "subtasks": [asdict(part) for part in task.subtasks]}
