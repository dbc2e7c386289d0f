"""What an import tells while it runs and when it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from app.model.atom import FileRecord

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


def without_symbols(records: Iterable[FileRecord], defining: Collection[str]) -> Iterator[str]:
    """A warning for each language of which there is code, but not one definition (``defining`` have some): most
    likely it was not understood.
    """
    lines: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for record in records:
        lines[record.language] += record.loc
        files[record.language] += 1
    for language in sorted(lines.keys() - set(defining)):
        if lines[language] >= _LINES_THAT_DEFINE:
            yield f"no definition was found in {files[language]} {language} files of {lines[language]} code lines"
