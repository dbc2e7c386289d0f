"""A plan's dependency graph and its waves."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api import cursor as cursors
from app.api.jobs import IdempotencyHeader, submit
from app.api.schemas import (
    BuildRequestModel,
    EdgeModel,
    GraphModel,
    Id,
    JobModel,
    NodeModel,
    WaveModel,
    WavePage,
)
from app.api.service import Tenant, TheGraph, ThePool, TheQueue
from app.errors import InputError
from app.graph.read import draw_neighbourhood, draw_page, show_plan, waves_page
from app.plans.jobs import BuildRequest

router = APIRouter(prefix="/api/v2", tags=["graph"])


@router.post("/dependency-graph/build", status_code=202)
async def build_graph(
    body: BuildRequestModel,
    response: Response,
    graph: TheGraph,
    pool: ThePool,
    queue: TheQueue,
    tenant: Tenant,
    idempotency_key: IdempotencyHeader = None,
) -> JobModel:
    """Find a plan's cycles and waves anew."""
    await show_plan(graph, body.plan_id, tenant)
    job, _ = await submit(
        pool, queue, tenant, BuildRequest(body.plan_id), key=idempotency_key, content="", response=response
    )
    return job


@router.get("/dependency-graph/{plan_id}")
async def draw_graph(
    plan_id: Id,
    graph: TheGraph,
    tenant: Tenant,
    atom_id: Annotated[Id | None, Query(description="draw what is around this atom")] = None,
    depth: Annotated[int, Query(ge=1, le=4, description="dependencies away from the atom")] = 1,
    limit: Annotated[int, Query(ge=1, le=1000, description="nodes at most")] = 200,
    cursor: str | None = None,
) -> GraphModel:
    """A plan's graph to draw: page by page, or what is around one atom."""
    if atom_id is not None:
        if cursor is not None:
            raise InputError(
                "a neighbourhood has no pages", hint="give either atom_id or cursor", field="cursor"
            )
        drawing = await draw_neighbourhood(graph, plan_id, tenant, atom_id, depth, limit)
    else:
        path, number = cursors.decode_path(cursor)
        drawing = await draw_page(graph, plan_id, tenant, path, number, limit)
    return GraphModel(
        nodes=[NodeModel.model_validate({"wave": None, "cycle_id": None, **node}) for node in drawing.nodes],
        edges=[EdgeModel(**asdict(edge)) for edge in drawing.edges],
        truncated=drawing.truncated,
        next_cursor=cursors.encode(drawing.next_path, drawing.next_number) if drawing.next_number else None,
    )


@router.get("/execution-waves/{plan_id}")
async def list_waves(
    plan_id: Id,
    graph: TheGraph,
    tenant: Tenant,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: str | None = None,
) -> WavePage:
    """A plan's waves, in the order in which they can be worked on."""
    found = await waves_page(graph, plan_id, tenant, cursors.decode_number(cursor), limit + 1)
    shown = [WaveModel(**asdict(wave)) for wave in found[:limit]]
    return WavePage(items=shown, next_cursor=cursors.encode(shown[-1].number) if len(found) > limit else None)
