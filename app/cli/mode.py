"""`mge mode`: which mode runs are executed in, and why."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from app.cli import output
from app.cli.person import tenant
from app.cli.running import run
from app.errors import InputError
from app.main import mode_environment, open_postgres
from app.model.plan import ExecutionMode
from app.modes.config import (
    ROLLOUT_PERCENT,
    Author,
    ModeConfig,
    apply_overrides,
    describe_settings,
    parse_mode,
)
from app.settings import Settings

if TYPE_CHECKING:
    from app.modes.store import ModeChanges
    from app.postgres.connect import Pool

# Postgres's driver is imported where it is needed, since most commands do not need it.

app = typer.Typer(
    help="Which mode plans are executed in (mvp, v2_atoms, hybrid), and why.", no_args_is_help=True
)

JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON document and nothing else")]
ReasonOption = Annotated[str, typer.Option(help="why, as the history tells it")]
_HISTORY = 20


@app.command("show")
def show(
    user: Annotated[
        UUID | None, typer.Option(help="also say which mode a run of this user would get")
    ] = None,
    plan: Annotated[str, typer.Option(help="also say which mode a run of this plan would get")] = "",
    requested: Annotated[ExecutionMode | None, typer.Option(help="the mode that the run asks for")] = None,
    history: Annotated[int, typer.Option(min=0, max=1_000, help="changes to show, the newest first")] = 10,
    json: JsonOption = False,
) -> None:
    """Show the settings, who changed what and why, and the mode of a run with its reason."""
    environment = mode_environment(Settings())

    async def work() -> dict[str, Any]:
        async with open_postgres(Settings()) as pool:
            found = await _state(pool, environment, history)
            if user is not None or plan or requested is not None:
                found["choice"] = await _choice(pool, environment, user, plan, requested)
            return found

    _print(run(work), as_json=json)


@app.command("set")
def set_(
    changes: Annotated[
        list[str],
        typer.Argument(
            help="NAME=VALUE of a setting, user:ID=MODE or plan:PLAN=MODE; nothing after = takes it back",
            metavar="NAME=VALUE...",
        ),
    ],
    reason: ReasonOption,
    json: JsonOption = False,
) -> None:
    """Change settings, or the mode of a user or plan, all at once; every process heeds it within a second."""

    async def work() -> dict[str, Any]:
        async with open_postgres(Settings()) as pool:
            return await _change(pool, await _parse(pool, changes), reason)

    _print(run(work), as_json=json)


@app.command("rollout")
def rollout(
    percent: Annotated[int, typer.Argument(help="users whose runs are V2's, in percent: 0 to 100")],
    reason: ReasonOption,
    json: JsonOption = False,
) -> None:
    """Set the rollout percentage: raising it only adds users, lowering it only removes some."""

    async def work() -> dict[str, Any]:
        async with open_postgres(Settings()) as pool:
            return await _change(pool, await _parse(pool, [f"{ROLLOUT_PERCENT}={percent}"]), reason)

    _print(run(work), as_json=json)


async def _change(pool: Pool, changes: ModeChanges, reason: str) -> dict[str, Any]:
    from app.modes.store import change_modes

    await change_modes(pool, tenant(), changes, Author(f"user:{_user_name()}", reason))
    return await _state(pool, mode_environment(Settings()), _HISTORY)


async def _state(pool: Pool, environment: ModeConfig, history: int) -> dict[str, Any]:
    from app.modes.store import count_overrides, list_history, show_settings

    return {
        "settings": [
            asdict(one) for one in describe_settings(environment, await show_settings(pool, tenant()))
        ],
        "limits": asdict(environment.limits),
        "overrides": asdict(await count_overrides(pool, tenant())),
        "history": [asdict(entry) for entry in await list_history(pool, tenant(), history)],
    }


async def _choice(
    pool: Pool, environment: ModeConfig, user: UUID | None, plan: str, requested: ExecutionMode | None
) -> dict[str, Any]:
    from app.modes.decide import ModeQuestion, decide
    from app.modes.store import show_settings
    from app.plans.read import find_plan

    masterplan_id = await find_plan(pool, tenant(), plan) if plan else None
    config = apply_overrides(environment, await show_settings(pool, tenant()))
    return asdict(await decide(pool, config, ModeQuestion(tenant(), user, masterplan_id, requested)))


async def _parse(pool: Pool, written: Sequence[str]) -> ModeChanges:
    from app.modes.store import ModeChanges
    from app.plans.read import find_plan

    settings: dict[str, str | None] = {}
    users: dict[UUID, ExecutionMode | None] = {}
    plans: dict[UUID, ExecutionMode | None] = {}
    for text in written:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"{text!r} has no =", hint="write NAME=VALUE, such as V2_ROLLOUT_PERCENT=25")
        kind, colon, subject = name.partition(":")
        if not colon:
            settings[name.strip().upper()] = value if value.strip() else None
            continue
        mode = parse_mode(value, field=name) if value.strip() else None
        if kind == "user":
            users[_user_id(subject)] = mode
        elif kind == "plan":
            plans[await find_plan(pool, tenant(), subject)] = mode
        else:
            raise InputError(f"{kind!r} has no mode of its own", hint="write user:ID=MODE or plan:PLAN=MODE")
    return ModeChanges(settings, users, plans)


def _user_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no user's id", hint="an id is a UUID", field="user") from error


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # containers run under numbers that have no name
        return "unknown"


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.as_json(found)
        return
    rows = [(one["name"], one["value"], one["source"], one["environment"]) for one in found["settings"]]
    rows += [(name.upper(), value, "environment", value) for name, value in found["limits"].items()]
    output.as_table(("setting", "value", "from", "environment"), rows)
    counts = found["overrides"]
    output.OUT.print(f"modes of their own: {counts['users']} users, {counts['plans']} plans")
    for entry in found["history"]:
        output.OUT.print(output.safe(_line(entry)))
    if "choice" in found:
        output.OUT.print(f"mode: {found['choice']['mode']}", style="bold")
        output.OUT.print(output.safe(found["choice"]["reason"]["text"]))


def _line(entry: Mapping[str, Any]) -> str:
    """A change on one line, which a table would cut: when, what, who and why."""
    setting = entry["kind"] == "setting"
    subject = entry["subject"] if setting else f"{entry['kind']}:{entry['subject']}"
    unset = "environment" if setting else "none"
    old, new = (unset if value is None else value for value in (entry["old_value"], entry["new_value"]))
    when = f"{entry['changed_at']:%Y-%m-%d %H:%M:%S}"
    return f"{when}  {subject}: {old} -> {new}, by {entry['actor']}: {entry['reason']}"
