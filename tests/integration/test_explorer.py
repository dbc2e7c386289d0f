"""The explorer holds copies of the plans that were asked for and nothing else, and takes no change."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import neo4j
import pytest
from neo4j.exceptions import ClientError
from rich.console import Console

from app.errors import NotFound, StackError
from app.explorer.instance import contents, explorer_config, fill, remove, serve, state, stop
from app.export.digest import digest
from app.graph.connect import Graph, Login, connect
from app.graph.publish import delete_plan
from app.graph.staging import PlanRecord
from app.settings import Settings
from app.stack import StackConfig
from tests.integration.graph.plans import Edge, ask, new_plan, published

QUIET = Console(file=io.StringIO())


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackConfig]:
    home = tmp_path_factory.mktemp("stack")
    found = replace(explorer_config(StackConfig(home, Settings().mge_cache)), heap_mb=512)
    yield found
    remove(found, report=print)


@pytest.fixture(scope="module")
async def plans(graph: Graph) -> AsyncIterator[list[PlanRecord]]:
    made = [new_plan() for _ in range(3)]
    for size, plan in enumerate(made, 1):
        edges: list[Edge] = [(a, (a + 1) % 5, "DATA_DEP") for a in range(5)]
        edges += [(a, a - 1, "CONTROL_DEP") for a in range(6, size * 40)]
        await published(graph, plan, size * 40, edges)
    yield made
    for plan in made:
        await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def refill(graph: Graph, config: StackConfig, *plans: PlanRecord) -> None:
    asked = [plan.plan_id for plan in plans]
    await fill(graph, config, plans[0].tenant_id, asked, [(each, each) for each in asked], console=QUIET)


async def filled(graph: Graph, config: StackConfig, plan: PlanRecord) -> None:
    """It holds something, whichever test runs first."""
    if contents(config) is None:
        await refill(graph, config, plan)


async def test_it_holds_what_was_asked_for_and_nothing_else(
    graph: Graph, config: StackConfig, plans: list[PlanRecord]
) -> None:
    first, second, other = plans
    await refill(graph, config, first, second)
    held = contents(config)
    assert held is not None
    assert [plan.plan_id for plan in held.plans] == [first.plan_id, second.plan_id]
    found = await asyncio.to_thread(serve, config, console=QUIET)
    login = Login(found.neo4j_uri, found.neo4j_user, found.neo4j_password, "neo4j")
    async with connect(login) as explorer:
        for plan in (first, second):
            assert await digest(explorer, plan.plan_id, plan.tenant_id) == await digest(
                graph, plan.plan_id, plan.tenant_id
            )
        for node in await ask(
            explorer, "MATCH (n) WHERE n.plan_id IS NOT NULL RETURN DISTINCT n.plan_id AS id"
        ):
            assert node["id"] in (first.plan_id, second.plan_id)
        with pytest.raises(NotFound):
            await digest(explorer, other.plan_id, other.tenant_id)
        counted = await ask(explorer, "MATCH ()-[r]->() RETURN count(r) AS edges")
        migrations = await ask(explorer, "MATCH (:__Neo4jMigration)-[r]->() RETURN count(r) AS edges")
        assert counted[0]["edges"] - migrations[0]["edges"] == sum(plan.relationships for plan in held.plans)
        indexes = "SHOW INDEXES YIELD name, type, labelsOrTypes, properties, state RETURN * ORDER BY name"
        assert [row.data() for row in await ask(explorer, indexes)] == [
            row.data() for row in await ask(graph, indexes)
        ]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE (:Hostile)",
        "MATCH (n:Plan) SET n.hostile = 1",
        "MATCH (n) DETACH DELETE n",
        "CREATE INDEX hostile FOR (n:Hostile) ON (n.a)",
        "DROP CONSTRAINT plan_plan_id",
        "LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row",
        "LOAD CSV FROM 'http://127.0.0.1:1/' AS row RETURN row",
        "UNWIND range(1, 50000000) AS x RETURN collect(toString(x))",
    ],
)
async def test_it_takes_no_change_and_reaches_nothing(
    graph: Graph, config: StackConfig, plans: list[PlanRecord], statement: str
) -> None:
    await filled(graph, config, plans[0])
    found = await asyncio.to_thread(serve, config, console=QUIET)
    async with neo4j.AsyncGraphDatabase.driver(
        found.neo4j_uri, auth=(found.neo4j_user, found.neo4j_password)
    ) as driver:
        with pytest.raises((ClientError, neo4j.exceptions.TransientError)):
            async with driver.session() as session:
                await (await session.run(statement)).consume()
        async with driver.session() as session:
            assert await (await session.run("RETURN 1 AS one")).single(strict=True)


async def test_copying_again_brings_what_is_there_now_and_forgets_users(
    graph: Graph, config: StackConfig, plans: list[PlanRecord]
) -> None:
    await refill(graph, config, plans[0])
    found = await asyncio.to_thread(serve, config, console=QUIET)
    async with (
        neo4j.AsyncGraphDatabase.driver(found.neo4j_uri, auth=("neo4j", found.neo4j_password)) as driver,
        driver.session(database="system") as session,
    ):
        await session.run("ALTER USER neo4j SET PASSWORD 'somebody-else'")
        await session.run("CREATE USER left SET PASSWORD 'left-behind' CHANGE NOT REQUIRED")
    await published(graph, plans[0], 55, [(1, 0, "DATA_DEP")], "anew")
    await refill(graph, config, plans[0])
    found = await asyncio.to_thread(serve, config, console=QUIET)
    async with neo4j.AsyncGraphDatabase.driver(
        found.neo4j_uri, auth=("neo4j", found.neo4j_password)
    ) as driver:
        users = await driver.execute_query("SHOW USERS YIELD user RETURN user", database_="system")
        assert [row["user"] for row in users.records] == ["neo4j"]
        atoms = await driver.execute_query("MATCH (a:Atom) RETURN count(a) AS n", database_="neo4j")
        assert atoms.records[0]["n"] == 55


async def test_it_stops_and_goes(graph: Graph, config: StackConfig, plans: list[PlanRecord]) -> None:
    await filled(graph, config, plans[0])
    await asyncio.to_thread(serve, config, console=QUIET)
    assert state(config).state == "running"
    assert [each.how for each in await asyncio.to_thread(stop, config, report=print)] == ["graceful"]
    assert contents(config) is not None
    await asyncio.to_thread(remove, config, report=print)
    assert contents(config) is None
    assert not (config.home / "neo4j" / "data").exists()


async def test_what_was_not_filled_to_the_end_is_not_served(
    graph: Graph, config: StackConfig, plans: list[PlanRecord]
) -> None:
    with pytest.raises(NotFound):
        await fill(graph, config, plans[0].tenant_id, [], [("no-such-plan", "x")], console=QUIET)
    assert contents(config) is None
    assert state(config).state == "stopped"
    with pytest.raises(StackError, match="holds no plans"):
        serve(config, console=QUIET)
