"""Dependencies against the references of an independent index, at the granularity of atoms.

Recall asks of every reference of the index whose definition is in the plan whether some dependency leads from
the atom that refers to an atom that defines. Precision asks of every dependency that names its evidence
whether the index agrees at one of those places. Structural dependencies (guards, bodies, overrides) are not
of a reference and are not judged; what the index says nothing about is counted apart as ``silent``.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from app.resolve.local import Place
from app.scip.reading import DEFINITION, Occurrence, ScipDocument

_STRUCTURAL: Final = frozenset(("guard", "body_of", "override"))
_SAMPLES: Final = 25
_SUFFIX: Final = re.compile(r"(#|\.|\(\)\.|/|:)$")


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """A file of the plan: where its atoms begin, and the places where names and attributes are bound.

    ``first`` is the number of its first atom, ``imports`` the places where imports bind, in order,
    ``aliases`` the names that they bind to something of another name; ``lines`` are its lines of text.
    """

    path: str
    first: int
    starts: tuple[Place, ...]
    imports: tuple[Place, ...]
    aliases: frozenset[str]
    bindings: frozenset[Place]
    lines: tuple[str, ...]

    def atom_at(self, place: Place) -> int:
        """The number of the atom that holds a place."""
        return self.first + max(bisect_right(self.starts, place) - 1, 0)


class ScoredEdge(NamedTuple):
    """A dependency between two atoms by their numbers."""

    type: str
    source: int
    target: int
    kinds: tuple[str, ...]
    rule: str
    evidence: tuple[str, ...]


class Sample(NamedTuple):
    """One disagreement, for a person to look at."""

    what: str
    path: str
    place: str
    text: str
    symbol: str
    said: str


Verdict = Literal["right", "wrong", "silent"]

_BEST_FIRST: Final[tuple[Verdict, ...]] = ("right", "wrong", "silent")


@dataclass(slots=True)
class Score:
    """The figures. Keys of ``found``/``missed`` are sorts of symbols, of the verdicts ``type kind rule``."""

    found: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    verdicts: dict[str, Counter[Verdict]] = field(default_factory=lambda: defaultdict(Counter))
    by_rule: dict[str, Counter[Verdict]] = field(default_factory=lambda: defaultdict(Counter))
    totals: Counter[Verdict] = field(default_factory=Counter)
    worst: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    files: int = 0
    unknown_files: int = 0
    misnamed: int = 0
    """Occurrences left out because the index names them otherwise than the text does."""

    @property
    def recall(self) -> float:
        return self.found.total() / max(self.found.total() + self.missed.total(), 1)

    def recall_without(self, sort: str) -> float:
        """Recall where references to this sort of symbols are not asked for."""
        found = self.found.total() - self.found[sort]
        return found / max(found + self.missed.total() - self.missed[sort], 1)

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)

    @property
    def precision(self) -> float:
        return self.totals["right"] / max(self.totals["right"] + self.totals["wrong"], 1)


def compare(
    files: Mapping[str, ScoredFile], edges: Iterable[ScoredEdge], documents: Iterable[ScipDocument]
) -> Score:
    """Hold the edges of a plan's ``files`` (by path) against an index whose paths are the plan's."""
    score = Score()
    index = _Index(files)
    for document in documents:
        file = files.get(document.path)
        if file is None:
            score.unknown_files += 1
            continue
        score.files += 1
        index.add(file, document)
    index.complete()
    score.misnamed = index.misnamed_occurrences
    targets: dict[int, set[int]] = defaultdict(set)
    by_file: dict[str, list[ScoredEdge]] = defaultdict(list)
    for edge in edges:
        if _STRUCTURAL.issuperset(edge.kinds):
            continue
        targets[edge.source].add(edge.target)
        by_file[index.file_of(edge.source).path].append(edge)
    for path, references in index.references.items():
        _recall(score, index, files[path], references, targets)
        _precision(score, index, files[path], references, by_file.get(path, []))
    return score


class _Index:
    """The index by symbol: which atoms define each, and where each is referred to."""

    def __init__(self, files: Mapping[str, ScoredFile]) -> None:
        self.files = sorted(files.values(), key=lambda file: file.first)
        self.firsts = [file.first for file in self.files]
        self.definers: dict[str, set[int]] = defaultdict(set)
        self.references: dict[str, dict[Place, list[str]]] = {}
        self.importers: dict[str, set[int]] = defaultdict(set)
        self.rebound: dict[str, set[int]] = defaultdict(set)
        self.packages: set[str] = set()
        self.misnamed_occurrences = 0

    def file_of(self, atom: int) -> ScoredFile:
        """The file that holds an atom, by its number."""
        return self.files[bisect_right(self.firsts, atom) - 1]

    def add(self, file: ScoredFile, document: ScipDocument) -> None:
        found: dict[Place, list[str]] = defaultdict(list)
        for occurrence in document.occurrences:
            place = _place(file, document, occurrence)
            symbol = occurrence.symbol
            if symbol.startswith("local "):
                symbol = f"{document.path} {symbol}"
            end = _end(file, document, occurrence)
            if self._wrongly_named(file, place, end, symbol):
                self.misnamed_occurrences += 1
                continue
            atom = file.atom_at(place)
            # `import f as g` is one occurrence, from `f` to `g`.
            at = bisect_left(file.imports, place)
            if at < len(file.imports) and file.imports[at] < end:
                self.importers[symbol].add(atom)
            if occurrence.roles & DEFINITION:
                self.definers[symbol].add(atom)
                self.packages.add(_package(symbol))
            elif place in file.bindings:
                self.rebound[symbol].add(atom)
            else:
                # A name may mean several things at once: `{x}` names a property and reads a variable.
                found[place].append(symbol)
        self.references[file.path] = found

    @staticmethod
    def _wrongly_named(file: ScoredFile, place: Place, end: Place, symbol: str) -> bool:
        """Whether the index gives a name in the text a symbol of another name (scip-python does, where a
        class decorates functions: each of them becomes the first; and where a member is called `type`)."""
        name = _name(symbol)
        if name is None or place[0] != end[0] or place[0] > len(file.lines):
            return False
        line = file.lines[place[0] - 1]
        text = line[place[1] - 1 : end[1] - 1]
        if " builtins/" in symbol and symbol.endswith("#") and line[: place[1] - 1].endswith("."):
            return True  # an attribute that only shares its name with a builtin class
        return text.isidentifier() and text != name and text not in file.aliases

    def complete(self) -> None:
        """A variable that is bound again is defined there too, whatever the indexer calls it."""
        for symbol, atoms in self.rebound.items():
            if symbol in self.definers:
                self.definers[symbol] |= atoms
        # An interface and a constant of one name are one name to whoever reads it, and scip-typescript marks
        # references to either with the symbol of one of them.
        merged: dict[str, set[int]] = defaultdict(set)
        in_typescript = [symbol for symbol in self.definers if symbol.startswith("scip-typescript ")]
        for symbol in in_typescript:
            merged[_SUFFIX.sub("", symbol)] |= self.definers[symbol]
        for symbol in in_typescript:
            self.definers[symbol] = merged[_SUFFIX.sub("", symbol)]

    def misnamed(self, symbol: str) -> bool:
        """Whether the index puts a symbol into the plan's own package, but never says where it is defined."""
        return " local " in symbol or _package(symbol) in self.packages


