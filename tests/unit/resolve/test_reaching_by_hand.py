"""Every function in cases/reaching: what resolving says about its reads, against what running it sees.

A case is a sentence in a comment that begins its line, and the code below it; its lines are counted from there.
What a read may see is found by running the code along many paths (`tests.unit.resolve.running`), except where a
comment on the line says it: `# reads x: 2, 5` (or `none`). That is for what is taken together on purpose, as the
bindings that a closure sees, and then running must not see anything else.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.resolve.instrument import bound_names
from tests.unit.resolve.reaching import Pair, found_by_resolving
from tests.unit.resolve.running import seen_by_running

_CASES = Path(__file__).parent / "cases" / "reaching"
_READS = re.compile(r"# reads (.+)$")


class BadCase(Exception):
    """A case that says what cannot be."""


@dataclass(frozen=True)
class Case:
    title: str
    source: str

    @property
    def stated(self) -> dict[tuple[int, str], set[int]]:
        """The lines of bindings that comments state, for the line and name of a read."""
        stated: dict[tuple[int, str], set[int]] = {}
        for line, text in enumerate(self.source.splitlines(), 1):
            comment = _READS.search(text)
            for read in comment.group(1).split(";") if comment else ():
                name, _, bindings = read.partition(":")
                stated[line, name.strip()] = {int(at) for at in bindings.split(",") if at.strip() != "none"}
        return stated


def all_cases() -> list[Case]:
    cases: list[Case] = []
    for path in sorted(_CASES.glob("*.py.txt")):
        for section in re.split(r"(?m)^(?=# )", path.read_text())[1:]:
            source = re.sub(r"\A(# .*\n)+", "", section).rstrip() + "\n"
            name = re.search(r"^(?:async )?def (\w+)", source, re.MULTILINE)
            assert name is not None, section
            cases.append(Case(f"{path.name.partition('.')[0]}: {name.group(1)}", source))
    return cases


def expected(case: Case, found: set[Pair]) -> set[Pair]:
    stated = case.stated
    # A line's dependency on itself is none.
    seen = {
        pair
        for pair in seen_by_running(case.source, {pair for pair in found if pair[:2] not in stated})
        if pair[0] != pair[2]
    }
    names = [node for node in ast.walk(ast.parse(case.source)) if isinstance(node, ast.Name)]
    unread = stated.keys() - {(name.lineno, name.id) for name in names}
    beyond = {pair for pair in seen if pair[:2] in stated and pair[2] not in stated[pair[:2]]}
    if unread or beyond:
        raise BadCase(
            f"{case.title}: stated, but not there: {sorted(unread)}; seen beyond it: {sorted(beyond)}"
        )
    written = {(*read, at) for read, bindings in stated.items() for at in bindings}
    return seen | written


def differences(case: Case) -> str:
    """What resolving misses, and what it finds beyond what may happen; empty where it is right."""
    found = found_by_resolving(case.source, bound_names(ast.parse(case.source)))
    right = expected(case, found)
    if found == right:
        return ""
    numbered = "".join(f"{at:3} {line}\n" for at, line in enumerate(case.source.splitlines(), 1))
    return f"{case.title}\n{numbered}missed: {sorted(right - found)}\nnot so: {sorted(found - right)}"


def test_the_cases_are_many_and_each_has_its_own_name() -> None:
    titles = [case.title for case in all_cases()]
    assert len(titles) == len(set(titles)) >= 300


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in all_cases()])
def test_what_resolving_finds_is_what_python_does(case: Case) -> None:
    assert not differences(case)
