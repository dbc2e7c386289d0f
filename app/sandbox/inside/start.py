# ruff: noqa: PTH102, PTH115, PTH123, PTH211
"""First program in the sandbox: brings the folder in, gives up every privilege, sets limits, becomes the command.

It runs before anything that is not ours, as root where bubblewrap was started by root. An error that stops it goes to
the descriptor ``errors``, which closes by itself when the command takes over.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import stat
import sys
from typing import Any

# pathlib alone would take longer to load than all that happens here
MEGABYTE = 1024 * 1024
SKIPPED = frozenset({".git", "__pycache__"})


def main() -> None:
    with open(sys.argv[1]) as file:
        plan: dict[str, Any] = json.load(file)
    errors: int = plan["errors"]
    os.set_inheritable(errors, False)
    try:
        owner = plan["owner"]
        if plan["copy"] is not None:
            source, target = plan["copy"]
            copy(source, target, owner if plan["writable"] else None)
        os.chdir(plan["folder"])
        limit(plan)
        if owner is not None:
            become(owner)
    except OSError as error:
        os.write(errors, explain(error).encode())
        os._exit(1)
    command: list[str] = plan["command"]
    try:
        os.execvpe(command[0], command, plan["environment"])  # noqa: S606
    except OSError as error:
        sys.stderr.write(f"cannot run {command[0]!r} in the sandbox: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(126 if isinstance(error, PermissionError) else 127)


def copy(source: str, target: str, owner: int | None) -> None:
    """Copies files, folders and symbolic links as they are; devices, pipes and sockets stay behind."""
    with os.scandir(source) as entries:
        for entry in entries:
            place = f"{target}/{entry.name}"
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), place)
            elif entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED:
                    os.mkdir(place, 0o755)
                    copy(entry.path, place, owner)
            elif entry.is_file(follow_symlinks=False):
                copy_file(entry.path, place, owner)
    if owner is not None:
        os.chown(target, owner, owner)


def copy_file(source: str, target: str, owner: int | None) -> None:
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    status = os.fstat(reading)
    mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
    writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    while data := os.read(reading, MEGABYTE):
        os.write(writing, data)
    os.utime(writing, ns=(status.st_mtime_ns, status.st_mtime_ns))
    if owner is not None:
        os.fchown(writing, owner, owner)
    os.close(reading)
    os.close(writing)


def limit(plan: dict[str, Any]) -> None:
    """Sets the limits that every process inside inherits and none can raise."""
    for name, value in plan["limits"].items():
        which = getattr(resource, name)
        _, hard = resource.getrlimit(which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))
    # Where the machine itself runs short, the kernel ends what is in here first.
    adjustment = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(adjustment, b"1000")
    os.close(adjustment)


def become(owner: int) -> None:
    """Turns root into a user whom nothing else on the machine belongs to; capabilities go with it."""
    os.setgroups([])
    os.setresgid(owner, owner, owner)
    os.setresuid(owner, owner, owner)


def explain(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the folder is bigger than the sandbox takes"
    return str(error)


main()
