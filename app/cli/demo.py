"""`mge demo`: code into a graph to look at, and a request in words into tested code; `--live`, by a real model."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID, uuid4

import typer

from app.cli import masterplan, output, plans, stack
from app.cli.person import ACTOR, local_owner, tenant
from app.errors import InputError
from app.main import open_provider, read_recordings, workspaces
from app.planning.usecases import generate_masterplan, start_discovery
from app.plans import read
from app.plans.states import PlanMove, move_plan
from app.postgres.connect import Pool
from app.settings import Settings

PACKAGE: Final = "networkx"
RECORDINGS: Final = Path(__file__).with_name("demo_plan.jsonl")
LIVE_REQUEST: Final = (
    "A Python function slugify(title, max_length=60) that makes URL slugs of titles, with tests"
)

_QUERIES: Final = (
    (
        "What is needed most?",
        'MATCH (a:Atom {plan_id: "PLAN"})<-[d:CONTROL_DEP]-() RETURN a.qualified_name, count(d) AS needed_by ORDER BY needed_by DESC LIMIT 20',
    ),
    (
        "What does one function depend on, two steps deep? (a picture)",
        'MATCH p = (a:Atom {plan_id: "PLAN", qualified_name: "networkx.algorithms.dag.topological_sort"})-[:CONTROL_DEP|DATA_DEP|TYPE_DEP|IMPORT_DEP*1..2]->(:Atom) RETURN p LIMIT 60',
    ),
    (
        "The cycles, the biggest first, with what was cut",
        'MATCH (c:Cycle {plan_id: "PLAN"})<-[:IN_CYCLE]-(a:Atom) OPTIONAL MATCH (a)-[d {cut: true}]->(b:Atom) RETURN c.size, a.qualified_name, type(d), b.qualified_name ORDER BY c.size DESC LIMIT 50',
    ),
)
_PLAN_QUERY: Final = 'MATCH p = (plan:Plan {plan_id: "PLAN"})-[:HAS_PHASE]->()-[:HAS_MILESTONE]->()-[:HAS_TASK]->() RETURN p LIMIT 200'


def demo(
    live: Annotated[
        bool, typer.Option("--live", help="a small request with a real model instead (`mge llm up` first)")
    ] = False,
) -> None:
    """Start the stack, import a package, execute a recorded plan, and say where to look at both."""
    settings = Settings()
    endpoints = stack.start(settings)
    if live:
        masterplan_id = _execute(settings, LIVE_REQUEST, "local", {})
        queries = []
    else:
        plan_id = _import(settings)
        queries = [(question, query.replace("PLAN", plan_id)) for question, query in _QUERIES]
        recordings = read_recordings(RECORDINGS)
        masterplan_id = _execute(settings, recordings["request", 1], "recorded", recordings)
    queries.append(
        ("The plan that was executed, as a picture", _PLAN_QUERY.replace("PLAN", str(masterplan_id)))
    )
    stack.print_addresses(endpoints)
    output.OUT.print("Paste these into Neo4j Browser:", style="bold")
    for question, query in queries:
        output.OUT.print(f"\n// {question}\n{query}", markup=False)
    output.OUT.print("\nEverything keeps running. Stop it with: make stop   (or: mge down)", markup=False)


def _import(settings: Settings) -> str:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise InputError(f"{PACKAGE} is not installed", hint="run `make demo`, which installs what it needs")
    folder = str(Path(found.origin).parent)
    result = plans.run_import(settings, folder, PACKAGE, (), (), shown=True, whole=True)
    output.import_summary(result)
    return result.plan_id


def _execute(
    settings: Settings, request: str, provider_name: str, recordings: Mapping[tuple[str, int], str]
) -> UUID:
    """Take a request to a workspace: discovery, plan, approval, execution."""
    from app.cli.run_plan import RunChoice, run_plan  # brings most of the program along

    provider = open_provider(settings, provider_name, recordings)
    owner = local_owner()
    output.OUT.print(output.safe(f"\nThe request: {request}"))
    if provider.simulated:
        output.say("the answers are recorded: what they cost is simulated")

    async def work(pool: Pool) -> UUID:
        holder = f"demo {uuid4()}"
        with output.waiting("finding out what it is about", shown=True):
            discovery = await start_discovery(pool, provider, request, owner, holder)
        with output.waiting("planning", shown=True):
            made = await generate_masterplan(pool, provider, discovery, owner, holder, recorded=recordings)
        await move_plan(pool, made.masterplan_id, tenant(), PlanMove.APPROVE, actor=ACTOR)
        plan = await read.show_plan(pool, made.masterplan_id, tenant())
        output.say(f"a plan of {plan.total_tasks} tasks and {plan.total_subtasks} subtasks; executing it")
        await run_plan(settings, pool, made.masterplan_id, RunChoice(provider_name, "mvp"), shown=True)
        return made.masterplan_id

    masterplan_id = masterplan.with_pool(work)
    masterplan.show_plan(masterplan_id)
    output.say(
        f"look at it: mge plan show {str(masterplan_id)[:8]}; the files: {workspaces(settings) / str(masterplan_id)}"
    )
    return masterplan_id
