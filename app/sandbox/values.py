"""What a run in the sandbox may use, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a run ended; ``NOT_RUN`` says that nothing was executed, which is neither success nor failure."""

    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use, all its processes together where not said otherwise.

    ``seconds`` are of wall time; ``processes`` counts threads as well; ``file_mb`` bounds each file, and each of
    ``/tmp``, ``/dev/shm`` and what is added to ``/work``; ``output_bytes`` is what is kept of standard output and
    of standard error, each.
    """

    seconds: float = 60.0
    memory_mb: int = 1024
    processes: int = 64
    file_mb: int = 64
    output_bytes: int = 200_000


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Report:
    """One run: ``exit_code`` is 128 + signal where a signal ended it, and None where it was stopped or not run.

    ``truncated`` says that the middle of an output was left out. ``reason`` says why it did not run or was stopped.
    """

    outcome: Outcome
    exit_code: int | None
    stdout: str
    stderr: str
    seconds: float
    truncated: bool
    reason: str = ""


def not_run(reason: str) -> Report:
    """Returns the report of a run that never began."""
    return Report(Outcome.NOT_RUN, None, "", "", 0.0, False, reason)


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether this machine can run the sandbox, and if not, why and what would help."""

    available: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of the workspace that a traceback goes through; ``path`` is relative, ``line`` counts from 1."""

    path: str
    line: int
    function: str
