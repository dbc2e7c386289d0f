"""`mge explorer`: a read-only Neo4j with copies of some plans, to hand out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from app.cli import output, person
from app.cli.plans import JsonOption, find_plan, with_graph
from app.cli.stack import print_addresses
from app.errors import InputError, NotFound
from app.explorer import instance
from app.explorer.instance import Contents
from app.graph.connect import Graph
from app.graph.read import list_plans, show_plan
from app.main import api_companion, stack_config
from app.settings import Settings
from app.stack import StackConfig, browser_pages, endpoints, env_lines

app = typer.Typer(help="A read-only Neo4j with copies of some plans, to hand out.", no_args_is_help=True)

_PLANS_AT_A_TIME: Final = 100


@app.command("up")
def up(
    tenant: Annotated[str, typer.Option(help="whose plans to copy", default_factory=person.tenant)],
    plan: Annotated[
        list[str] | None, typer.Option(help="a plan to copy, by name or id; as often as wanted")
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="copy again, also where it holds these plans")
    ] = False,
) -> None:
    """Start a Neo4j that holds copies of just these plans, and takes no change; without --plan, all of the tenant's."""
    config = _config()
    held = instance.contents(config)
    if refresh or held is None or (held.tenant_id, held.asked) != (tenant, tuple(plan or ())):
        held = _fill(tenant, plan or ())
    _serve(held)


@app.command("refresh")
def refresh() -> None:
    """Copy the plans that it holds again, as they are now."""
    config = _config()
    held = instance.contents(config)
    if held is None:
        raise NotFound("the explorer holds no plans", hint="`mge explorer up` copies them")
    _serve(_fill(held.tenant_id, held.asked))


@app.command("status")
def status(json: JsonOption = False) -> None:
    """Say whether it runs, what it holds, how old that is, and which plans were built anew since."""
    config = _config()
    found, held = instance.state(config), instance.contents(config)
    if json:
        output.as_json(
            {
                "service": asdict(found),
                "contents": None if held is None else {**asdict(held), "age_seconds": _age(held)},
            }
        )
        return
    output.as_table(("state", "pid", "address"), [(found.state, str(found.pid or ""), found.address)])
    if held is None:
        output.say("it holds no plans; `mge explorer up` copies them")
    else:
        _print_plans(held, with_graph(lambda graph: _builds(graph, held)))


@app.command("env")
def env() -> None:
    """Print export lines that tell other tools how to reach it (they hold its password)."""
    for line in env_lines(endpoints(_config())):
        typer.echo(line)


@app.command("down")
def down(
    delete: Annotated[bool, typer.Option("--delete", help="delete the copies as well")] = False,
) -> None:
    """Stop it."""
    config = _config()
    for stopped in instance.stop(config, report=output.say):
        output.say(f"explorer: {stopped.how}")
    if delete:
        instance.remove(config, report=output.say)


def _config() -> StackConfig:
    settings = Settings()
    main = stack_config(settings)
    return instance.explorer_config(main, browser_pages(main, api_companion(settings)))


def _fill(tenant: str, asked: Sequence[str]) -> Contents:
    config = _config()

    async def work(graph: Graph) -> Contents:
        plans = await _chosen(graph, tenant, asked)
        return await instance.fill(graph, config, tenant, asked, plans, console=output.ERR)

    return with_graph(work)


def _serve(held: Contents) -> None:
    config = _config()
    print_addresses(instance.serve(config, console=output.ERR), "mge explorer env")
    _print_plans(held)


async def _chosen(graph: Graph, tenant: str, asked: Sequence[str]) -> list[tuple[str, str]]:
    """The plans that are meant, each once, by id and name; known before anything that is there is taken away."""
    if not asked:
        found = await _all_plans(graph, tenant)
        if not found:
            raise InputError(f"{tenant} has no plans", hint="import one: mge import PATH", field="tenant")
        return found
    chosen: dict[str, str] = {}
    for name in asked:
        plan_id = await find_plan(graph, name, tenant)
        chosen[plan_id] = str((await show_plan(graph, plan_id, tenant)).plan["project_name"])
    return list(chosen.items())


async def _all_plans(graph: Graph, tenant: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while True:
        page = await list_plans(graph, tenant, found[-1][0] if found else "", _PLANS_AT_A_TIME)
        found += [(str(each.plan["plan_id"]), str(each.plan["project_name"])) for each in page]
        if len(page) < _PLANS_AT_A_TIME:
            return found


async def _builds(graph: Graph, held: Contents) -> dict[str, str]:
    """The builds that the plans have now; none for a plan that is gone."""
    found: dict[str, str] = {}
    for plan in held.plans:
        try:
            found[plan.plan_id] = str((await show_plan(graph, plan.plan_id, held.tenant_id)).plan["build_id"])
        except NotFound:
            continue
    return found


def _print_plans(held: Contents, builds: dict[str, str] | None = None) -> None:
    def since(plan_id: str, build_id: str) -> str:
        if builds is None or builds.get(plan_id) == build_id:
            return "as it is"
        return "built anew since" if plan_id in builds else "deleted since"

    rows = [(p.name, p.nodes, p.relationships, since(p.plan_id, p.build_id)) for p in held.plans]
    minutes = _age(held) / 60
    output.as_table(("plan", "nodes", "relationships", "the plan is"), rows)
    output.say(f"copied {minutes:,.0f} min ago; copy again with: mge explorer refresh")


def _age(held: Contents) -> float:
    return (datetime.now(UTC) - held.copied_at).total_seconds()
