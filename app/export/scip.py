"""A plan as a SCIP index, for the tools that read what Sourcegraph's indexers write."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any, Final

from app.atoms.cut import line_starts
from app.export.plan import ExportedFile
from app.parse.languages import parse
from app.parse.text import decode
from app.resolve.local import Places
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
    source = "".join(atom["code"] for atom in file.atoms)
    data = source.encode("utf-8")
    places = Places(data, line_starts(data))
    facts = parse(decode(data, pep263=False), file.language)
    begins: list[tuple[int, str]] = []
    at = 0
    for atom in file.atoms:
        begins.append((at, atom["atom_id"]))
        at += len(atom["code"].encode("utf-8"))
    starts = [start for start, _ in begins]
    of_atom: dict[str, dict[str, int]] = {}
    for pos, name in sorted((b.pos, b.name) for b in facts.bindings if b.how != "import"):
        atom_id = begins[max(bisect_right(starts, pos) - 1, 0)][1]
        of_atom.setdefault(atom_id, {}).setdefault(name, pos)
    for store in facts.attribute_stores:
        target = facts.expressions[store.target]
        atom_id = begins[max(bisect_right(starts, target.pos) - 1, 0)][1]
        of_atom.setdefault(atom_id, {}).setdefault(target.name, target.pos)
    for atom_id, name, qualified_name in file.defines:
        symbols_of.setdefault(atom_id, {})[name] = _symbol(qualified_name)
        found = of_atom.get(atom_id, {}).get(name)
        line, column = map(int, places(found).split(":")) if found is not None else (0, 0)
        if found is not None:
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
