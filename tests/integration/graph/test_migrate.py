"""Migrations against a real server, on top of the ones that it has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import Conflict, MigrationError
from app.graph.connect import Graph
from app.graph.migrate import Migration, list_migrations, status, up
from tests.integration.graph.plans import ask, change


@pytest.fixture
async def more(graph: Graph, tmp_path: Path) -> AsyncIterator[list[Migration]]:
    """The real migrations and two more, which are taken out of the database again."""
    (tmp_path / "V901__Add_an_index.cypher").write_text(
        "CREATE INDEX test_one IF NOT EXISTS FOR (n:TestOne) ON (n.key);\n"
        "CREATE CONSTRAINT test_two IF NOT EXISTS FOR (n:TestTwo) REQUIRE n.key IS UNIQUE;\n"
    )
    (tmp_path / "V902__Add_another.cypher").write_text(
        "CREATE INDEX test_three IF NOT EXISTS FOR (n:TestThree) ON (n.key);\n"
    )
    yield [*list_migrations(), *list_migrations(tmp_path)]
    await change(graph, "MATCH (m:__Neo4jMigration) WHERE m.version STARTS WITH '90' DETACH DELETE m")
    await change(graph, "MATCH (l:__Neo4jMigrationsLock) DELETE l")
    await change(graph, "DROP INDEX test_one IF EXISTS")
    await change(graph, "DROP CONSTRAINT test_two IF EXISTS")
    await change(graph, "DROP INDEX test_three IF EXISTS")


async def test_what_is_pending_runs_once_and_in_order(graph: Graph, more: list[Migration]) -> None:
    assert [each.state for each in await status(graph, more)][-3:] == ["applied", "pending", "pending"]
    assert [each.version for each in await up(graph, more)] == ["901", "902"]
    assert {each.state for each in await status(graph, more)} == {"applied"}
    assert await up(graph, more) == ()
    names = await ask(graph, "SHOW INDEXES YIELD name WHERE name STARTS WITH 'test_' RETURN name")
    assert {row["name"] for row in names} == {"test_one", "test_two", "test_three"}


async def test_the_records_are_a_chain_that_neo4j_migrations_reads(
    graph: Graph, more: list[Migration]
) -> None:
    await up(graph, more)
    chain = await ask(
        graph,
        "MATCH p = (:__Neo4jMigration {version: 'BASELINE'})-[:MIGRATED_TO*]->(l) WHERE NOT (l)-[:MIGRATED_TO]->() "
        "RETURN [n IN tail(nodes(p)) | [n.version, n.description, n.type, n.source, n.checksum]] AS migrations, "
        "[r IN relationships(p) | valueType(r.at) + valueType(r.in)] AS types",
    )
    assert chain[0]["migrations"] == [
        [m.version, m.description, "CYPHER", m.source, m.checksum] for m in more
    ]
    assert set(chain[0]["types"]) == {"ZONED DATETIME NOT NULLDURATION NOT NULL"}


async def test_an_edited_migration_is_refused(graph: Graph, more: list[Migration]) -> None:
    await up(graph, more)
    edited = [*more[:-1], replace(more[-1], checksum="1")]
    for act in (status, up):
        with pytest.raises(MigrationError, match="was edited after it ran"):
            await act(graph, edited)


async def test_a_missing_migration_is_refused(graph: Graph, more: list[Migration]) -> None:
    await up(graph, more)
    with pytest.raises(MigrationError, match="901"):
        await up(graph, [*more[:-2], more[-1]])
    with pytest.raises(MigrationError, match="902"):
        await up(graph, more[:-1])


async def test_a_migration_that_was_killed_half_way_is_run_again(graph: Graph, more: list[Migration]) -> None:
    await change(graph, "CREATE INDEX test_one IF NOT EXISTS FOR (n:TestOne) ON (n.key)")
    await up(graph, more)
    assert {each.state for each in await status(graph, more)} == {"applied"}


async def test_a_migration_that_fails_leaves_those_before_it(graph: Graph, more: list[Migration]) -> None:
    broken = replace(more[-1], statements=("CREATE INDEX",))
    with pytest.raises(MigrationError, match="V902"):
        await up(graph, [*more[:-1], broken])
    assert [each.state for each in await status(graph, more)][-2:] == ["applied", "pending"]
    assert len(await up(graph, more)) == 1


async def test_of_two_migrators_at_once_one_migrates(graph: Graph, more: list[Migration]) -> None:
    results = await asyncio.gather(up(graph, more), up(graph, more), return_exceptions=True)
    applied = [result for result in results if isinstance(result, tuple)]
    refused = [result for result in results if not isinstance(result, tuple)]
    assert sum(map(len, applied)) == 2
    assert all(isinstance(result, Conflict) for result in refused)


async def test_a_dead_migrators_lock_is_overtaken_when_its_lease_ran_out(
    graph: Graph, more: list[Migration]
) -> None:
    await change(
        graph, "CREATE (:__Neo4jMigrationsLock {name: 'John Doe', id: 'dead', renewed_at: datetime()})"
    )
    with pytest.raises(Conflict, match="another migrator"):
        await up(graph, more)
    await change(
        graph,
        "MATCH (l:__Neo4jMigrationsLock {id: 'dead'}) SET l.renewed_at = datetime() - duration({minutes: 6})",
    )
    assert len(await up(graph, more)) == 2
    assert await ask(graph, "MATCH (l:__Neo4jMigrationsLock) RETURN l") == []


async def test_a_lock_of_the_neo4j_migrations_tool_is_respected(graph: Graph, more: list[Migration]) -> None:
    await change(graph, "CREATE (:__Neo4jMigrationsLock {name: 'John Doe', id: 'theirs'})")
    with pytest.raises(Conflict) as raised:
        await up(graph, more)
    assert "neo4j-migrations" in raised.value.hint
