"""A plan as a SCIP index, for the tools that read what Sourcegraph's indexers write."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any, Final

from app.export.places import atom_starts, named_places
from app.export.plan import ExportedFile
from app.resolve.local import Place
from app.scip.messages import index_type
from app.scip.reading import DEFINITION

_UTF32: Final = 3


async def as_scip(name: str, files: AsyncIterator[ExportedFile]) -> bytes:
    """The index: definitions where names are bound, references where dependencies have their evidence."""
    index = index_type()()
    index.metadata.tool_info.name = "mge"
    index.metadata.tool_info.version = version("mge")
    index.metadata.project_root = f"file:///{name}"
    index.metadata.text_document_encoding = 1
    symbols_of: dict[str, dict[str, str]] = {}
    kept: list[tuple[Any, ExportedFile, list[str]]] = []
    async for file in files:
        document = index.documents.add(
            relative_path=file.path, language=file.language, position_encoding=_UTF32
        )
        lines = _define(document, file, symbols_of)
        kept.append((document, file, lines))
    for document, file, lines in kept:
        _refer(document, file, lines, symbols_of)
    content: bytes = index.SerializeToString()
    return content


def _symbol(qualified_name: str) -> str:
    return f"mge . . . `{qualified_name.replace('`', '``')}`."


def _define(document: Any, file: ExportedFile, symbols_of: dict[str, dict[str, str]]) -> list[str]:
    """Add where the file's symbols are defined; the file's lines."""
    codes = [atom["code"] for atom in file.atoms]
    source = "".join(codes)
    starts = atom_starts(codes)
    of_atom: dict[str, dict[str, Place]] = {}
    for place, name in named_places(source, file.language).bound:
        atom = file.atoms[max(bisect_right(starts, place) - 1, 0)]
        of_atom.setdefault(atom["atom_id"], {}).setdefault(name, place)
    for atom_id, name, qualified_name in file.defines:
        symbols_of.setdefault(atom_id, {})[name] = _symbol(qualified_name)
        found = of_atom.get(atom_id, {}).get(name)
        if found is not None:
            line, column = found
            document.occurrences.add(
                range=[line - 1, column - 1, column - 1 + len(name)],
                symbol=_symbol(qualified_name),
                symbol_roles=DEFINITION,
            )
            document.symbols.add(symbol=_symbol(qualified_name), display_name=name)
    return source.split("\n")


def _refer(
    document: Any, file: ExportedFile, lines: list[str], symbols_of: dict[str, dict[str, str]]
) -> None:
    """Add the file's references, each place and symbol once."""
    seen: set[tuple[int, int, str]] = set()
    for edge in file.edges:
        defined = symbols_of.get(edge.target)
        if not defined or {"guard", "body_of", "override"}.issuperset(edge.properties["kinds"]):
            continue
        for evidence in edge.properties["evidence"]:
            line, column = (int(part) - 1 for part in evidence.split(":"))
            if line >= len(lines):
                continue
            name = next(
                (name for name in edge.properties["symbols"] if lines[line].startswith(name, column)), ""
            )
            symbol = defined.get(name)
            if symbol is None or (line, column, symbol) in seen:
                continue
            seen.add((line, column, symbol))
            document.occurrences.add(range=[line, column, column + len(name)], symbol=symbol)
