"""A plan is compared with its files atom by atom before anything is built on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.graph.connect import Graph
from app.main import TENANT, read_rules
from app.pipeline.checking import Checked, check
from app.pipeline.importing import import_source
from app.settings import Settings
from app.sources.opening import open_source

FILES = {
    "a.py": "# -*- coding: latin-1 -*-\nNAME = 'é'\n\n\ndef first():\n    return 1\n\n\ndef second():\n    return 2\n".encode(
        "latin-1"
    ),
    "b.ts": "\ufeffexport const b = 'ü';\r\nexport function c() { return b; }\r\n".encode(),
    "bad.py": b"\xff\xfe\x00not text",
}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda root: None, {}),
        (lambda root: (root / "b.ts").unlink(), {"b.ts": {"gone"}}),
        (
            lambda root: (root / "a.py").write_bytes(FILES["a.py"].replace(b"return 1", b"return 3")),
            {"a.py": {"changed"}},
        ),
        (
            lambda root: (root / "a.py").write_bytes(FILES["a.py"].replace(b"NAME", b"import os\n\n\nNAME")),
            {"a.py": {"changed", "moved"}},
        ),
        (lambda root: (root / "bad.py").write_bytes(b"\xff\xfe\x00no text"), {"bad.py": {"changed"}}),
        (
            lambda root: (root / "a.py").write_bytes(FILES["a.py"].decode("latin-1").encode()),
            {"a.py": {"changed", "moved"}},
        ),
    ],
)
async def test_what_differs_is_told(
    graph: Graph, tmp_path: Path, edit: Callable[[Path], object], expected: dict[str, set[str]]
) -> None:
    root = tmp_path / "code"
    root.mkdir()
    for name, data in FILES.items():
        (root / name).write_bytes(data)
    plan_id = await imported(graph, root, tmp_path)
    edit(root)
    (root / "new.py").write_text("x = 1\n")
    found = await checked(graph, plan_id, root, tmp_path)
    drifts: dict[str, set[str]] = {}
    for atom in found.atoms:
        drifts.setdefault(atom.path, set()).add(atom.drift)
    assert drifts == expected
    assert {*found.changed, *found.gone} == set(expected)
    assert found.added == ("new.py",)
    assert found.current == (not expected)


async def imported(graph: Graph, root: Path, work: Path) -> str:
    with open_source(str(root), read_rules(Settings()), work / "work") as source:
        result = await import_source(
            graph,
            source,
            name=str(root),
            tenant_id=TENANT,
            workers=1,
            progress=lambda stage, done, total: None,
        )
    return result.plan_id


async def checked(graph: Graph, plan_id: str, root: Path, work: Path) -> Checked:
    with open_source(str(root), read_rules(Settings()), work / "work") as source:
        return await check(graph, plan_id, TENANT, source)