def _name(symbol: str) -> str | None:
    """The name that a symbol's last descriptor gives; None for modules, locals and parameters."""
    if " local " in symbol or not symbol.endswith(("#", ".", "().")):
        return None
    last = symbol.removesuffix("().").rstrip("#.")
    return re.split(r"[/#.]", last)[-1].strip("`") or None


def _package(symbol: str) -> str:
    return " ".join(symbol.split(" ")[:4])


def _recall(
    score: Score,
    index: _Index,
    file: ScoredFile,
    references: Mapping[Place, Sequence[str]],
    targets: Mapping[int, set[int]],
) -> None:
    for place, symbol in ((place, symbol) for place, symbols in references.items() for symbol in symbols):
        definers = index.definers.get(symbol)
        atom = file.atom_at(place)
        if not definers or atom in definers:
            continue
        sort = _sort(symbol)
        if definers & targets.get(atom, set()):
            score.found[sort] += 1
            continue
        score.missed[sort] += 1
        score.worst[file.path] += 1
        _sample(score, "missed", sort, file, place, symbol, "")


def _precision(
    score: Score,
    index: _Index,
    file: ScoredFile,
    references: Mapping[Place, Sequence[str]],
    edges: Sequence[ScoredEdge],
) -> None:
    for edge in edges:
        verdict: Verdict = "silent"
        where: Place = (0, 0)
        for written in edge.evidence:
            line, _, column = written.partition(":")
            place = (int(line), int(column))
            symbols = references.get(place)
            if symbols is None:
                continue
            where = place
            verdicts = {_agrees(index, edge, symbol) for symbol in symbols}
            verdict = next(each for each in _BEST_FIRST if each in verdicts)
            if verdict == "right":
                break
        for kind in edge.kinds:
            score.verdicts[f"{edge.type} {kind}"][verdict] += 1
        for rule in edge.rule.split(","):
            score.by_rule[rule][verdict] += 1
        score.totals[verdict] += 1
        if verdict == "wrong":
            score.worst[file.path] += 1
            _sample(
                score,
                "wrong",
                f"{edge.type} {'/'.join(edge.kinds)} {edge.rule}",
                file,
                where,
                references[where][0],
                _begins(index.file_of(edge.target), edge.target),
            )


