"""What an import asks of indexes, and what a source's configuration says."""

from __future__ import annotations

from collections.abc import Sequence

from app.indexes.port import Indexer
from app.model.index import Index
from app.model.source import SourceFile
from app.resolve.projects import Projects
from app.sources.source import Source, read_entry


def read_configs(source: Source) -> dict[str, bytes]:
    """The configuration files of a source that can be read."""
    files = [read_entry(entry) for entry in source.configs]
    return {file.path: file.data for file in files if isinstance(file, SourceFile)}


async def ask(
    indexers: Sequence[Indexer], source: Source, paths: Sequence[str], projects: Projects
) -> tuple[Index, ...]:
    """Every index's answers, in the order in which they are believed."""
    return tuple([await indexer(source, paths, projects.packages) for indexer in indexers])
