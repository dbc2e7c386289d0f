"""A plan of the graph, made ready to be held against an index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from app.atoms.cut import line_starts
from app.errors import InputError
from app.graph.connect import Graph
from app.graph.read import files_in_pages
from app.parse.languages import parse
from app.parse.text import decode
from app.resolve.local import Places
from app.scip.reading import ScipDocument, read_index
from app.score.compare import Place, Score, ScoredEdge, ScoredFile, compare

_FILES_AT_A_TIME = 20


async def score_plan(graph: Graph, plan_id: str, tenant_id: str, index: Path) -> Score:
    """Hold a plan's dependencies against a SCIP index of the same files.

    Raises `NotFound` for the plan, and `InputError` where the index cannot be read or is of other files.
    """
    documents = list(read_index(index))
    files: dict[str, ScoredFile] = {}
    number_of: dict[str, int] = {}
    rows: list[list[Any]] = []
    async for row in files_in_pages(graph, plan_id, tenant_id, "score/files", _FILES_AT_A_TIME):
        path, atoms = row["path"], row["atoms"]
        files[path] = describe(path, row["language"], [code for _, code in atoms], len(number_of))
        for atom_id, _ in atoms:
            number_of[atom_id] = len(number_of)
        rows += [edge for edge in row["edges"] if edge[0] is not None]
    edges = [
        ScoredEdge(type_, number_of[a], number_of[b], tuple(kinds), tuple(symbols), rule, tuple(evidence))
        for type_, a, b, kinds, symbols, rule, evidence in rows
        if a in number_of and b in number_of
    ]
    return compare(files, edges, _below_root(documents, files))


def describe(path: str, language: str, codes: list[str], first: int) -> ScoredFile:
    """A file as `compare` needs it, from the code of its atoms in order."""
    source = "".join(codes)
    facts = parse(decode(source.encode("utf-8"), pep263=False), language)
    data = source.encode("utf-8")
    places = Places(data, line_starts(data))

    def place(offset: int) -> Place:
        line, _, column = places(offset).partition(":")
        return int(line), int(column)

    bound = [binding for binding in facts.bindings if binding.how != "import"]
    imported = [binding for binding in facts.bindings if binding.how == "import"]
    stored = [facts.expressions[store.target].pos for store in facts.attribute_stores]
    return ScoredFile(
        path=path,
        first=first,
        starts=_starts(codes),
        imports=tuple(sorted(place(binding.pos) for binding in imported)),
        aliases=frozenset(binding.name for binding in imported if binding.name != binding.key),
        bindings=frozenset([place(binding.pos) for binding in bound] + [place(pos) for pos in stored]),
        lines=tuple(source.split("\n")),
    )


def _starts(codes: list[str]) -> tuple[Place, ...]:
    starts: list[Place] = []
    line = column = 1
    for code in codes:
        starts.append((line, column))
        breaks = code.count("\n")
        line += breaks
        column = len(code) - code.rfind("\n") if breaks else column + len(code)
    return tuple(starts)


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
