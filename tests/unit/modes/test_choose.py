from __future__ import annotations

from itertools import combinations, pairwise, product
from random import Random
from uuid import UUID

import pytest

from app.errors import Conflict
from app.model.plan import ExecutionMode
from app.modes.choose import BucketId, Choice, Fallback, Flag, Rule, bucket_of, choose

MVP, V2, HYBRID = ExecutionMode.MVP, ExecutionMode.V2_ATOMS, ExecutionMode.HYBRID
EVERY_MODE = frozenset(ExecutionMode)
ON = frozenset(Flag)
USER = UUID("00000000-0000-4000-8000-000000000001")  # in bucket 48
STEPS = (0, 5, 10, 25, 50, 75, 100, 0)


def chosen(
    request: ExecutionMode | None = None,
    plan: ExecutionMode | None = None,
    user: ExecutionMode | None = None,
    percent: int = 0,
    default: ExecutionMode = MVP,
    flags: frozenset[Flag] = ON,
    bucket_id: BucketId | None = None,
    implemented: frozenset[ExecutionMode] = EVERY_MODE,
) -> Choice:
    return choose(request, plan, user, percent, default, flags, bucket_id, implemented=implemented)


def users(count: int) -> list[UUID]:
    random = Random(18)
    return [UUID(int=random.getrandbits(128), version=4) for _ in range(count)]


@pytest.mark.parametrize(
    ("choice", "mode", "rule", "text"),
    [
        (chosen(V2, MVP, MVP, 0, MVP), V2, Rule.REQUEST, "the request asks for v2_atoms"),
        (chosen(MVP, V2, V2, 100, V2), MVP, Rule.REQUEST, "the request asks for mvp"),
        (chosen(None, HYBRID, MVP, 100, MVP), HYBRID, Rule.PLAN_OVERRIDE, "the plan's override is hybrid"),
        (chosen(None, None, MVP, 100, V2), MVP, Rule.USER_OVERRIDE, "the user's override is mvp"),
        (chosen(percent=100), MVP, Rule.DEFAULT, "DEVMATRIX_MODE is mvp"),
        (
            chosen(percent=49, bucket_id=BucketId("user", USER)),
            V2,
            Rule.ROLLOUT,
            f"bucket 48 of the user {USER} is in the rollout of 49 % to v2_atoms",
        ),
        (
            chosen(percent=48, bucket_id=BucketId("plan", USER)),
            MVP,
            Rule.DEFAULT,
            f"DEVMATRIX_MODE is mvp (bucket 48 of the plan {USER} is outside the rollout of 48 %)",
        ),
        (
            chosen(HYBRID, flags=ON - {Flag.EXECUTION}),
            MVP,
            Rule.REQUEST,
            "the request asks for hybrid; ENABLE_V2_EXECUTION is off, so the mode is mvp",
        ),
        (
            chosen(default=V2, flags=frozenset({Flag.EXECUTION, Flag.VALIDATION})),
            MVP,
            Rule.DEFAULT,
            "DEVMATRIX_MODE is v2_atoms; ENABLE_V2_ATOMIZATION, ENABLE_V2_DEP_GRAPH are off, so the mode is mvp",
        ),
        (
            chosen(user=V2, implemented=frozenset({MVP})),
            MVP,
            Rule.USER_OVERRIDE,
            "the user's override is v2_atoms; V2 execution is not part of this version yet, so the mode is mvp",
        ),
    ],
)
def test_the_first_rule_that_says_something_decides(
    choice: Choice, mode: ExecutionMode, rule: Rule, text: str
) -> None:
    assert (choice.mode, choice.reason.rule, choice.reason.text) == (mode, rule, text)


def test_every_combination_of_rules_and_flags() -> None:
    needed = {"ENABLE_V2_EXECUTION", "ENABLE_V2_ATOMIZATION", "ENABLE_V2_DEP_GRAPH", "ENABLE_V2_VALIDATION"}
    modes = (None, *ExecutionMode)
    every_flags = [frozenset(some) for count in range(len(Flag) + 1) for some in combinations(Flag, count)]
    rollouts = [(0, None), (100, None), (48, BucketId("user", USER)), (49, BucketId("user", USER))]
    offered = (EVERY_MODE, frozenset({MVP}))
    asked = list(product(modes, modes, modes, rollouts, ExecutionMode, every_flags, offered))
    assert len(asked) == 4**3 * 4 * 3 * 32 * 2
    for request, plan, user, (percent, bucket_id), default, flags, implemented in asked:
        in_rollout = V2 if (percent, bucket_id) == rollouts[3] else None
        rule, wanted = next(
            (rule, mode)
            for rule, mode in zip(Rule, (request, plan, user, in_rollout, default), strict=True)
            if mode is not None
        )
        if request is not None and request not in implemented:
            with pytest.raises(Conflict, match="V2 execution is not part of this version yet"):
                chosen(request, plan, user, percent, default, flags, bucket_id, implemented)
            continue
        found = chosen(request, plan, user, percent, default, flags, bucket_id, implemented)
        assert (found.reason.rule, found.reason.wanted) == (rule, wanted)
        off = needed - {flag.value for flag in flags} if wanted is not MVP else set()
        if wanted not in implemented:
            assert (found.mode, found.reason.fallback) == (MVP, Fallback.NOT_IMPLEMENTED)
            assert found.reason.text.endswith(
                "V2 execution is not part of this version yet, so the mode is mvp"
            )
        elif off:
            assert (found.mode, found.reason.fallback) == (MVP, Fallback.FLAG_OFF)
            assert {flag.value for flag in found.reason.flags} == off
            assert all(name in found.reason.text for name in off)
        else:
            assert (found.mode, found.reason.fallback, found.reason.flags) == (wanted, None, ())


def test_a_bucket_is_the_same_in_every_process() -> None:
    assert [bucket_of(UUID(int=number, version=4)) for number in range(1, 6)] == [48, 71, 44, 91, 25]


def test_shares_are_as_asked_and_a_step_only_adds_or_only_removes() -> None:
    everybody = users(10_000)
    before: set[UUID] = set()
    for earlier, percent in pairwise((0, *STEPS)):
        inside = {
            user for user in everybody if chosen(percent=percent, bucket_id=BucketId("user", user)).mode is V2
        }
        assert abs(len(inside) / len(everybody) * 100 - percent) < 1.5
        assert inside >= before if percent >= earlier else inside <= before
        before = inside
    assert before == set()
