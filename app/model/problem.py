"""Errors as RFC 9457 problems, which is how requests and jobs tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from app.errors import (
    BudgetExceeded,
    Busy,
    Conflict,
    InputError,
    MgeError,
    MigrationError,
    ModelError,
    NotFound,
    SourceRefused,
    StackError,
    StatementError,
    StoreDown,
    UnknownName,
)

_PREFIX: Final = "urn:mge:problem:"

_KINDS: Final[dict[type[MgeError], tuple[str, str]]] = {
    SourceRefused: ("source-refused", "The source breaks a rule of safe reading"),
    StatementError: ("statement-refused", "The statement is wrong or not allowed"),
    UnknownName: ("unknown-name", "Nothing has that name"),
    InputError: ("invalid-input", "The request cannot be used"),
    NotFound: ("not-found", "Nothing has that id"),
    Conflict: ("conflict", "The state of things forbids it"),
    Busy: ("busy", "As much of that runs as may run at once"),
    BudgetExceeded: ("budget-exceeded", "The plan's budget does not cover the request"),
    ModelError: ("model-error", "The language model does not answer as it should"),
    StoreDown: ("store-down", "A store does not answer"),
    StackError: ("stack-error", "The embedded stack does not run"),
    MigrationError: ("migration-error", "A migration was edited, is missing or failed"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong. ``type`` is stable; ``field`` names the part of the request at fault, where one is, ``line`` and
    ``column`` the place in a statement.
    """

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    field: str = ""
    line: int = 0
    column: int = 0


def told(shown: Problem) -> dict[str, object]:
    """The parts of a problem that say something."""
    return {name: value for name, value in asdict(shown).items() if value}


def problem_of(error: MgeError) -> Problem:
    """The problem that an error of ours is."""
    name, title = next(_KINDS[kind] for kind in type(error).__mro__ if kind in _KINDS)
    line, column = (error.line, error.column) if isinstance(error, StatementError) else (0, 0)
    return Problem(_PREFIX + name, title, error.status, str(error), error.hint, error.field, line, column)


def error_of(told: Mapping[str, object]) -> MgeError:
    """The error that a problem was made of, as far as it is one of ours: for who waited for a job that failed."""
    name = str(told.get("type", "")).removeprefix(_PREFIX)
    kind = next((kind for kind, (each, _) in _KINDS.items() if each == name), MgeError)
    return kind(
        str(told.get("detail", "the job failed")),
        hint=str(told.get("hint", "")),
        field=str(told.get("field", "")),
    )


def problem(name: str, title: str, status: int, detail: str, hint: str = "") -> Problem:
    """A problem that is no error of ours."""
    return Problem(_PREFIX + name, title, status, detail, hint)


def unexpected(incident: str) -> Problem:
    """A fault of ours; the log has the details under ``incident``."""
    return problem(
        "internal-error",
        "A fault of the service",
        500,
        "Something went wrong that nobody foresaw.",
        f"the service's log tells more: look for incident {incident}",
    )
