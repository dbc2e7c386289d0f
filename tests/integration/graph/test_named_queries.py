"""Every query that reads runs by its name on a real code base, and is planned without accidents."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest
import typer

from app.export.schema_docs import page, schema
from app.graph.boundaries import find_boundaries
from app.graph.connect import Graph
from app.graph.publish import delete_plan
from app.graph.queries import Query, Value, public_queries
from app.graph.read import run_named
from app.main import TENANT, read_rules
from app.pipeline.importing import import_source
from app.settings import REPOSITORY, Settings
from app.sources.opening import open_source
from tests.integration.graph.plans import ask

# Queries about plans that are executed have something to say in tests/integration/sync/test_plan_queries.py.
EXECUTED = {
    *("plans/blocked_tasks", "plans/cost_by_phase", "plans/critical_tasks", "plans/failure_reasons"),
    *("plans/failures", "plans/task_states", "guide/masterplan", "guide/task"),
}
EMPTY_HERE = {
    *("explore/type_only", "explore/broken_files", "explore/uncertain", "waves/ready", "waves/check"),
    *EXECUTED,
}


@pytest.fixture(scope="module")
async def plan_id(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Typer, with a test of it and some duplicates, as a plan."""
    root = tmp_path_factory.mktemp("code")
    package = Path(typer.__file__).parent
    shutil.copytree(package, root / "typer", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(package / "colors.py", root / "typer" / "more_colors.py")
    (root / "tests").mkdir()
    (root / "tests" / "test_app.py").write_text(
        "import json\nfrom typer.main import Typer\n\n\ndef test_app():\n    assert Typer().callback() and json.dumps(1)\n"
    )
    for here, there in (("one", "two"), ("two", "one")):
        (root / here).mkdir()
        (root / here / f"{here}.py").write_text(
            f"from {there}.{there} import {there}\n\n\ndef {here}():\n    return {there}()\n"
        )
    with open_source(str(root), read_rules(Settings()), root / "work") as source:
        result = await import_source(
            graph,
            source,
            name="queries",
            tenant_id=TENANT,
            workers=2,
            progress=lambda stage, done, total: None,
        )
    await find_boundaries(graph, result.plan_id, TENANT)
    yield result.plan_id
    await delete_plan(graph, result.plan_id, TENANT)


async def parameters_of(graph: Graph, plan_id: str, query: Query) -> dict[str, Value]:
    """Parameters with which a query has something to say about the plan."""
    rows = await ask(
        graph,
        "MATCH (a:Atom {plan_id: $plan_id}) WHERE a.cycle_id IS NOT NULL "
        "RETURN a.atom_id AS atom_id, id(a) AS id, a.cycle_id AS cycle_id ORDER BY a.path, a.atom_number LIMIT 3",
        plan_id=plan_id,
    )
    given: dict[str, Value] = {
        "plan_id": plan_id,
        "tenant_id": TENANT,
        "atom_id": rows[0]["atom_id"],
        "atom_ids": [row["atom_id"] for row in rows],
        "among": [row["atom_id"] for row in rows],
        "name": "ParameterInfo" if query.name == "explore/subclasses" else "Typer",
        "source": "run",
        "target": "Typer",
        "words": "typer",
        "package": "json",
        "paths": ["typer/main.py"],
        "rules": [["tests need nothing", "tests/.*", "typer/.*"]],
    }
    examples = {parameter.name: parameter.example for parameter in query.parameters}
    return {name: given.get(name, example) for name, example in examples.items()}


@pytest.mark.parametrize("query", public_queries(), ids=lambda query: cast("Query", query).name)
async def test_it_answers(graph: Graph, plan_id: str, query: Query) -> None:
    parameters = await parameters_of(graph, plan_id, query)
    columns, rows = await run_named(graph, TENANT, query.name, parameters)
    assert [name.strip() for name in columns]
    if query.name not in EMPTY_HERE:
        assert rows, query.name


def operators(plan: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Every operator of a plan, with its details."""
    arguments = cast("Mapping[str, object]", plan.get("args", {}))
    yield str(plan["operatorType"]).partition("@")[0], str(arguments.get("Details", ""))
    for child in cast("list[Mapping[str, object]]", plan.get("children", [])):
        yield from operators(child)


@pytest.mark.parametrize("query", public_queries(), ids=lambda query: cast("Query", query).name)
async def test_it_is_planned_without_accidents(graph: Graph, plan_id: str, query: Query) -> None:
    """No scan of all nodes or of a label, no product of two unrelated parts, no search for paths without an end."""
    parameters = await parameters_of(graph, plan_id, query)
    async with graph.driver.session(database=graph.database) as session:
        result = await session.run("EXPLAIN " + query.text, parameters)
        plan = (await result.consume()).plan
    assert plan is not None
    for operator, details in operators(plan):
        assert "Scan" not in operator or operator == "NodeIndexScan", (operator, details)
        assert not operator.startswith("CartesianProduct"), details
        assert not operator.startswith("StatefulShortestPath(All"), details


async def test_the_page_about_the_graph_is_of_today(graph: Graph, plan_id: str) -> None:
    """Run `make docs` where it is not."""
    _, nodes = await run_named(graph, TENANT, "explore/schema_nodes", {"plan_id": plan_id})
    _, relationships = await run_named(graph, TENANT, "explore/schema_relationships", {"plan_id": plan_id})
    _, indexes = await run_named(graph, TENANT, "service/indexes", {})
    written = (REPOSITORY / "docs" / "schema.md").read_text(encoding="utf-8")
    here = "".join(page(schema(nodes, relationships), indexes))
    assert without_optional(here) <= without_optional(written)
    assert {line for line in written.splitlines() if line.startswith("### ")} <= {*here.splitlines()}


def without_optional(text: str) -> set[str]:
    """The lines of a page; whether all have a property is a matter of the plan."""
    return {line.replace(", or none", "") for line in text.splitlines()}
