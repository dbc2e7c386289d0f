"""What was found to read, and how one file of it is read, in this process or another."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from app.model.source import SourceFile


@dataclass(frozen=True, slots=True)
class ReadRules:
    """What may be read, and how much.

    ``readable`` holds suffixes (``.py``) and whole file names; a name counts by what follows its last
    dot. ``configs`` are name patterns of files that tell how a project is built. ``include`` and ``exclude`` are patterns as in a `.gitignore`, relative to the source's root.
    ``everything``: a file may be read whatever its name, also one that a `.gitignore` names.
    ``max_files`` and ``max_total_bytes`` count the files that are chosen; for an archive the bytes of
    everything that has to be unpacked count.
    """

    readable: frozenset[str]
    max_files: int
    max_file_bytes: int
    max_total_bytes: int
    max_archive_ratio: int
    configs: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    everything: bool = False

    @property
    def max_members(self) -> int:
        """How many files of any kind an archive or a commit may list."""
        return 10 * self.max_files


@dataclass(frozen=True, slots=True)
class Entry:
    """A file to read: plain values, so that it can be sent to a worker process.

    ``path`` is unique and relative, with ``/``. ``size`` is the size when it was listed. The bytes are the
    whole file ``raw`` below the folder ``root``, or, where ``offset`` is not negative, ``size`` bytes
    of the file ``root``. ``limit`` is the most that is read.
    """

    path: str
    size: int
    root: str
    raw: bytes
    offset: int
    limit: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is not read although it may look as if it should be, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """Everything that is read of a folder, file, archive or repository.

    ``entries`` is sorted by the bytes of the path. ``configs`` tell how projects in it are built; they are no
    code and count among the others. ``others`` counts the files that no rule left out but that
    are not readable by name; ``ignored`` counts what `.gitignore` files named (a folder counts once).
    ``revision`` is the commit, ``""`` where none was asked for. ``private`` is a folder to remove at the end.
    """

    name: str
    entries: tuple[Entry, ...]
    skipped: tuple[Skipped, ...]
    others: int
    ignored: int
    revision: str = ""
    configs: tuple[Entry, ...] = ()
    private: Path | None = None

    def close(self) -> None:
        if self.private is not None:
            shutil.rmtree(self.private, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_entry(entry: Entry) -> SourceFile | Skipped:
    """The bytes of one entry, or why they cannot be had any more (vanished, no permission, replaced)."""
    try:
        if entry.offset >= 0:
            with Path(entry.root).open("rb") as file:
                file.seek(entry.offset)
                return SourceFile(entry.path, file.read(entry.size))
        with os.fdopen(open_below(entry.root, entry.raw), "rb") as file:
            data = file.read(entry.limit + 1)
    except OSError as error:
        return Skipped(entry.path, reason_of(error))
    if len(data) > entry.limit:
        return Skipped(entry.path, f"grew beyond {entry.limit} bytes while the import ran")
    return SourceFile(entry.path, data)


def open_below(root: str, raw: bytes) -> int:
    """A descriptor of the regular file ``raw`` below ``root``; no link is followed and nothing blocks.

    Each folder is opened on its own, so that a folder swapped for a link cannot lead out of ``root``.
    Raises OSError.
    """
    *folders, name = raw.split(b"/")
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = inner
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError("not a regular file")
    return file


def reason_of(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