def _agrees(index: _Index, edge: ScoredEdge, symbol: str) -> Verdict:
    definers = index.definers.get(symbol, set())
    if edge.target in definers:
        return "right"
    if edge.target in index.importers[symbol]:
        return "right"  # the import that brought the name here
    if "instantiate" in edge.kinds:
        constructors = index.definers.get(f"{symbol}__init__().", set())
        return "right" if edge.target in constructors else "silent" if not constructors else "wrong"
    # Of a symbol that the index places outside: a dependency inside the plan contradicts it.
    return "silent" if not definers and index.misnamed(symbol) else "wrong"


def _place(file: ScoredFile, document: ScipDocument, occurrence: Occurrence) -> Place:
    return _characters(file, document, occurrence.line, occurrence.column)


def _end(file: ScoredFile, document: ScipDocument, occurrence: Occurrence) -> Place:
    return _characters(file, document, occurrence.end_line, occurrence.end_column)


def _characters(file: ScoredFile, document: ScipDocument, line: int, column: int) -> Place:
    if line < len(file.lines) and document.encoding != "utf-32" and not file.lines[line].isascii():
        encoding, unit = ("utf-8", 1) if document.encoding == "utf-8" else ("utf-16-le", 2)
        column = len(file.lines[line].encode(encoding)[: column * unit].decode(encoding, "ignore"))
    return line + 1, column + 1


def _sort(symbol: str) -> str:
    if " local " in symbol:
        return "local"
    if symbol.endswith("()."):
        return "method" if "#" in symbol else "function"
    if symbol.endswith("#"):
        return "class"
    if symbol.endswith((":", "/")):
        return "module"
    if symbol.endswith(")"):
        return "parameter"
    return "attribute" if "#" in symbol else "variable"


def _sample(
    score: Score, what: str, sort: str, file: ScoredFile, place: Place, symbol: str, said: str
) -> None:
    kept = f"{what} {sort}"
    if sum(sample.what == kept for sample in score.samples) < _SAMPLES:
        line = file.lines[place[0] - 1].strip() if place[0] <= len(file.lines) else ""
        score.samples.append(
            Sample(kept, file.path, f"{place[0]}:{place[1]}", line[:160], symbol.rpartition(" ")[2], said)
        )


def _begins(file: ScoredFile, atom: int) -> str:
    return f"{file.path}:{file.starts[atom - file.first][0]}"
