"""A plan in the formats of other tools, read back as those tools read them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import networkx
import pytest

from app.export.formats import TEXT_FORMATS
from app.export.plan import ExportedEdge, ExportedFile
from app.export.scip import as_scip
from app.scip.reading import read_index

CODE = ['def f(x):\n    return "<&\x01é\\""\n', "y = f(1)\n"]


def atom(number: int, code: str, **more: Any) -> dict[str, Any]:
    return {
        "atom_id": f"id{number}",
        "name": ["f", "y"][number],
        "qualified_name": f"m.{['f', 'y'][number]}",
        "kind": "function",
        "path": 'a "b".py',
        "language": "python",
        "start_line": number * 2 + 1,
        "end_line": 2 + number,
        "loc": 2,
        "complexity": 1,
        "wave": number + 1,
        "code": code,
        **more,
    }


CALL = ExportedEdge(
    "CONTROL_DEP",
    "id1",
    "id0",
    {
        "kinds": ["call"],
        "symbols": ["f"],
        "evidence": ["3:5"],
        "rule": "scope",
        "confidence": 1.0,
        "weight": 0.85,
        "type_only": False,
        "cut": True,
    },
)
FILE = ExportedFile(
    'a "b".py',
    "python",
    (atom(0, CODE[0]), atom(1, CODE[1])),
    (("id0", "f", "m.f"), ("id1", "y", "m.y")),
    (CALL,),
)


async def files() -> AsyncIterator[ExportedFile]:
    yield FILE


async def written(format_: str) -> str:
    return "".join([text async for text in TEXT_FORMATS[format_]("shop <1>", files())])


async def test_json_holds_every_property() -> None:
    document = json.loads(await written("json"))
    assert document["plan"] == "shop <1>"
    assert document["atoms"] == list(FILE.atoms)
    assert document["dependencies"] == [
        {"type": "CONTROL_DEP", "source": "id1", "target": "id0", **CALL.properties}
    ]


async def test_graphml_is_what_networkx_reads(tmp_path: Path) -> None:
    path = tmp_path / "plan.graphml"
    path.write_text(await written("graphml"))
    graph = networkx.read_graphml(path, force_multigraph=True)
    assert set(graph) == {"id0", "id1"}
    assert graph.nodes["id0"]["code"] == CODE[0].replace("\x01", "")
    assert (graph.nodes["id1"]["wave"], graph.nodes["id1"]["path"]) == (2, 'a "b".py')
    ((source, target, told),) = graph.edges(data=True)
    assert (source, target, told["type"], told["kinds"]) == ("id1", "id0", "CONTROL_DEP", "call")
    assert (told["cut"], told["confidence"]) == (True, 1.0)


async def test_dot_quotes_what_needs_it() -> None:
    lines = [line.strip() for line in (await written("dot")).splitlines()]
    assert 'label="a \\"b\\".py";' in lines
    assert '"id0" [label="f 1-2"];' in lines
    assert '"id1" -> "id0" [color=blue, style=dashed];' in lines


async def test_mermaid_names_atoms_by_its_own_ids() -> None:
    lines = [line.strip() for line in (await written("mermaid")).splitlines()]
    assert "flowchart LR" in lines
    assert 'subgraph f0["a #34;b#34;.py"]' in lines
    assert 'a1["y 3-3"]' in lines
    assert "a1 -->|control| a0" in lines


async def test_scip_says_where_names_are_defined_and_used(tmp_path: Path) -> None:
    path = tmp_path / "index.scip"
    path.write_bytes(await as_scip("shop", files()))
    (document,) = read_index(path)
    assert (document.path, document.encoding) == ('a "b".py', "utf-32")
    assert {(o.line, o.column, o.end_column, o.symbol[-6:], o.roles) for o in document.occurrences} == {
        (0, 4, 5, "`m.f`.", 1),
        (2, 0, 1, "`m.y`.", 1),
        (2, 4, 5, "`m.f`.", 0),
    }


@pytest.mark.parametrize("format_", TEXT_FORMATS)
async def test_a_plan_without_files_is_still_a_document(format_: str) -> None:
    async def nothing() -> AsyncIterator[ExportedFile]:
        none: tuple[ExportedFile, ...] = ()
        for file in none:
            yield file

    text = "".join([part async for part in TEXT_FORMATS[format_]("empty", nothing())])
    assert text.strip()
    if format_ == "json":
        assert json.loads(text) == {"plan": "empty", "atoms": [], "dependencies": []}
