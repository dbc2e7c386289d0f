"""The whole tree of a code base, also what is no code: what a replay starts from and is compared with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from app.errors import InputError
from app.model.paths import path_problem
from app.model.source import SourceFile
from app.sources.archive import is_archive
from app.sources.opening import open_source
from app.sources.source import ReadRules, Source, read_entry

_TEST_FOLDERS: Final = ("tests", "test")
# Tests that lie here are of something else, or take long.
_ASIDE: Final = frozenset({"doc", "docs", "examples", "example", "benchmarks", "benchmark", "bench", "perf"})


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree as it was put into the folder ``root``; ``left_behind`` says of other files why they are not there.

    ``tests`` are folders and files with tests. ``given`` is what of them a person named: it is not written by tasks.
    """

    name: str
    root: Path
    paths: tuple[str, ...]
    left_behind: tuple[tuple[str, str], ...]
    tests: tuple[str, ...] = ()
    given: str = ""

    def data(self, path: str) -> bytes:
        return (self.root / path).read_bytes()


def read_tree(location: str, rules: ReadRules, tests: str, root: Path, workdir: Path) -> Tree:
    """Put everything that is at a location, and tests from elsewhere, into the empty folder ``root``.

    ``tests`` names a folder or file in the tree, or else one of this machine; where it is empty, the tree's own tests are
    looked for. Raises `InputError` where there is none of that name, and as `open_source` does.
    """
    with open_source(location, replace(rules, everything=True), workdir) as source:
        paths, left_behind = _copied(source, root)
        name = source.name
    tree = Tree(name, root, paths, left_behind)
    if not tests:
        return replace(tree, tests=find_tests(paths))
    inside = _inside(tests, location, root)
    if inside:
        return replace(tree, tests=(inside,), given=inside)
    return _with_tests(tree, Path(tests), rules, workdir)


def find_tests(paths: Sequence[str]) -> tuple[str, ...]:
    """The outermost folders of tests, and the files of tests outside of them."""
    found: dict[str, None] = {}
    for path in paths:
        parts = PurePosixPath(path).parts
        if parts[0] in _ASIDE or not path.endswith(".py"):
            continue
        depth = next((at for at, part in enumerate(parts[:-1], 1) if part in _TEST_FOLDERS), 0)
        if depth:
            found["/".join(parts[:depth])] = None
        elif parts[-1].startswith("test_") or parts[-1].endswith("_test.py") or parts[-1] == "tests.py":
            found[path] = None
    return tuple(found)


def _copied(
    source: Source, root: Path, below: str = ""
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The paths that were written, and why others were not."""
    paths: list[str] = []
    left_behind = [(each.path, each.reason) for each in source.skipped]
    for entry in source.entries:
        path = f"{below}/{entry.path}" if below else entry.path
        problem = path_problem(path)
        file = read_entry(entry)
        if problem or not isinstance(file, SourceFile):
            left_behind.append((path, problem or getattr(file, "reason", "")))
            continue
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
        paths.append(path)
    return tuple(paths), tuple(left_behind)


def _inside(tests: str, location: str, root: Path) -> str:
    """The path in the tree that a person means, empty where it is not in it."""
    named = Path(tests)
    folder = Path(location)
    if not named.is_absolute() and ".." not in named.parts and (root / named).exists():
        return named.as_posix()
    if folder.is_dir() and named.exists() and named.resolve().is_relative_to(folder.resolve()):
        path = named.resolve().relative_to(folder.resolve()).as_posix()
        return path if path != "." and (root / path).exists() else ""
    return ""


def _with_tests(tree: Tree, tests: Path, rules: ReadRules, workdir: Path) -> Tree:
    """The tree with tests from elsewhere on this machine, under their own name."""
    if not tests.exists():
        raise InputError(
            f"there are no tests at {os.fspath(tests)!r}, neither in the code base nor here",
            hint="give a folder or a file with tests",
            field="tests",
        )
    with open_source(str(tests), replace(rules, everything=True), workdir) as source:
        is_one_file = tests.is_file() and not is_archive(tests)
        given = tests.name if is_one_file else source.name
        paths, left_behind = _copied(source, tree.root, "" if is_one_file else given)
    return replace(
        tree,
        paths=tuple(sorted({*tree.paths, *paths})),
        left_behind=(*tree.left_behind, *left_behind),
        tests=(given,),
        given=given,
    )
