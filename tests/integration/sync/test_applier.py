"""What changes in the plans' tables comes to the graph, in whatever way it comes and whatever happens on the way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from random import Random
from typing import LiteralString
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from neo4j import AsyncGraphDatabase

from app.errors import Conflict, MgeError, StoreDown
from app.graph.connect import Graph
from app.graph.mirror import Changes, Upsert, take_turns, write_changes
from app.graph.read import list_plans
from app.model.mirrored import LABELS, Kind, Part
from app.postgres.connect import Pool, transaction
from app.postgres.rows import fetch_one
from app.settings import REPOSITORY
from app.sync.applier import apply_batch
from app.sync.lock import try_mirror
from app.sync.rows import read_parts, read_plan
from app.sync.status import sync_status
from app.sync.verify import repair, verify
from tests.integration.graph.plans import ask, change
from tests.integration.sync.plans import MadePlan, drain, make_plan, sql

REPLAY: LiteralString = (
    "INSERT INTO sync_outbox (tenant_id, masterplan_id, entity, entity_id, operation, row_version) "
    "SELECT tenant_id, masterplan_id, entity, entity_id, operation, row_version FROM kept_outbox"
)


async def agree(pool: Pool, graph: Graph, tenant: str) -> int:
    """Hold that the stores say the same and nothing waits; how many rows they have."""
    found = await verify(pool, graph, tenant)
    assert found.differences == found.pending == ()
    assert await waiting(pool) == 0
    return sum(each.rows for each in found.plans)


async def waiting(pool: Pool) -> int:
    return len(await sql(pool, "SELECT 1 FROM sync_outbox"))


async def touch(pool: Pool, plan: MadePlan, chance: Random) -> None:
    """Some change of a plan as a run or a person makes it."""
    task = chance.choice(plan.tasks)
    match chance.randrange(6):
        case 0:
            await sql(pool, "UPDATE masterplan_tasks SET status = 'completed' WHERE task_id = %s", task)
        case 1:
            await sql(pool, "UPDATE masterplan_tasks SET llm_cost_usd = random() WHERE task_id = %s", task)
        case 2:
            milestone = chance.choice(plan.milestones)
            statement: LiteralString = "UPDATE masterplan_tasks SET milestone_id = %s WHERE task_id = %s"
            await sql(pool, statement, milestone, task)
        case 3:
            needs = [each for each in chance.sample(plan.tasks, 2) if each != task]
            statement = "UPDATE masterplan_tasks SET depends_on_tasks = %s WHERE task_id = %s"
            await sql(pool, statement, needs, task)
        case 4 if plan.subtasks:
            gone = plan.subtasks.pop(chance.randrange(len(plan.subtasks)))
            await sql(pool, "DELETE FROM masterplan_subtasks WHERE subtask_id = %s", gone)
        case _:
            await sql(
                pool, "UPDATE masterplans SET status = 'paused' WHERE masterplan_id = %s", plan.masterplan_id
            )


async def test_a_plan_comes_to_the_graph_as_it_is(pool: Pool, graph: Graph, tenant: str) -> None:
    plan = await make_plan(pool, tenant)
    assert await drain(pool, graph) > 20
    assert await agree(pool, graph, tenant) == 1 + 3 + 2 + 6 + 12
    chains = await ask(
        graph,
        "MATCH (plan:Plan {plan_id: $plan_id})-[:HAS_PHASE]->()-[:HAS_MILESTONE]->()-[:HAS_TASK]->(task)"
        "-[:HAS_SUBTASK]->(part:Subtask) RETURN count(part) AS parts, count(DISTINCT task) AS tasks",
        plan_id=plan.plan_id,
    )
    assert chains[0].data() == {"parts": 12, "tasks": 6}


async def test_values_keep_their_meaning_and_long_texts_stay_away(
    pool: Pool, graph: Graph, tenant: str
) -> None:
    plan = await make_plan(pool, tenant)
    await sql(
        pool,
        "UPDATE masterplan_tasks SET llm_cost_usd = 123456.12345678, llm_tokens_input = 9007199254740993, "
        "started_at = '2026-11-01 10:00:00.123456+02', llm_response = 'long', validation_errors = '[{\"line\": 1}]' "
        "WHERE task_id = %s",
        plan.tasks[0],
    )
    await drain(pool, graph)
    task = await ask(
        graph,
        "MATCH (n:Task {task_id: $id}) RETURN n.llm_cost_usd AS cost, n.llm_tokens_input AS tokens, "
        "n.started_at = datetime('2026-11-01T08:00:00.123456Z') AS same_time, n.validation_errors AS errors, "
        "n.completed_at IS NULL AS open, keys(n) AS keys",
        id=str(plan.tasks[0]),
    )
    row = task[0].data()
    keys = row.pop("keys")
    assert row == {
        "cost": 123456.12345678,
        "tokens": 9007199254740993,
        "same_time": True,
        "errors": '[{"line": 1}]',
        "open": True,
    }
    assert not {"llm_prompt", "llm_response", "validation_logs", "masterplan_id"} & set(keys)


async def test_the_page_about_the_copy_has_every_property(pool: Pool, tenant: str) -> None:
    plan = await make_plan(pool, tenant)
    async with transaction(pool) as connection:
        rows = (await read_plan(connection, plan.plan_id)).rows
    text = (REPOSITORY / "docs" / "sync.md").read_text(encoding="utf-8")
    for kind, label in LABELS.items():
        line = re.search(rf"^\| {label} \| (`\w+`).* \| (.*) \|$", text, re.MULTILINE)
        assert line is not None
        written = set(re.findall(r"`(\w+)`", line[1] + line[2]))
        assert {name for row in rows if row.part.kind is kind for name in row.properties} == written


async def test_masterplans_are_not_among_the_plans_of_code(pool: Pool, graph: Graph, tenant: str) -> None:
    await make_plan(pool, tenant)
    await drain(pool, graph)
    assert await list_plans(graph, tenant) == ()


@pytest.mark.parametrize("limit", [1, 7, 1_000])
async def test_changes_in_any_order_and_more_than_once_end_in_the_same(
    pool: Pool, graph: Graph, tenant: str, limit: int
) -> None:
    """Also where a batch holds a part and not what it is in or depends on."""
    plan = await make_plan(pool, tenant)
    await sql(pool, "CREATE TABLE kept_outbox AS TABLE sync_outbox")
    await sql(pool, "DELETE FROM sync_outbox")
    await sql(pool, f"{REPLAY} ORDER BY outbox_id DESC")
    await drain(pool, graph, limit)
    whole = await agree(pool, graph, tenant)
    await sql(pool, "DELETE FROM masterplan_tasks WHERE task_id = %s", plan.tasks[1])
    await sql(pool, "UPDATE masterplan_phases SET name = 'last' WHERE masterplan_id = %s", plan.masterplan_id)
    await sql(pool, "INSERT INTO kept_outbox SELECT * FROM sync_outbox")
    await drain(pool, graph, limit)
    for order in ("outbox_id", "outbox_id DESC", "md5(outbox_id::text)"):
        await sql(pool, f"{REPLAY} ORDER BY {order}")
        await drain(pool, graph, limit)
        assert await agree(pool, graph, tenant) == whole - 3


async def test_a_part_that_is_deleted_and_made_again_is_the_new_one(
    pool: Pool, graph: Graph, tenant: str
) -> None:
    """Its row_version begins anew, and is lower than what the graph has."""
    plan = await make_plan(pool, tenant)
    for _ in range(5):
        await sql(pool, "UPDATE masterplan_tasks SET retry_count = retry_count + 1")
    await drain(pool, graph)
    for limit in (1, 1_000):
        async with transaction(pool) as connection:
            await connection.execute("CREATE TEMP TABLE kept ON COMMIT DROP AS TABLE masterplan_tasks")
            await connection.execute("DELETE FROM masterplan_tasks WHERE task_id = %s", (plan.tasks[0],))
            await connection.execute(
                "UPDATE kept SET row_version = 1, name = 'again' WHERE task_id = %s", (plan.tasks[0],)
            )
            await connection.execute(
                "INSERT INTO masterplan_tasks SELECT * FROM kept WHERE task_id = %s", (plan.tasks[0],)
            )
        await drain(pool, graph, limit)
        await agree(pool, graph, tenant)
        row = await ask(graph, "MATCH (n:Task {task_id: $id}) RETURN n.name AS name", id=str(plan.tasks[0]))
        assert row[0]["name"] == "again"


async def test_a_deleted_plan_leaves_nothing(pool: Pool, graph: Graph, tenant: str) -> None:
    plan = await make_plan(pool, tenant)
    await drain(pool, graph)
    await sql(pool, "DELETE FROM masterplans WHERE masterplan_id = %s", plan.masterplan_id)
    await drain(pool, graph)
    assert await agree(pool, graph, tenant) == 0
    left = await ask(
        graph,
        "MATCH (n:Plan|Phase|Milestone|Task|Subtask {plan_id: $id}) RETURN count(n) AS n",
        id=plan.plan_id,
    )
    assert left[0]["n"] == 0


async def test_a_row_that_neo4j_refuses_stops_no_other(pool: Pool, graph: Graph, tenant: str) -> None:
    plan = await make_plan(pool, tenant)
    bad = plan.tasks[2]
    await sql(pool, "UPDATE masterplan_tasks SET target_files = ARRAY['a', NULL] WHERE task_id = %s", bad)
    await sql(
        pool,
        "UPDATE masterplan_phases SET description = repeat('x', 2000000) WHERE phase_id = %s",
        plan.phases[0],
    )
    await sql(
        pool,
        "UPDATE masterplan_milestones SET created_at = 'infinity' WHERE milestone_id = %s",
        plan.milestones[0],
    )
    await drain(pool, graph)
    refused = {str(bad), str(plan.phases[0]), str(plan.milestones[0])}
    status = await sync_status(pool, tenant)
    assert (status.rows, {str(each.entity_id) for each in status.dead_letters}) == (0, refused)
    assert all(each.reason for each in status.dead_letters)
    found = await verify(pool, graph, tenant)
    assert refused <= {each.part.id for each in found.differences}
    assert {str(part) for part in plan.subtasks if part not in plan.subtasks[4:6]}.isdisjoint(
        each.part.id for each in found.differences
    )
    mended = await repair(pool, graph, tenant)
    assert {part.id for part, _ in mended.refused} == refused
    assert len((await sync_status(pool, tenant)).dead_letters) >= 3

    await sql(pool, "UPDATE masterplan_tasks SET target_files = '{a}' WHERE task_id = %s", bad)
    await sql(pool, "UPDATE masterplan_phases SET description = '' WHERE phase_id = %s", plan.phases[0])
    await sql(
        pool,
        "UPDATE masterplan_milestones SET created_at = now() WHERE milestone_id = %s",
        plan.milestones[0],
    )
    await drain(pool, graph)
    assert (await sync_status(pool, tenant)).dead_letters == ()
    assert (await repair(pool, graph, tenant)).remaining == ()
    await agree(pool, graph, tenant)


async def test_while_neo4j_is_away_changes_wait(pool: Pool, graph: Graph, tenant: str) -> None:
    await make_plan(pool, tenant)
    before = await waiting(pool)
    async with AsyncGraphDatabase.driver("bolt://127.0.0.1:9", auth=("neo4j", "x")) as driver:
        with pytest.raises(StoreDown):
            await apply_batch(pool, replace(graph, driver=driver))
    assert await waiting(pool) == before
    status = await sync_status(pool, tenant)
    assert (status.rows, status.plans) == (before, 1)
    assert status.seconds > 0
    await drain(pool, graph)
    await agree(pool, graph, tenant)


@asynccontextmanager
async def cut_after(graph: Graph, upwards: int, downwards: int) -> AsyncIterator[Graph]:
    """A way to the graph that breaks for good after so many bytes in either direction."""
    address = urlsplit(graph.login.uri)
    writers: list[asyncio.StreamWriter] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: list[int]) -> None:
        with suppress(ConnectionError):
            while left[0] > 0 and (data := await reader.read(min(left[0], 65_536))):
                left[0] -= len(data)
                writer.write(data)
                await writer.drain()
        for each in writers:
            each.close()

    up, down = [upwards], [downwards]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if up[0] <= 0 or down[0] <= 0:
            writer.close()
            return
        there, back = await asyncio.open_connection(address.hostname, address.port)
        writers.append(back)
        await asyncio.gather(copy(reader, back, up), copy(there, writer, down))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    login = graph.login
    driver = AsyncGraphDatabase.driver(f"bolt://127.0.0.1:{port}", auth=(login.user, login.password))
    try:
        yield replace(graph, driver=driver)
    finally:
        await driver.close()
        server.close()
        for each in writers:
            each.close()


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.long) for n in range(2, 12))])
async def test_a_connection_that_breaks_anywhere_loses_nothing(
    pool: Pool, graph: Graph, tenant: str, seed: int
) -> None:
    """Before, in and after what is sent, and between a commit and its answer."""
    chance = Random(seed)
    plan = await make_plan(pool, tenant, tasks=9)
    broken = 0
    for _ in range(20):
        await touch(pool, plan, chance)
        up, down = chance.choice([(chance.randrange(15_000), 10**9), (10**9, chance.randrange(1_800))])
        async with cut_after(graph, up, down) as shaky:
            try:
                await drain(pool, shaky, limit=20)
            except StoreDown:
                broken += 1
    assert broken > 5
    await drain(pool, graph)
    await agree(pool, graph, tenant)


async def test_who_was_stopped_and_woken_late_writes_nothing(pool: Pool, graph: Graph, tenant: str) -> None:
    plan = await make_plan(pool, tenant)
    part = Part(Kind.TASK, str(plan.tasks[0]))
    turns = await take_turns(graph, {plan.plan_id: tenant})
    async with transaction(pool) as connection:
        late = (await read_parts(connection, [part]))[part]
    await sql(pool, "DELETE FROM masterplan_tasks WHERE task_id = %s", plan.tasks[0])
    await drain(pool, graph)
    with pytest.raises(Conflict):
        await write_changes(graph, turns, {}, Changes(upserts=[Upsert(late)]))
    await agree(pool, graph, tenant)


async def test_an_applier_that_is_stopped_for_longer_than_its_lease_holds_up_nobody(
    pool: Pool, graph: Graph, tenant: str
) -> None:
    await make_plan(pool, tenant)
    with pytest.raises(StoreDown):
        async with transaction(pool) as stopped:
            assert await try_mirror(stopped, "500ms")
            assert (await apply_batch(pool, graph)).rows == 0
            await asyncio.sleep(1.0)
            await drain(pool, graph)
            await agree(pool, graph, tenant)
            await fetch_one(stopped, b"SELECT 1")


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.long) for n in range(2, 12))])
async def test_many_appliers_verifiers_and_writers_at_once_end_in_the_same(
    pool: Pool, graph: Graph, tenant: str, seed: int
) -> None:
    chance = Random(seed)
    plans = [await make_plan(pool, tenant, name=f"plan {n}") for n in range(2)]
    over = asyncio.Event()

    async def write(plan: MadePlan) -> None:
        for _ in range(40):
            await touch(pool, plan, chance)

    async def apply() -> None:
        while not over.is_set():
            with suppress(Conflict):
                await apply_batch(pool, graph, chance.randrange(1, 30))
            await asyncio.sleep(0)

    async def look() -> None:
        while not over.is_set():
            assert (await verify(pool, graph, tenant)).differences == ()
            await asyncio.sleep(0.05)

    appliers = [asyncio.create_task(each) for each in (apply(), apply(), look())]
    await asyncio.gather(*map(write, plans))
    over.set()
    await asyncio.gather(*appliers)
    await drain(pool, graph)
    await agree(pool, graph, tenant)


async def test_a_backup_of_postgres_that_is_older_than_the_graph_is_mended(
    pool: Pool, graph: Graph, tenant: str
) -> None:
    """The graph has newer versions of the rows, and rows that are gone."""
    plan = await make_plan(pool, tenant)
    await drain(pool, graph)
    tables: tuple[LiteralString, ...] = ("masterplans", "masterplan_tasks", "masterplan_subtasks")
    await change(graph, "MATCH (n:Task|Subtask|Plan {plan_id: $id}) SET n.row_version = 99", id=plan.plan_id)
    for table in tables:
        await sql(pool, f"UPDATE {table} SET updated_at = now()")
    await drain(pool, graph)
    assert (await verify(pool, graph, tenant)).differences
    await repair(pool, graph, tenant)
    await agree(pool, graph, tenant)
    await sql(pool, "UPDATE masterplan_tasks SET name = 'goes on'")
    await drain(pool, graph)
    await agree(pool, graph, tenant)


async def test_failures_are_ours(pool: Pool, graph: Graph) -> None:
    """Whatever a store does comes out as one of our errors, which the applier's loop waits on."""
    async with cut_after(graph, 10, 10) as shaky:
        with pytest.raises(MgeError):
            await take_turns(shaky, {str(uuid4()): "x"})
