"""What configuration files make of module names."""

from __future__ import annotations

import json

import pytest

from app.resolve.modules import index_modules
from app.resolve.projects import read_projects


def target(configs: dict[str, object], paths: list[str], importer: str, specifier: str) -> str | None:
    """The file that a specifier means, or None."""
    texts = {
        path: document.encode() if isinstance(document, str) else json.dumps(document).encode()
        for path, document in configs.items()
    }
    paths = sorted({*paths, importer})
    found = index_modules(paths, "root", read_projects(texts, paths)).script(importer, specifier)
    return paths[found[1]] if found is not None and found[0] == "file" else None


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("@app/util", "src/app/util.ts"),
        ("@app/deep/one", "src/app/deep/one.tsx"),
        ("exact", "src/exact/index.ts"),
        ("exactly", None),
        ("src/app/util", "src/app/util.ts"),
        ("second", "generated/second.ts"),
    ],
)
def test_paths_and_base_url(specifier: str, expected: str | None) -> None:
    tsconfig = """{
      // comments and trailing commas are allowed
      "compilerOptions": {
        "baseUrl": ".", /* "baseUrl": "x", */
        "paths": {
          "@app/*": ["src/app/*"],
          "exact": ["src/exact"],
          "second": ["src/second", "generated/second"],
        },
      },
    }"""
    paths = [
        "src/app/util.ts",
        "src/app/deep/one.tsx",
        "src/exact/index.ts",
        "generated/second.ts",
    ]
    assert target({"tsconfig.json": tsconfig}, paths, "src/main.ts", specifier) == expected


def test_the_longest_pattern_wins_and_the_nearest_configuration_governs() -> None:
    configs: dict[str, object] = {
        "tsconfig.json": {"compilerOptions": {"paths": {"*": ["any/*"], "lib/*": ["./lib/*"]}}},
        "packages/a/tsconfig.json": {"compilerOptions": {"paths": {"lib/*": ["./own/*"]}}},
    }
    paths = ["any/lib/x.ts", "lib/x.ts", "packages/a/own/x.ts"]
    assert target(configs, paths, "main.ts", "lib/x") == "lib/x.ts"
    assert target(configs, paths, "packages/a/main.ts", "lib/x") == "packages/a/own/x.ts"


def test_what_is_extended_is_relative_to_where_it_stands() -> None:
    configs: dict[str, object] = {
        "config/tsconfig.base.json": {"compilerOptions": {"baseUrl": "..", "paths": {"~/*": ["shared/*"]}}},
        "packages/a/tsconfig.json": {"extends": "../../config/tsconfig.base"},
    }
    assert target(configs, ["shared/x.ts"], "packages/a/main.ts", "~/x") == "shared/x.ts"


def test_a_configuration_that_extends_itself_ends() -> None:
    configs: dict[str, object] = {
        "tsconfig.json": {"extends": "./tsconfig.json", "compilerOptions": {"baseUrl": "."}}
    }
    assert target(configs, ["x.ts"], "main.ts", "x") == "x.ts"


@pytest.mark.parametrize(
    ("package", "specifier", "expected"),
    [
        ({"main": "./dist/index.js"}, "@org/b", "packages/b/src/index.ts"),
        ({"exports": "./dist/index.js"}, "@org/b", "packages/b/src/index.ts"),
        ({"exports": {".": {"types": "./dist/types/index.d.ts"}}}, "@org/b", "packages/b/src/index.ts"),
        ({"exports": {"./deep": {"import": "./dist/esm/deep.mjs"}}}, "@org/b/deep", "packages/b/src/deep.ts"),
        ({"exports": {"./*": "./dist/*.js"}}, "@org/b/deep", "packages/b/src/deep.ts"),
        ({"exports": {"./only": "./dist/index.js"}}, "@org/b/deep", None),
        ({}, "@org/b", "packages/b/src/index.ts"),
        ({}, "@org/b/src/deep", "packages/b/src/deep.ts"),
        ({}, "@org/bc", None),
    ],
)
def test_a_package_of_the_code_base_is_known_by_its_name(
    package: dict[str, object], specifier: str, expected: str | None
) -> None:
    configs: dict[str, object] = {"packages/b/package.json": {"name": "@org/b", **package}}
    paths = ["packages/b/src/index.ts", "packages/b/src/deep.ts"]
    assert target(configs, paths, "packages/a/main.ts", specifier) == expected


def test_internal_names_of_a_package() -> None:
    configs: dict[str, object] = {
        "a/package.json": {"name": "a", "imports": {"#util": "./src/util.js", "#inner/*": "./src/inner/*.js"}}
    }
    paths = ["a/src/util.ts", "a/src/inner/x.ts"]
    assert target(configs, paths, "a/main.ts", "#util") == "a/src/util.ts"
    assert target(configs, paths, "a/main.ts", "#inner/x") == "a/src/inner/x.ts"
    assert target(configs, paths, "b/main.ts", "#util") is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"compilerOptions": []}', '{"compilerOptions": {"paths": {"a": 1}}}']
)
def test_what_is_no_configuration_says_nothing(text: str) -> None:
    assert target({"tsconfig.json": text, "package.json": text}, ["a.ts"], "main.ts", "a") is None


@pytest.mark.parametrize("exports", [{}, {"exports": {"./*": "./dist/*.js"}}])
def test_of_sources_that_differ_in_their_suffix_alone_the_first_by_the_handbook_is_meant(
    exports: dict[str, object],
) -> None:
    names = [f"part{number}" for number in range(20)]
    folder = "packages/a/src" if exports else "packages/a"
    paths = [f"{folder}/{name}{suffix}" for name in names for suffix in (".js", ".d.ts", ".ts")]
    configs: dict[str, object] = {"packages/a/package.json": {"name": "a", **exports}}
    found = [target(configs, paths, "main.ts", f"a/{name}") for name in names]
    assert found == [f"{folder}/{name}.ts" for name in names]


def test_many_packages_cost_no_more_than_their_files() -> None:
    packages, files = 300, 30
    configs: dict[str, object] = {
        f"packages/p{number}/package.json": {"name": f"p{number}"} for number in range(packages)
    }
    texts = {path: json.dumps(document).encode() for path, document in configs.items()}
    paths = [f"packages/p{number}/m{file}.ts" for number in range(packages) for file in range(files)]
    found = read_projects(texts, paths)
    assert all(len(entries) == 2 * files for entries in found.packages.values())
    assert len(found.packages) == packages
