"""Comparing a plan in Postgres with its mirror in the graph: one digest of each, and what differs by row."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import TypeAlias

from app.graph.mirror import FoundLink, FoundNode, FoundPlan, Removals
from app.model.mirrored import DEPENDS_ON, HOLDERS, LABELS, Kind, MirroredRow, Part
from app.sync.rows import PlanRows

Link: TypeAlias = tuple[str, Part, Part]


class What(StrEnum):
    """How a row and its mirror can differ."""

    MISSING = "missing in the graph"
    EXTRA = "extra in the graph"
    PROPERTIES = "properties differ"
    LINK_MISSING = "relationship missing"
    LINK_EXTRA = "relationship extra"
    WRONG_PARENT = "in the wrong parent"


@dataclass(frozen=True, slots=True)
class Difference:
    """A way in which a row and its mirror differ. ``names``: which properties, labels or relationships.

    ``pending``: the row has a change in the outbox, which the applier will bring.
    """

    plan_id: str
    part: Part
    what: What
    names: tuple[str, ...]
    pending: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs in a plan; removing the ``removals`` and then writing the ``stale`` rows puts it right.

    ``clear`` are properties that parts of the graph should not have.
    """

    plan_id: str
    rows: int
    postgres_digest: str
    graph_digest: str
    differences: tuple[Difference, ...] = ()
    stale: frozenset[Part] = frozenset()
    clear: Mapping[Part, tuple[str, ...]] = field(default_factory=dict)
    removals: Removals = field(default_factory=Removals)


def compare(plan_id: str, rows: PlanRows, found: FoundPlan) -> Comparison:
    """Compare a plan's digests, and row by row where they differ."""
    expected = {row.part: row for row in rows.rows}
    nodes = [node for node in found.nodes if not _is_code(node, expected)]
    wanted = _expected_links(expected)
    ends = {node.element: node.part for node in nodes}
    links = [(link, ends.get(link.source), ends.get(link.target)) for link in found.links]
    comparison = Comparison(
        plan_id,
        len(expected),
        _digest(
            [_node_line(part, {LABELS[part.kind]}, _of_row(row)) for part, row in expected.items()],
            [_link_line(type_, source, target, plain=True) for type_, source, target in wanted],
        ),
        _digest(
            [_node_line(node.part, node.labels, _of_node(node, expected.get(node.part))) for node in nodes],
            [_link_line(link.type, source, target, plain=link.plain) for link, source, target in links],
        ),
    )
    if comparison.postgres_digest == comparison.graph_digest:
        return comparison
    return _Findings(comparison, rows.pending).by_row(expected, nodes, wanted, links)


class _Findings:
    """What was found to differ so far."""

    def __init__(self, comparison: Comparison, pending: Collection[Part]) -> None:
        self.comparison = comparison
        self.pending = pending
        self.differences: list[Difference] = []
        self.stale: set[Part] = set()
        self.clear: dict[Part, tuple[str, ...]] = {}
        self.nodes: list[str] = []
        self.links: list[str] = []
        self.labels: dict[str, tuple[str, ...]] = {}

    def by_row(
        self,
        expected: Mapping[Part, MirroredRow],
        nodes: Sequence[FoundNode],
        wanted: Collection[Link],
        links: Sequence[tuple[FoundLink, Part | None, Part | None]],
    ) -> Comparison:
        there = {node.part: node for node in nodes}
        for part, row in expected.items():
            if part in there:
                self._properties(row, there[part])
            else:
                self.stale.add(part)
                self._say(part, What.MISSING)
        for node in nodes:
            if node.part not in expected:
                self.nodes.append(node.element)
                self._say(node.part, What.EXTRA, tuple(sorted(node.properties)) if not node.part.id else ())
        self._links(expected, there.keys(), wanted, links)
        done = self.comparison
        return Comparison(
            done.plan_id,
            done.rows,
            done.postgres_digest,
            done.graph_digest,
            tuple(sorted(self.differences, key=lambda each: (each.part, each.what))),
            frozenset(self.stale),
            self.clear,
            Removals(tuple(self.nodes), tuple(self.links), self.labels),
        )

    def _say(self, part: Part, what: What, names: Iterable[str] = (), *others: Part) -> None:
        pending = any(each in self.pending for each in (part, *others))
        self.differences.append(
            Difference(self.comparison.plan_id, part, what, tuple(sorted(names)), pending)
        )

    def _properties(self, row: MirroredRow, node: FoundNode) -> None:
        ours, theirs = _of_row(row), _of_node(node, row)
        names = [name for name in ours.keys() | theirs.keys() if _text(ours, name) != _text(theirs, name)]
        labels = tuple(sorted(node.labels - {LABELS[row.part.kind]}))
        if names or labels:
            self._say(row.part, What.PROPERTIES, [*names, *(f":{label}" for label in labels)])
        if names:
            self.stale.add(row.part)
            self.clear[row.part] = tuple(sorted(theirs.keys() - row.properties.keys()))
        if labels:
            self.labels[node.element] = labels

    def _links(
        self,
        expected: Mapping[Part, MirroredRow],
        there: Collection[Part],
        wanted: Collection[Link],
        links: Sequence[tuple[FoundLink, Part | None, Part | None]],
    ) -> None:
        """Relationships; not those that are missing or extra because a node is."""
        seen: set[Link] = set()
        extra: defaultdict[Part, list[tuple[str, Part | None]]] = defaultdict(list)
        missing: defaultdict[Part, list[tuple[str, Part | None]]] = defaultdict(list)
        for link, source, target in links:
            if source is not None and target is not None:
                named = (link.type, source, target)
                if link.plain and named in wanted and named not in seen:
                    seen.add(named)
                    continue
            self.links.append(link.element)
            if (source is None or source in expected) and (target is None or target in expected):
                owner, other = _owner(link.type, source, target)
                extra[owner].append((link.type, other))
        for type_, source, target in set(wanted) - seen:
            owner, other = _owner(type_, source, target)
            self.stale.add(owner)
            if source in there and target in there:
                missing[owner].append((type_, other))
        for owner in extra.keys() | missing.keys():
            self._links_of(owner, extra[owner], missing[owner])

    def _links_of(
        self, owner: Part, extra: list[tuple[str, Part | None]], missing: list[tuple[str, Part | None]]
    ) -> None:
        holding = HOLDERS[owner.kind][1] if owner.kind in HOLDERS else ""
        moved = {type_ for type_, _ in extra} & {type_ for type_, _ in missing} & {holding}
        for what, found in ((What.LINK_EXTRA, extra), (What.LINK_MISSING, missing)):
            rest = [each for each in found if each[0] not in moved]
            if rest:
                others = [other for _, other in rest if other is not None]
                self._say(owner, what, [_shown(*each) for each in rest], *others)
        if moved:
            parents = [each for each in extra if each[0] in moved]
            others = [other for _, other in parents if other is not None]
            self._say(owner, What.WRONG_PARENT, [_shown(*each) for each in parents], *others)


