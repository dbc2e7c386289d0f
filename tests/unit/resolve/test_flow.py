"""Reaching definitions: bounded work, whatever the nesting."""

from __future__ import annotations

from app.model.facts import Flow
from app.resolve.flow import Variables, reaching_definitions


class _CountedFlow(tuple[object, ...]):
    """A flow that counts how often it is walked."""

    walks = 0

    def __iter__(self):  # type: ignore[no-untyped-def]
        _CountedFlow.walks += 1
        return super().__iter__()


def _nested(depth: int) -> Flow:
    innermost: Flow = _CountedFlow((0, ~1))  # type: ignore[assignment]
    for _ in range(depth):
        innermost = (("loop", (), innermost, ()),)
    return (~0, *innermost, 1)


def test_nested_loops_cost_a_little_for_each_level() -> None:
    _CountedFlow.walks = 0
    reached = reaching_definitions(_nested(100), (), Variables({0: 0, 1: 0}, {0: 0, 1: 0}, (), {}, {}, {}))
    assert reached == {0: frozenset((0, 1)), 1: frozenset((0, 1))}
    assert _CountedFlow.walks < 1_000


def test_each_way_into_a_finally_block_is_apart() -> None:
    # x = 0; try: x = 1; return; finally: for …: x = 2 — nothing comes after it but through `return`.
    flow: Flow = (
        ~0,
        ("try", (~1, ("leave", "return", "")), (), (), (("loop", (), (0, ~2), ()),)),
        1,
    )
    reached = reaching_definitions(flow, (), Variables({0: 0, 1: 0}, {0: 0, 1: 0, 2: 0}, (), {}, {}, {}))
    assert reached == {0: frozenset((0, 1, 2)), 1: frozenset()}
