"""From pieces to atoms: which neighbours share an atom, and which pieces must be opened.

An atom has at most 15 code lines and a cyclomatic complexity of at most 3, unless it is one single
statement or literal that cannot be opened. Among the ways to group a run of neighbouring pieces the
cheapest is taken, by dynamic programming: values that cross a border cost, and so does being far from
ten lines; what belongs together is kept together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Final

from app.model.atom import AtomKind
from app.model.facts import Facts, Piece

MAX_LOC: Final = 15
MAX_COMPLEXITY: Final = 3
_AIM: Final = 10
# Several statements on one line are one code line; minified text needs a limit of its own.
_MAX_GROUP_BYTES: Final = 1600
# Two definitions share an atom only where each is a line or two: one responsibility an atom.
_TINY_BYTES: Final = 160


@dataclass(frozen=True, slots=True)
class Cut:
    """One atom to be: the byte range ``start`` to ``end`` of the file, and what stands in it.

    ``pieces`` are the leaf pieces, in order. ``indivisible``: larger than an atom may be, and one statement.
    """

    start: int
    end: int
    kind: AtomKind
    loc: int
    complexity: int
    indivisible: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Governed:
    """A leaf piece with the heads that decide whether it runs, from the outermost to the nearest."""

    piece: Piece
    heads: tuple[Piece, ...]


@dataclass(slots=True)
class _Measure:
    """Code lines, decisions and crossing values between two offsets."""

    text: bytes
    code_lines: bytes
    decisions: Sequence[int]
    crossings: Sequence[tuple[int, int]]
    line_starts: list[int] = field(default_factory=list)
    code_before: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.line_starts = line_starts(self.text)
        self.code_before = [0, *accumulate(self.code_lines)]

    def line(self, offset: int) -> int:
        return bisect_left(self.line_starts, offset + 1) - 1

    def loc(self, start: int, end: int) -> int:
        if end <= start:
            return 0
        return self.code_before[self.line(end - 1) + 1] - self.code_before[self.line(start)]

    def complexity(self, start: int, end: int) -> int:
        return 1 + bisect_left(self.decisions, end) - bisect_left(self.decisions, start)

    def fits(self, start: int, end: int) -> bool:
        return self.loc(start, end) <= MAX_LOC and self.complexity(start, end) <= MAX_COMPLEXITY


def line_starts(text: bytes) -> list[int]:
    """Offsets at which lines begin, ``0`` first; a line ends with its line feed."""
    starts = [0]
    at = text.find(b"\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find(b"\n", at + 1)
    return starts


def cut(facts: Facts, grammar: bytes) -> tuple[Cut, ...]:
    """The file's atoms in order; together they are all of its bytes. No pieces: one atom, or none if empty."""
    if not facts.pieces:
        if not grammar:
            return (Cut(0, 0, "empty", 0, 1, False, ()),)
        measure = _Measure(grammar, facts.code_lines, facts.decisions, ())
        loc = measure.loc(0, len(grammar))
        return (Cut(0, len(grammar), "doc", loc, 1, loc > MAX_LOC, ()),)
    measure = _Measure(grammar, facts.code_lines, facts.decisions, live_ranges(facts))
    leaves = list(_leaves(facts.pieces, measure))
    borders = _borders(leaves, grammar)
    groups = _group(leaves, borders, measure)
    return tuple(
        _describe(leaves[first:last], borders[first], borders[last], measure) for first, last in groups
    )


def governors(pieces: Sequence[Piece]) -> dict[int, tuple[tuple[int, str], ...]]:
    """For the start of every piece, the starts of its governing heads with what they do (`guard`, `body_of`).

    Nearest first. A definition's own head does not govern itself.
    """
    found: dict[int, tuple[tuple[int, str], ...]] = {}
    pending: list[tuple[Sequence[Piece], tuple[tuple[int, str], ...]]] = [(pieces, ())]
    while pending:
        siblings, outer = pending.pop()
        for piece in siblings:
            around = outer
            at = piece.governor
            chain: list[tuple[int, str]] = []
            while at >= 0:
                head = siblings[at]
                chain.append((head.start, head.governs))
                at = head.governor
            around = (*chain, *outer)
            if piece.parts:
                pending.append((piece.parts, around))
            found.setdefault(piece.start, around)
    return found


