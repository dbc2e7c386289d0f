"""A picture holds everything once, each thing inside what it belongs to, and the same again the next time."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.export.picture import HEIGHT, TYPES, WIDTH, DrawnAtom, Need, Picture, Rectangle, draw, squarified
from app.export.picture_plan import as_json, svg
from app.graph.read import PlanRows

SLACK = 1e-6
NAMES = st.text("abc", min_size=1, max_size=2)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
SIZES = st.lists(st.integers(1, 10_000), min_size=1, max_size=60).map(
    lambda sizes: sorted(sizes, reverse=True)
)


def atom(number: int, path: str, group: str = "", name: str = "f") -> DrawnAtom:
    return DrawnAtom(f"a{number}", name, "function", path, number, 3, 1 + number % 4, None, group or path)


@st.composite
def plans(draw_value: st.DrawFn) -> tuple[list[DrawnAtom], list[Need]]:
    paths = sorted(draw_value(st.lists(PATHS, min_size=1, max_size=12)))
    atoms = [
        atom(number, path) for number, path in enumerate(path for path in paths for _ in range(len(path)))
    ]
    ends = st.integers(0, len(atoms) - 1)
    needs = draw_value(st.lists(st.tuples(ends, ends, st.sampled_from(TYPES)), max_size=30))
    return atoms, [Need(source, target, kind, 0.8, 1.0, False) for source, target, kind in needs]


def holds(outer: Rectangle, inner: Rectangle) -> bool:
    return (
        inner.x >= outer.x - SLACK
        and inner.y >= outer.y - SLACK
        and inner.x + inner.width <= outer.x + outer.width + SLACK
        and inner.y + inner.height <= outer.y + outer.height + SLACK
    )


def overlap(one: Rectangle, other: Rectangle) -> float:
    wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(wide, 0.0) * max(high, 0.0)


@given(SIZES, st.floats(10, 2_000), st.floats(10, 2_000))
def test_rectangles_share_the_place_by_size(sizes: list[int], width: float, height: float) -> None:
    place = Rectangle(3, 4, width, height)
    found = squarified(sizes, place)
    assert all(holds(place, each) for each in found)
    for size, each in zip(sizes, found, strict=True):
        assert math.isclose(each.width * each.height, width * height * size / sum(sizes), rel_tol=1e-6)
    area = width * height
    assert all(overlap(one, other) < area * 1e-6 for at, one in enumerate(found) for other in found[:at])


def test_equal_sizes_make_squares() -> None:
    found = squarified([1] * 16, Rectangle(0, 0, 400, 400))
    assert all(math.isclose(each.width, 100) and math.isclose(each.height, 100) for each in found)


@given(plans())
def test_everything_is_drawn_once_inside_what_it_belongs_to(plan: tuple[list[DrawnAtom], list[Need]]) -> None:
    atoms, needs = plan
    picture = draw(atoms, {}, needs)
    assert sorted(at for group in picture.groups for at in group.atoms) == list(range(len(atoms)))
    folders = dict(picture.folders)
    whole = Rectangle(0, 0, WIDTH, HEIGHT)
    assert all(holds(whole, place) for place in folders.values())
    for group in picture.groups:
        assert holds(folders[group.folder], group.place)
        for at in group.atoms:
            x, y = picture.places[at]
            assert holds(group.place, Rectangle(x, y, 0, 0))
    points = [(round(x, 6), round(y, 6)) for x, y in picture.places]
    assert len(set(points)) == len(atoms)
    assert draw(atoms, {}, needs) == picture


def test_a_folder_lies_in_its_folder_and_weights_add_up() -> None:
    atoms = [atom(0, "a/b/x.py"), atom(1, "a/b/x.py"), atom(2, "a/y.py"), atom(3, "z.py")]
    needs = [
        Need(0, 2, "DATA_DEP", 0.8, 1.0, False),
        Need(1, 2, "CONTROL_DEP", 0.85, 0.5, True),
        Need(0, 1, "DATA_DEP", 0.8, 1, False),
    ]
    picture = draw(atoms, {"z.py": "the last"}, needs)
    folders = dict(picture.folders)
    assert list(folders) == ["", "a", "a/b"]
    assert holds(folders["a"], folders["a/b"])
    names = [group.name for group in picture.groups]
    assert sorted(names) == ["a/b/x.py", "a/y.py", "the last"]
    assert dict(picture.between) == {(names.index("a/b/x.py"), names.index("a/y.py")): 0.8 + 0.85}


def rows(atoms: list[DrawnAtom], edges: list[tuple[Any, ...]]) -> PlanRows:
    files = {
        path: [
            [100 + at, a.atom_id, a.name, a.kind, a.start_line, a.loc, a.wave, a.cycle_id, None]
            for at, a in enumerate(atoms)
            if a.path == path
        ]
        for path in dict.fromkeys(each.path for each in atoms)
    }
    return PlanRows(
        {"plan_id": "p", "project_name": "<b>shop", "build_id": "b"}, list(files.items()), edges, []
    )


def test_json_has_a_column_for_everything() -> None:
    atoms = [atom(0, "a.py"), atom(1, "a.py"), atom(2, "b.py")]
    edges = [
        ("TYPE_DEP", [100], [102], [0.9], [0.75], [True]),
        ("DATA_DEP", [101], [100], [0.8], [1.0], [False]),
    ]
    said = json.loads(as_json(rows(atoms, edges)))
    assert {len(column) for column in said["atoms"].values()} == {3}
    assert said["needs"] == {
        "source": [0, 1],
        "target": [2, 0],
        "type": [1, 3],
        "confidence": [0.75, 1.0],
        "cut": [0],
    }
    assert [said["paths"][path] for path in said["atoms"]["path"]] == ["a.py", "a.py", "b.py"]
    assert said["groups"][said["atoms"]["group"][2]][0] == "b.py"


def test_what_is_drawn_cannot_leave_its_text() -> None:
    hostile = "</title><script>alert(1)</script>"
    picture: Picture = draw([atom(0, f"{hostile}/{hostile}.py", name=hostile)], {}, [])
    text = "".join(svg(picture, hostile))
    assert "<script" not in text
    assert text.count("<svg") == text.count("</svg>") == 1


def test_an_empty_plan_is_an_empty_picture() -> None:
    picture = draw([], {}, [])
    assert (picture.groups, picture.places) == ((), ())
    assert "".join(svg(picture, "empty")).endswith("</svg>\n")
