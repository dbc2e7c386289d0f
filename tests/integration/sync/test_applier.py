"""What changes in the plans' tables comes to the graph, in whatever way it comes."""

from __future__ import annotations

from uuid import uuid4

import pytest

from app.graph.connect import Graph
from app.postgres.connect import Pool
from app.sync.applier import apply_batch
from app.sync.verify import verify
from tests.integration.graph.plans import ask
from tests.integration.sync.plans import make_plan


@pytest.fixture
def tenant() -> str:
    return f"sync-{uuid4().hex}"


async def drain(pool: Pool, graph: Graph, limit: int = 1_000) -> int:
    """Apply all that there is; how many entries of the outbox that were."""
    rows = 0
    while done := (await apply_batch(pool, graph, limit)).rows:
        rows += done
    return rows


async def test_a_plan_comes_to_the_graph_as_it_is(pool: Pool, graph: Graph, tenant: str) -> None:
    plan = await make_plan(pool, tenant)
    assert await drain(pool, graph) > 20
    found = await verify(pool, graph, tenant)
    assert (found.differences, found.pending) == ((), ())
    assert [each.rows for each in found.plans] == [1 + 3 + 2 + 6 + 12]
    chains = await ask(
        graph,
        "MATCH (plan:Plan {plan_id: $plan_id})-[:HAS_PHASE]->()-[:HAS_MILESTONE]->()-[:HAS_TASK]->(task)"
        "-[:HAS_SUBTASK]->(part:Subtask) RETURN count(part) AS parts, count(DISTINCT task) AS tasks",
        plan_id=plan.plan_id,
    )
    assert chains[0].data() == {"parts": 12, "tasks": 6}
