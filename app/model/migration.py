"""What migrations of both stores have in common: their state, and the rule that history is never edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from app.errors import MigrationError


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """A migration, and whether the database has it."""

    version: int | str
    description: str
    source: str
    state: Literal["applied", "pending"]


class Applied(NamedTuple):
    """What a database remembers of a migration; ``name`` is what to call it in a message."""

    version: int | str
    name: str
    checksum: str


class Versioned(Protocol):
    """A migration as the repository has it."""

    @property
    def version(self) -> int | str: ...
    @property
    def source(self) -> str: ...
    @property
    def checksum(self) -> str: ...


def count_applied(applied: Sequence[Applied], migrations: Sequence[Versioned]) -> int:
    """How many of the repository's migrations a database has.

    Raises `MigrationError` where the database has one that was edited since, or that the repository has not.
    """
    for found, migration in zip(applied, migrations, strict=False):
        if found.version != migration.version:
            raise MigrationError(
                f"the database has migration {found.name} where {migration.source} comes next",
                hint="restore the missing file; give a new migration the highest version",
            )
        if found.checksum != migration.checksum:
            raise MigrationError(
                f"{migration.source} was edited after it ran",
                hint="restore it as it was, and put the change into a new migration",
            )
    if len(applied) > len(migrations):
        raise MigrationError(
            f"the database has migration {applied[len(migrations)].name}, which this version of MGE does not know",
            hint="update MGE, or restore the missing file",
        )
    return len(applied)
