"""What the processes of a sandbox hold together, which no limit of the kernel's on one process bounds."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_LOOK_SECONDS: Final = 0.05
_LOOK_SHARE: Final = 20  # times what a look takes are left to others between two
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_MEGABYTE: Final = 1024 * 1024
_MOST_FILES: Final = 100_000


async def exceeds(first: int, memory_mb: int, places: Sequence[str]) -> tuple[bool, str]:
    """Waits until the processes under ``first`` hold too much; returns whether it was memory, and what in words.

    ``places`` are the sandbox's own file systems, whose files cost memory even when they are empty.
    """
    pause = _LOOK_SECONDS
    while True:
        await asyncio.sleep(pause)
        began = time.monotonic()
        processes = list(_tree(first))
        # Shared pages count once in the second number, which costs the kernel a walk through every mapping.
        if sum(map(_resident, processes)) > memory_mb * _MEGABYTE:
            used = sum(map(_proportional, processes))
            if used > memory_mb * _MEGABYTE:
                return (
                    True,
                    f"its processes held {used // _MEGABYTE} MB together, and {memory_mb} MB is the limit",
                )
        if _files(first, places) > _MOST_FILES:
            return False, f"it made more than {_MOST_FILES} files"
        pause = max(_LOOK_SECONDS, _LOOK_SHARE * (time.monotonic() - began))


def _tree(first: int) -> Iterator[int]:
    waiting = [first]
    while waiting:
        process = waiting.pop()
        yield process
        try:
            for thread in Path(f"/proc/{process}/task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
        except OSError:
            continue


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _proportional(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return _resident(process)
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _files(first: int, places: Sequence[str]) -> int:
    used = 0
    for place in places:
        try:
            found = os.statvfs(f"/proc/{first}/root{place}")
        except OSError:
            continue
        used += found.f_files - found.f_ffree
    return used
