"""Files are ordered by what they need, whatever circles they need each other in."""

from __future__ import annotations

from itertools import pairwise

import networkx
from hypothesis import given
from hypothesis import strategies as st

from app.derive.code import Need
from app.derive.order import file_needs, order_files
from tests.unit.derive.code import plain_file


@st.composite
def needs(draw: st.DrawFn) -> dict[str, dict[str, float]]:
    paths = [f"{draw(st.sampled_from('abc'))}/{number}" for number in range(draw(st.integers(1, 14)))]
    pairs = draw(st.lists(st.tuples(st.sampled_from(paths), st.sampled_from(paths)), max_size=30))
    found: dict[str, dict[str, float]] = {path: {} for path in paths}
    for one, other in pairs:
        if one != other:
            found[one][other] = draw(st.sampled_from([0.05, 1.0, 3.0]))
    return found


def place(path: str) -> tuple[int | str, ...]:
    return (path.partition("/")[0],)


@given(needs())
def test_what_a_file_needs_comes_before_it_unless_it_needs_the_file(
    found: dict[str, dict[str, float]],
) -> None:
    ordered = order_files(found, place)
    assert sorted(ordered) == sorted(found)
    at = {path: number for number, path in enumerate(ordered)}
    graph: networkx.DiGraph[str] = networkx.DiGraph(
        [(one, other) for one, others in found.items() for other in others]
    )
    for one, others in found.items():
        for other in others:
            assert at[other] < at[one] or networkx.has_path(graph, other, one)


@given(needs())
def test_the_order_does_not_depend_on_the_order_of_the_input(found: dict[str, dict[str, float]]) -> None:
    turned = {one: dict(reversed(others.items())) for one, others in reversed(found.items())}
    assert order_files(found, place) == order_files(turned, place)


def test_files_of_a_place_stay_together() -> None:
    found: dict[str, dict[str, float]] = {f"{folder}/{n}": {} for n in range(3) for folder in "ab"}
    ordered = order_files(found, place)
    changes = sum(place(one) != place(other) for one, other in pairwise(ordered))
    assert changes == 1


def test_a_circle_is_parted_where_least_is_needed() -> None:
    """What only annotations need waits for nobody."""
    a = plain_file("a.py", [5], [Need(0, "b.py", 0, 1.0, True), Need(0, "b.py", 0, 1.0, True)])
    b = plain_file("b.py", [5], [Need(0, "a.py", 0, 1.0)])
    found = file_needs([a, b])
    assert found == {"a.py": {"b.py": 0.1}, "b.py": {"a.py": 1.0}}
    assert order_files(found, lambda path: ()) == ["a.py", "b.py"]
    turned = {"a.py": {"b.py": 1.0}, "b.py": {"a.py": 0.1}}
    assert order_files(turned, lambda path: ()) == ["b.py", "a.py"]


def test_a_long_chain_is_ordered_without_recursion() -> None:
    found: dict[str, dict[str, float]] = {f"{n:05}": {f"{n + 1:05}": 1.0} for n in range(20_000)}
    found["20000"] = {}
    assert order_files(found, lambda path: ())[0] == "20000"
