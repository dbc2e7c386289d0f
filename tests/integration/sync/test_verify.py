"""Verify finds whatever was changed in either store behind its back, and repair mends it."""

from __future__ import annotations

from random import Random

import pytest

from app.graph.connect import Graph
from app.postgres.connect import Pool
from app.sync.verify import rebuild, repair, verify
from tests.integration.graph.plans import ask, change
from tests.integration.sync.changes import CHANGES, Change, Stores
from tests.integration.sync.plans import drain, make_plan, sql


async def two_plans(pool: Pool, graph: Graph, tenant: str, seed: int) -> Stores:
    """Two plans of one tenant in both stores."""
    plan, other = await make_plan(pool, tenant, tasks=9), await make_plan(pool, tenant, tasks=3)
    await drain(pool, graph)
    return Stores(pool, graph, plan, other, Random(seed))


async def found_and_mended(stores: Stores, made: Change) -> None:
    """Make the change; hold verify and repair to it."""
    tenant = stores.plan.tenant_id
    id_ = await made(stores)
    found = await verify(stores.pool, stores.graph, tenant)
    assert id_ in {each.part.id for each in found.differences}, (made, found)
    assert found.pending == ()
    mended = await repair(stores.pool, stores.graph, tenant)
    assert (mended.remaining, mended.refused) == ((), ()), made
    assert id_ in {each.part.id for each in mended.mended}, made
    after = await verify(stores.pool, stores.graph, tenant)
    assert after.differences == after.pending == (), made
    assert all(each.postgres == each.graph for each in after.plans)


async def test_each_sort_of_change_is_found_and_mended(pool: Pool, graph: Graph, tenant: str) -> None:
    stores = await two_plans(pool, graph, tenant, seed=1)
    for made in CHANGES:
        await found_and_mended(stores, made)


@pytest.mark.parametrize("changes", [25, pytest.param(100, marks=pytest.mark.long)])
async def test_changes_by_chance_are_found_and_mended(
    pool: Pool, graph: Graph, tenant: str, changes: int
) -> None:
    stores = await two_plans(pool, graph, tenant, seed=changes)
    for _ in range(changes):
        await found_and_mended(stores, stores.random.choice(CHANGES))


async def test_many_changes_at_once_are_mended_at_once(pool: Pool, graph: Graph, tenant: str) -> None:
    stores = await two_plans(pool, graph, tenant, seed=3)
    for made in CHANGES:
        await made(stores)
    mended = await repair(pool, graph, tenant)
    assert (mended.remaining, mended.refused) == ((), ())
    found = await verify(pool, graph, tenant)
    assert found.differences == found.pending == ()


async def test_what_the_applier_will_bring_is_told_apart(pool: Pool, graph: Graph, tenant: str) -> None:
    stores = await two_plans(pool, graph, tenant, seed=4)
    renamed, deleted, broken = (str(task) for task in stores.plan.tasks[:3])
    await sql(pool, "UPDATE masterplan_tasks SET name = 'new' WHERE task_id = %s", renamed)
    await sql(pool, "DELETE FROM masterplan_tasks WHERE task_id = %s", deleted)
    await change(graph, "MATCH (n:Task {task_id: $id}) SET n.name = 'mine'", id=broken)
    found = await verify(pool, graph, tenant)
    assert [(each.part.id, each.names) for each in found.differences] == [(broken, ("name",))]
    assert {renamed, deleted} <= {each.part.id for each in found.pending}
    await repair(pool, graph, tenant)
    after = await verify(pool, graph, tenant)
    assert after.differences == after.pending == ()


async def test_one_plan_is_looked_at_alone(pool: Pool, graph: Graph, tenant: str) -> None:
    stores = await two_plans(pool, graph, tenant, seed=5)
    for plan in (stores.plan, stores.other):
        await change(graph, "MATCH (n:Phase {plan_id: $plan}) SET n.name = 'mine'", plan=plan.plan_id)
    only = await verify(pool, graph, tenant, stores.plan.plan_id)
    assert {each.plan_id for each in only.differences} == {stores.plan.plan_id}
    await repair(pool, graph, tenant, stores.plan.plan_id)
    assert {each.plan_id for each in (await verify(pool, graph, tenant)).differences} == {
        stores.other.plan_id
    }


async def test_a_mirror_made_from_nothing_is_the_one_that_grew(pool: Pool, graph: Graph, tenant: str) -> None:
    stores = await two_plans(pool, graph, tenant, seed=6)
    await sql(pool, "UPDATE masterplan_tasks SET status = 'completed' WHERE task_number < 4")
    await drain(pool, graph)
    grown = await verify(pool, graph, tenant)
    for made in CHANGES[:20]:
        await made(stores)
    done = await rebuild(pool, graph, tenant)
    assert (done.plans, done.refused) == (2, ())
    found = await verify(pool, graph, tenant)
    assert found.differences == found.pending == ()
    assert [each.graph for each in found.plans] == [each.graph for each in grown.plans]


async def test_other_tenants_and_imported_code_are_left_alone(pool: Pool, graph: Graph, tenant: str) -> None:
    stores = await two_plans(pool, graph, tenant, seed=7)
    stranger = await make_plan(pool, f"{tenant}-2", tasks=3)
    await drain(pool, graph)
    await change(graph, "MATCH (n:Task {plan_id: $plan}) SET n.name = 'theirs'", plan=stranger.plan_id)
    code = f"code-{tenant}"
    await change(
        graph, "CREATE (:Plan {plan_id: $code, tenant_id: $tenant, build_id: 'b'})", code=code, tenant=tenant
    )
    assert (await verify(pool, graph, tenant)).differences == ()
    assert (await repair(pool, graph, tenant)).mended == ()
    assert (await rebuild(pool, graph, tenant)).plans == 2
    left = await ask(graph, "MATCH (n:Plan {plan_id: $code}) RETURN n.build_id AS build", code=code)
    assert [row["build"] for row in left] == ["b"]
    names = await ask(
        graph, "MATCH (n:Task {plan_id: $plan}) RETURN DISTINCT n.name AS name", plan=stranger.plan_id
    )
    assert [row["name"] for row in names] == ["theirs"]
    await change(graph, "MATCH (n:Plan {plan_id: $code}) DELETE n", code=code)
    del stores
