"""The settings of modes: what the environment says, and what an admin changed since."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from app.errors import InputError, UnknownName
from app.model.plan import ExecutionMode
from app.modes.choose import BUCKETS, Flag

DEFAULT_MODE: Final = "DEVMATRIX_MODE"
ROLLOUT_PERCENT: Final = "V2_ROLLOUT_PERCENT"
SETTINGS: Final = (DEFAULT_MODE, ROLLOUT_PERCENT, *(flag.value for flag in Flag))

_BOOLEANS: Final = {
    **dict.fromkeys(("true", "on", "yes", "1"), "true"),
    **dict.fromkeys(("false", "off", "no", "0"), "false"),
}
_MAX_REASON: Final = 2_000
_MAX_ACTOR: Final = 200

SettingValues: TypeAlias = Mapping[str, str]
"""Values of settings by name, written as the table has them: a mode, a whole number, ``true`` or ``false``."""


class Strictness(StrEnum):
    """How strict the validation of atoms is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class ModeLimits:
    """What bounds a run in its mode; only the environment sets these."""

    mvp_max_parallel_tasks: int
    v2_max_parallel_atoms: int
    v2_retry_max_attempts: int
    v2_context_completeness_target: float
    v2_validation_strictness: Strictness


@dataclass(frozen=True, slots=True)
class ModeConfig:
    """What modes are chosen by. ``flags`` are those that are on."""

    default_mode: ExecutionMode
    rollout_percent: int
    flags: frozenset[Flag]
    limits: ModeLimits

    def values(self) -> SettingValues:
        """The settings by name, those that can be changed at run time."""
        return {
            DEFAULT_MODE: self.default_mode.value,
            ROLLOUT_PERCENT: str(self.rollout_percent),
            **{flag.value: str(flag in self.flags).lower() for flag in Flag},
        }


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something, and why. Both are said: an empty text raises `InputError`."""

    actor: str
    reason: str

    def __post_init__(self) -> None:
        _check_text("actor", self.actor, _MAX_ACTOR, "who changes it")
        _check_text("reason", self.reason, _MAX_REASON, "why it is changed")


@dataclass(frozen=True, slots=True)
class SettingState:
    """A setting's value now, where that comes from, and what the environment says."""

    name: str
    value: str
    source: Literal["environment", "run time"]
    environment: str


def apply_overrides(environment: ModeConfig, overrides: SettingValues) -> ModeConfig:
    """The settings of the environment with what was changed at run time on top; `InputError` for a wrong value."""
    values = {**environment.values(), **{name: check_setting(name, text) for name, text in overrides.items()}}
    return replace(
        environment,
        default_mode=ExecutionMode(values[DEFAULT_MODE]),
        rollout_percent=int(values[ROLLOUT_PERCENT]),
        flags=frozenset(flag for flag in Flag if values[flag.value] == "true"),
    )


def describe_settings(environment: ModeConfig, overrides: SettingValues) -> tuple[SettingState, ...]:
    """Every setting that can be changed at run time, as it is."""
    given = environment.values()
    return tuple(
        SettingState(
            name,
            overrides.get(name, given[name]),
            "run time" if name in overrides else "environment",
            given[name],
        )
        for name in SETTINGS
    )


def check_setting(name: str, text: str) -> str:
    """A setting's value as it is kept; `UnknownName`, `InputError` for a value that it cannot have."""
    if name == DEFAULT_MODE:
        return parse_mode(text, field=name).value
    if name == ROLLOUT_PERCENT:
        return _percent(text)
    if name not in SETTINGS:
        raise UnknownName(
            f"no setting of modes is called {name!r}", hint=f"one of: {', '.join(SETTINGS)}", field=name
        )
    if text.strip().lower() not in _BOOLEANS:
        raise InputError(f"{name} is not {text!r}", hint="true or false", field=name)
    return _BOOLEANS[text.strip().lower()]


def parse_mode(text: str, *, field: str) -> ExecutionMode:
    """The mode of that name; `InputError`."""
    try:
        return ExecutionMode(text.strip().lower())
    except ValueError as error:
        raise InputError(
            f"there is no mode {text!r}", hint=f"one of: {', '.join(ExecutionMode)}", field=field
        ) from error


def _percent(text: str) -> str:
    digits = text.strip()
    # At most three of them, since int() takes time with thousands.
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= len(str(BUCKETS))):
        raise _no_percentage(text)
    if int(digits) > BUCKETS:
        raise _no_percentage(text)
    return str(int(digits))


def _no_percentage(text: str) -> InputError:
    return InputError(
        f"{ROLLOUT_PERCENT} is not {text[:20]!r}", hint="a whole number from 0 to 100", field=ROLLOUT_PERCENT
    )


def _check_text(field: str, text: str, most: int, what: str) -> None:
    if not text.strip():
        raise InputError(f"a change of modes needs its {field}", hint=f"say {what}", field=field)
    if len(text) > most or any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
        raise InputError(
            f"the {field} is not text of at most {most:,} characters on one line",
            hint=f"say {what} in a sentence",
            field=field,
        )
