"""`mge sync`: the graph's copy of plans: how far it is behind, whether it is right, and putting it right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated, TypeVar

import typer

from app.cli import output
from app.cli.person import tenant
from app.cli.running import run
from app.graph.connect import Graph
from app.main import open_postgres, open_stores
from app.postgres.connect import Pool
from app.settings import Settings
from app.sync.compare import Difference
from app.sync.status import SyncStatus, sync_status
from app.sync.verify import Progress, find_plan, rebuild, repair, verify

Result = TypeVar("Result")

app = typer.Typer(help="The graph's copy of plans, which follows Postgres.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON document and nothing else")]
PlanOption = Annotated[str, typer.Option("--plan", help="one plan, by name or id; all if left out")]


@app.command("status")
def status(json: JsonOption = False) -> None:
    """Say how far the graph is behind; exit code 1 where changes were put aside because Neo4j refuses them."""

    async def work() -> SyncStatus:
        async with open_postgres(Settings()) as pool:
            return await sync_status(pool, tenant())

    found = run(work)
    if json:
        output.as_json(asdict(found))
    else:
        behind = f", the oldest for {found.seconds:.1f} s" if found.rows else ""
        output.OUT.print(f"{found.rows:,} changes of {found.plans:,} plans are not in the graph yet{behind}")
        if found.dead_letters:
            output.as_table(
                ("plan", "what", "id", "reason"),
                [(str(d.masterplan_id), d.entity, str(d.entity_id), d.reason) for d in found.dead_letters],
                title="put aside",
            )
    if found.dead_letters:
        raise typer.Exit(1)


@app.command("verify")
def verify_(plan: PlanOption = "", json: JsonOption = False) -> None:
    """Compare plans in both stores, row by row; exit code 1 where they differ."""
    found = _with_stores(plan, verify, shown=not json)
    if json:
        output.as_json(asdict(found))
    else:
        _print_differences(found.differences, "differ")
        output.OUT.print(
            f"{len(found.plans):,} plans, {sum(each.rows for each in found.plans):,} rows: "
            f"{len(found.differences):,} differences, {len(found.pending):,} changes on their way, {found.seconds:.1f} s"
        )
    if found.differences:
        raise typer.Exit(1)


@app.command("repair")
def repair_(plan: PlanOption = "", json: JsonOption = False) -> None:
    """Put right what differs; exit code 1 where something could not be."""
    found = _with_stores(plan, repair, shown=not json)
    if json:
        output.as_json(asdict(found))
    else:
        _print_differences(found.mended, "were put right")
        _print_differences(found.remaining, "are left")
        output.OUT.print(
            f"{found.plans:,} plans: {len(found.mended):,} differences put right, {len(found.remaining):,} left, "
            f"{found.seconds:.1f} s"
        )
    if found.remaining or found.refused:
        raise typer.Exit(1)


@app.command("rebuild")
def rebuild_(plan: PlanOption = "", json: JsonOption = False) -> None:
    """Take the copy out of the graph and write it from nothing; exit code 1 where Neo4j refuses a row."""
    found = _with_stores(plan, rebuild, shown=not json)
    if json:
        output.as_json(asdict(found))
    else:
        output.OUT.print(f"{found.plans:,} plans, {found.rows:,} rows written, {found.seconds:.1f} s")
    if found.refused:
        raise typer.Exit(1)


def _with_stores(
    plan: str, work: Callable[[Pool, Graph, str, str | None, Progress], Awaitable[Result]], *, shown: bool
) -> Result:
    """Do something with both stores, for one plan or all of them."""

    async def whole() -> Result:
        async with open_stores(Settings()) as stores:
            assert stores.pool is not None
            plan_id = await find_plan(stores.pool, tenant(), plan) if plan else None
            with output.ImportProgress(shown=shown) as progress:
                return await work(stores.pool, stores.graph, tenant(), plan_id, partial(progress, "plans"))

    return run(whole)


def _print_differences(differences: Sequence[Difference], what: str) -> None:
    if differences:
        output.as_table(
            ("plan", "what", "id", "how", "which"),
            [
                (each.plan_id, each.part.kind, each.part.id, each.what, ", ".join(each.names))
                for each in differences
            ],
            title=f"these {what}",
        )