def live_ranges(facts: Facts) -> tuple[tuple[int, int], ...]:
    """For each local variable of each scope, from its first binding to its last use."""
    first: dict[tuple[int, str], int] = {}
    last: dict[tuple[int, str], int] = {}
    for binding in facts.bindings:
        key = (binding.scope, binding.name)
        if key not in first or binding.pos < first[key]:
            first[key] = binding.pos
    for expression in facts.expressions:
        if expression.kind != "name":
            continue
        scope = expression.scope
        while scope >= 0 and (scope, expression.name) not in first:
            scope = facts.scopes[scope].parent
        if scope > 0:
            key = (scope, expression.name)
            last[key] = max(last.get(key, -1), expression.pos)
    return tuple(sorted((first[key], use) for key, use in last.items() if use > first[key]))


def _leaves(pieces: Sequence[Piece], measure: _Measure) -> Sequence[Piece]:
    """Pieces as coarse as the limits allow, in file order."""
    leaves: list[Piece] = []
    pending = list(reversed(pieces))
    while pending:
        piece = pending.pop()
        if piece.parts and not measure.fits(piece.start, piece.end):
            pending.extend(reversed(piece.parts))
        else:
            leaves.append(piece)
    return leaves


def _borders(leaves: Sequence[Piece], text: bytes) -> list[int]:
    """Where atoms may end: before each leaf, and the end of the file."""
    borders = [0]
    for before, after in pairwise(leaves):
        borders.append(_border(text, before.end, after.start))
    borders.append(len(text))
    return borders


def _border(text: bytes, end: int, start: int) -> int:
    """The border in the gap between two pieces: after the line that the first ends on, else before the second.

    The gap holds white space, separators and comments only, so a block comment is all there is to skip.
    """
    at = end
    while at < start:
        newline = text.find(b"\n", at, start)
        if newline < 0:
            return start
        block = text.find(b"/*", at, newline)
        if block < 0 or any(mark >= 0 for mark in (text.find(b"//", at, block), text.find(b"#", at, block))):
            return newline + 1
        close = text.find(b"*/", block + 2, start)
        if close < 0:
            return newline + 1
        if text.find(b"\n", block, close) >= 0 and at == end and not text[end:block].strip(b" \t;,"):
            # A block comment that begins on the line and runs on describes what follows.
            return block
        at = close + 2
    return start


_FAMILY: Final = {"import": "import", "constant": "constant", "doc": "doc"}


def _group(leaves: Sequence[Piece], borders: Sequence[int], measure: _Measure) -> list[tuple[int, int]]:
    """Index ranges of leaves that become atoms: the cheapest partition into groups within the limits."""
    crossing = _crossing_counts(leaves, measure)
    code_to = [measure.code_before[measure.line(leaf.end - 1) + 1] for leaf in leaves]
    code_from = [measure.code_before[measure.line(leaf.start)] for leaf in leaves]
    decided_to = [bisect_left(measure.decisions, leaf.end) for leaf in leaves]
    decided_from = [bisect_left(measure.decisions, leaf.start) for leaf in leaves]
    joins = [True, *(_joins(a, b, measure) for a, b in pairwise(leaves))]
    opening = [_opening_cost(leaf, borders[at], at, measure) for at, leaf in enumerate(leaves)]
    # A guarding head at the end of a group is parted from everything that it decides about.
    parting = [2.0 if leaf.role == "head" and leaf.governs == "guard" else 0.0 for leaf in leaves]
    best: list[float] = [0.0]
    choice: list[int] = [0]
    for last in range(len(leaves)):
        cheapest = float("inf")
        chosen = last
        for first in range(last, -1, -1):
            loc = code_to[last] - code_from[first]
            if first < last and (
                not joins[first + 1]
                or loc > MAX_LOC
                or decided_to[last] - decided_from[first] >= MAX_COMPLEXITY
                or leaves[last].end - leaves[first].start > _MAX_GROUP_BYTES
            ):
                break
            size = ((loc - _AIM) / 5.0) ** 2 if loc < _AIM else (loc - _AIM) / 10.0
            cost = best[first] + 4.0 + size + opening[first] + (parting[last] if first < last else 0.0)
            cost += crossing[first] if first else 0.0
            if cost < cheapest:
                cheapest, chosen = cost, first
        best.append(cheapest)
        choice.append(chosen)
    groups: list[tuple[int, int]] = []
    last = len(leaves)
    while last > 0:
        groups.append((choice[last], last))
        last = choice[last]
    groups.reverse()
    return groups


