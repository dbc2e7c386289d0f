"""A plan's digests are equal exactly where both stores mean the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest

from app.graph.mirror import FoundLink, FoundNode, FoundPlan
from app.model.mirrored import DEPENDS_ON, LABELS, Kind, MirroredRow, Part
from app.sync.compare import What, compare
from app.sync.rows import PlanRows

AT = datetime(2026, 11, 1, 10, 0, 0, 500_000, UTC)


def row(
    kind: Kind, id_: str, parent: str = "", needs: tuple[str, ...] = (), **properties: object
) -> MirroredRow:
    values = {"row_version": 1, "created_at": "2026-11-01T10:00:00.5+00:00", "due": None, **properties}
    return MirroredRow(Part(kind, id_), "p", "t", parent, needs, values)  # type: ignore[arg-type]


def node(kind: Kind, id_: str, **properties: object) -> FoundNode:
    values = {"row_version": 1, "created_at": AT, **properties}
    return FoundNode(Part(kind, id_), f"e-{id_}", frozenset({LABELS[kind]}), values)


ROWS = (
    row(Kind.PLAN, "p", cost=1.5),
    row(Kind.PHASE, "h", "p"),
    row(Kind.MILESTONE, "m", "h", ("m2", "gone")),
    row(Kind.MILESTONE, "m2", "h"),
)
NODES = (
    node(Kind.PLAN, "p", cost=1.5),
    node(Kind.PHASE, "h"),
    node(Kind.MILESTONE, "m"),
    node(Kind.MILESTONE, "m2"),
)
LINKS = (
    FoundLink("1", "HAS_PHASE", "e-p", "e-h", True),
    FoundLink("2", "HAS_MILESTONE", "e-h", "e-m", True),
    FoundLink("3", "HAS_MILESTONE", "e-h", "e-m2", True),
    FoundLink("4", DEPENDS_ON, "e-m", "e-m2", True),
)


@pytest.mark.parametrize("seed", range(10))
def test_in_whatever_order_they_come(seed: int) -> None:
    shuffled = Random(seed).sample
    found = FoundPlan(tuple(shuffled(NODES, 4)), tuple(shuffled(LINKS, 4)))
    compared = compare("p", PlanRows(tuple(shuffled(ROWS, 4)), frozenset()), found)
    assert compared.differences == ()
    assert compared.postgres_digest == compared.graph_digest


@pytest.mark.parametrize(
    ("value", "same"),
    [
        (1.5, True),
        (1.5000001, False),
        ("1.5", False),
        (True, False),
        (None, False),
    ],
)
def test_values_of_another_type_are_not_the_same(value: object, same: bool) -> None:
    changed = (node(Kind.PLAN, "p", cost=value), *NODES[1:])
    compared = compare("p", PlanRows(ROWS, frozenset()), FoundPlan(changed, LINKS))
    assert [each.names for each in compared.differences] == ([] if same else [("cost",)])


def test_a_time_is_the_same_in_every_zone() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=2)))
    moved = (node(Kind.PLAN, "p", cost=1.5, created_at=elsewhere), *NODES[1:])
    assert compare("p", PlanRows(ROWS, frozenset()), FoundPlan(moved, LINKS)).differences == ()


def test_what_waits_in_the_outbox_is_marked() -> None:
    late = Part(Kind.MILESTONE, "m2")
    compared = compare("p", PlanRows(ROWS, frozenset({late})), FoundPlan(NODES[:3], LINKS[:2]))
    assert [(each.part, each.what, each.pending) for each in compared.differences] == [
        (late, What.MISSING, True)
    ]
    assert compared.stale == {late, Part(Kind.MILESTONE, "m")}
