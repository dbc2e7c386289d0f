"""`mge replay`: a code base is imported, planned, written again and compared, in one command."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer

from app import stack as embedded
from app.cli import output, stack
from app.cli.person import local_owner, tenant
from app.cli.run_progress import RunProgress
from app.cli.running import run
from app.errors import InputError, StackError
from app.main import indexers, open_stores, read_rules, stack_config, workspaces
from app.model.plan import ExecutionMode
from app.plans.read import events_after
from app.postgres.connect import Pool
from app.replay.replay import ReplayRequest, Surroundings, check_request
from app.replay.replay import replay as replay_code
from app.replay.report import ReplayReport
from app.settings import Settings

_LOOK_SECONDS: Final = 0.5
_SHOWN: Final = 10


def replay(
    path: Annotated[str, typer.Argument(help="folder, .zip or .tar.gz (such as an sdist), or git URL")],
    out: Annotated[Path, typer.Option(help="a new or empty folder for the files and report.json")],
    mode: Annotated[str, typer.Option(help="how the plan is executed: mvp")] = "mvp",
    tests: Annotated[
        str,
        typer.Option(
            help="folder or file with tests, in PATH or elsewhere: these are given, not written by tasks"
        ),
    ] = "",
    faults: Annotated[float, typer.Option(help="share of the answers that get a fault, 0 to 1")] = 0.0,
    seed: Annotated[int, typer.Option(help="decides which answers get which fault")] = 0,
    json: Annotated[bool, typer.Option("--json", help="print one JSON document and nothing else")] = False,
) -> None:
    """Write a code base again from a plan of itself; exit code 1 where a file or a test differs and no fault was seeded."""
    request = ReplayRequest(path, _mode(mode), tests, faults, seed, out.absolute())
    check_request(request)
    settings = Settings()
    try:
        embedded.endpoints(stack_config(settings))
    except StackError:
        stack.start(settings)
    report = run(lambda: _replay(settings, request, shown=not json))
    if json:
        output.as_json(report.as_json())
    else:
        _show(report)
    if not faults and not report.is_faithful:
        raise typer.Exit(1)


async def _replay(settings: Settings, request: ReplayRequest, *, shown: bool) -> ReplayReport:
    async with open_stores(settings) as stores:
        pool = stores.pool
        assert pool is not None
        owner = local_owner()
        started: asyncio.Future[tuple[UUID, int]] = asyncio.get_running_loop().create_future()
        using = Surroundings(
            pool,
            stores.graph,
            owner,
            read_rules(settings),
            workspaces(settings),
            settings.mge_workers or os.cpu_count() or 1,
            settings.mvp_max_parallel_tasks,
            indexers(settings),
            on_stage=(lambda stage: output.say(f"{stage} …")) if shown else lambda stage: None,
            started=lambda masterplan_id, tasks: started.set_result((masterplan_id, tasks)),
        )
        async with _drawn(pool, started, shown=shown):
            return await replay_code(request, using)


@asynccontextmanager
async def _drawn(
    pool: Pool, started: asyncio.Future[tuple[UUID, int]], *, shown: bool
) -> AsyncIterator[None]:
    """Draw the execution from its events for as long as the block lasts."""

    async def follow() -> None:
        masterplan_id, tasks = await started
        after = 0
        with RunProgress(tasks, 0, shown=shown) as progress:
            while True:
                for event in await events_after(pool, masterplan_id, tenant(), after):
                    after = event.sequence
                    progress(event)
                await asyncio.sleep(_LOOK_SECONDS)

    following = asyncio.create_task(follow()) if shown else None
    try:
        yield
    finally:
        if following is not None:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following


def _mode(text: str) -> ExecutionMode:
    try:
        return ExecutionMode(text)
    except ValueError as error:
        raise InputError(
            f"there is no mode {text!r}", hint=f"one of: {', '.join(ExecutionMode)}", field="mode"
        ) from error


def _show(report: ReplayReport) -> None:
    tasks, files, usage = report.tasks, report.files, report.usage
    total = len(files.equal) + len(files.different) + len(files.missing)
    output.as_table(
        ("figure", "count"),
        [
            ("code lines", report.code_lines),
            ("files written by tasks / in all", f"{len(files.planned):,} / {total:,}"),
            ("files equal to the original", f"{len(files.equal):,} of {total:,}"),
            ("tasks / subtasks", f"{tasks.total:,} / {tasks.subtasks:,}"),
            ("tasks done at the first try", _share(tasks.first_try, tasks.total)),
            ("tasks done after a retry at most", _share(tasks.completed, tasks.total)),
            ("tasks failed / blocked", f"{tasks.failed:,} / {tasks.blocked:,}"),
            ("tests on the original", _tests(report.before.as_json())),
            ("tests on what was written", _tests(report.after.as_json())),
            ("tests broken", len(report.broken_tests)),
            ("requests (simulated)", report.requests),
            ("tokens in / out", f"{usage.input_tokens:,} / {usage.output_tokens:,}"),
            ("simulated cost, USD", f"{usage.cost_usd:.4f}"),
        ],
        title=f"replay of {report.name} in the mode {report.mode}  plan {report.masterplan_id}",
    )
    if report.fault_rate:
        _show_faults(report)
    output.as_table(("stage", "seconds"), list(report.seconds.items()))
    for what, listed in (
        ("differs", files.different),
        ("is missing", files.missing),
        ("fails now", report.broken_tests),
        ("failed before, too", report.before.failures),
        ("was copied, not planned: it", tuple(f"{each.path} {each.reason}" for each in report.left_out)),
        ("was left behind", tuple(f"{path}: {reason}" for path, reason in report.left_behind)),
    ):
        for each in listed[:_SHOWN]:
            output.say(f"{what}: {each}")
        if len(listed) > _SHOWN:
            output.say(f"{what}: {len(listed) - _SHOWN} more, all in report.json")
    if report.before.advice:
        output.say(f"advice: {report.before.advice}")
    output.say(f"files and report.json are in {report.out}")


def _show_faults(report: ReplayReport) -> None:
    counts = [*sorted(report.account.kinds.items()), ("all", report.account.total())]
    output.as_table(
        ("fault", "seeded", "caught by", "put right", "got through", "not checked"),
        [
            (
                kind,
                count.seeded,
                ", ".join(f"{check} {number}" for check, number in count.caught.most_common()),
                count.fates["put_right"],
                count.fates["got_through"],
                count.fates["not_checked"],
            )
            for kind, count in counts
        ],
        title=f"faults in {report.fault_rate:.0%} of the answers, seed {report.seed}",
    )


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / whole:.1%})"


def _tests(suite: dict[str, object]) -> str:
    if suite["outcome"] in ("not_run", "no_tests"):
        return f"{suite['outcome']}: {suite['reason']}"
    return f"{suite['passed']} passed, {suite['failed']} failed, {suite['skipped']} skipped"
