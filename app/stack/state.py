"""What the stack remembers between commands: ``state.json`` in its home, and the lock that guards it."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.errors import StackError
from app.stack.config import Report
from app.stack.process import Process


@dataclass(frozen=True, slots=True)
class Running:
    """A service as it was last started. ``ports`` outlive the process; ``launch`` is a digest of how it started."""

    process: Process | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    health_url: str = ""
    launch: str = ""


State = dict[str, Running]


def load(home: Path) -> State:
    """The remembered services by name; none where the file is missing or was never finished."""
    try:
        document = json.loads(_path(home).read_text())
        return {
            name: Running(
                Process(**each["process"]) if each["process"] else None,
                each["ports"],
                each["health_url"],
                each["launch"],
            )
            for name, each in document.items()
        }
    except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
        return {}


def save(home: Path, name: str, running: Running) -> None:
    """Remembers one service, leaving the others as they are. The caller holds the lock."""
    document = {each: asdict(known) for each, known in {**load(home), name: running}.items()}
    _replace(home, document)


def forget(home: Path, name: str) -> None:
    """Leaves one service out from now on. The caller holds the lock."""
    document = {each: asdict(known) for each, known in load(home).items() if each != name}
    _replace(home, document)


@contextmanager
def exclusive(home: Path, report: Report) -> Iterator[None]:
    """Holds the home's lock, so that one command at a time changes the stack; made where it is missing.

    The lock falls with the process that holds it. Raises `StackError` where the home cannot be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        home.chmod(0o700)
        file = (home / "lock").open("w")
    except OSError as error:
        raise StackError(
            f"cannot write to {home}: {error.strerror}", hint="set MGE_HOME to a folder of your own"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another mge command that starts or stops this stack")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _replace(home: Path, document: Mapping[str, object]) -> None:
    fresh = _path(home).with_suffix(".new")
    fresh.write_text(json.dumps(document, indent=2))
    fresh.replace(_path(home))


def _path(home: Path) -> Path:
    return home / "state.json"
