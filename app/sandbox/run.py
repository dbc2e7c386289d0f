"""Runs commands over a folder of files in the sandbox."""

from __future__ import annotations

import asyncio
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from app.errors import InputError
from app.sandbox import bubblewrap
from app.sandbox.bubblewrap import Invocation
from app.sandbox.process import Ended, execute
from app.sandbox.values import DEFAULT_LIMITS, Availability, Limits, Outcome, Report, not_run

_COMPILE_SECONDS: Final = 120


def available() -> Availability:
    """Tells whether a program can run in the sandbox here; tried once a process, then remembered."""
    return _probe()


async def run(
    files_root: Path,
    command: Sequence[str],
    *,
    limits: Limits = DEFAULT_LIMITS,
    python_path: Sequence[str] = (),
    writable: bool = False,
) -> Report:
    """Runs a command with the folder at ``/work``, where it starts; ``python`` is our interpreter and packages.

    ``python_path`` has the folders of the workspace in which imports are looked up. A writable folder is a private
    copy: nothing that is written gets back. Raises `InputError` where the folder or the command cannot be used.
    """
    return (await start(Invocation(files_root, tuple(command), limits, tuple(python_path), writable))).report


async def start(work: Invocation) -> Ended:
    """Runs an invocation. Raises `InputError` where its folder or its command cannot be used."""
    _check(work)
    found = await asyncio.to_thread(available)
    binary = bubblewrap.binary()
    if binary is None or not found.available:
        return Ended(not_run(found.reason), b"")
    return await execute(binary, work)


def _check(work: Invocation) -> None:
    if not work.folder.is_dir():
        raise InputError(
            f"there is no folder {work.folder}", hint="give the folder that has the files to run"
        )
    if not work.command or any("\0" in each for each in work.command):
        raise InputError("the command is empty or has a null character in it", hint="give a program's name")
    for each in work.python_path:
        if Path(each).is_absolute() or ".." in Path(each).parts or ":" in each:
            raise InputError(f"{each!r} is not a folder inside the workspace", field="python_path")


@cache
def prepare_pytest() -> bool:
    """Returns whether pytest is installed; has its byte code written where an installer left that out.

    Nothing can be written to our packages from inside, so every run would compile them again, for a second or so.
    """
    found = find_spec("pytest")
    if found is None or found.origin is None:
        return False
    if not Path(cache_from_source(found.origin)).exists():
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        plugin = "pytest_asyncio.plugin" if find_spec("pytest_asyncio") else "pytest"
        subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", f"import pytest, _pytest.unittest, _pytest.subtests, {plugin}"],
            env=variables,
            capture_output=True,
            check=False,
            timeout=_COMPILE_SECONDS,
        )
    return True


@cache
def _probe() -> Availability:
    binary = bubblewrap.binary()
    if binary is None:
        return Availability(
            False,
            f"there is no bubblewrap for {platform.system()} on {platform.machine()}: the sandbox needs Linux on x86-64",
        )
    with TemporaryDirectory(prefix="mge-sandbox-") as folder:
        work = Invocation(Path(folder), ("python", "-c", ""), Limits(seconds=30))
        with ThreadPoolExecutor(1) as beside:  # since this thread may have a loop that runs
            report = beside.submit(asyncio.run, execute(binary, work)).result().report
    if report.outcome is Outcome.PASSED:
        return Availability(True)
    said = report.reason or report.stderr.strip()[-500:] or report.outcome.value
    return Availability(False, f"{said}{_advice(said)}")


def _advice(said: str) -> str:
    if "uid map" in said or "namespace" in said or "Operation not permitted" in said:
        return (
            " (this kernel or container forbids ordinary users to make namespaces: allow it with"
            " kernel.apparmor_restrict_unprivileged_userns=0 or user.max_user_namespaces, or, in a container,"
            " with --security-opt seccomp=unconfined and CAP_SYS_ADMIN)"
        )
    return ""
