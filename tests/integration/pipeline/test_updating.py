"""Whatever is edited, importing again gives what a whole import gives, node for node and edge for edge."""

from __future__ import annotations

import os
import random
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.export.digest import SECTIONS, section_lines
from app.graph.connect import Graph
from app.graph.publish import delete_plan
from app.graph.read import run_named
from app.graph.staging import sweep
from app.main import indexers, read_rules
from app.pipeline.importing import import_source
from app.pipeline.result import ImportResult
from app.settings import Settings
from app.sources import open_source
from tests.integration.pipeline.edits import edit

_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"

SCRIPTS = {
    "shapes.ts": "import { scale } from './util';\nexport interface Shape { area: number }\n"
    "export class Square implements Shape {\n  constructor(readonly side: number) {}\n"
    "  get area() { return scale(this.side, this.side); }\n}\n",
    "util.ts": "export const scale = (a: number, by: number) => a * by;\nexport function twice(a: number) { return scale(a, 2); }\n",
    "main.ts": "import { Square, Shape } from './shapes';\nimport * as util from './util';\n"
    "const all: Shape[] = [new Square(2)];\nexport const total = all.map(({ area }) => util.twice(area));\n",
    "old.js": "const { total } = require('./main');\nmodule.exports = { total, size: total.length };\n",
}


def quiet(stage: str, done: int, total: int) -> None:
    pass


async def imported(graph: Graph, root: Path, memory: Path, name: str, *, whole: bool = False) -> ImportResult:
    settings = Settings()
    with open_source(str(root), read_rules(settings), root.parent / "work") as source:
        return await import_source(
            graph,
            source,
            name=name,
            tenant_id="default",
            workers=2,
            progress=quiet,
            indexers=indexers(settings),
            memory=memory,
            whole=whole,
        )


async def lines_of(graph: Graph, plan_id: str) -> dict[str, list[str]]:
    return {section: await section_lines(graph, plan_id, "default", section) for section in SECTIONS}


async def assert_same_as_whole(graph: Graph, root: Path, memory: Path, name: str, done: list[str]) -> None:
    updated = await imported(graph, root, memory, name)
    after_update = await lines_of(graph, updated.plan_id)
    problems = await run_named(graph, "default", "waves/check", {"plan_id": updated.plan_id, "limit": 5})
    assert problems[1] == [], done
    whole = await imported(graph, root, memory.with_name("other"), name, whole=True)
    after_whole = await lines_of(graph, whole.plan_id)
    for section in SECTIONS:
        one, other = set(after_update[section]), set(after_whole[section])
        assert sorted(one - other)[:5] == sorted(other - one)[:5] == [], (section, done)
        assert after_update[section] == after_whole[section], (section, done)
    for figure in (
        "atoms",
        "dependencies",
        "symbols",
        "externals",
        "references",
        "unresolved",
        "cycles",
        "cut",
        "waves",
    ):
        assert getattr(updated, figure) == getattr(whole, figure), (figure, done)


def a_package(root: Path, name: str) -> None:
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    shutil.copytree(Path(spec.origin).parent, root / name, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.mark.parametrize("seed", range(200 if _LONG else 6))
async def test_random_edits_of_a_python_package(graph: Graph, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    root, memory, name = tmp_path / "src", tmp_path / "memory", f"edits-{seed}"
    a_package(root, rng.choice(["requests", "httpx", "click", "httpcore"]))
    first = await imported(graph, root, memory, name)
    done: list[str] = []
    updates = 0
    for _ in range(rng.choice([1, 3, 8])):
        done.append(edit(root, rng))
        result = await imported(graph, root, memory, name)
        updates += result.analysed < result.files
    await assert_same_as_whole(graph, root, memory, name, done)
    await delete_plan(graph, first.plan_id, "default")
    await sweep(graph)


@pytest.mark.parametrize("seed", range(60 if _LONG else 2))
async def test_random_edits_of_scripts(graph: Graph, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    root, memory, name = tmp_path / "src", tmp_path / "memory", f"scripts-{seed}"
    root.mkdir()
    for path, text in SCRIPTS.items():
        (root / path).write_text(text)
    first = await imported(graph, root, memory, name)
    done: list[str] = []
    for _ in range(4):
        done.append(edit(root, rng))
        await imported(graph, root, memory, name)
    await assert_same_as_whole(graph, root, memory, name, done)
    await delete_plan(graph, first.plan_id, "default")
    await sweep(graph)
