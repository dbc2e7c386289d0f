"""One file that holds the bytes of many: their names never reach the file system."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self


class Spool:
    """A file that bytes are added to while the ``with`` block runs; the path must not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("xb")
        self._end = 0

    def store(self, chunks: Iterable[bytes]) -> tuple[int, int]:
        """Adds the chunks; where they begin and how many bytes they were."""
        start = self._end
        for chunk in chunks:
            self._file.write(chunk)
            self._end += len(chunk)
        return start, self._end - start

    def read(self, offset: int, size: int) -> bytes:
        self._file.flush()
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
