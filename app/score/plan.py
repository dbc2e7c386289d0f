"""A plan of the graph, made ready to be held against an index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.errors import InputError
from app.export.places import atom_starts, named_places
from app.export.plan import ExportedEdge, exported_files
from app.graph.connect import Graph
from app.scip.reading import ScipDocument, read_index
from app.score.compare import Score, ScoredEdge, ScoredFile, compare


async def score_plan(graph: Graph, plan_id: str, tenant_id: str, index: Path) -> Score:
    """Hold a plan's dependencies against a SCIP index of the same files.

    Raises `NotFound` for the plan, and `InputError` where the index cannot be read or is of other files.
    """
    documents = list(read_index(index))
    files: dict[str, ScoredFile] = {}
    number_of: dict[str, int] = {}
    found: list[ExportedEdge] = []
    async for file in exported_files(graph, plan_id, tenant_id):
        codes = [atom["code"] for atom in file.atoms]
        files[file.path] = describe(file.path, file.language, codes, len(number_of))
        for atom in file.atoms:
            number_of[atom["atom_id"]] = len(number_of)
        found += file.edges
    edges = [
        ScoredEdge(
            edge.type,
            number_of[edge.source],
            number_of[edge.target],
            tuple(edge.properties["kinds"]),
            edge.properties["rule"],
            tuple(edge.properties["evidence"]),
        )
        for edge in found
        if edge.source in number_of and edge.target in number_of
    ]
    return compare(files, edges, _below_root(documents, files))


def describe(path: str, language: str, codes: list[str], first: int) -> ScoredFile:
    """A file as `compare` needs it, from the code of its atoms in order."""
    source = "".join(codes)
    names = named_places(source, language)
    return ScoredFile(
        path=path,
        first=first,
        starts=atom_starts(codes),
        imports=tuple(sorted(place for place, _, _ in names.imported)),
        aliases=frozenset(name for _, name, taken in names.imported if name != taken),
        bindings=frozenset(place for place, _ in names.bound),
        lines=tuple(source.split("\n")),
    )


def _below_root(documents: list[ScipDocument], files: dict[str, ScoredFile]) -> list[ScipDocument]:
    """The documents with the plan's paths, where the index was made one folder above or below its root."""
    paths = {document.path for document in documents}
    if paths & files.keys():
        return documents
    for path in sorted(files):
        for document in documents:
            if document.path.endswith(f"/{path}"):
                above = document.path.removesuffix(path)
                return [replace(each, path=each.path.removeprefix(above)) for each in documents]
            if path.endswith(f"/{document.path}"):
                below = path.removesuffix(document.path)
                return [replace(each, path=f"{below}{each.path}") for each in documents]
    raise InputError(
        "the index and the plan have no file in common",
        hint=f"the index begins with {min(paths)!r}, the plan with {min(files, default='nothing')!r}",
    )
