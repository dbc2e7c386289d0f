"""A plan of the graph, made ready to be held against an index."""

from __future__ import annotations

from pathlib import Path

from app.export.places import atom_starts, named_places
from app.export.plan import ExportedEdge, exported_files
from app.graph.connect import Graph
from app.scip.reading import read_index
from app.scip.roots import below_root
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
    return compare(files, edges, below_root(documents, files))


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
