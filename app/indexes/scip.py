"""A SCIP index that somebody else's indexer wrote, as an index of the plan's names."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from app.atoms.cut import line_starts
from app.model.index import MODULE, Answers, Index, IndexAnswer
from app.model.source import SourceFile
from app.parse.text import decode
from app.resolve.local import Places
from app.scip.reading import DEFINITION, ScipDocument, read_index
from app.scip.roots import below_root
from app.sources.source import Source, read_entry

_RULE: Final = "scip"


@dataclass(frozen=True, slots=True)
class ScipIndexer:
    """Takes answers from the file ``index``; `InputError` where it is no index, or one of other files."""

    index: Path
    repeatable: ClassVar[bool] = False

    async def __call__(
        self, source: Source, paths: Sequence[str], packages: Mapping[str, Mapping[str, str]]
    ) -> Index:
        return await asyncio.to_thread(_indexed, self.index, source, paths)


@dataclass(slots=True)
class _Gathered:
    """Where each symbol is defined, and where each is referred to; places as `_Lines.position` gives them."""

    definitions: dict[str, list[tuple[int, int, str]]] = field(default_factory=lambda: defaultdict(list))
    references: dict[int, list[tuple[int, str, str, str]]] = field(default_factory=dict)
    misnamed: int = 0


def _indexed(path: Path, source: Source, paths: Sequence[str]) -> Index:
    numbers = {name: at for at, name in enumerate(paths)}
    entries = {entry.path: entry for entry in source.entries}
    found = _Gathered()
    missing = 0
    for document in below_root(list(read_index(path)), set(paths)):
        entry = entries.get(document.path)
        file = read_entry(entry) if entry is not None else None
        if not isinstance(file, SourceFile):
            missing += 1
            continue
        _gather(found, document, numbers[document.path], file)
    answers: dict[int, Answers] = {}
    for number, references in found.references.items():
        of_file: dict[int, IndexAnswer] = {}
        for position, place, text, symbol in references:
            targets = _targets(found, symbol, text)
            if targets:
                of_file[position] = IndexAnswer(_RULE, place, targets)
        answers[number] = of_file
    problems = []
    if missing:
        problems.append(f"{path.name} is also about {missing} files that are not imported")
    if found.misnamed:
        problems.append(
            f"{path.name} gives {found.misnamed} names a symbol of another name; those were not taken"
        )
    left = [name for name in paths if numbers[name] not in answers]
    if left:
        problems.append(f"{path.name} says nothing about {len(left)} files, such as {left[0]}")
    return Index(f"scip {path.name}", answers, tuple(problems))


def _gather(found: _Gathered, document: ScipDocument, number: int, file: SourceFile) -> None:
    lines = _Lines(file.data, document.encoding)
    references: list[tuple[int, str, str, str]] = []
    for occurrence in document.occurrences:
        local = occurrence.symbol.startswith("local ")
        symbol = f"{document.path} {occurrence.symbol}" if local else occurrence.symbol
        position = lines.position(occurrence.line, occurrence.column)
        end = lines.position(occurrence.end_line, occurrence.end_column)
        text = lines.data[position:end].decode("utf-8", "replace")
        if occurrence.roles & DEFINITION:
            module = end == position or symbol.endswith(("/", ":"))
            found.definitions[symbol].append((number, MODULE if module else position, text))
        elif not local:
            references.append((position, lines.place(position), text, symbol))
    found.references[number] = references


def _targets(found: _Gathered, symbol: str, text: str) -> tuple[tuple[int, int], ...]:
    """Where a symbol is defined under the name that the text has.

    Some indexers give a name the symbol of another one; only imports may call a thing otherwise (`f as g`),
    and there the definition's own name is part of the text.
    """
    defined = found.definitions.get(symbol, ())
    alike = tuple(
        (number, position)
        for number, position, name in defined
        if position == MODULE or name == text or name in text.split()
    )
    if defined and not alike:
        found.misnamed += 1
    return tuple(sorted(set(alike)))


class _Lines:
    """From an index's lines and columns to byte positions in a file's text, and to places."""

    def __init__(self, data: bytes, encoding: str) -> None:
        self.data = decode(data, pep263=True).grammar
        self.encoding = encoding
        self.starts = line_starts(self.data)
        self.place = Places(self.data, self.starts)

    def position(self, line: int, column: int) -> int:
        if line >= len(self.starts):
            return len(self.data)
        start = self.starts[line]
        end = self.starts[line + 1] if line + 1 < len(self.starts) else len(self.data)
        text = self.data[start:end]
        if self.encoding == "utf-8" or text.isascii():
            return min(start + column, end)
        characters = text.decode("utf-8")
        if self.encoding == "utf-16":
            units = characters.encode("utf-16-le")[: column * 2]
            return start + len(units.decode("utf-16-le", "ignore").encode("utf-8"))
        return start + len(characters[:column].encode("utf-8"))
