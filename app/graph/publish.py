"""Showing readers a build, whole: one transaction swaps labels, cuts cycles and layers waves.

Neo4j applies a commit while others read. So the last act before a commit is to announce it (a PlanCommit
node, committed by itself and renewed every second) and the first after it to settle; `app.graph.read` reads
again what it read while a commit was announced. An announcement that is not renewed lapses in five seconds,
so that a writer that died does not hold readers up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Final, TypeAlias, TypeVar

from neo4j import AsyncManagedTransaction, Record

from app.errors import Conflict, NotFound
from app.graph.connect import Graph, in_write, read, run, write
from app.graph.queries import Value
from app.graph.staging import StagedBuild

_ANALYSE: Final = (
    "cycles/clear",
    "cycles/trim",
    "cycles/components",
    "cycles/record",
    "cycles/cut",
    "waves/clear",
    "waves/assign",
    "waves/record",
)


_ANNOUNCE_SECONDS: Final = 1.0

Outcome = TypeVar("Outcome")

Permit: TypeAlias = Callable[[], Awaitable[None]]
"""Raises where what is about to be committed is no longer wanted."""


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What readers now see; ``seconds`` by step, of this run only."""

    build_id: str
    atoms: int
    dependencies: int
    waves: int
    widest_wave: int
    cycles: int
    cut_edges: int
    seconds: dict[str, float]


async def permitted() -> None:
    """The `Permit` of work that nobody can cancel."""


async def publish(
    build: StagedBuild,
    tool_version: str,
    stages: Mapping[str, float],
    permit: Permit = permitted,
) -> PublishResult:
    """Make the build the plan that readers see; ``stages`` are the seconds of what came before.

    Done once, however often it is tried. ``permit`` is asked right before the commit. Raises `Conflict` where
    the build was discarded or swept, and what ``permit`` raises.
    """
    plan, build_id = build.plan, build.build_id
    seconds: dict[str, float] = {}

    async def work(transaction: AsyncManagedTransaction) -> Record | None:
        seconds.clear()
        begun = await _timed(seconds, "begin", transaction, "publish/begin", build_id=build_id)
        if not begun:
            return None
        if begun[0]["tenant_id"] not in (None, plan.tenant_id):
            raise Conflict(f"the plan id {plan.plan_id!r} is taken", hint="import under another plan id")
        await _timed(seconds, "retire", transaction, "publish/retire", plan_id=plan.plan_id)
        await _timed(seconds, "adopt", transaction, "publish/adopt", build_id=build_id)
        await _timed(
            seconds,
            "describe",
            transaction,
            "publish/describe",
            plan_id=plan.plan_id,
            build_id=build_id,
            tenant_id=plan.tenant_id,
            project_name=plan.project_name,
            root=plan.root,
        )
        return await _analyse(transaction, plan.plan_id, build_id, tool_version, stages, seconds)

    outcome = await announced(build.graph, plan.plan_id, work, permit)
    if outcome is None:
        published = await read(build.graph, "publish/outcome", build_id=build_id)
        if not published:
            raise Conflict(
                "the import was given up before it was published: it was discarded, or silent for ten minutes",
                hint="start the import again; the earlier graph is as it was",
            )
        outcome = published[0]
    return published_result(build_id, outcome, seconds)


async def rebuild(
    graph: Graph,
    plan_id: str,
    tenant_id: str,
    build_id: str,
    tool_version: str,
    permit: Permit = permitted,
) -> PublishResult:
    """Find cycles and waves of a plan anew; `NotFound` where the tenant has no such plan.

    ``permit`` is asked right before the commit; what it raises ends the work with the plan as it was.
    """
    seconds: dict[str, float] = {}

    async def work(transaction: AsyncManagedTransaction) -> Record | None:
        seconds.clear()
        if not await run(transaction, "publish/lock", plan_id=plan_id, tenant_id=tenant_id):
            return None
        return await _analyse(transaction, plan_id, build_id, tool_version, {}, seconds)

    outcome = await announced(graph, plan_id, work, permit)
    if outcome is None:
        raise NotFound(f"there is no plan {plan_id!r}", hint="`mge plans` lists the plans")
    return published_result(build_id, outcome, seconds)


async def delete_plan(graph: Graph, plan_id: str, tenant_id: str) -> None:
    """Take the plan out of the readers' sight at once; `app.graph.staging.sweep` deletes it then.

    Raises `NotFound` where the tenant has no such plan.
    """

    async def work(transaction: AsyncManagedTransaction) -> bool:
        if not await run(transaction, "publish/lock", plan_id=plan_id, tenant_id=tenant_id):
            return False
        await run(transaction, "publish/retire", plan_id=plan_id)
        await run(transaction, "publish/remove", plan_id=plan_id)
        return True

    if not await announced(graph, plan_id, work, permitted):
        raise NotFound(f"there is no plan {plan_id!r}", hint="`mge plans` lists the plans")


async def _analyse(
    transaction: AsyncManagedTransaction,
    plan_id: str,
    build_id: str,
    tool_version: str,
    stages: Mapping[str, float],
    seconds: dict[str, float],
) -> Record:
    for name in _ANALYSE:
        await _timed(seconds, name, transaction, name, plan_id=plan_id)
    return await record_build(transaction, plan_id, build_id, tool_version, {**stages, **seconds})


async def record_build(
    transaction: AsyncManagedTransaction,
    plan_id: str,
    build_id: str,
    tool_version: str,
    seconds: Mapping[str, float],
) -> Record:
    """Record how the graph that readers are about to see was built; ``seconds`` by stage."""
    rows = await run(
        transaction,
        "publish/record",
        plan_id=plan_id,
        build_id=build_id,
        tool_version=tool_version,
        stages=list(seconds),
        seconds=list(seconds.values()),
    )
    return rows[0]


async def announced(
    graph: Graph,
    plan_id: str,
    work: Callable[[AsyncManagedTransaction], Awaitable[Outcome]],
    permit: Permit,
) -> Outcome:
    """Do the work in one write transaction whose commit is announced to readers, where ``permit`` lets it."""
    worked = asyncio.Event()

    async def keepannounced() -> None:
        await worked.wait()
        while True:
            await asyncio.sleep(_ANNOUNCE_SECONDS)
            await write(graph, "publish/announce", plan_id=plan_id)

    async def work_then_announce(transaction: AsyncManagedTransaction) -> Outcome:
        outcome = await work(transaction)
        await permit()
        await write(graph, "publish/announce", plan_id=plan_id)
        worked.set()
        return outcome

    announcing = asyncio.create_task(keepannounced())
    try:
        return await in_write(graph, work_then_announce)
    finally:
        announcing.cancel()
        await asyncio.wait([announcing])
        if worked.is_set():
            await write(graph, "publish/settle", plan_id=plan_id)


async def _timed(
    seconds: dict[str, float], step: str, transaction: AsyncManagedTransaction, name: str, **parameters: Value
) -> list[Record]:
    began = perf_counter()
    rows = await run(transaction, name, **parameters)
    seconds[step] = perf_counter() - began
    return rows


def published_result(build_id: str, outcome: Record, seconds: dict[str, float]) -> PublishResult:
    """What a build came to, from its row of `publish/record` or `publish/outcome`."""
    return PublishResult(
        build_id=build_id,
        atoms=outcome["total_atoms"],
        dependencies=outcome["total_edges"],
        waves=outcome["max_depth"],
        widest_wave=outcome["widest_wave"],
        cycles=outcome["cycles"],
        cut_edges=outcome["cut_edges"],
        seconds=dict(seconds),
    )
