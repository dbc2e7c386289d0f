"""The formats: each takes the files of a plan one after the other and writes text as it goes."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from app.export.plan import ExportedFile, Properties

Files = AsyncIterator[ExportedFile]
Writer = Callable[[str, Files], AsyncIterator[str]]

# Not of XML 1.0, in which GraphML is written.
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ATOM_KEYS: Final = {
    "name": "string",
    "qualified_name": "string",
    "kind": "string",
    "path": "string",
    "language": "string",
    "start_line": "int",
    "end_line": "int",
    "loc": "int",
    "complexity": "int",
    "wave": "int",
    "code": "string",
}
_EDGE_KEYS: Final = {
    "type": "string",
    "kinds": "string",
    "symbols": "string",
    "evidence": "string",
    "rule": "string",
    "confidence": "double",
    "weight": "double",
    "type_only": "boolean",
    "cut": "boolean",
}
_COLOURS: Final = {
    "IMPORT_DEP": "gray50",
    "TYPE_DEP": "purple",
    "CONTROL_DEP": "blue",
    "DATA_DEP": "darkgreen",
}


async def as_json(name: str, files: Files) -> AsyncIterator[str]:
    """One document: ``plan``, ``atoms`` with all their properties, ``dependencies`` from atom id to atom id."""
    yield f'{{"plan": {json.dumps(name)}, "atoms": ['
    edges: list[str] = []
    comma = ""
    async for file in files:
        for atom in file.atoms:
            yield f"{comma}\n{_json(atom)}"
            comma = ","
        edges += [
            _json({"type": edge.type, "source": edge.source, "target": edge.target, **edge.properties})
            for edge in file.edges
        ]
    yield '\n], "dependencies": [\n'
    yield ",\n".join(edges)
    yield "\n]}\n"


async def as_graphml(name: str, files: Files) -> AsyncIterator[str]:
    """GraphML, as yEd, Gephi and networkx read it. Lists are text with spaces between their parts."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    for domain, keys in (("node", _ATOM_KEYS), ("edge", _EDGE_KEYS)):
        for key, type_ in keys.items():
            yield f'<key id="{domain}_{key}" for="{domain}" attr.name="{key}" attr.type="{type_}"/>\n'
    yield f'<graph id={quoteattr(_NOT_XML.sub("", name))} edgedefault="directed">\n'
    async for file in files:
        for atom in file.atoms:
            yield f"<node id={quoteattr(atom['atom_id'])}>{_data('node', _ATOM_KEYS, atom)}</node>\n"
        for edge in file.edges:
            told = {"type": edge.type, **edge.properties}
            yield (
                f"<edge source={quoteattr(edge.source)} target={quoteattr(edge.target)}>"
                f"{_data('edge', _EDGE_KEYS, told)}</edge>\n"
            )
    yield "</graph>\n</graphml>\n"


async def as_dot(name: str, files: Files) -> AsyncIterator[str]:
    """Graphviz: a cluster for each file, an arrow for each dependency, dashed where it was cut."""
    yield f"digraph {_dot(name)} {{\n  rankdir=LR; node [shape=box, fontname=monospace];\n"
    number = 0
    async for file in files:
        yield f"  subgraph cluster_{number} {{\n    label={_dot(file.path)};\n"
        number += 1
        for atom in file.atoms:
            yield f"    {_dot(atom['atom_id'])} [label={_dot(_label(atom))}];\n"
        yield "  }\n"
        for edge in file.edges:
            dashed = ", style=dashed" if edge.properties.get("cut") else ""
            yield f"  {_dot(edge.source)} -> {_dot(edge.target)} [color={_COLOURS[edge.type]}{dashed}];\n"
    yield "}\n"


async def as_mermaid(name: str, files: Files) -> AsyncIterator[str]:
    """A Mermaid flowchart: a subgraph for each file; several dependencies between two atoms are one arrow."""
    yield f'---\ntitle: {json.dumps(name)}\nconfig: {{"maxTextSize": 50000000, "maxEdges": 1000000}}\n---\n'
    yield "flowchart LR\n"
    ids: dict[str, str] = {}
    arrows: dict[tuple[str, str], dict[str, None]] = {}
    async for file in files:
        yield f'  subgraph f{len(ids)}["{_mermaid(file.path)}"]\n'
        for atom in file.atoms:
            ids[atom["atom_id"]] = f"a{len(ids)}"
            yield f'    {ids[atom["atom_id"]]}["{_mermaid(_label(atom))}"]\n'
        yield "  end\n"
        for edge in file.edges:
            arrows.setdefault((edge.source, edge.target), {})[edge.type.removesuffix("_DEP").lower()] = None
    for (source, target), types in arrows.items():
        if source in ids and target in ids:
            yield f"  {ids[source]} -->|{' '.join(types)}| {ids[target]}\n"


TEXT_FORMATS: Final[Mapping[str, Writer]] = {
    "json": as_json,
    "graphml": as_graphml,
    "dot": as_dot,
    "mermaid": as_mermaid,
}


def _label(atom: Properties) -> str:
    return f"{atom['name'] or atom['kind']} {atom['start_line']}-{atom['end_line']}"


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def _data(domain: str, keys: Mapping[str, str], values: Properties) -> str:
    return "".join(
        f'<data key="{domain}_{key}">{escape(_NOT_XML.sub("", _text(values[key])))}</data>'
        for key in keys
        if values.get(key) is not None
    )


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _dot(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _mermaid(text: str) -> str:
    return "".join(char if char.isalnum() or char in " ._-/:$" else f"#{ord(char)};" for char in text)
