from __future__ import annotations

import ast
import textwrap
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InputError
from app.llm.code import extract_code, parses
from app.llm.faults import FaultKind, mutate, seed_fault
from app.llm.fences import fence
from app.llm.replay import ReplayProvider, faults_of
from app.model.prompt import Prompt, StopReason

MUTATIONS = [kind for kind in FaultKind if kind not in (FaultKind.TRUNCATED, FaultKind.CHATTER)]
ROOT = Path(__file__).parents[3]
SOURCES = sorted((ROOT / "app").glob("*/*.py"))[::7]


def pieces(path: Path) -> list[str]:
    """A file, its top-level statements, and its methods as they stand, indented."""
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    found = [text]
    for node in ast.parse(text).body:
        for part in [node, *(node.body if isinstance(node, ast.ClassDef) else [])]:
            first = min([part.lineno, *(each.lineno for each in getattr(part, "decorator_list", []))])
            found.append("".join(lines[first - 1 : part.end_lineno]))
    return found


PIECES = [piece for path in SOURCES for piece in pieces(path)]


def as_tree(code: str) -> str:
    return ast.dump(ast.parse(textwrap.dedent(code) if parses(textwrap.dedent(code)) else f"if 1:\n{code}"))


@pytest.mark.parametrize("kind", MUTATIONS)
def test_python_that_is_changed_is_still_python_and_another_program(kind: FaultKind) -> None:
    changed = 0
    for number, code in enumerate(PIECES):
        mutation = mutate(kind, code, "python", Random(number))
        if mutation is None:
            continue
        changed += 1
        assert as_tree(mutation.text) != as_tree(code)
        assert mutation.before in code
        assert mutation.after in mutation.text
        assert mutation.before != mutation.after
        line = code.split("\n")[mutation.line - 1]
        assert mutation.before.split("\n")[0] in line
    assert changed >= len(PIECES) // 20


BEFORE = '''\
from os import path, sep
import json


def size(items: list[str], low: int, high: int) -> int:
    """Between low and high."""
    total = 0
    for item in items:
        if low < len(item):
            total = total + 1
        else:
            total = clip(low, high)
    return total
'''


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FaultKind.WRONG_NAME, {("total", "tota"), ("item", "ite"), ("low", "lo"), ("clip", "cli")}),
        (
            FaultKind.MISSING_IMPORT,
            {
                ("from os import path, sep\n", "from os import sep\n"),
                ("from os import path, sep\n", "from os import path\n"),
                ("import json\n", ""),
            },
        ),
        (FaultKind.OFF_BY_ONE, {("0", "1"), ("1", "0"), ("1", "2"), ("<", "<=")}),
        (FaultKind.DROPPED_BRANCH, {("        else:\n            total = clip(low, high)\n", "")}),
        (FaultKind.SWAPPED_ARGUMENTS, {("low, high", "high, low")}),
        (
            FaultKind.WRONG_TYPE,
            {("0", '"0"'), ("1", '"1"'), ("total", "str(total)"), ("total", "[total]"), ("int", "str")},
        ),
    ],
)
def test_each_kind_is_what_its_name_says(kind: FaultKind, expected: set[tuple[str, str]]) -> None:
    found = set()
    for seed in range(80):
        mutation = mutate(kind, BEFORE, "python", Random(seed))
        assert mutation is not None
        found.add((mutation.before, mutation.after))
    if kind is FaultKind.WRONG_NAME:
        assert expected <= found
    else:
        assert found == expected


def test_the_only_statement_of_a_block_leaves_a_pass() -> None:
    code = "try:\n    import a\nexcept ImportError:\n    a = None\n"
    mutation = mutate(FaultKind.MISSING_IMPORT, code, "python", Random(1))
    assert mutation is not None
    assert mutation.text == "try:\n    pass\nexcept ImportError:\n    a = None\n"


def test_names_beside_other_alphabets_and_within_f_strings() -> None:
    code = 'größe = "äöü"; wert = f"{größe}é{wert}" + größe\n'
    for seed in range(20):
        mutation = mutate(FaultKind.WRONG_NAME, code, "python", Random(seed))
        assert mutation is not None
        assert mutation.text == 'größe = "äöü"; wert = f"{größe}é{wert}" + größ\n'


