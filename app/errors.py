"""Every error that MGE raises on purpose.

::

    MgeError                 what was wrong, where, and what to do
    ├── InputError           what the user gave cannot be used           exit 2   422
    │   ├── StatementError   a Cypher statement is wrong or not allowed  exit 2   422
    │   ├── SourceRefused    a file, archive or repository broke a rule  exit 2   422
    │   └── UnknownName      no query, parameter or option of that name  exit 2   404
    ├── NotFound             no plan, atom or job of that id             exit 3   404
    ├── Conflict             the thing exists, in a state that forbids   exit 4   409
    ├── Busy                 as much of that runs as may run at once     exit 8   429
    ├── BudgetExceeded       a plan has no money left for a request      exit 9   402
    ├── ModelError           a language model is down, refuses or fails  exit 10  502
    ├── StoreDown            Neo4j or Postgres does not answer           exit 5   503
    ├── StackError           the embedded stack cannot start or stop     exit 6   500
    │   └── ArtifactRefused  a fetched file has another digest           exit 6   500
    └── MigrationError       a migration was edited, missing or failed   exit 7   500
"""

from __future__ import annotations


class MgeError(Exception):
    """What was wrong and where (``str(error)``), and what to do about it (``hint``)."""

    exit_code = 1
    status = 500

    def __init__(self, message: str, *, hint: str = "", field: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.field = field


class InputError(MgeError):
    """What the user gave cannot be used."""

    exit_code = 2
    status = 422


class StatementError(InputError):
    """A Cypher statement that is wrong or not allowed; ``line`` and ``column`` count from 1, 0 is unknown."""

    def __init__(
        self, message: str, *, hint: str = "", field: str = "", line: int = 0, column: int = 0
    ) -> None:
        super().__init__(message, hint=hint, field=field)
        self.line = line
        self.column = column


class SourceRefused(InputError):
    """A file, archive or repository that breaks a rule of safe reading."""


class UnknownName(InputError):
    """No query, parameter or option has that name."""

    status = 404


class NotFound(MgeError):
    """No plan, atom or job has that id."""

    exit_code = 3
    status = 404


class Conflict(MgeError):
    """The thing exists, but is in a state that forbids what was asked."""

    exit_code = 4
    status = 409


class Busy(MgeError):
    """As much of that kind is running as may run at once."""

    exit_code = 8
    status = 429


class BudgetExceeded(MgeError):
    """A plan's budget does not cover what a request to a language model may cost."""

    exit_code = 9
    status = 402


class ModelError(MgeError):
    """A language model's server is down, refuses the request, or answers nonsense."""

    exit_code = 10
    status = 502


class StoreDown(MgeError):
    """Neo4j or Postgres does not answer."""

    exit_code = 5
    status = 503


class StackError(MgeError):
    """The embedded stack cannot be started or stopped."""

    exit_code = 6


class ArtifactRefused(StackError):
    """A fetched file does not have the digest that the repository records for it."""


class MigrationError(MgeError):
    """A migration was edited after it ran, is missing, or failed."""

    exit_code = 7
