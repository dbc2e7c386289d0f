"""A plan, file by file, as the writers of all formats take it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.graph.connect import Graph
from app.graph.read import files_in_pages

_FILES_AT_A_TIME = 20

Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExportedEdge:
    """A dependency between two atoms by their ids."""

    type: str
    source: str
    target: str
    properties: Properties


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file with its atoms in order, what they define (atom id, name, qualified name), and the edges from them."""

    path: str
    language: str
    atoms: tuple[Properties, ...]
    defines: tuple[tuple[str, str, str], ...]
    edges: tuple[ExportedEdge, ...]


async def exported_files(graph: Graph, plan_id: str, tenant_id: str) -> AsyncIterator[ExportedFile]:
    """Every file of a plan by path; `NotFound`, and `Conflict` where the plan is replaced on the way."""
    async for row in files_in_pages(graph, plan_id, tenant_id, "export/files", _FILES_AT_A_TIME):
        yield ExportedFile(
            row["path"],
            row["language"],
            tuple(row["atoms"]),
            tuple((atom, name, full) for atom, name, full in row["defines"] if full is not None),
            tuple(ExportedEdge(*edge) for edge in row["edges"] if edge[0] is not None),
        )