TS = """\
import { a } from "./a";
import b from "b";

export function f(low: number, high: number): string {
  // if (x) { 3 }
  if (low < 10) {
    return clip(low, high);
  } else {
    return "else { 7 }";
  }
}
"""


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            FaultKind.MISSING_IMPORT,
            {('import { a } from "./a";\n', ""), ('import b from "b";\n', "")},
        ),
        (FaultKind.OFF_BY_ONE, {("10", "11"), ("<", "<=")}),
        (
            FaultKind.SWAPPED_ARGUMENTS,
            {("low, high", "high, low"), ("low: number, high: number", "high: number, low: number")},
        ),
        (
            FaultKind.DROPPED_BRANCH,
            {
                ('else {\n    return "else { 7 }";\n  }', ""),
                ("{\n    return clip(low, high);\n  }", "{}"),
            },
        ),
    ],
)
def test_other_languages_are_changed_as_text(kind: FaultKind, expected: set[tuple[str, str]]) -> None:
    found = set()
    for seed in range(40):
        mutation = mutate(kind, TS, "typescript", Random(seed))
        assert mutation is not None
        found.add((mutation.before, mutation.after))
    assert found == expected


codes = st.lists(
    st.sampled_from(
        ["x = 1\n", "if a < b:\n    f(a, b)\n", "else:\n    g()\n", "    return x\n", "import os\n", "```\n", "é = 'ä'\n",
         "def f(a):\n", "\r\n", "\t", "'''", "const x = 3;\n", "\ufeff"]
    )
    | st.text(max_size=8),
    max_size=8,
).map("".join)  # fmt: skip


@settings(max_examples=300)
@given(
    codes,
    st.sampled_from(["python", "typescript", "markdown", ""]),
    st.sampled_from(FaultKind),
    st.integers(0, 99),
)
def test_a_fault_changes_the_answer_or_is_not_given(
    code: str, language: str, kind: FaultKind, seed: int
) -> None:
    answer = fence(code, language)
    faulty = seed_fault(answer, kind, Random(seed))
    again = seed_fault(answer, kind, Random(seed))
    assert faulty == again
    if faulty is None:
        assert kind is not FaultKind.CHATTER
        return
    assert faulty.text != answer
    found = extract_code(faulty.text, language)
    if kind is FaultKind.CHATTER:
        assert found.code == code
        assert found.chatter
    elif kind is FaultKind.TRUNCATED:
        assert faulty.stop_reason is StopReason.TRUNCATED
        assert len(found.code.rstrip()) < len(code.rstrip())
    else:
        assert found.code != code


def test_the_share_of_faults_is_the_rate_and_its_powers() -> None:
    labels = [f"subtask {n}" for n in range(20_000)]
    first = {each for each in labels if faults_of(7, 0.3, each, 1)}
    second = {each for each in labels if faults_of(7, 0.3, each, 2)}
    assert 0.29 < len(first) / len(labels) < 0.31
    assert 0.08 < len(second) / len(labels) < 0.10
    assert second < first
    assert {each for each in labels if faults_of(8, 0.3, each, 1)} != first
    kinds = Counter(faults_of(7, 0.3, each, 1) for each in first)
    assert set(kinds) == set(FaultKind)
    assert min(kinds.values()) > 0.8 * max(kinds.values())
    assert not any(faults_of(7, 0.0, each, 1) for each in labels[:100])
    assert all(faults_of(7, 1.0, each, 9) for each in labels[:100])


async def test_replayed_answers_tell_what_was_seeded() -> None:
    answers = {(f"subtask {n}", 1): fence(code, "python") for n, code in enumerate(PIECES[:120])}
    provider = ReplayProvider(answers, 0.3, 7)
    for label, _ in answers:
        answer = await provider.complete(Prompt(label, "s", "u", 100))
        seeded = provider.seeded.get((label, 1))
        assert (seeded is None) == (answer.text == answers[label, 1])
        assert (seeded is None) == (faults_of(7, 0.3, label, 1) is None)
    assert 20 < len(provider.seeded) < 55
    assert provider.simulated
    # the same seed gives the same faults
    other = ReplayProvider(answers, 0.3, 7)
    assert all(other.response(label, 1) == provider.response(label, 1) for label, _ in answers)
    assert other.seeded == provider.seeded


def test_a_fault_that_does_not_fit_becomes_another_one() -> None:
    provider = ReplayProvider({("empty", 1): fence("", "python"), ("data", 1): fence("x\n", "")}, 1.0, 3)
    for label in ("empty", "data"):
        assert provider.response(label, 1)
    assert provider.seeded["empty", 1].kind is FaultKind.CHATTER
    assert ("data", 1) in provider.seeded


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(InputError):
        ReplayProvider({}, rate)
