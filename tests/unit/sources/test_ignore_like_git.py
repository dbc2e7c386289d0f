"""`.gitignore` means what git says it means: git itself is asked."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from app.errors import InputError
from app.sources import open_source
from app.sources.patterns import parse_options, parse_patterns
from tests.unit.sources.reading import RULES, git, paths, write

_NAMES = st.sampled_from(["a", "b", "ab", "foo", "src", "a.d"])
_FILES = st.sampled_from(
    ["a.py", "b.py", "ab.ts", "foo.py", "a b.js", "c.txt", "!x.py", "#y.py", "é.py", "[z].py"]
)
_SPELLINGS = r"""
    a b ab foo src a.d a.py * ** *** ? *.py a* *b* foo** **b *b.ts é* !x.py #y.py \#y.py \a \* \ a\
    [ab] [!a] []a] [^b].py [a-c]* [c-a]* [[:alpha:]]* [[:nope:]] [[:a] [a [\]z]* *[!a-z]* [a-] [\a-\c]*
    """
_PIECES = st.sampled_from(_SPELLINGS.split())


@st.composite
def _pattern(draw: st.DrawFn) -> str:
    line = "/".join(draw(st.lists(_PIECES, min_size=1, max_size=4)))
    return (
        draw(st.sampled_from(["", "", "", "!", "!", "#", "\\!"]))
        + draw(st.sampled_from(["", "", "/", "**/"]))
        + line
        + draw(st.sampled_from(["", "", "", "/", "/**", " ", "  ", "\t", "\r", "//"]))
    )


_IGNORE = st.lists(_pattern(), max_size=6).map("\n".join)
_TREES = st.dictionaries(
    st.tuples(st.lists(_NAMES, max_size=3).map(tuple), _FILES), st.booleans(), min_size=1, max_size=14
)


def _make(
    root: Path, tree: dict[tuple[tuple[str, ...], str], bool], ignores: dict[tuple[str, ...], str]
) -> list[str]:
    """Writes what can be written; the names of the files that are to be tracked."""
    tracked = []
    for (folders, name), track in tree.items():
        path = root.joinpath(*folders, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        if track:
            tracked.append(str(path.relative_to(root)))
    for folders, text in ignores.items():
        folder = root.joinpath(*folders)
        if folder.is_dir():
            (folder / ".gitignore").write_text(text, newline="")
    return tracked


def _listed_by_git(folder: Path) -> list[str]:
    listed = git(folder, "ls-files", "-co", "--exclude-standard", "-z").split("\0")
    return sorted({name for name in listed if name.endswith((".py", ".ts", ".js"))}, key=os.fsencode)


_SLOW = [HealthCheck.too_slow]
_IGNORES = st.dictionaries(st.lists(_NAMES, max_size=2).map(tuple), _IGNORE, max_size=3)
_Tree: TypeAlias = dict[tuple[tuple[str, ...], str], bool]
_Ignores: TypeAlias = dict[tuple[str, ...], str]


@settings(max_examples=60, deadline=None, suppress_health_check=_SLOW)
@given(tree=_TREES, ignores=_IGNORES, exclude=_IGNORE)
@example(tree={(("foo",), "a.py"): False}, ignores={(): "foo\n*.py\n!foo"}, exclude="")
@example(tree={(("foo",), "a.py"): True, (("foo",), "b.py"): False}, ignores={(): "foo"}, exclude="")
@example(tree={(("ab", "src"), "a.py"): False}, ignores={(): "a**/src"}, exclude="")
def test_entries_are_what_git_lists(tree: _Tree, ignores: _Ignores, exclude: str) -> None:
    _check_against_git(tree, ignores, exclude)


@pytest.mark.long
@settings(max_examples=5000, deadline=None, suppress_health_check=_SLOW)
@given(tree=_TREES, ignores=_IGNORES, exclude=_IGNORE)
def test_entries_are_what_git_lists_long(tree: _Tree, ignores: _Ignores, exclude: str) -> None:
    _check_against_git(tree, ignores, exclude)


def _check_against_git(tree: _Tree, ignores: _Ignores, exclude: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        git(root, "init", "-q")
        tracked = _make(root, tree, ignores)
        if tracked:
            git(root, "--literal-pathspecs", "add", "-f", "--", *tracked)
        (root / ".git/info/exclude").write_text(exclude, newline="")

        assert paths(open_source(made, RULES, root / "work")) == _listed_by_git(root)


@settings(max_examples=25, deadline=None, suppress_health_check=_SLOW)
@given(
    tree=_TREES,
    ignores=st.dictionaries(st.lists(_NAMES, max_size=1).map(tuple), _IGNORE, min_size=1, max_size=3),
)
def test_a_folder_inside_a_repository_is_under_its_rules(tree: _Tree, ignores: _Ignores) -> None:
    own = parse_patterns(ignores.get(("src",), "").encode()).patterns
    assume(
        [pattern.text for pattern in own] != [b"*"]
    )  # a folder that hides itself is read where it is named
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        git(root, "init", "-q")
        _make(root, tree, ignores)
        (root / "src").mkdir(exist_ok=True)
        (root / "src/always.py").write_text("x")
        (root / ".gitignore").touch()
        with (root / ".gitignore").open("a") as rules:
            rules.write("\n!/src\n!/src/")  # named by a person, so not ignored; what lies in it may be

        assert paths(open_source(f"{made}/src", RULES, root / "work")) == _listed_by_git(root / "src")


def test_rules_hold_in_a_folder_that_is_no_repository(tmp_path: Path) -> None:
    write(
        tmp_path,
        {".gitignore": "gen\n", "a.py": "", "gen/b.py": "", "sub/.gitignore": "/c.py\n", "sub/c.py": ""},
    )
    source = open_source(str(tmp_path), RULES, tmp_path / "work")
    assert (paths(source), source.ignored) == (["a.py"], 2)


def test_an_ignored_folder_that_is_named_is_read_by_its_own_rules(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": ".venv\n*.py\n", ".venv/.gitignore": "*\n", ".venv/pyvenv.cfg": ""})
    write(tmp_path, {".venv/lib/pkg/a.py": "", ".venv/lib/pkg/.gitignore": "b.py", ".venv/lib/pkg/b.py": ""})
    git(tmp_path, "init", "-q")
    assert paths(open_source(f"{tmp_path}/.venv/lib/pkg", RULES, tmp_path / "work")) == ["a.py"]
    assert paths(open_source(f"{tmp_path}/.venv", RULES, tmp_path / "work")) == ["lib/pkg/a.py"]


def test_a_repository_inside_another_has_its_own_rules(tmp_path: Path) -> None:
    write(
        tmp_path,
        {".gitignore": "a.py\n", "a.py": "", "inner/a.py": "", "inner/b.py": "", "inner/.gitignore": "b.py"},
    )
    git(tmp_path, "init", "-q")
    git(tmp_path / "inner", "init", "-q")
    assert paths(open_source(str(tmp_path), RULES, tmp_path / "work")) == ["inner/a.py"]


def test_a_work_tree_uses_the_exclude_file_of_its_repository(tmp_path: Path) -> None:
    write(tmp_path / "main", {"a.py": ""})
    git(tmp_path / "main", "init", "-q")
    git(tmp_path / "main", "add", "a.py")
    git(tmp_path / "main", "commit", "-qm", "x")
    git(tmp_path / "main", "worktree", "add", "-q", "../second")
    (tmp_path / "main/.git/info/exclude").write_text("secret.py")
    write(tmp_path / "second", {"secret.py": ""})
    assert paths(open_source(f"{tmp_path}/second", RULES, tmp_path / "work")) == ["a.py"]


def test_a_linked_gitignore_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"rules": "*.py", "tree/a.py": ""})
    (tmp_path / "tree/.gitignore").symlink_to("../rules")
    assert paths(open_source(f"{tmp_path}/tree", RULES, tmp_path / "work")) == ["a.py"]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ((), ("tests/",), ["a.py", "src/a.py", "src/gen/b.py"]),
        (("src",), (), ["src/a.py", "src/gen/b.py"]),
        (("./src/**",), ("gen",), ["src/a.py"]),
        (("src/", "!src/gen/"), (), ["src/a.py"]),
        (("a.py", "!/a.py"), (), ["src/a.py", "tests/a.py"]),
        ((), ("*", "!src/"), ["src/a.py", "src/gen/b.py"][:0]),
    ],
)
def test_include_and_exclude(
    tmp_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]
) -> None:
    write(tmp_path, {"a.py": "", "src/a.py": "", "src/gen/b.py": "", "tests/a.py": ""})
    rules = dataclasses.replace(RULES, include=include, exclude=exclude)
    assert paths(open_source(str(tmp_path), rules, tmp_path / "work")) == expected


@pytest.mark.parametrize("useless", ["", "# comment", "[a", "/", "a\\"])
def test_an_option_that_can_match_nothing_is_refused(useless: str) -> None:
    with pytest.raises(InputError) as error:
        parse_options([useless], "exclude")
    assert error.value.field == "exclude"


@pytest.mark.parametrize(
    "pattern", ["*a" * 60 + "b", "**/a*/" * 40 + "b", "[!b]*" * 60 + "b", "a**/" * 40 + "b"]
)
def test_a_hostile_pattern_takes_no_time(pattern: str) -> None:
    patterns = parse_patterns(pattern.encode())
    started = time.perf_counter()
    assert patterns.verdict(b"a" * 250, False) is None
    assert patterns.verdict(b"a/" * 1500 + b"a", False) is None
    assert time.perf_counter() - started < 1
