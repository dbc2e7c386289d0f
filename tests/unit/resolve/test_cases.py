"""Every case in cases/*.md: files, and the edges that they must give, no more and no fewer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.resolve.lines import lines, link

_CASES = Path(__file__).parent / "cases"
_FILE = re.compile(r"^```\w* (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EDGES = re.compile(r"^```edges(?: without (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Case:
    """One section of a case file.

    ``ignored`` are kinds that the case does not list; those to modules are listed by cases about them.
    """

    title: str
    files: dict[str, str]
    expected: set[str]
    ignored: tuple[str, ...]


def all_cases() -> list[Case]:
    cases: list[Case] = []
    for path in sorted(_CASES.glob("*.md")):
        for section in path.read_text().split("\n## ")[1:]:
            title = f"{path.stem}: {section.partition(chr(10))[0]}"
            files = {name: text for name, text in _FILE.findall(section) if name != "edges"}
            edges = _EDGES.search(section)
            assert edges is not None, f"{title}: no edges"
            expected = {" ".join(line.split()) for line in edges.group(2).splitlines() if line.strip()}
            ignored = (edges.group(1) or "").split(",")
            if not any(line.startswith("IMPORT_DEP module ") for line in expected):
                ignored.append("module")
            cases.append(Case(title, files, expected, tuple(ignored)))
    return cases


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.title)
def test_edges(case: Case) -> None:
    linked = link(case.files)
    found = {
        edge
        for one in linked.values()
        for edge in lines(case.files, one.dependencies)
        if edge.split()[1] not in case.ignored
    }
    assert found == case.expected
