"""What an import tells while it runs and when it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol, Self

from app.graph.publish import PublishResult
from app.model.atom import FileRecord
from app.model.dependency import DependencyType, LinkCounts
from app.sources.source import Source

_LINES_THAT_DEFINE: Final = 50


class Progress(Protocol):
    """Told how far a stage is; ``total`` is -1 where it is not known yet."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import found and did; ``seconds`` by stage, ``rates`` of a second."""

    plan_id: str
    project_name: str
    revision: str
    files: int
    bytes: int
    code_lines: int
    atoms: int
    dependencies: dict[str, int]
    symbols: int
    externals: int
    references: dict[str, int]
    unresolved: dict[str, int]
    recovered: int
    opaque: int
    reasons: tuple[tuple[str, str, str], ...]
    """Path, status and reason of each file that did not parse whole."""
    skipped: tuple[tuple[str, str], ...]
    indexes: tuple[str, ...]
    """The engines that were asked what names mean, before the own resolver."""
    warnings: tuple[str, ...]
    """What was not done as a person would expect."""
    other_files: int
    cycles: int
    cut: int
    waves: int
    widest_wave: int
    analysed: int
    """Files that were read anew; all of them where this was a whole import."""
    linked: int
    """Files whose references were settled anew."""
    removed: int
    """Files that are gone since the last import, where this was no whole one."""
    seconds: dict[str, float] = field(default_factory=dict)


class FileFigures(NamedTuple):
    """What a result counts of one file."""

    record: FileRecord
    counts: LinkCounts
    symbols: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a plan's files come to; ``reasons`` as in `ImportResult`, ``silent`` are warnings."""

    statuses: Counter[str]
    bytes: int
    code_lines: int
    atoms: int
    dependencies: Counter[DependencyType]
    references: Counter[str]
    unresolved: Counter[str]
    reasons: tuple[tuple[str, str, str], ...]
    silent: tuple[str, ...]

    @classmethod
    def of(cls, files: Sequence[FileFigures]) -> Self:
        """Add up the files of a plan, in their order."""
        dependencies: Counter[DependencyType] = Counter()
        references: Counter[str] = Counter()
        unresolved: Counter[str] = Counter()
        for _, counts, _ in files:
            dependencies.update(counts.dependencies)
            references.update(resolved=counts.resolved, external=counts.external, builtin=counts.builtin)
            unresolved.update(counts.unresolved)
        records = [file.record for file in files]
        return cls(
            Counter(record.parse_status for record in records),
            sum(record.bytes for record in records),
            sum(record.loc for record in records),
            sum(record.atoms for record in records),
            dependencies,
            references,
            unresolved,
            tuple((r.path, r.parse_status, r.reason) for r in records if r.parse_status != "ok"),
            _silent(files),
        )


@dataclass(frozen=True, slots=True)
class Built:
    """What the graph holds of a plan besides what its files come to."""

    build_id: str
    symbols: int
    externals: int
    cycles: int
    cut: int
    waves: int
    widest_wave: int

    @classmethod
    def of(cls, published: PublishResult, symbols: int, externals: int) -> Self:
        """What was published."""
        return cls(
            published.build_id,
            symbols,
            externals,
            published.cycles,
            published.cut_edges,
            published.waves,
            published.widest_wave,
        )


@dataclass(frozen=True, slots=True)
class Touched:
    """How many files were analysed and linked, and how many were gone; as in `ImportResult`."""

    analysed: int
    linked: int
    removed: int


def import_result(
    source: Source,
    *,
    plan_id: str,
    name: str,
    figures: Figures,
    built: Built,
    touched: Touched,
    indexes: Iterable[str],
    problems: Iterable[str],
    seconds: dict[str, float],
) -> ImportResult:
    """What an import tells when it is done; ``problems`` are those of the indexes."""
    return ImportResult(
        plan_id=plan_id,
        project_name=name,
        revision=source.revision,
        files=figures.statuses.total(),
        bytes=figures.bytes,
        code_lines=figures.code_lines,
        atoms=figures.atoms,
        dependencies=dict(sorted(figures.dependencies.items())),
        symbols=built.symbols,
        externals=built.externals,
        references=dict(figures.references),
        unresolved=dict(figures.unresolved),
        recovered=figures.statuses["recovered"],
        opaque=figures.statuses["opaque"],
        reasons=figures.reasons,
        skipped=tuple((skipped.path, skipped.reason) for skipped in source.skipped),
        indexes=tuple(engine for engine in indexes if engine),
        warnings=(*(problem for problem in problems if problem), *figures.silent),
        other_files=source.others,
        cycles=built.cycles,
        cut=built.cut,
        waves=built.waves,
        widest_wave=built.widest_wave,
        analysed=touched.analysed,
        linked=touched.linked,
        removed=touched.removed,
        seconds=seconds,
    )


def _silent(files: Iterable[FileFigures]) -> tuple[str, ...]:
    """A warning for each language of which there is code, but not one definition: most likely it was not
    understood.
    """
    lines: Counter[str] = Counter()
    count: Counter[str] = Counter()
    defining: set[str] = set()
    for record, _, symbols in files:
        lines[record.language] += record.loc
        count[record.language] += 1
        if symbols:
            defining.add(record.language)
    return tuple(
        f"no definition was found in {count[language]} {language} files of {lines[language]} code lines"
        for language in sorted(lines.keys() - defining)
        if lines[language] >= _LINES_THAT_DEFINE
    )
