"""From references to dependencies: settle what waits for other files, and gather the evidence."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from app.model.dependency import Dependency, DependencyType, Ecosystem, ExternalReference, LinkCounts
from app.model.index import MODULE, Answers, IndexAnswer
from app.resolve import control_deps, data_deps, import_deps, type_deps
from app.resolve.evaluate import Evaluator, Reference, Value
from app.resolve.modules import is_python
from app.resolve.spaces import in_space
from app.resolve.summary import Bound, Entity, FileSummary, Pending, Term

_DEFINING: Final = frozenset(("function", "class", "interface", "type", "enum", "namespace"))
_SEVERAL: Final = 0.9
"""Confidence where a receiver may be one of several things."""


@dataclass(frozen=True, slots=True)
class Linked:
    """The dependencies of one file's atoms, in a fixed order, and what became of its references."""

    dependencies: tuple[Dependency, ...]
    externals: tuple[ExternalReference, ...]
    counts: LinkCounts


@dataclass(slots=True)
class _Evidence:
    """What has been found so far for one dependency."""

    kinds: set[str] = field(default_factory=set)
    symbols: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    """Names of the module itself; they count where nothing in it is named."""
    places: dict[int, str] = field(default_factory=dict)
    rules: set[str] = field(default_factory=set)
    confidence: float = 0.0
    type_only: bool = True


@dataclass(frozen=True, slots=True)
class Atoms:
    """Where the atoms of every file are.

    ``bases[f]`` is the number of file ``f``'s first atom, ``starts[f]`` the byte positions where its atoms begin.
    """

    bases: Sequence[int]
    starts: Sequence[Sequence[int]]

    def at(self, file: int, position: int) -> int:
        """The number of the atom that holds a position."""
        return self.bases[file] + max(bisect_right(self.starts[file], position) - 1, 0)


def link_file(
    evaluator: Evaluator, file: int, summary: FileSummary, atoms: Atoms, answers: Answers | None = None
) -> Linked:
    """All dependencies from the atoms of ``file``.

    Where an index has an answer, it goes before what the evaluator says of the same name; the rest stays.
    """
    return _Link(evaluator, file, summary, atoms, answers or {}).run()


def _of_unnamed(pending: Pending) -> tuple[DependencyType, str]:
    """Type and kind of a dependency on something that is no entity: a parameter, a property of an anonymous type."""
    if pending.is_import:
        return "IMPORT_DEP", "binding"
    if pending.context in ("call", "instantiate", "decorate"):
        return "CONTROL_DEP", pending.context
    if pending.context in ("base", "annotation", "type_argument", "cast", "check"):
        return "TYPE_DEP", pending.context
    return "DATA_DEP", "attribute"


