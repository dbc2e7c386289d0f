"""What an index is asked, and where."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from app.model.index import Index
from app.sources.source import Entry, Skipped, Source, read_entry


class Indexer(Protocol):
    """Answers for a source; ``paths`` are its files in the order of their numbers, ``packages`` its own packages:
    the files that they give, by package and subpath.

    What cannot be answered is said in the index's ``problems``; it never ends an import.
    """

    @property
    def repeatable(self) -> bool:
        """Whether the same source gives the same answers at any later time."""
        ...

    async def __call__(
        self, source: Source, paths: Sequence[str], packages: Mapping[str, Mapping[str, str]]
    ) -> Index: ...


@contextmanager
def on_disk(source: Source, entries: Sequence[Entry]) -> Iterator[Path]:
    """A folder that holds these files of a source under the names that they have in the plan."""
    roots = {entry.root for entry in entries}
    if len(roots) == 1 and all(entry.offset < 0 and entry.raw == entry.path.encode() for entry in entries):
        yield Path(roots.pop())
        return
    with TemporaryDirectory(prefix="mge-index-", dir=source.private, ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve()
        for entry in entries:
            file = read_entry(entry)
            if not isinstance(file, Skipped):
                target = root / file.path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.data)
        try:
            yield root
        finally:
            shutil.rmtree(root, ignore_errors=True)
