"""What an import asks of indexes, and what a source's configuration says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.indexes.port import Indexer
from app.model.index import Index
from app.model.source import SourceFile
from app.resolve.projects import Projects, read_projects
from app.sources.source import Source, read_entry


def projects_of(source: Source, paths: Sequence[str]) -> Projects:
    """What the configuration files of a source say about the names of modules."""
    files = [read_entry(entry) for entry in source.configs]
    return read_projects({file.path: file.data for file in files if isinstance(file, SourceFile)}, paths)


def own_packages(source: Source, paths: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """The packages that a source holds, by name and subpath, and their files."""
    return projects_of(source, paths).packages


async def ask(indexers: Sequence[Indexer], source: Source, paths: Sequence[str]) -> tuple[Index, ...]:
    """Every index's answers, in the order in which they are believed."""
    return tuple([await indexer(source, paths) for indexer in indexers])
