"""What a worker works with, and how a job's handler tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import StoreDown
from app.graph.connect import Graph
from app.indexes.port import Indexer
from app.jobs.records import StageProgress
from app.llm.port import Provider
from app.postgres.connect import Pool
from app.sources import ReadRules

RecordedAnswers = Mapping[tuple[str, int], str]
OpenProvider = Callable[[str, RecordedAnswers], Provider]
"""Opens the provider of a name; the answers are those that a plan brings along."""


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What jobs are done with. ``current_graph`` gives Neo4j as long as it answers: jobs on plans do without it.

    ``parsers`` is the number of parser processes of an import, ``indexers`` are asked by it, ``memory`` keeps what it found
    for the next one. ``workspaces`` has a folder for each plan that is executed, ``parallel_tasks`` gives how many
    tasks of a tenant's plan are executed at a time.
    """

    current_graph: Callable[[], Graph | None]
    pool: Pool
    rules: ReadRules
    uploads: Path
    import_root: Path | None
    parsers: int
    indexers: tuple[Indexer, ...]
    memory: Path
    workspaces: Path
    parallel_tasks: Callable[[str], int]
    open_provider: OpenProvider

    def graph(self) -> Graph:
        """Neo4j, for a job that cannot be done without it; `StoreDown` where it does not answer."""
        graph = self.current_graph()
        if graph is None:
            raise StoreDown("Neo4j does not answer", hint="start it with `mge up`, or check NEO4J_URI")
        return graph


@dataclass(slots=True)
class Stages:
    """How far each stage is, in the order in which they began."""

    reached: dict[str, StageProgress] = field(default_factory=dict)

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.reached[stage] = StageProgress(stage, done, total)

    def list(self) -> tuple[StageProgress, ...]:
        return tuple(self.reached.values())
