"""Detached processes: started so that they outlive us, recognised so that we never touch another's."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil


@dataclass(frozen=True, slots=True)
class Process:
    """A process id with its start time (seconds since the epoch), since ids are used again."""

    pid: int
    created: float


def start(command: Sequence[str], env: Mapping[str, str], log: Path) -> Process:
    """Starts a command in a session of its own; ``env`` is added to ours, output is appended to ``log``."""
    output = (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    pid = os.posix_spawnp(
        command[0],
        list(command),
        {**os.environ, **env},
        file_actions=(
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            output,
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ),
        setsid=True,
    )
    return Process(pid, psutil.Process(pid).create_time())


def is_running(process: Process) -> bool:
    return _find(process) is not None


def find(marker: Sequence[str]) -> Process | None:
    """The oldest running process whose command has all of ``marker`` among its arguments."""
    found = [
        Process(each.pid, each.info["create_time"])
        for each in psutil.process_iter(["cmdline", "create_time", "status"])
        if each.info["status"] != psutil.STATUS_ZOMBIE and set(marker) <= set(each.info["cmdline"] or ())
    ]
    return min(found, key=lambda each: each.created, default=None)


def stop(process: Process, signal: int, seconds: float) -> Literal["graceful", "killed", "not running"]:
    """Sends ``signal`` and, where the process is there ``seconds`` later, SIGKILL to its whole session."""
    running = _find(process)
    if running is None:
        return "not running"
    try:
        running.send_signal(signal)
        running.wait(seconds)
        return "graceful"
    except psutil.NoSuchProcess:
        return "graceful"
    except psutil.TimeoutExpired:
        for child in running.children(recursive=True):
            _kill(child)
        _kill(running)
        return "killed"


def _find(process: Process) -> psutil.Process | None:
    try:
        running = psutil.Process(process.pid)
        if abs(running.create_time() - process.created) > 0.1 or running.status() == psutil.STATUS_ZOMBIE:
            return None
    except psutil.NoSuchProcess:
        return None
    return running


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
        process.wait(10)
    except psutil.NoSuchProcess:
        pass
