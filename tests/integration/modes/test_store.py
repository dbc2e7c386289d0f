from __future__ import annotations

import asyncio
from dataclasses import asdict
from uuid import UUID, uuid4

import psycopg
import pytest

from app.errors import InputError, NotFound, UnknownName
from app.model.plan import ExecutionMode
from app.modes.choose import BucketId, Rule, bucket_of
from app.modes.config import Author, apply_overrides
from app.modes.decide import ModeQuestion, decide
from app.modes.store import (
    ModeChanges,
    change_modes,
    count_overrides,
    list_history,
    load_settings,
    show_settings,
)
from app.postgres.connect import Pool, transaction
from app.postgres.rows import fetch_one
from tests.integration.modes.database import ENVIRONMENT, new_plan, run_sql

ADA = Author("user:ada", "because")
V2 = ExecutionMode.V2_ATOMS
EVERY_MODE = frozenset(ExecutionMode)


async def told(pool: Pool, tenant_id: str) -> list[tuple[str, str, str | None, str | None, str, str]]:
    """The history, the oldest first."""
    names = ("kind", "subject", "old_value", "new_value", "actor", "reason")
    found = [asdict(entry) for entry in await list_history(pool, tenant_id, 100)]
    return [tuple(entry[name] for name in names) for entry in reversed(found)]


async def test_a_change_is_kept_with_who_and_why(pool: Pool) -> None:
    user, plan = uuid4(), await new_plan(pool, "t", uuid4())
    await change_modes(pool, "t", ModeChanges({"V2_ROLLOUT_PERCENT": "5"}, {user: V2}, {plan: V2}), ADA)
    again = Author("user:bob", "more")
    await change_modes(pool, "t", ModeChanges({"V2_ROLLOUT_PERCENT": "010"}), again)
    await change_modes(pool, "t", ModeChanges({"V2_ROLLOUT_PERCENT": "10"}, {user: V2}), again)
    back = Author("user:ada", "back")
    await change_modes(pool, "t", ModeChanges({"V2_ROLLOUT_PERCENT": None}, {user: None}, {plan: None}), back)
    assert await told(pool, "t") == [
        ("setting", "V2_ROLLOUT_PERCENT", None, "5", "user:ada", "because"),
        ("user", str(user), None, "v2_atoms", "user:ada", "because"),
        ("plan", str(plan), None, "v2_atoms", "user:ada", "because"),
        ("setting", "V2_ROLLOUT_PERCENT", "5", "10", "user:bob", "more"),
        ("setting", "V2_ROLLOUT_PERCENT", "10", None, "user:ada", "back"),
        ("user", str(user), "v2_atoms", None, "user:ada", "back"),
        ("plan", str(plan), "v2_atoms", None, "user:ada", "back"),
    ]
    assert await load_settings(pool) == {}


