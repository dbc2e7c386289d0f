"""`mge boundaries`: a plan's modules and components, and whether a team's rules are kept."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli import output
from app.cli.person import tenant
from app.cli.plans import JsonOption, PlanArgument, find_plan, with_graph
from app.graph.boundaries import Boundaries, find_boundaries
from app.graph.connect import Graph
from app.graph.layers import read_rules_file
from app.graph.queries import Value
from app.graph.read import run_named

app = typer.Typer(help="Modules, components and layers.", no_args_is_help=True)


@app.command("build")
def build(
    plan: PlanArgument,
    anew: Annotated[bool, typer.Option("--anew", help="forget the modules that are there")] = False,
    json: JsonOption = False,
) -> None:
    """Find modules of 10 to 20 atoms and components of 50 to 100 that follow the dependencies."""

    async def work(graph: Graph) -> Boundaries:
        return await find_boundaries(graph, await find_plan(graph, plan, tenant()), tenant(), anew=anew)

    found = with_graph(work)
    if json:
        output.as_json(asdict(found))
    else:
        output.OUT.print(
            f"{found.modules:,} modules in {found.components:,} components, {found.seconds:.1f} s"
        )


@app.command("show")
def show(
    plan: PlanArgument,
    limit: Annotated[int, typer.Option(min=1, help="components at most")] = 20,
    json: JsonOption = False,
) -> None:
    """Show the components with their figures, the largest first."""

    async def work(graph: Graph) -> tuple[list[str], list[list[object]]]:
        plan_id = await find_plan(graph, plan, tenant())
        return await run_named(graph, tenant(), "boundaries/components", {"plan_id": plan_id, "limit": limit})

    columns, rows = with_graph(work)
    if json:
        output.as_json(output.records(columns, rows))
    else:
        output.as_table(columns[1:], [row[1:] for row in rows])


@app.command("check")
def check(
    plan: PlanArgument,
    rules: Annotated[Path, typer.Argument(help="a TOML file; docs/boundaries.md shows the form")],
    limit: Annotated[int, typer.Option(min=1, help="violations at most")] = 1_000,
    json: JsonOption = False,
) -> None:
    """Tell which dependencies break a team's rules; exit code 1 where there are some."""
    given = read_rules_file(rules)
    forbidden: list[Value] = [list(rule) for rule in given.forbidden]

    async def work(graph: Graph) -> tuple[list[str], list[list[object]]]:
        parameters: dict[str, Value] = {
            "plan_id": await find_plan(graph, plan, tenant()),
            "rules": forbidden,
            "types": given.types,
            "type_only": given.type_only,
            "limit": limit,
        }
        return await run_named(graph, tenant(), "boundaries/violations", parameters)

    columns, rows = with_graph(work)
    if json:
        output.as_json(output.records(columns, rows))
    else:
        output.as_table(columns, rows)
        output.OUT.print(f"{len(rows):,} dependencies break {len(forbidden):,} rules")
    if rows:
        raise typer.Exit(1)
