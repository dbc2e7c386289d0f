"""The named queries about plans, on mirrored plans, against what plain Python makes of the same plan."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID, uuid4

import networkx as nx
import pytest

from app.errors import NotFound
from app.export.browser_pages import guide
from app.graph.connect import Graph
from app.graph.queries import Value
from app.graph.read import run_named
from app.model.plan import PlanSource, Task, TaskStatus
from app.plans.read import show_full_plan
from app.plans.write import Origin, Owner, create_plan
from app.postgres.connect import Pool, transaction
from tests.documents import document, task
from tests.integration.sync.plans import drain, sql
from tests.unit.export.test_browser_pages import Shape

OWNER = Owner("default", uuid4(), uuid4(), "user:test")
DONE = TaskStatus.COMPLETED


@pytest.fixture(autouse=True)
async def nothing_left(pool: Pool, graph: Graph) -> AsyncIterator[None]:
    """The tenant is everybody's."""
    yield
    await sql(pool, "DELETE FROM masterplans")
    await drain(pool, graph)


async def mirrored(pool: Pool, graph: Graph, seed: int) -> tuple[UUID, list[Task]]:
    """A random plan with random states, in both stores."""
    chance = Random(seed)
    count = chance.randrange(1, 14)
    tasks = [
        task(n, f"f{n}.py", sorted(chance.sample(range(1, n), min(chance.randrange(3), n - 1))))
        for n in range(1, count + 1)
    ]
    plan_id = await create_plan(pool, document(*tasks), OWNER, Origin(PlanSource.GENERATED))
    for each in (await show_full_plan(pool, plan_id, "default")).tasks:
        status = chance.choice(["completed", "failed", "pending", "blocked"])
        async with transaction(pool) as connection:
            await connection.execute(
                b"UPDATE masterplan_tasks SET status = %s, retry_count = %s, llm_cost_usd = %s, last_error = %s "
                b"WHERE task_id = %s",
                (
                    status,
                    chance.randrange(2),
                    chance.randrange(5),
                    chance.choice(["", "no answer\nline 2", "no answer\nline 3", "tests failed"]),
                    each.task_id,
                ),
            )
    await drain(pool, graph)
    return plan_id, list((await show_full_plan(pool, plan_id, "default")).tasks)


async def ask(graph: Graph, name: str, plan_id: UUID, **parameters: Value) -> list[Mapping[str, Any]]:
    columns, rows = await run_named(
        graph, "default", f"plans/{name}", {"plan_id": str(plan_id), **parameters}
    )
    return [dict(zip(columns, row, strict=True)) for row in rows]


def graph_of(tasks: list[Task]) -> nx.DiGraph[int]:
    """An edge from each task to those that it depends on."""
    number = {each.task_id: each.task_number for each in tasks}
    found: nx.DiGraph[int] = nx.DiGraph()
    found.add_nodes_from(number.values())
    found.add_edges_from(
        (each.task_number, number[other]) for each in tasks for other in each.depends_on_tasks
    )
    return found


@pytest.mark.parametrize("seed", range(12))
async def test_the_queries_say_what_the_tables_say(pool: Pool, graph: Graph, seed: int) -> None:
    plan_id, tasks = await mirrored(pool, graph, seed)
    needs = graph_of(tasks)
    status = {each.task_number: each.status for each in tasks}

    states = {row["status"]: row["task_numbers"] for row in await ask(graph, "task_states", plan_id)}
    assert states == {
        value: numbers for value in TaskStatus if (numbers := [n for n, s in status.items() if s == value])
    }

    costs = await ask(graph, "cost_by_phase", plan_id)
    assert sum(row["llm_cost_usd"] for row in costs) == sum(float(each.llm_cost_usd) for each in tasks)
    assert sum(row["completed"] for row in costs) == list(status.values()).count(DONE)

    chain = [row["task_number"] for row in await ask(graph, "critical_tasks", plan_id)]
    assert len(chain) == nx.dag_longest_path_length(needs) + 1
    assert all(needs.has_edge(later, earlier) for earlier, later in pairwise(chain))

    failures = {row["task_number"]: row["blocks"] for row in await ask(graph, "failures", plan_id, limit=100)}
    assert failures == {
        each.task_number: len(nx.ancestors(needs, each.task_number))
        for each in tasks
        if each.status is TaskStatus.FAILED or each.retry_count
    }

    hit = defaultdict(list)
    for each in tasks:
        if each.status is TaskStatus.FAILED or each.retry_count:
            hit[each.last_error.partition("\n")[0] or "no reason is recorded"].append(each)
    reasons = await ask(graph, "failure_reasons", plan_id)
    assert {row["reason"]: (row["task_numbers"], row["retries"], row["failed"]) for row in reasons} == {
        reason: (
            [each.task_number for each in found],
            sum(each.retry_count for each in found),
            sum(each.status is TaskStatus.FAILED for each in found),
        )
        for reason, found in hit.items()
    }
    assert [row["failed"] for row in reasons] == sorted((row["failed"] for row in reasons), reverse=True)

    waiting = {row["task_number"]: row for row in await ask(graph, "blocked_tasks", plan_id, limit=100)}
    open_tasks = {n for n, s in status.items() if s is not DONE}
    for number, found in status.items():
        blockers = sorted(set(needs.successors(number)) & open_tasks)
        if found in (TaskStatus.PENDING, TaskStatus.BLOCKED) and blockers:
            assert sorted(waiting.pop(number)["blockers"]) == blockers
    assert waiting == {}

    _, pictured = await run_named(graph, "default", "guide/masterplan", {"plan_id": str(plan_id)})
    assert len(pictured) == len(tasks)
    _, around = await run_named(graph, "default", "guide/task", {"plan_id": str(plan_id)})
    assert len(around) >= 1


async def test_another_tenants_plan_is_not_there(pool: Pool, graph: Graph) -> None:
    plan_id, _ = await mirrored(pool, graph, 1)
    with pytest.raises(NotFound):
        await run_named(graph, "other", "plans/task_states", {"plan_id": str(plan_id)})


async def test_the_guide_for_browser_runs_unchanged(pool: Pool, graph: Graph) -> None:
    """Each slide in order, as Browser does: a parameter is the value of an expression, and stays set."""
    await mirrored(pool, graph, 2)
    pages = Shape()
    pages.feed(guide("http://127.0.0.1/favourites.zip"))
    parameters: dict[str, object] = {}
    ran: set[str] = set()
    async with graph.driver.session(database=graph.database) as session:
        for text in pages.runnable:
            setting = re.fullmatch(r":param (\w+) => (.+)", text)
            statement = f"RETURN {setting[2]} AS value" if setting else text
            result = await session.run(statement, parameters)
            rows = [row async for row in result]
            if setting:
                parameters[setting[1]] = rows[0]["value"]
            elif ":Task" in text and rows:
                ran.add(text)
    assert len(ran) >= 4
