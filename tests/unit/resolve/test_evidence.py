"""Invariant 3: every dependency says where, what, of which kind and by which rule."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from app.model.dependency import KINDS
from tests.unit.programs import javascript_programs, python_programs, typescript_programs
from tests.unit.resolve.lines import link
from tests.unit.resolve.test_cases import all_cases

_PLACE = re.compile(r"(\d+):(\d+)")


def assert_explained(files: dict[str, str]) -> None:
    paths = sorted(files)
    for linked in link(files).values():
        seen: set[tuple[str, int, int]] = set()
        for dependency in linked.dependencies:
            key = (dependency.type, dependency.source, dependency.target)
            assert key not in seen
            seen.add(key)
            assert dependency.kinds
            assert set(dependency.kinds) <= set(KINDS[dependency.type])
            assert dependency.rule
            assert 0 < dependency.confidence <= 1
            assert dependency.evidence
            lines = files[paths[dependency.source // 100_000]].split("\n")
            for evidence in dependency.evidence:
                match = _PLACE.fullmatch(evidence)
                assert match is not None
                line, column = int(match[1]), int(match[2])
                assert line == dependency.source % 100_000 + 1
                assert lines[line - 1][column - 1 :].strip()
            if "body_of" not in dependency.kinds and "guard" not in dependency.kinds:
                assert dependency.symbols


@given(python_programs(), python_programs())
def test_python(first: str, second: str) -> None:
    assert_explained({"a.py": first, "b.py": second})


@given(javascript_programs(), typescript_programs())
def test_scripts(first: str, second: str) -> None:
    assert_explained({"a.js": first, "b.ts": second})


@given(st.permutations(["a.py", "b.py", "c.py"]), python_programs())
def test_the_order_of_files_does_not_matter(order: list[str], program: str) -> None:
    files = {path: program + f"\nfrom {order[at - 1][0]} import *\n" for at, path in enumerate(sorted(order))}
    assert link(files) == link(dict(reversed(files.items())))


def test_every_kind_that_is_declared_occurs() -> None:
    occurring = {
        (dependency.type, kind)
        for case in all_cases()
        for linked in link(case.files).values()
        for dependency in linked.dependencies
        for kind in dependency.kinds
    }
    assert occurring == {(type_, kind) for type_, kinds in KINDS.items() for kind in kinds}
