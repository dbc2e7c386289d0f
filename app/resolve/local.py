"""One file on its own: what each name in it refers to, and what must wait for the other files.

A pure function of the file's facts and atoms, so that it can run in any process and be kept by content.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from app.model.dependency import DependencyType, SymbolKind
from app.model.facts import Binding, BindingKind, Context, Expression, Facts, FunctionFact
from app.resolve.reaching import OUTSIDE, reaching_in_file
from app.resolve.spaces import in_space
from app.resolve.summary import (
    Bound,
    Entity,
    EntityKind,
    Exported,
    FunctionShape,
    Interface,
    LocalEdge,
    Pending,
    SymbolRow,
    Term,
)

# Larger terms say too little for what it costs to carry and evaluate them.
_LARGEST_TERM: Final = 64
_LONGEST_CHAIN: Final = 40
_DEFINING: Final = frozenset(("function", "class", "interface", "type", "enum", "namespace"))
_TYPE_CONTEXTS: Final = frozenset(("base", "annotation", "type_argument", "cast", "check"))
_CHAINED: Final = frozenset(("attribute", "call", "await", "item", "iter", "part"))
_CALLS: Final = frozenset(("call", "instantiate", "decorate"))
_CLASS_METHODS: Final = frozenset(("__new__", "__init_subclass__", "__class_getitem__"))


@dataclass(frozen=True, slots=True)
class Local:
    """What one file says on its own."""

    interface: Interface
    edges: tuple[LocalEdge, ...]
    pending: tuple[Pending, ...]
    symbols: tuple[SymbolRow, ...]
    settled: int
    """How many uses of a name need no other file: its definitions here are variables, which wait for nothing."""


def resolve_locally(
    facts: Facts,
    path: str,
    module: str,
    starts: Sequence[int],
    places: Places,
    guards: Sequence[tuple[int, int, int, str, str]],
) -> Local:
    """Resolve a file's names as far as the file itself can tell.

    ``starts`` are the atoms' first offsets, ascending; ``guards`` are rows (atom, governing atom, offset,
    kind, symbol) of the control structure; ``module`` is the qualified name of the file's module.
    """
    return _File(facts, path, module, starts, places, guards).resolve()


Place: TypeAlias = tuple[int, int]
"""Line and column, both from 1, the column in characters."""


class Places:
    """Offsets to places, and to ``line:column``."""

    __slots__ = ("ascii", "starts", "text")

    def __init__(self, text: bytes, line_starts: Sequence[int]) -> None:
        self.text = text
        self.starts = line_starts
        self.ascii = text.isascii()

    def at(self, offset: int) -> Place:
        line = bisect_right(self.starts, offset)
        start = self.starts[line - 1]
        if self.ascii:
            return line, offset - start + 1
        return line, len(self.text[start:offset].decode("utf-8", "replace")) + 1

    def __call__(self, offset: int) -> str:
        line, column = self.at(offset)
        return f"{line}:{column}"


_ANONYMOUS: Final[dict[EntityKind, BindingKind]] = {"function": "function", "class": "class"}


class _File:
    """The tables of one file, indexed for looking names up."""

    def __init__(
        self,
        facts: Facts,
        path: str,
        module: str,
        starts: Sequence[int],
        places: Places,
        guards: Sequence[tuple[int, int, int, str, str]],
    ) -> None:
        self.facts = facts
        self.path = path
        self.module = module
        self.starts = starts
        self.places = places
        self.guards = guards
        # In Python a class body's names are looked up like any other; elsewhere only through the instance.
        self.lexical_members = facts.language == "python"
        self.by_name: dict[tuple[int, str], list[int]] = defaultdict(list)
        for index, binding in enumerate(facts.bindings):
            self.by_name[(binding.scope, binding.name)].append(index)
        self.function_of_scope = {function.scope: function for function in facts.functions}
        self.function_of_binding = {f.binding: f for f in facts.functions if f.binding >= 0}
        self.looked_up: dict[tuple[int, str], int] = {}
        self.home = self._homes()
        self.class_of_scope = self._classes_of_scopes()
        self.reach: dict[int, frozenset[int]] = {}
        # Names in a class body that may still mean the module's.
        self.beyond: set[int] = set()
        self.entities: list[Entity] = []
        self.entity_of_variable: dict[tuple[int, str], int] = {}
        self.entity_of_definition: dict[int, int] = {}
        self.entity_of_scope: dict[int, int] = {}
        self.receivers: dict[int, Term] = {}
        self.terms: dict[int, Term] = {}
        self.values: dict[int, Term] = {}
        self.edges: list[LocalEdge] = []
        self.settled = 0
        self.pending: list[Pending] = []

    # -- indexes

    def _homes(self) -> list[int]:
        """For each scope, the function or module scope in whose activation its code runs."""
        homes: list[int] = []
        for index, scope in enumerate(self.facts.scopes):
            own = scope.kind in ("function", "module") or scope.parent < 0
            homes.append(index if own else homes[scope.parent])
        return homes

    def _classes_of_scopes(self) -> dict[int, int]:
        """For each scope inside a class body, the scope of the nearest class around it."""
        found: dict[int, int] = {}
        for index, scope in enumerate(self.facts.scopes):
            if scope.kind == "class":
                found[index] = index
            elif scope.parent in found:
                found[index] = found[scope.parent]
        return found

    def atom(self, offset: int) -> int:
        return max(bisect_right(self.starts, offset) - 1, 0)

    def lookup(self, name: str, scope: int) -> int:
        """The scope that binds ``name`` as seen from ``scope``; -1 where none does."""
        key = (scope, name)
        found = self.looked_up.get(key)
        if found is None:
            found = self.looked_up[key] = self._lookup(name, scope)
        return found

    def _lookup(self, name: str, scope: int) -> int:
        scopes = self.facts.scopes
        at = scope
        inside = False
        while at >= 0:
            here = scopes[at]
            visible = here.kind != "class" or self._sees_members(at, name, inside)
            if visible and name in here.globals:
                return 0 if (0, name) in self.by_name else -1
            if visible and (at, name) in self.by_name and name not in here.nonlocals:
                return at
            if here.kind == "class" and self.lexical_members and _is_private(name):
                # Outside of the class, its private names are spelled differently.
                return -1
            if here.kind in ("function", "comprehension", "class"):
                inside = True
            at = here.parent
        return -1

    def _sees_members(self, scope: int, name: str, inside: bool) -> bool:
        """Whether the code of a class's body, or code inside of that, sees the class's names."""
        if self.lexical_members:
            return not inside
        return any(self.facts.bindings[index].kind == "type" for index in self.by_name.get((scope, name), ()))

    # -- the steps

    def resolve(self) -> Local:
        self._make_entities()
        self._find_receivers()
        self._follow_flows()
        self._fill_entities()
        self._members_from_stores()
        self._name_references()
        self._import_references()
        for atom, governing, offset, kind, symbol in self.guards:
            self._edge("CONTROL_DEP", atom, governing, kind, symbol, offset, "structure")
        interface = self._interface()
        return Local(
            interface,
            tuple(self.edges),
            tuple(self.pending),
            self._symbols(interface),
            self.settled,
        )

    def _make_entities(self) -> None:
        """An entity for every name that code elsewhere can reach, and for every function and class."""
        facts = self.facts
        for (scope, name), indexes in self.by_name.items():
            kinds = {facts.bindings[index].kind for index in indexes}
            reachable = facts.scopes[scope].kind in ("module", "class", "namespace")
            if reachable or (kinds & _DEFINING and not self.lexical_members):
                entity = self._add_entity(name, _entity_kind(kinds))
                self.entity_of_variable[(scope, name)] = entity
                self.entity_of_definition.update((index, entity) for index in indexes)
            elif kinds & _DEFINING:
                # In a function, a later definition takes the place of an earlier one.
                for index in indexes:
                    kind = facts.bindings[index].kind
                    if kind in _DEFINING:
                        self.entity_of_definition[index] = self._add_entity(name, _entity_kind({kind}))
        for index, region in enumerate(facts.scopes):
            if region.owner >= 0:
                defined = self.entity_of_definition.get(region.owner)
                if defined is not None:
                    self.entity_of_scope[index] = defined
        for function in facts.functions:
            if function.scope not in self.entity_of_scope:
                self.entity_of_scope[function.scope] = self._add_entity("", "function")
        for class_ in facts.classes:
            if class_.scope not in self.entity_of_scope:
                self.entity_of_scope[class_.scope] = self._add_entity("", "class")
        for expression in facts.expressions:
            if expression.kind == "object" and expression.scope >= 0:
                self.entity_of_scope.setdefault(expression.scope, self._add_entity("", "object"))

    def _add_entity(self, name: str, kind: EntityKind) -> int:
        self.entities.append(Entity(name, "", kind, ()))
        return len(self.entities) - 1

    def _find_receivers(self) -> None:
        """What `self` and `cls` are in each method."""
        if self.facts.language != "python":
            return
        for function in self.facts.functions:
            if function.binding < 0 or not function.parameters:
                continue
            binding = self.facts.bindings[function.binding]
            owner = self.entity_of_scope.get(binding.scope)
            if owner is None or self.facts.scopes[binding.scope].kind != "class":
                continue
            names = {self.facts.expressions[decorator].name for decorator in function.decorators}
            if "staticmethod" in names:
                continue
            as_class = "classmethod" in names or binding.name in _CLASS_METHODS
            self.receivers[function.parameters[0]] = ("class_of" if as_class else "self", owner)

    def _follow_flows(self) -> None:
        """Reaching definitions of every function's own variables, and of those of classes in it."""
        self.reach = reaching_in_file(self.facts, self.by_name, self.home, self.lookup)
        self.beyond = {index for index, found in self.reach.items() if OUTSIDE in found}
        for index in self.beyond:
            self.reach[index] -= {OUTSIDE}

    def _fill_entities(self) -> None:
        """Give entities their names, bindings, members, bases and call shapes."""
        facts = self.facts
        members: dict[int, dict[str, int]] = defaultdict(dict)
        for (scope, name), member in self.entity_of_variable.items():
            if facts.scopes[scope].kind in ("class", "namespace") and scope in self.entity_of_scope:
                members[self.entity_of_scope[scope]].setdefault(name, member)
        anonymous_at: dict[int, int] = {}
        for index, expression in enumerate(facts.expressions):
            if expression.kind in ("function", "object") and expression.scope in self.entity_of_scope:
                anonymous_at[self.entity_of_scope[expression.scope]] = index
        classes: dict[int, list[int]] = defaultdict(list)
        for index, class_ in enumerate(facts.classes):
            classes[self.entity_of_scope[class_.scope]].append(index)
        functions: dict[int, FunctionFact] = {}
        for function in facts.functions:
            defined = self.entity_of_scope[function.scope]
            if defined not in functions or functions[defined].overload:
                functions[defined] = function
        variable_of_entity = {number: key for key, number in self.entity_of_variable.items()}
        definition_of_entity = {
            entity: number
            for number, entity in self.entity_of_definition.items()
            if entity not in variable_of_entity
        }
        taken: set[str] = set()
        for index, entity in enumerate(self.entities):
            key = variable_of_entity.get(index)
            numbers = self.by_name[key] if key is not None else []
            if index in definition_of_entity:
                numbers = [definition_of_entity[index]]
                key = (facts.bindings[numbers[0]].scope, entity.name)
            bounds: list[Bound] = []
            definitions: list[tuple[int, int]] = []
            owner = -1
            if key is not None:
                for number in numbers:
                    binding = facts.bindings[number]
                    bounds.append(self._bound(number, binding))
                    if binding.end >= 0:
                        definitions.append((binding.pos, binding.end))
                if facts.scopes[key[0]].kind == "class":
                    owner = self.entity_of_scope.get(key[0], -1)
            elif index in anonymous_at:
                expression = facts.expressions[anonymous_at[index]]
                bounds.append(
                    Bound(self.atom(expression.pos), _ANONYMOUS.get(entity.kind, "variable"), expression.pos)
                )
            shape = functions.get(index)
            self.entities[index] = replace(
                entity,
                qualified=self._qualified(key, index, taken),
                bounds=tuple(bounds),
                owner=owner,
                members=members.get(index, {}),
                bases=tuple(
                    self.term(base)
                    for number in classes.get(index, ())
                    for base in facts.classes[number].bases
                ),
                metaclass=next(
                    (
                        self.term(facts.classes[number].metaclass)
                        for number in classes.get(index, ())
                        if facts.classes[number].metaclass >= 0
                    ),
                    None,
                ),
                function=self._shape(shape) if shape is not None else None,
                definitions=tuple(definitions),
            )

    def _shape(self, function: FunctionFact) -> FunctionShape:
        return FunctionShape(
            returns=self.term(function.returns),
            results=tuple(dict.fromkeys(self.term(result) for result in function.results)),
            decorators=tuple(self.term(decorator) for decorator in function.decorators),
            is_async=function.is_async,
            is_generator=function.is_generator,
            parameters=len(function.parameters),
        )

    def _bound(self, number: int, binding: Binding) -> Bound:
        kind = binding.kind
        value = self.binding_value(number)
        if kind in ("variable", "member") and binding.how == "=" and binding.value >= 0:
            # `const f = () => …` defines a function as `function f() {…}` does.
            expression = self.facts.expressions[binding.value]
            if expression.kind == "function" and expression.scope in self.entity_of_scope:
                kind = "class" if self.facts.scopes[expression.scope].kind == "class" else "function"
        return Bound(
            self.atom(binding.pos),
            kind,
            binding.pos,
            value,
            self.term(binding.annotation) if binding.annotation >= 0 else None,
            binding.type_only,
            self.places(binding.pos)
            if kind == "function" and self.facts.scopes[binding.scope].kind == "class"
            else "",
        )

    def _qualified(self, key: tuple[int, str] | None, entity: int, taken: set[str]) -> str:
        if key is None:
            return ""
        parts = [key[1]]
        at = key[0]
        while at > 0:
            scope = self.facts.scopes[at]
            if scope.name and scope.kind in ("function", "class", "namespace"):
                parts.append(scope.name)
            at = scope.parent
        separator = "." if self.lexical_members else ":"
        name = f"{self.module}{separator}{'.'.join(reversed(parts))}"
        unique, count = name, 1
        while unique in taken:
            count += 1
            unique = f"{name}#{count}"
        taken.add(unique)
        return unique

    def _members_from_stores(self) -> None:
        """`self.x = …` in a method binds an attribute of the class; so does `C.prototype.x = …`."""
        for store in self.facts.attribute_stores:
            target = self.facts.expressions[store.target]
            owner = self._store_owner(target)
            if owner is None:
                continue
            value = self._by_how(store.how, self.term(store.value), "")
            annotation = self.term(store.annotation)
            if annotation is not None:
                value = ("instance", annotation)
            is_function = (
                store.value >= 0
                and store.how == "="
                and self.facts.expressions[store.value].kind == "function"
            )
            bound = Bound(
                self.atom(target.pos),
                "function" if is_function else "variable",
                target.pos,
                value,
                annotation,
            )
            members = self.entities[owner].members
            known = members.get(target.name)
            if known is None:
                qualified = f"{self.entities[owner].qualified}.{target.name}"
                self.entities.append(Entity(target.name, qualified, "variable", (bound,), owner))
                self.entities[owner] = replace(
                    self.entities[owner], members={**members, target.name: len(self.entities) - 1}
                )
            else:
                member = self.entities[known]
                self.entities[known] = replace(member, bounds=(*member.bounds, bound))

    def _store_owner(self, target: Expression) -> int | None:
        base = self.term(target.base)
        if base is None:
            return None
        if base[0] in ("self", "class_of"):
            owner = base[1]
            return owner if isinstance(owner, int) else None
        if base[0] == "attr" and base[2] == "prototype":
            inner = base[1]
            base = inner if isinstance(inner, tuple) else base
        if (
            base[0] == "var"
            and isinstance(base[1], int)
            and self.entities[base[1]].kind in ("class", "function")
        ):
            return base[1]
        return None

    # -- terms

    def term(self, index: int) -> Term:
        """What expression ``index`` evaluates to, as a term."""
        if index < 0:
            return None
        if index not in self.terms:
            # While it is being found, an expression that feeds itself (`x = x.next`) says nothing.
            self.terms[index] = None
            self.terms[index] = _bounded(self._term(index))
        return self.terms[index]

    def _term(self, index: int) -> Term:
        expression = self.facts.expressions[index]
        kind = expression.kind
        if kind == "name":
            return self._name_term(index, expression)
        if kind in _CHAINED:
            return self._chain_term(index)
        if kind == "operator":
            base = self.term(expression.base)
            return ("call", ("attr", base, expression.name)) if base is not None else None
        if kind == "display":
            held = tuple(self.term(option) for option in expression.options)
            if expression.name != "dict" and expression.name != "tuple":
                held = tuple(dict.fromkeys(held))
            return ("display", expression.name, held)
        if kind == "union":
            return _either(self.term(option) for option in expression.options)
        if kind == "generic":
            base = self.term(expression.base)
            return ("generic", base, tuple(self.term(option) for option in expression.options))
        if kind in ("function", "object"):
            entity = self.entity_of_scope.get(expression.scope)
            return ("var", entity) if entity is not None else None
        if kind in ("this", "super"):
            return self._this(expression)
        if kind == "import":
            return ("import", expression.name, "", "")
        if kind == "literal":
            return ("literal", expression.name)
        return None

    def _chain_term(self, index: int) -> Term:
        """`a.b().c[0]`: walked from the inside out, however long it is."""
        links: list[Expression] = []
        at = index
        while at >= 0 and self.facts.expressions[at].kind in _CHAINED:
            links.append(self.facts.expressions[at])
            at = links[-1].base
        if len(links) > _LONGEST_CHAIN:
            return None
        term = self.term(at)
        for link in reversed(links):
            if term is None:
                return None
            if link.kind == "attribute":
                term = ("attr", term, link.name)
            elif link.kind == "call":
                new = link.context == "instantiate" or (
                    link.base >= 0 and self.facts.expressions[link.base].context == "instantiate"
                )
                term = ("new" if new else "call", term)
                if link.options:
                    term = (*term, tuple(self.term(option) for option in link.options))
            elif link.kind == "part":
                term = ("part", term, link.name)
            else:
                term = (link.kind, term)
        return term

    def _this(self, expression: Expression) -> Term:
        class_scope = self.class_of_scope.get(expression.scope)
        if class_scope is None:
            # A plain function used as a constructor.
            home = expression.scope
            while home > 0 and self.facts.scopes[home].kind != "function":
                home = self.facts.scopes[home].parent
            entity = self.entity_of_scope.get(home)
            if entity is None or expression.kind == "super":
                return None
            return ("self", entity)
        entity = self.entity_of_scope.get(class_scope)
        if entity is None:
            return None
        return ("super" if expression.kind == "super" else "self", entity)

    def _name_term(self, index: int, expression: Expression) -> Term:
        scope = self.lookup(expression.name, expression.scope)
        if scope < 0:
            return ("global", expression.name)
        value = self._variable_term(index, (scope, expression.name))
        if index not in self.beyond:
            return value
        outside = (0, expression.name)
        around = self._variable_term(-1, outside) if outside in self.by_name else ("global", expression.name)
        return _either((value if self.reach[index] else None, around))

    def _variable_term(self, index: int, key: tuple[int, str]) -> Term:
        entity = self.entity_of_variable.get(key)
        if entity is not None:
            imports = [self.facts.bindings[number] for number in self.by_name[key]]
            if all(binding.kind == "import" for binding in imports):
                return _either(_import_term(binding) for binding in imports)
            return ("var", entity)
        candidates = self.reach.get(index, frozenset(self.by_name[key]))
        return _either(self.binding_value(number) for number in sorted(candidates))

    def binding_value(self, number: int) -> Term:
        """What a binding gives its name, as a term."""
        if number not in self.values:
            self.values[number] = None
            self.values[number] = _bounded(self._binding_value(number))
        return self.values[number]

    def _binding_value(self, number: int) -> Term:
        binding = self.facts.bindings[number]
        if binding.kind == "import":
            return _import_term(binding)
        if number in self.receivers:
            return self.receivers[number]
        if binding.annotation >= 0:
            declared = self.term(binding.annotation)
            if declared is not None:
                return ("instance", declared)
        if binding.how == "def":
            entity = self.entity_of_definition.get(number)
            return ("var", entity) if entity is not None else None
        if binding.kind == "parameter":
            return None
        return self._by_how(binding.how, self.term(binding.value), binding.key)

    @staticmethod
    def _by_how(how: str, value: Term, key: str) -> Term:
        if value is None or how in ("none", "def"):
            return None
        if how == "=":
            return value
        if how == "raise":
            return ("instance", value)
        if how == "unpack":
            return ("attr", value, key) if key else ("part", value, "")
        return (how, value)

    # -- references

    def _edge(
        self,
        type_: DependencyType,
        source: int,
        target: int,
        kind: str,
        symbol: str,
        pos: int,
        rule: str,
        type_only: bool = False,
    ) -> None:
        if source != target:
            self.edges.append(
                LocalEdge(type_, source, target, kind, symbol, pos, self.places(pos), rule, 1.0, type_only)
            )

    def _wait(
        self,
        pos: int,
        symbol: str,
        context: Context,
        term: Term,
        type_only: bool,
        *,
        is_import: bool = False,
        through_value: bool = False,
    ) -> None:
        self.pending.append(
            Pending(
                self.atom(pos),
                pos,
                self.places(pos),
                symbol,
                context,
                term,
                type_only,
                is_import,
                through_value,
            )
        )

    def _name_references(self) -> None:
        for index, expression in enumerate(self.facts.expressions):
            if expression.kind == "attribute":
                if not expression.stores:
                    base = self.term(expression.base)
                    term = ("attr", base, expression.name) if base is not None else None
                    self._wait(
                        expression.pos, expression.name, expression.context, term, expression.type_only
                    )
            elif expression.kind == "name" and expression.scope >= 0:
                self._name_reference(index, expression)
            elif expression.kind == "keyword":
                base = self.term(expression.base)
                if base is not None:
                    self._wait(
                        expression.pos, expression.name, "read", ("keyword", base, expression.name), False
                    )

    def _name_reference(self, index: int, expression: Expression) -> None:
        name = expression.name
        scope = self.lookup(name, expression.scope)
        waiting = False
        if scope >= 0:
            candidates = self.reach.get(index)
            if candidates is None:
                candidates = frozenset(self.by_name[(scope, name)])
            waiting = self._refer(index, expression, (scope, name), candidates)
        if index in self.beyond and (0, name) in self.by_name:
            waiting |= self._refer(index, expression, (0, name), frozenset(self.by_name[(0, name)]))
        elif scope < 0 or index in self.beyond:
            self._wait(expression.pos, name, expression.context, ("global", name), expression.type_only)
            waiting = True
        self.settled += not waiting

    def _refer(
        self, index: int, expression: Expression, key: tuple[int, str], candidates: frozenset[int]
    ) -> bool:
        """What a name depends on that means one of the ``candidates``, bindings of the variable ``key``; whether only
        other files can tell what it is.
        """
        name, pos, context = expression.name, expression.pos, expression.context
        entity = self.entity_of_variable.get(key)
        source = self.atom(pos)
        defined: list[int] = []
        values: list[Term] = []
        imported: list[Term] = []
        bounds = self.entities[entity].bounds if entity is not None else ()
        kind_at = {bound.pos: bound.kind for bound in reversed(bounds)}
        meant = {bound.pos for bound in in_space(bounds, context)}
        for number in sorted(candidates):
            binding = self.facts.bindings[number]
            target = self.atom(binding.pos)
            if binding.kind == "import":
                self._edge("IMPORT_DEP", source, target, "use", name, pos, "scope", expression.type_only)
                imported.append(_import_term(binding))
                continue
            if kind_at.get(binding.pos, binding.kind) in _DEFINING:
                defined.append(self.entity_of_definition[number])
                continue
            if binding.pos in kind_at and binding.pos not in meant:
                continue
            if context in _TYPE_CONTEXTS:
                self._edge("TYPE_DEP", source, target, context, name, pos, "scope", expression.type_only)
            else:
                self._edge(
                    "DATA_DEP",
                    source,
                    target,
                    self._data_kind(binding, expression),
                    name,
                    pos,
                    self._rule(index),
                )
            if context in _CALLS:
                values.append(self.binding_value(number))
        for definition in dict.fromkeys(defined):
            self._wait(pos, name, context, ("var", definition), expression.type_only)
        for term in dict.fromkeys(imported):
            self._wait(pos, name, context, term, expression.type_only)
        for value in dict.fromkeys(values):
            if value is not None:
                self._wait(pos, name, context, value, expression.type_only, through_value=True)
        return bool(defined or imported)

    def _rule(self, index: int) -> str:
        return "reaching_definition" if index in self.reach else "scope"

    def _data_kind(self, binding: Binding, expression: Expression) -> str:
        if self.home[binding.scope] != self.home[expression.scope]:
            outer = self.facts.scopes[self.home[binding.scope]].kind
            return "closure" if outer == "function" else "constant"
        if binding.kind == "parameter":
            return "parameter"
        return "def_use"

    def _import_references(self) -> None:
        for binding in self.facts.bindings:
            if binding.kind == "import":
                name = binding.name if binding.key != "*" else binding.module
                self._wait(
                    binding.pos, name, "read", _import_term(binding), binding.type_only, is_import=True
                )
        for expression in self.facts.expressions:
            if expression.kind == "import":
                term = ("import", expression.name, "", "")
                context: Context = "module" if expression.context == "module" else "read"
                self._wait(
                    expression.pos, expression.name, context, term, expression.type_only, is_import=True
                )
        for export in self.facts.exports:
            if export.module:
                term = ("import", export.module, export.key, "")
                name = export.name if export.name != "*" else export.module
                self._wait(export.pos, name, "export", term, export.type_only, is_import=True)

    # -- results

    def _interface(self) -> Interface:
        facts = self.facts
        names = {
            name: entity for (scope, name), entity in self.entity_of_variable.items() if scope == 0 and name
        }
        exports: dict[str, Exported] = {}
        stars = [
            (binding.module, self.atom(binding.pos))
            for binding in facts.bindings
            if binding.kind == "import" and binding.key == "*" and binding.name == "*" and binding.scope == 0
        ]
        for export in facts.exports:
            if export.name == "*":
                stars.append((export.module, self.atom(export.pos)))
                continue
            if export.module:
                term: Term = ("import", export.module, export.key, "")
            elif export.local:
                term = ("var", names[export.local]) if export.local in names else ("global", export.local)
            else:
                term = self.term(export.value)
            if export.name not in exports:
                exports[export.name] = Exported(export.name, term, self.atom(export.pos), export.type_only)
        public = None
        if self.lexical_members and exports:
            public = tuple(exports)
            exports = {}
        return Interface(
            self.path,
            self.module,
            facts.language,
            tuple(self.entities),
            {name: entity for name, entity in names.items() if name != "*"},
            exports,
            tuple(stars),
            public,
        )

    def _symbols(self, interface: Interface) -> tuple[SymbolRow, ...]:
        exported_names = set(interface.exports) | set(interface.public or ())
        exported_entities = {
            exported.term[1]
            for exported in interface.exports.values()
            if exported.term is not None and exported.term[0] == "var"
        }
        everything = self.lexical_members and interface.public is None
        rows = [SymbolRow(_last(self.module), self.module, "module", True, (0,), "")]
        seen: set[str] = {self.module}
        for index, entity in enumerate(interface.entities):
            if not entity.name or not entity.qualified or entity.qualified in seen:
                continue
            atoms = tuple(dict.fromkeys(bound.atom for bound in entity.bounds if bound.kind != "import"))
            if not atoms:
                continue
            top = interface.names.get(entity.name) == index
            exported = top and (
                entity.name in exported_names
                or index in exported_entities
                or (everything and not entity.name.startswith("_"))
            )
            member_of = entity.qualified.removesuffix(f"{entity.name}").rstrip(".:")
            if "#" in entity.qualified or member_of not in seen:
                member_of = interface.entities[entity.owner].qualified if entity.owner >= 0 else self.module
            seen.add(entity.qualified)
            rows.append(
                SymbolRow(
                    entity.name, entity.qualified, _symbol_kind(entity, interface), exported, atoms, member_of
                )
            )
        known = {row.qualified for row in rows}
        return (
            rows[0],
            *(row if row.member_of in known else replace(row, member_of=self.module) for row in rows[1:]),
        )


