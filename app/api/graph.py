"""A plan's dependency graph and its waves."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import FileResponse

from app.api import cursor as cursors
from app.api.docs import STATIC
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
from app.export.picture_plan import picture_json
from app.graph.read import draw_neighbourhood, draw_page, show_plan, waves_page
from app.jobs.requests import BuildRequest

router = APIRouter(prefix="/api/v2", tags=["graph"])

_PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "examples": [
                        {"plan": {"plan_id": "shop"}, "atoms": {"id": ["a1"], "x": [12.5], "y": [40.0]}}
                    ],
                }
            }
        }
    },
    304: {"description": "the picture that is there already is of the plan's build"},
}


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


@router.get("/dependency-graph/{plan_id}/view", include_in_schema=False)
async def view_graph(plan_id: Id, graph: TheGraph, tenant: Tenant) -> FileResponse:
    """A page that draws a plan."""
    await show_plan(graph, plan_id, tenant)
    return FileResponse(STATIC / "view.html", media_type="text/html", headers={"Cache-Control": "no-cache"})


@router.get("/dependency-graph/{plan_id}/picture", response_class=Response, responses=_PICTURE)
async def picture(
    plan_id: Id,
    graph: TheGraph,
    tenant: Tenant,
    if_none_match: Annotated[
        str | None, Header(description="the ETag of the picture that is there already")
    ] = None,
) -> Response:
    """Everything that the page draws: folders, modules, atoms and dependencies, placed, in columns."""
    build = (await show_plan(graph, plan_id, tenant)).plan["build_id"]
    if if_none_match == f'"{build}"':
        return Response(status_code=304, headers={"ETag": if_none_match})
    build_id, content = await picture_json(graph, plan_id, tenant)
    headers = {"ETag": f'"{build_id}"', "Cache-Control": "private, no-cache"}
    return Response(content, headers=headers, media_type="application/json")


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
