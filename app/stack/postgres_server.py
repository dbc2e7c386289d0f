"""PostgreSQL as a child process, from the binaries of a wheel; as root it runs as the user ``nobody``."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

from app.errors import StackError
from app.stack.probe import POSTGRES_BINARIES

USER = "mge"
DATABASE = "mge"


def initialise(data: Path, password_file: Path) -> None:
    """Makes the cluster with its one user and database, where it is not there yet; whole or not at all.

    Raises `StackError` with what the tool said.
    """
    if has_store(data):
        return
    fresh = data.with_name(data.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    _run(
        "initdb",
        f"--pgdata={fresh}",
        f"--username={USER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
        "--no-instructions",
    )
    _run(
        "postgres",
        "--single",
        "-c",
        "exit_on_error=on",
        "-D",
        str(fresh),
        "postgres",
        statement=f"CREATE DATABASE {DATABASE}",
    )
    fresh.rename(data)


def has_store(data: Path) -> bool:
    """Whether the cluster has been made."""
    return data.exists()


def command(data: Path, port: int) -> tuple[str, ...]:
    """The command that runs the server in the foreground, on a loopback port and nowhere else."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
        "shared_buffers": "128MB",
        "log_line_prefix": "%m [%p] ",
    }
    options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    return (*_as_ordinary_user(), *marker(data), *options)


def marker(data: Path) -> tuple[str, ...]:
    """Arguments that only this cluster's server was started with."""
    return (str(POSTGRES_BINARIES / "postgres"), "-D", str(data))


def clear_the_way(data: Path) -> None:
    """Sees to it that what a killed server left behind does not stop the next one.

    Its backends end by themselves, and are waited for, since they still write. Its ``postmaster.pid``
    matters only where the process id in it has since been given to another program: the server would
    take that for its predecessor and refuse to start.
    """
    backends = [
        each
        for each in psutil.process_iter(["name", "cwd"])
        if each.info["name"] == "postgres" and each.info["cwd"] == str(data)
    ]
    _, remaining = psutil.wait_procs(backends, timeout=10)
    lock = data / "postmaster.pid"
    if lock.exists() and not remaining:
        pid = lock.read_text().split("\n", 1)[0]
        if not pid.isdigit() or psutil.pid_exists(int(pid)):
            lock.unlink()


def _run(program: str, *arguments: str, statement: str = "") -> None:
    command = (*_as_ordinary_user(), str(POSTGRES_BINARIES / program), *arguments)
    done = subprocess.run(command, input=statement, capture_output=True, text=True, check=False, cwd="/")  # noqa: S603
    if done.returncode != 0:
        raise StackError(
            f"{program} failed: {(done.stderr or done.stdout).strip()[-1000:]}",
            hint="see the reason above; DATABASE_URL names a PostgreSQL of your own instead",
        )


def _as_ordinary_user() -> Sequence[str]:
    """What to put before a command, since PostgreSQL refuses to run as root.

    ``nobody`` keeps the one right that lets it reach its files below root's closed home folder, so no
    folder has to be opened to others.
    """
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StackError(
            "PostgreSQL does not run as root, and setpriv (util-linux) is not there to change the user",
            hint="run as an ordinary user, install util-linux, or set DATABASE_URL",
        )
    nobody = pwd.getpwnam("nobody")
    return (
        setpriv,
        f"--reuid={nobody.pw_uid}",
        f"--regid={nobody.pw_gid}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        "--",
    )