def _is_private(name: str) -> bool:
    return name.startswith("__") and not name.endswith("__")


def _bounded(term: Term) -> Term:
    """The term, or None where it has more than `_LARGEST_TERM` parts."""
    count = 0
    pending: list[object] = [term]
    while pending:
        at = pending.pop()
        if isinstance(at, tuple):
            count += 1
            if count > _LARGEST_TERM:
                return None
            pending.extend(at)
    return term


def _either(options: Iterable[Term]) -> Term:
    known = list(dict.fromkeys(option for option in options if option is not None))
    if not known:
        return None
    return known[0] if len(known) == 1 else ("or", tuple(known))


def _import_term(binding: Binding) -> Term:
    return ("import", binding.module, binding.key, binding.submodule)


_ENTITY_KINDS: Final[tuple[EntityKind, ...]] = ("class", "interface", "enum", "namespace", "function", "type")


def _entity_kind(kinds: set[BindingKind]) -> EntityKind:
    return next((kind for kind in _ENTITY_KINDS if kind in kinds), "variable")


_SYMBOL_KINDS: Final[tuple[SymbolKind, ...]] = ("class", "interface", "enum", "namespace", "type")


def _symbol_kind(entity: Entity, interface: Interface) -> SymbolKind:
    kinds = {bound.kind for bound in entity.bounds}
    if "function" in kinds:
        owner = interface.entities[entity.owner] if entity.owner >= 0 else None
        return "method" if owner is not None and owner.kind in ("class", "interface") else "function"
    return next((kind for kind in _SYMBOL_KINDS if kind in kinds), "variable")


def _last(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[2] if "/" not in name else name.rpartition("/")[2]


def guard_rows(
    governed: Mapping[int, tuple[tuple[int, str], ...]],
    pieces: Sequence[tuple[int, int, str]],
    starts: Sequence[int],
    head_names: Mapping[int, str],
) -> list[tuple[int, int, int, str, str]]:
    """Control edges from the structure: each leaf piece to the nearest head in another atom.

    ``pieces`` are rows (atom, start offset, role) of leaf pieces; ``governed`` gives the heads around each start.
    """
    rows: list[tuple[int, int, int, str, str]] = []
    for atom, start, role in pieces:
        if role == "tail":
            continue
        for head, kind in governed.get(start, ()):
            governing = max(bisect_right(starts, head) - 1, 0)
            if governing != atom:
                rows.append((atom, governing, start, kind, head_names.get(head, "")))
                break
    return rows
