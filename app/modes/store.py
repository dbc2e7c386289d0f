"""The settings of modes in Postgres: reading and changing them, and their history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from app.errors import InputError, NotFound
from app.model.plan import ExecutionMode
from app.modes.config import Author, SettingValues, check_setting
from app.postgres.connect import Connection, Pool, transaction
from app.postgres.queries import statements_beside
from app.postgres.rows import Values, execute, fetch_one, query_all, query_one

sql: Final = statements_beside(__file__)

_LAST: Final = 2**63 - 1

Modes: TypeAlias = Mapping[UUID, ExecutionMode | None]
"""The modes that users or plans are given; None takes one away."""


@dataclass(frozen=True, slots=True)
class ModeChanges:
    """What an admin changes at once. A setting that is None is as the environment says again."""

    settings: Mapping[str, str | None] = field(default_factory=dict)
    users: Modes = field(default_factory=dict)
    plans: Modes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModeChange:
    """An entry of the history. ``subject`` is a setting's name or an id; a value that is None is no value of its own."""

    history_id: int
    kind: Literal["setting", "user", "plan"]
    subject: str
    old_value: str | None
    new_value: str | None
    actor: str
    reason: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class OverrideCounts:
    """How many users and plans have a mode of their own."""

    users: int
    plans: int


async def load_settings(pool: Pool) -> dict[str, dict[str, str]]:
    """What was changed at run time, by tenant and name; `StoreDown`."""
    found: dict[str, dict[str, str]] = {}
    for row in await query_all(pool, sql("load_settings")):
        found.setdefault(row["tenant_id"], {})[row["name"]] = row["value"]
    return found


async def show_settings(pool: Pool, tenant_id: str) -> SettingValues:
    """What was changed at run time for a tenant, by name; `StoreDown`."""
    rows = await query_all(pool, sql("show_settings"), {"tenant_id": tenant_id})
    return {row["name"]: row["value"] for row in rows}


async def change_modes(pool: Pool, tenant_id: str, changes: ModeChanges, author: Author) -> None:
    """Make the changes, all or none; the history tells of each that changes something.

    Raises `InputError` for a wrong value and where nothing is to be changed, `UnknownName` for a setting, `NotFound` for a
    plan, and `StoreDown`.
    """
    settings = {
        name: None if text is None else check_setting(name, text) for name, text in changes.settings.items()
    }
    if not (settings or changes.users or changes.plans):
        raise InputError("nothing is to be changed", hint="name a setting, a user or a plan")
    async with transaction(pool) as connection:
        await fetch_one(connection, sql("sign"), {"actor": author.actor, "reason": author.reason})
        # In one order, so that two who change the same do not wait for each other.
        for name, value in sorted(settings.items()):
            await _put_setting(connection, {"tenant_id": tenant_id, "name": name, "value": value})
        for user_id, mode in sorted(changes.users.items()):
            await _put_user_override(connection, {"tenant_id": tenant_id, "id": user_id, "mode": mode})
        for masterplan_id, mode in sorted(changes.plans.items()):
            await _put_plan_override(connection, {"tenant_id": tenant_id, "id": masterplan_id, "mode": mode})


async def list_history(
    pool: Pool, tenant_id: str, limit: int, before: int | None = None
) -> tuple[ModeChange, ...]:
    """What was changed, the newest first; ``before`` is the ``history_id`` to go on from. Raises `StoreDown`."""
    values = {"tenant_id": tenant_id, "before": _LAST if before is None else before, "limit": limit}
    return tuple(ModeChange(**row) for row in await query_all(pool, sql("list_history"), values))


async def count_overrides(pool: Pool, tenant_id: str) -> OverrideCounts:
    """Count the users and plans that have a mode of their own; `StoreDown`."""
    row = await query_one(pool, sql("count_overrides"), {"tenant_id": tenant_id})
    assert row is not None
    return OverrideCounts(**row)


async def _put_setting(connection: Connection, values: Values) -> None:
    statement = sql("drop_setting") if values["value"] is None else sql("put_setting")
    await execute(connection, statement, values)


async def _put_user_override(connection: Connection, values: Values) -> None:
    statement = sql("drop_user_override") if values["mode"] is None else sql("put_user_override")
    await execute(connection, statement, values)


async def _put_plan_override(connection: Connection, values: Values) -> None:
    if await fetch_one(connection, sql("find_plan"), values) is None:
        raise NotFound(f"there is no plan {values['id']}", hint="`mge plan list` lists the plans")
    statement = sql("drop_plan_override") if values["mode"] is None else sql("put_plan_override")
    await execute(connection, statement, values)
