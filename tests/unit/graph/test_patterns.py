"""Which regular expressions are let through to the database."""

from __future__ import annotations

import re
import time

import pytest

from app.graph.patterns import may_run_away
from app.graph.queries import list_queries


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",
        "(a*)*",
        "(a|a)*b",
        "(a|b|ab)*c",
        "((a+)b?)+",
        "(?:a+)+",
        "(a*){9}",
        "(.*a){12}",
        r"(a)\1",
        r"\k<x>",
        r"\Q(a+)+",
        "(?=a+)b",
        "(?<=a)b",
        "([a-z]+)*",
        "[a-z&&[^b]]+",
        "(a",
        "a)",
        "[a",
        ".*.*.*.*.*.*.*.*.*x",
        "x" * 501,
        "\\",
    ],
)
def test_it_may_run_away(pattern: str) -> None:
    assert may_run_away(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["", "a", ".*", "(?i).*test.*", "(a|b)", "(tests?/)?x+", r"\d+\.\w*", "[^/]*[.]py", "[]a]+", "(a)+"],
)
def test_it_ends(pattern: str) -> None:
    assert not may_run_away(pattern)
    began = time.perf_counter()
    re.fullmatch(pattern, "a" * 2_000 + "!")
    assert time.perf_counter() - began < 2


def test_the_patterns_of_the_queries_themselves_end() -> None:
    examples = [p.example for query in list_queries() for p in query.parameters if p.type == "pattern"]
    assert examples
    assert not [example for example in examples if may_run_away(str(example))]