class _Link:
    """The evidence of one file's dependencies while it is gathered."""

    def __init__(
        self, evaluator: Evaluator, file: int, summary: FileSummary, atoms: Atoms, answers: Answers
    ) -> None:
        self.evaluator = evaluator
        self.file = file
        self.summary = summary
        self.atoms = atoms
        self.bases = atoms.bases
        self.answers = answers
        self.found: dict[tuple[DependencyType, int, int], _Evidence] = {}
        self.externals: dict[tuple[int, Ecosystem, str, str], dict[int, str]] = {}
        self.outcome: Counter[str] = Counter(resolved=summary.settled)
        self.unresolved: Counter[str] = Counter()

    def run(self) -> Linked:
        base = self.bases[self.file]
        for edge in self.summary.edges:
            self._add(
                edge.type,
                base + edge.source,
                base + edge.target,
                edge.kind,
                edge.symbol,
                edge.pos,
                edge.place,
                edge.rule,
                edge.confidence,
                edge.type_only,
            )
        asked: set[int] = set()
        for pending in self.summary.pending:
            answer = None if pending.through_value else self.answers.get(pending.pos)
            if answer is None:
                self._settle(pending)
            else:
                asked.add(pending.pos)
                self._take(pending, answer)
        asked.update(edge.pos for edge in self.summary.edges)
        for position, answer in self.answers.items():
            if position not in asked:
                self._add_unasked(position, answer)
        self._overrides()
        return Linked(
            tuple(
                Dependency(
                    type_,
                    source,
                    target,
                    tuple(sorted(evidence.kinds)),
                    tuple(sorted(evidence.symbols or evidence.modules)),
                    tuple(evidence.places[pos] for pos in sorted(evidence.places)),
                    ",".join(sorted(evidence.rules)),
                    evidence.confidence,
                    evidence.type_only,
                )
                for (type_, source, target), evidence in sorted(self.found.items(), key=lambda item: item[0])
            ),
            tuple(
                ExternalReference(
                    source, ecosystem, package, name, tuple(places[pos] for pos in sorted(places))
                )
                for (source, ecosystem, package, name), places in sorted(self.externals.items())
            ),
            LinkCounts(
                dict(sorted(Counter(type_ for type_, _, _ in self.found).items())),
                self.outcome["resolved"],
                self.outcome["external"],
                self.outcome["builtin"],
                dict(sorted(self.unresolved.items())),
            ),
        )

    def _add(
        self,
        type_: DependencyType,
        source: int,
        target: int,
        kind: str,
        symbol: str,
        pos: int,
        place: str,
        rule: str,
        confidence: float,
        type_only: bool,
    ) -> None:
        evidence = self.found.setdefault((type_, source, target), _Evidence())
        evidence.kinds.add(kind)
        if symbol:
            (evidence.modules if kind == "module" else evidence.symbols).add(symbol)
        evidence.places[pos] = place
        evidence.rules.add(rule)
        evidence.confidence = max(evidence.confidence, confidence)
        evidence.type_only = evidence.type_only and type_only

    def _settle(self, pending: Pending) -> None:
        references, outside = self.evaluator.references(self.file, pending.term)
        term = pending.term
        if pending.is_import and term is not None and term[3]:
            # `import a.b` binds a, and runs and brings a.b as well.
            references += self.evaluator.references(self.file, ("import", term[3], "", ""))[0]
        elif references and term is not None and term[0] == "global":
            star = self.evaluator.star_import_of(self.file, pending.symbol)
            if star is not None:
                base = self.bases[self.file]
                self._edge("IMPORT_DEP", pending, base + pending.atom, base + star, "use", "star", 1.0)
        for value in outside:
            self._leave(pending, value)
        if not references and not outside:
            if not pending.through_value and (term is None or term[0] != "keyword"):
                self.unresolved[self._reason(pending.term)] += 1
            return
        if not pending.through_value:
            self.outcome["resolved" if references else cast("str", outside[0][0])] += 1
        entities = [reference for reference in references if reference[0] == "entity"]
        confidence = 1.0 if len(entities) < 2 else _SEVERAL
        for reference in references:
            self._refer(pending, reference, confidence)

    def _take(self, pending: Pending, answer: IndexAnswer) -> None:
        """Settle a reference by what an index says of it."""
        if not answer.targets:
            _, outside = self.evaluator.references(self.file, pending.term)
            self.outcome["external" if answer.outside else "builtin"] += 1
            for value in outside or (("external", "npm", answer.outside, answer.outside),):
                if answer.outside:
                    self._leave(pending, value)
            return
        self.outcome["resolved"] += 1
        confidence = 1.0 if len(answer.targets) < 2 else _SEVERAL
        for file, position in answer.targets:
            entity = None if position == MODULE else self.evaluator.entity_at(file, position)
            if position == MODULE:
                self._refer(pending, ("module", file, 0), confidence, answer.rule)
            elif entity is not None:
                self._refer(pending, ("entity", file, entity), confidence, answer.rule)
            else:
                source, target = self.bases[self.file] + pending.atom, self.atoms.at(file, position)
                type_, kind = _of_unnamed(pending)
                self._edge(type_, pending, source, target, kind, answer.rule, confidence)

    def _add_unasked(self, position: int, answer: IndexAnswer) -> None:
        """A reference that only the index sees, such as the name of a property in an object literal."""
        base = self.bases[self.file]
        source = self.atoms.at(self.file, position)
        for file, target_position in answer.targets:
            if target_position == MODULE:
                continue
            target = self.atoms.at(file, target_position)
            entity = self.evaluator.entity_at(file, target_position)
            known = None if entity is None else self.evaluator.entity(file, entity)
            typed = known is not None and known.kind in ("class", "interface", "type", "enum")
            pending = Pending(
                source - base,
                position,
                answer.place,
                known.name if known else "",
                "annotation" if typed else "read",
                None,
            )
            if source != target:
                self._edge(
                    "TYPE_DEP" if typed else "DATA_DEP",
                    pending,
                    source,
                    target,
                    "annotation" if typed else "attribute",
                    answer.rule,
                    1.0,
                )

    def _leave(self, pending: Pending, value: Value) -> None:
        """A reference to what is not in the plan."""
        if value[0] != "external" or pending.through_value:
            return
        key = (
            self.bases[self.file] + pending.atom,
            cast("Ecosystem", value[1]),
            cast("str", value[2]),
            cast("str", value[3]),
        )
        self.externals.setdefault(key, {})[pending.pos] = pending.place

    def _reason(self, term: Term) -> str:
        if term is None:
            return "receiver of unknown type"
        if term[0] == "global":
            return "unknown name"
        if term[0] == "import":
            return "no such module or name"
        if term[0] == "attr":
            known = self.evaluator.evaluate(self.file, cast("Term", term[1]))
            return "no such member" if known else "receiver of unknown type"
        return "value of unknown type"

    def _refer(
        self, pending: Pending, reference: Reference, confidence: float, said_by: str | None = None
    ) -> None:
        source = self.bases[self.file] + pending.atom
        kind_of_reference, file, number = reference
        if kind_of_reference == "module":
            # A module is where it begins.
            if file != self.file and not pending.through_value:
                kind = "binding" if pending.is_import and pending.context != "module" else "module"
                self._edge("IMPORT_DEP", pending, source, self.bases[file], kind, said_by or "module", 1.0)
            return
        entity = self.evaluator.entity(file, number)
        bounds = [bound for bound in entity.bounds if bound.kind != "import"]
        if pending.is_import:
            kind = import_deps.kind_of(self._imported_file(pending.term), file)
            for bound in bounds:
                target = self.bases[file] + bound.atom
                self._edge("IMPORT_DEP", pending, source, target, kind, said_by or "import", 1.0)
            return
        rule = (
            "import"
            if file != self.file and pending.term is not None and pending.term[0] == "import"
            else "scope"
        )
        if pending.term is not None and pending.term[0] == "attr":
            rule = "member" if entity.owner >= 0 else "module_attribute"
        if pending.through_value:
            rule = "value"
        rule = said_by or rule
        for bound in in_space(bounds, pending.context):
            self._edges_to(pending, source, file, entity, bound, rule, confidence)
        if entity.kind in ("class", "enum") and pending.context in ("call", "instantiate", "decorate"):
            self._constructors(pending, source, file, number)
        if entity.kind == "variable" and pending.context in ("call", "instantiate", "decorate"):
            self._through_variable(pending, source, file, entity)

    def _edges_to(
        self,
        pending: Pending,
        source: int,
        file: int,
        entity: Entity,
        bound: Bound,
        rule: str,
        confidence: float,
    ) -> None:
        """The edges that one binding of the referred entity gives."""
        target = self.bases[file] + bound.atom
        defines = bound.kind in _DEFINING
        control = control_deps.kind_of(pending.context, entity) if defines else None
        if control is not None:
            inside = file == self.file and any(
                start <= pending.pos < end for start, end in entity.definitions
            )
            # An atom depends on itself where a function calls itself, not where two small ones share it.
            if source != target or inside:
                self._edge("CONTROL_DEP", pending, source, target, control, rule, confidence)
        if pending.through_value:
            return
        typed = type_deps.kind_of(pending.context, entity)
        if typed is not None and source != target:
            self._edge("TYPE_DEP", pending, source, target, typed, rule, confidence)
        read = data_deps.kind_of(pending.context, entity, defines=defines)
        if read is not None and typed is None and source != target:
            self._edge("DATA_DEP", pending, source, target, read, rule, confidence)

    def _constructors(self, pending: Pending, source: int, file: int, number: int) -> None:
        """A call of a class also reaches its constructor, its own or an inherited one."""
        names = (
            ("__init__", "__new__") if is_python(self.evaluator.interfaces[file].path) else ("constructor",)
        )
        for name in names:
            for class_file, class_number in self.evaluator.linearize(file, number)[0]:
                member = self.evaluator.entity(class_file, class_number).members.get(name)
                if member is None:
                    continue
                for bound in self.evaluator.entity(class_file, member).bounds:
                    target = self.bases[class_file] + bound.atom
                    if bound.kind in _DEFINING and target != source:
                        self._edge("CONTROL_DEP", pending, source, target, "instantiate", "constructor", 1.0)
                break

    def _through_variable(self, pending: Pending, source: int, file: int, entity: Entity) -> None:
        """Calling a variable runs the function that it was given."""
        for bound in entity.bounds:
            if bound.kind in _DEFINING or bound.kind == "import" or bound.value is None:
                continue
            for value in self.evaluator.evaluate(file, bound.value):
                if value[0] not in ("function", "class"):
                    continue
                called_file, called = cast("int", value[1]), cast("int", value[2])
                called_entity = self.evaluator.entity(called_file, called)
                kind = control_deps.kind_of(pending.context, called_entity)
                for definition in called_entity.bounds:
                    target = self.bases[called_file] + definition.atom
                    if kind is not None and definition.kind in _DEFINING and target != source:
                        self._edge("CONTROL_DEP", pending, source, target, kind, "value", 1.0)

    def _imported_file(self, term: Term) -> int | None:
        if term is None or term[0] != "import":
            return None
        target = self.evaluator.target(self.file, cast("str", term[1]))
        return target[1] if target is not None and target[0] == "file" else None

    def _edge(
        self,
        type_: DependencyType,
        pending: Pending,
        source: int,
        target: int,
        kind: str,
        rule: str,
        confidence: float,
    ) -> None:
        if source == target and type_ != "CONTROL_DEP":
            return
        self._add(
            type_,
            source,
            target,
            kind,
            pending.symbol,
            pending.pos,
            pending.place,
            rule,
            confidence,
            pending.type_only,
        )

    def _overrides(self) -> None:
        """A method that takes the place of a base class's method needs that method's contract."""
        for number, entity in enumerate(self.summary.interface.entities):
            if not entity.bases or entity.kind not in ("class", "interface"):
                continue
            ancestors = self.evaluator.linearize(self.file, number)[0][1:]
            for name, member in entity.members.items():
                own = [bound for bound in self.summary.interface.entities[member].bounds if bound.place]
                if own:
                    self._override(name, own, ancestors)

    def _override(self, name: str, own: Sequence[Bound], ancestors: Iterable[tuple[int, int]]) -> None:
        for file, number in ancestors:
            member = self.evaluator.entity(file, number).members.get(name)
            if member is None:
                continue
            for overridden in self.evaluator.entity(file, member).bounds:
                for bound in own:
                    source = self.bases[self.file] + bound.atom
                    target = self.bases[file] + overridden.atom
                    if overridden.kind == "function" and source != target:
                        self._add(
                            "CONTROL_DEP",
                            source,
                            target,
                            "override",
                            name,
                            bound.pos,
                            bound.place,
                            "class",
                            1.0,
                            False,
                        )
            return
