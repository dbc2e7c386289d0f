"""Invariant 3: every dependency says where, what, of which kind and by which rule."""

from __future__ import annotations

import re

import pytest
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


def assert_same_whoever_asks_first(files: dict[str, str], order: list[str]) -> None:
    whole = link(files)
    assert link(files, asked=order) == whole
    for path in files:
        assert link(files, asked=[path])[path] == whole[path]


@given(st.permutations(["a.py", "b.py", "c.py"]), python_programs())
def test_the_order_of_questions_does_not_matter(order: list[str], program: str) -> None:
    """What makes an import of an edit equal to a whole import: no answer depends on the questions before it."""
    files = {path: program + f"\nfrom {order[at - 1][0]} import *\n" for at, path in enumerate(sorted(order))}
    assert_same_whoever_asks_first(files, order)


@pytest.mark.parametrize(
    "program",
    [
        "for a in a(a[a]):\n    match élan.a:\n        case c:\n            import a.a\n"
        "    with [(c if a else a).items for a in (a and a or a) if a.a] as a:\n        import c.a\n"
        "    from a import c as élan\n",
        "for c in élan.items.Node:\n    from items import a as c\n"
        "a = (('s' if 's' else b) if (run := b) else (b := Node).c)\n"
        "    from élan import a as value\n    from a import c as value\nfor b in (value if {} else run):\n"
        "    Node: run = [(élan := [Node for value in b if {}]) for run in (c := ('s' if 's' else 't')) if (lambda run: 1)]\n",
    ],
)
def test_names_that_lead_in_a_ring_through_deep_terms(program: str) -> None:
    stars = {"a.py": "c", "b.py": "a", "c.py": "b"}
    files = {path: f"{program}\nfrom {module} import *\n" for path, module in stars.items()}
    assert_same_whoever_asks_first(files, ["a.py", "b.py", "c.py"])


def test_a_search_through_modules_that_all_import_each_other_ends() -> None:
    modules = range(14)
    files = {
        f"m{at}.py": "".join(f"from m{other} import *\n" for other in modules if other != at)
        + f"def f{at}(): return gone, f{(at + 1) % 14}()\n"
        for at in modules
    }
    for at, linked in enumerate(link(files).values()):
        assert linked.counts.unresolved == {"unknown name": 1}, at


@pytest.mark.parametrize("order", [["a.py", "b.py"], ["b.py", "a.py"]])
@pytest.mark.parametrize("bases", ["A", "A, B", "B", "B, A", "NamedTuple, A"])
def test_classes_among_their_own_ancestors(order: list[str], bases: str) -> None:
    files = {
        "a.py": "from b import B, parse\nclass A(B):\n    def run(self): return self.made.stop()\n"
        "class U:\n    def __init__(self):\n        self.ref = parse().copy(1)\n    def go(self): return self.ref.go().missing\n"
        "A().made.run()\nx, y = A()\nx.run\n",
        "b.py": f"from typing import NamedTuple\nfrom a import A\nclass B({bases}):\n    made: A = A()\n"
        "    def stop(self): return self.run().made\nB().stop().run()\n"
        "    def copy(self, n): return parse(self.made, n).other\n"
        "def parse() -> B: return B(B().copy(1).missing)\nparse().missing\nB.missing\n",
    }
    assert_same_whoever_asks_first(files, order)


def test_every_kind_that_is_declared_occurs() -> None:
    occurring = {
        (dependency.type, kind)
        for case in all_cases()
        for linked in link(case.files).values()
        for dependency in linked.dependencies
        for kind in dependency.kinds
    }
    assert occurring == {(type_, kind) for type_, kinds in KINDS.items() for kind in kinds}
