"""Modules of ten to twenty atoms and components of fifty to a hundred that follow a plan's dependencies and files.

Modularity (Newman, Girvan 2004) is raised as Louvain does (Blondel et al. 2008), within limits of size: atoms move, modules
join, what is too small goes to what is near. All of it happens in the database, in `cypher/boundaries`. Modules that are
there already are where it begins, so a small edit moves little.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Final

from neo4j import AsyncManagedTransaction

from app.errors import NotFound
from app.graph.connect import Graph, run
from app.graph.publish import announced, permitted
from app.graph.queries import Value

MODULE_ATOMS: Final = (10, 20)
COMPONENT_ATOMS: Final = (50, 100)
_ADJACENT: Final = 0.5

_MODULES: Final[dict[str, Value]] = {"adjacent": _ADJACENT, "most": MODULE_ATOMS[1]}
_COMPONENTS: Final[dict[str, Value]] = {"adjacent": _ADJACENT, "most": COMPONENT_ATOMS[1]}
_STEPS: Final[tuple[tuple[str, dict[str, Value]], ...]] = (
    ("boundaries/seed", {"adjacent": _ADJACENT}),
    ("boundaries/move", {**_MODULES, "passes": 4}),
    ("boundaries/merge", {**_MODULES, "passes": 6}),
    ("boundaries/move", {**_MODULES, "passes": 4}),
    ("boundaries/merge", {**_MODULES, "passes": 3}),
    ("boundaries/gather", {**_MODULES, "least": MODULE_ATOMS[0], "passes": 2}),
    ("boundaries/move", {**_MODULES, "passes": 4}),
    ("boundaries/gather", {**_MODULES, "least": MODULE_ATOMS[0], "passes": 2}),
    ("boundaries/components_seed", {}),
    ("boundaries/components_merge", {**_COMPONENTS, "least": COMPONENT_ATOMS[0], "passes": 6}),
    ("boundaries/components_move", {**_COMPONENTS, "passes": 4}),
    ("boundaries/components_merge", {**_COMPONENTS, "least": COMPONENT_ATOMS[0], "passes": 3}),
)


@dataclass(frozen=True, slots=True)
class Boundaries:
    """How many modules and components a plan has now; ``seconds`` in all."""

    modules: int
    components: int
    seconds: float


async def find_boundaries(graph: Graph, plan_id: str, tenant_id: str, *, anew: bool = False) -> Boundaries:
    """Find a plan's modules and components, from those that it has or ``anew``; readers see the old ones or the new ones.

    Raises `NotFound` where the tenant has no such plan.
    """
    began = perf_counter()

    async def work(transaction: AsyncManagedTransaction) -> tuple[int, int] | None:
        if not await run(transaction, "publish/lock", plan_id=plan_id, tenant_id=tenant_id):
            return None
        if anew:
            await run(transaction, "boundaries/clear", plan_id=plan_id)
        for name, parameters in _STEPS:
            await run(transaction, name, plan_id=plan_id, **parameters)
        row = (await run(transaction, "boundaries/record", plan_id=plan_id))[0]
        return row["modules"], row["components"]

    found = await announced(graph, plan_id, work, permitted)
    if found is None:
        raise NotFound(f"there is no plan {plan_id!r}", hint="`mge plans` lists the plans")
    return Boundaries(*found, perf_counter() - began)