async def test_the_history_comes_in_pages(pool: Pool) -> None:
    for percent in range(5):
        await change_modes(pool, "t", ModeChanges({"V2_ROLLOUT_PERCENT": str(percent)}), ADA)
    first = await list_history(pool, "t", 3)
    rest = await list_history(pool, "t", 3, before=first[-1].history_id)
    assert [entry.new_value for entry in (*first, *rest)] == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (ModeChanges(), InputError),
        (ModeChanges({"DEVMATRIX_MODE": "hybrid", "V2_ROLLOUT_PERCENT": "101"}), InputError),
        (ModeChanges({"DEVMATRIX_MODE": "hybrid", "ENABLE_V3": "true"}), UnknownName),
        (ModeChanges({"DEVMATRIX_MODE": "hybrid"}, plans={UUID(int=1): V2}), NotFound),
        (ModeChanges({"DEVMATRIX_MODE": "hybrid"}, plans={UUID(int=1): None}), NotFound),
    ],
)
async def test_a_change_is_made_whole_or_not_at_all(
    pool: Pool, changes: ModeChanges, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await change_modes(pool, "t", changes, ADA)
    assert (await show_settings(pool, "t"), await told(pool, "t")) == ({}, [])


async def test_tenants_do_not_see_each_other(pool: Pool) -> None:
    user, plan = uuid4(), await new_plan(pool, "one", uuid4())
    await change_modes(pool, "one", ModeChanges({"DEVMATRIX_MODE": "hybrid"}, {user: V2}, {plan: V2}), ADA)
    assert await show_settings(pool, "two") == {}
    assert await list_history(pool, "two", 10) == ()
    assert asdict(await count_overrides(pool, "two")) == {"users": 0, "plans": 0}
    with pytest.raises(NotFound):
        await change_modes(pool, "two", ModeChanges(plans={plan: V2}), ADA)
    with pytest.raises(NotFound):
        await decide(pool, ENVIRONMENT, ModeQuestion("two", masterplan_id=plan))
    found = await decide(pool, ENVIRONMENT, ModeQuestion("two", user), implemented=EVERY_MODE)
    assert found.reason.rule is Rule.DEFAULT


async def test_a_change_in_sql_is_in_the_history_too(pool: Pool) -> None:
    await run_sql(pool, b"INSERT INTO mode_settings VALUES ('t', 'ENABLE_V2_EXECUTION', 'true')")
    async with transaction(pool) as connection:
        await connection.execute(b"SELECT set_config('mge.reason', 'it burns', true)")
        await connection.execute(b"UPDATE mode_settings SET value = 'false'")
    await run_sql(pool, b"UPDATE mode_settings SET value = 'false', changed_at = now()")
    user = await fetch_user(pool)
    assert await told(pool, "t") == [
        ("setting", "ENABLE_V2_EXECUTION", None, "true", user, "changed by SQL, without a reason"),
        ("setting", "ENABLE_V2_EXECUTION", "true", "false", user, "it burns"),
    ]


async def fetch_user(pool: Pool) -> str:
    async with transaction(pool) as connection:
        row = await fetch_one(connection, b"SELECT session_user::text AS name")
    assert row is not None
    return str(row["name"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("V2_ROLLOUT_PERCENT", "101"),
        ("V2_ROLLOUT_PERCENT", "05"),
        ("V2_ROLLOUT_PERCENT", ""),
        ("V2_ROLLOUT_PERCENT", "5\n"),
        ("DEVMATRIX_MODE", "v3"),
        ("ENABLE_V2_REVIEW", "on"),
        ("ENABLE_V3", "true"),
    ],
)
async def test_sql_cannot_write_what_a_process_could_not_read(pool: Pool, name: str, value: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await run_sql(
            pool, b"INSERT INTO mode_settings VALUES ('t', %(name)s, %(value)s)", name=name, value=value
        )


@pytest.mark.parametrize(
    "statement",
    [
        b"UPDATE mode_history SET reason = 'nicer'",
        b"DELETE FROM mode_history",
        b"TRUNCATE mode_history",
        b"TRUNCATE mode_settings",
        b"TRUNCATE mode_user_overrides",
        b"TRUNCATE mode_plan_overrides",
    ],
)
async def test_history_cannot_be_changed_or_gone_around(pool: Pool, statement: bytes) -> None:
    await change_modes(pool, "t", ModeChanges({"DEVMATRIX_MODE": "hybrid"}), ADA)
    with pytest.raises(psycopg.errors.RestrictViolation):
        await run_sql(pool, statement)
    assert len(await told(pool, "t")) == 1


async def test_a_plan_takes_its_override_with_it_and_the_history_stays(pool: Pool) -> None:
    plan = await new_plan(pool, "t", uuid4())
    await change_modes(pool, "t", ModeChanges(plans={plan: V2}), ADA)
    await run_sql(pool, b"DELETE FROM masterplans")
    assert (await count_overrides(pool, "t")).plans == 0
    assert (await told(pool, "t"))[-1][1:4] == (str(plan), "v2_atoms", None)
    assert (await told(pool, "t"))[-1][5] == "the plan was deleted"


async def test_changes_at_once_do_not_stop_each_other(pool: Pool) -> None:
    names = ("V2_ROLLOUT_PERCENT", "ENABLE_V2_EXECUTION", "DEVMATRIX_MODE")
    one = dict(zip(names, ("5", "true", "hybrid"), strict=True))
    other = dict(zip(names, ("10", "false", "mvp"), strict=True))
    reverse = dict(reversed(other.items()))
    await asyncio.gather(
        *(change_modes(pool, "t", ModeChanges(changes), ADA) for changes in [one, reverse] * 20)
    )
    assert await show_settings(pool, "t") in (one, other)
    newest: dict[str, str | None] = {}
    for _, subject, old, new, *_ in await told(pool, "t"):
        assert newest.get(subject) == old
        newest[subject] = new
    assert newest == await show_settings(pool, "t")


async def test_a_decision_heeds_overrides_and_says_whose_bucket_it_was(pool: Pool) -> None:
    owner, other = uuid4(), uuid4()
    plan = await new_plan(pool, "t", owner)
    config = apply_overrides(ENVIRONMENT, {"V2_ROLLOUT_PERCENT": "100", "ENABLE_V2_EXECUTION": "true"})

    async def rule(question: ModeQuestion) -> tuple[Rule, ExecutionMode]:
        found = await decide(pool, config, question, implemented=EVERY_MODE)
        return found.reason.rule, found.mode

    assert await rule(ModeQuestion("t")) == (Rule.DEFAULT, ExecutionMode.MVP)
    by_plan = await decide(pool, config, ModeQuestion("t", masterplan_id=plan), implemented=EVERY_MODE)
    assert by_plan.reason.text.startswith(f"bucket {bucket_of(plan)} of the plan {plan} is in the rollout")
    by_user = await decide(pool, config, ModeQuestion("t", other, plan), implemented=EVERY_MODE)
    assert by_user.reason.text.startswith(f"bucket {bucket_of(other)} of the user {other} is in the rollout")

    await change_modes(pool, "t", ModeChanges(users={owner: ExecutionMode.MVP}), ADA)
    assert await rule(ModeQuestion("t", masterplan_id=plan)) == (Rule.USER_OVERRIDE, ExecutionMode.MVP)
    assert await rule(ModeQuestion("t", other, plan)) == (Rule.ROLLOUT, V2)
    await change_modes(pool, "t", ModeChanges(plans={plan: ExecutionMode.HYBRID}), ADA)
    assert await rule(ModeQuestion("t", owner, plan)) == (Rule.PLAN_OVERRIDE, ExecutionMode.HYBRID)
    asked = ModeQuestion("t", owner, plan, ExecutionMode.MVP)
    assert await rule(asked) == (Rule.REQUEST, ExecutionMode.MVP)


async def test_sql_finds_the_same_bucket(pool: Pool) -> None:
    statement = (
        b"SELECT ('x' || left(encode(sha256(convert_to(%(id)s::uuid::text, 'UTF8')), 'hex'), 8))::bit(32)::bigint"
        b" %% 100 AS bucket"
    )
    for _ in range(50):
        subject = BucketId("user", uuid4())
        async with transaction(pool) as connection:
            row = await fetch_one(connection, statement, {"id": subject.id})
        assert row is not None
        assert row["bucket"] == bucket_of(subject.id)
