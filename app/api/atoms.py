"""Atoms: listing a plan's, and one with its dependencies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from app.api import cursor as cursors
from app.api.schemas import AtomDetail, AtomModel, AtomPage, AtomSummary, DependencyModel, Id
from app.api.service import Tenant, TheGraph
from app.graph.read import DependencyView, atoms_page
from app.graph.read import show_atom as read_atom

router = APIRouter(prefix="/api/v2", tags=["atoms"])


@router.get("/atoms/{plan_id}")
async def list_atoms(
    plan_id: Id,
    graph: TheGraph,
    tenant: Tenant,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: str | None = None,
) -> AtomPage:
    """A plan's atoms by path and place in the file, without their code."""
    path, number = cursors.decode_path(cursor)
    found = await atoms_page(graph, plan_id, tenant, path, number, limit + 1)
    shown = [AtomSummary.model_validate(_atom(properties)) for properties in found[:limit]]
    following = cursors.encode(shown[-1].path, shown[-1].atom_number) if len(found) > limit else None
    return AtomPage(items=shown, next_cursor=following)


@router.get("/atom/{atom_id}")
async def show_atom(
    atom_id: Id,
    graph: TheGraph,
    tenant: Tenant,
    limit: Annotated[int, Query(ge=1, le=1000, description="dependencies each way at most")] = 100,
) -> AtomDetail:
    """An atom's code, what it needs, what needs it, and the evidence for each."""
    found = await read_atom(graph, atom_id, tenant, limit + 1)
    return AtomDetail(
        plan_id=found.plan_id,
        atom=AtomModel.model_validate(_atom(found.atom)),
        needs=[_dependency(view) for view in found.needs[:limit]],
        needed_by=[_dependency(view) for view in found.needed_by[:limit]],
        truncated=max(len(found.needs), len(found.needed_by)) > limit,
    )


def _atom(properties: Mapping[str, object]) -> dict[str, object]:
    # A property that is null is not there; only these two may be.
    return {"wave": None, "cycle_id": None, **properties}


def _dependency(view: DependencyView) -> DependencyModel:
    return DependencyModel.model_validate(
        {
            **view.properties,
            "type": view.type,
            "atom_id": view.atom_id,
            "name": view.name,
            "path": view.path,
            "start_line": view.start_line,
            "wave": view.wave,
        }
    )
