"""What nodes and relationships are made of, as the queries of `cypher/staging` and `cypher/patch` take it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from app.graph.queries import Value
from app.model.atom import Atom, FileRecord
from app.model.dependency import Dependency, ExternalReference, LinkCounts, Symbol

BATCH: Final = 5_000

_Row = TypeVar("_Row")


def batches(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    """As many rows at a time as one query takes."""
    batch: list[_Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def file_row(file: FileRecord) -> list[Value]:
    """A file, from its path on."""
    return [
        *(file.path, file.language, file.sha256, file.encoding, file.newline, file.bytes, file.loc),
        *(file.atoms, file.parse_status, file.reason),
    ]


def atom_row(atom: Atom) -> list[Value]:
    """An atom, from its id on."""
    return [
        *(atom.atom_id, atom.atom_number, atom.name, atom.qualified_name, atom.kind, atom.node_type),
        *(atom.language, atom.path, atom.start_byte, atom.end_byte, atom.start_line, atom.end_line, atom.loc),
        *(atom.complexity, atom.indivisible, atom.code, atom.signature, atom.docstring, atom.content_hash),
    ]


def dependency_row(dependency: Dependency) -> list[Value]:
    """A dependency, from its kinds on."""
    return [
        *(list(dependency.kinds), list(dependency.symbols), list(dependency.evidence)),
        *(dependency.rule, dependency.confidence, dependency.type_only),
    ]


def reference_row(counts: LinkCounts) -> list[Value]:
    """What became of a file's references."""
    return [
        *(counts.resolved, counts.external, counts.builtin),
        *(list(counts.unresolved), list(counts.unresolved.values())),
    ]


def symbol_row(symbol: Symbol) -> list[Value]:
    """A symbol, without the atoms that define it."""
    return [symbol.qualified_name, symbol.name, symbol.kind, symbol.exported, symbol.path]


def external_rows(
    references: Iterable[ExternalReference],
) -> dict[tuple[int, str, str], list[Value]]:
    """The names taken and the evidence, by atom, ecosystem and package."""
    names: dict[tuple[int, str, str], set[str]] = {}
    evidence: dict[tuple[int, str, str], dict[str, None]] = {}
    for reference in references:
        key = (reference.source, reference.ecosystem, reference.package)
        names.setdefault(key, set()).add(reference.name)
        evidence.setdefault(key, {}).update(dict.fromkeys(reference.evidence))
    return {key: [sorted(taken), list(evidence[key])] for key, taken in names.items()}