def _opening_cost(leaf: Piece, border: int, at: int, measure: _Measure) -> float:
    """What it costs, or saves, that an atom begins with this leaf."""
    cost = 6.0 if leaf.role == "tail" else 0.0
    if at and b"\n" in measure.text[border : leaf.start]:
        # People put blank lines and comments where a new thought begins.
        cost -= 1.5
    return cost


def _crossing_counts(leaves: Sequence[Piece], measure: _Measure) -> list[float]:
    """For the border before each leaf, what it costs that values cross it (0 to 4)."""
    events: list[tuple[int, int]] = []
    for start, end in measure.crossings:
        events.append((start, 1))
        events.append((end, -1))
    events.sort()
    costs: list[float] = []
    live = 0
    at = 0
    for leaf in leaves:
        while at < len(events) and events[at][0] < leaf.start:
            live += events[at][1]
            at += 1
        costs.append(min(live, 8) * 0.5)
    return costs


def _is_definition(piece: Piece) -> bool:
    return bool(piece.name) and piece.kind not in ("constant", "statement")


def _joins(before: Piece, after: Piece, measure: _Measure) -> bool:
    """Whether a border between two leaves may be left out."""
    if after.role == "tail":
        return True
    if "opaque" in (before.kind, after.kind):
        return False
    if _is_definition(before) or _is_definition(after):
        # A head stays with the first statements of its body; two definitions share an atom only when tiny.
        if before.role == "head" and before.governs == "body_of":
            return not _is_definition(after) and before.kind not in ("class", "interface", "namespace")
        if after.role == "head" and after.parts == () and after.governs == "body_of":
            return False
        return (
            before.role != "head"
            and before.kind == after.kind
            and before.end - before.start <= _TINY_BYTES
            and after.end - after.start <= _TINY_BYTES
        )
    return _FAMILY.get(before.kind, "") == _FAMILY.get(after.kind, "") or "doc" in (before.kind, after.kind)


_WHOLE: Final[dict[str, AtomKind]] = {
    "function": "function",
    "method": "method",
    "class": "class",
    "interface": "interface",
    "type": "type",
    "enum": "enum",
    "namespace": "namespace",
}
_HEAD: Final[dict[str, AtomKind]] = {
    "function": "function_head",
    "method": "method_head",
    "class": "class_head",
    "interface": "interface",
    "enum": "enum",
    "namespace": "namespace",
}


def _describe(group: Sequence[Piece], start: int, end: int, measure: _Measure) -> Cut:
    low, high = group[0].start, group[-1].end
    loc, complexity = measure.loc(low, high), measure.complexity(low, high)
    indivisible = len(group) == 1 and (loc > MAX_LOC or complexity > MAX_COMPLEXITY)
    return Cut(start, end, _kind(group), loc, complexity, indivisible, tuple(group))


def _kind(group: Sequence[Piece]) -> AtomKind:
    defining = [piece for piece in group if _is_definition(piece)]
    if defining:
        piece = defining[0]
        whole = piece.role != "head" or piece.governs != "body_of"
        return (_WHOLE if whole else _HEAD).get(piece.kind, "block")
    kinds = {piece.kind for piece in group if piece.kind != "doc"}
    if not kinds:
        return "doc"
    if kinds == {"import"}:
        return "import"
    if kinds == {"constant"}:
        return "constant"
    if kinds == {"opaque"}:
        return "opaque"
    return "block"