def _is_code(node: FoundNode, expected: Collection[Part]) -> bool:
    """A plan that came by an import of code: the mirror has nothing to do with it."""
    return node.part.kind is Kind.PLAN and node.part not in expected and "row_version" not in node.properties


def _expected_links(rows: Mapping[Part, MirroredRow]) -> frozenset[Link]:
    links: set[Link] = set()
    for part, row in rows.items():
        if part.kind in HOLDERS:
            kind, type_ = HOLDERS[part.kind]
            links.add((type_, Part(kind, row.parent_id), part))
        needs = (Part(part.kind, needed) for needed in row.needs)
        links |= {(DEPENDS_ON, part, needed) for needed in needs if needed in rows}
    return frozenset(links)


def _owner(type_: str, source: Part | None, target: Part | None) -> tuple[Part, Part | None]:
    """The part whose row says that there is such a relationship, and the part at the other end."""
    first, second = (source, target) if type_ == DEPENDS_ON else (target, source)
    if first is not None:
        return first, second
    assert second is not None
    return second, None


def _shown(type_: str, other: Part | None) -> str:
    return f"{type_} {other.kind} {other.id}" if other is not None else f"{type_} another node"


def _of_row(row: MirroredRow) -> dict[str, object]:
    """The properties that the row's node should have; times by what they mean, not how they are written."""
    return {
        name: _time(value) if name.endswith("_at") and isinstance(value, str) else value
        for name, value in row.properties.items()
        if value is not None
    }


def _of_node(node: FoundNode, row: MirroredRow | None) -> dict[str, object]:
    """The properties of a node; of a plan that holds code too, those that are mirrored."""
    of_both = row is not None and "build_id" in node.properties
    return {
        name: {"time": value.astimezone(UTC).isoformat()} if isinstance(value, datetime) else value
        for name, value in node.properties.items()
        if not of_both or row is None or name in row.properties
    }


def _time(text: str) -> object:
    try:
        return {"time": datetime.fromisoformat(text).astimezone(UTC).isoformat()}
    except ValueError:
        return text  # before year 1, after 9999, or infinity


def _text(properties: Mapping[str, object], name: str) -> str:
    return json.dumps(properties[name], sort_keys=True) if name in properties else ""


def _node_line(part: Part, labels: Iterable[str], properties: Mapping[str, object]) -> str:
    return json.dumps([part.kind, part.id, sorted(labels), properties], sort_keys=True)


def _link_line(type_: str, source: Part | None, target: Part | None, *, plain: bool) -> str:
    ends = [[end.kind, end.id] if end is not None else None for end in (source, target)]
    return json.dumps([type_, ends, plain])


def _digest(nodes: Iterable[str], links: Iterable[str]) -> str:
    """SHA-256, in hex, over nodes and relationships in whatever order they come."""
    digest = sha256()
    for lines in (sorted(nodes), sorted(links)):
        digest.update("\n".join([*lines, ""]).encode())
    return digest.hexdigest()
