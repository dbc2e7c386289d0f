"""What terms mean once every file's interface is known: a small abstract interpreter.

It follows imports, attributes, calls and declared types as far as the plan's own code determines them, and
never guesses: a receiver that nothing determines has no value.
"""

from __future__ import annotations

import builtins
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias, cast

from app.resolve.modules import Modules, Target, is_python
from app.resolve.summary import Entity, FunctionShape, Interface, Term

Value: TypeAlias = "tuple[object, ...]"
"""
- ``("module", file)``, ``("folder", path)``: a module, or a package without code
- ``("class", file, entity)``, ``("instance", file, entity)``, ``("function", file, entity)``
- ``("super", file, entity)``: an instance, seen from behind that class in its method resolution order
- ``("object", file, entity)``: a namespace, enum or object literal; its members are its attributes
- ``("external", ecosystem, package, dotted)``: something outside the plan, or what came from it
- ``("builtin", name)``: a builtin, or an instance of a builtin type
- ``("elements", (value, ...))``: something that holds these values
- ``("tuple", ((value, ...), ...))``: a tuple, with the values of each of its places
- ``("mapping", (value, ...), (value, ...))``: something that leads from such keys to such values
- ``("method", value, name)``: a method of a container
"""

Reference: TypeAlias = "tuple[str, int, int]"
"""``("entity", file, entity)`` or ``("module", file, 0)``: where a name was defined."""

_Member: TypeAlias = "tuple[bool, dict[Reference, None], dict[Value, None]]"
"""Whether a module has a member, the definitions that it is, and the externals and builtins that it may be."""

_NO_MEMBER: Final[_Member] = (False, {}, {})
_NOWHERE: Final = -1_000_000
_DEEPEST: Final = 14
_MOST_VALUES: Final = 12
_BUILTINS: Final = frozenset(dir(builtins)) | {
    "__file__",
    "__name__",
    "__path__",
    "__spec__",
    "__class__",
    "reveal_type",
}
_SCRIPT_BUILTINS: Final = frozenset(
    "AbortController AbortSignal AggregateError Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Blob Boolean "
    "Buffer DataView Date Error EvalError Event EventTarget FinalizationRegistry Float32Array Float64Array FormData "
    "Function Headers Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math MessageChannel NaN Node Number "
    "Object Partial Pick Omit Record Required Readonly Exclude Extract NonNullable ReturnType Parameters InstanceType "
    "Awaited Promise PromiseLike Proxy RangeError ReferenceError Reflect RegExp Request Response Set SharedArrayBuffer "
    "String Symbol SyntaxError TextDecoder TextEncoder TypeError URIError URL URLSearchParams Uint16Array Uint32Array "
    "Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet WebAssembly __dirname __filename arguments clearImmediate "
    "clearInterval clearTimeout console crypto decodeURI decodeURIComponent define document encodeURI encodeURIComponent "
    "escape eval exports fetch global globalThis isFinite isNaN localStorage location module navigator parseFloat parseInt "
    "performance process queueMicrotask require self setImmediate setInterval setTimeout structuredClone undefined unescape "
    "window Iterable IterableIterator AsyncIterable ArrayLike ReadonlyArray ReadonlyMap ReadonlySet PropertyKey "
    "PropertyDescriptor ThisType TemplateStringsArray HTMLElement Element Generator AsyncGenerator AsyncIterator".split()
)
_TRANSPARENT: Final = frozenset(
    "Optional Union Annotated ClassVar Final Required NotRequired ReadOnly InitVar Promise Awaited Readonly Partial "
    "NonNullable Awaitable Coroutine".split()
)
_CONTAINERS: Final = frozenset(
    "list List set Set frozenset FrozenSet tuple Tuple dict Dict Mapping MutableMapping defaultdict DefaultDict OrderedDict "
    "Sequence MutableSequence Iterable Iterator Collection Generator AsyncIterator AsyncIterable AsyncGenerator deque Deque "
    "Array ReadonlyArray Map ReadonlyMap ReadonlySet Record ContextManager AbstractContextManager "
    "AsyncContextManager AbstractAsyncContextManager IterableIterator".split()
)
_MAPPINGS: Final = frozenset(
    "dict Dict Mapping MutableMapping defaultdict DefaultDict OrderedDict Map ReadonlyMap Record".split()
)
_HOLDING: Final = frozenset(("elements", "tuple", "mapping"))
_ITERATING: Final = frozenset("sorted reversed iter aiter islice cycle takewhile dropwhile".split())
# Methods of lists, sets, queues and arrays that give one of what these hold, or another one that holds the same.
_TAKING: Final = frozenset("pop popleft get shift at find findLast __next__ __anext__ asend send".split())
_KEEPING: Final = frozenset(
    "copy union difference intersection symmetric_difference filter slice concat reverse sort toSorted toReversed "
    "values".split()
)
_ACCESSORS: Final = frozenset(
    ("property", "cached_property", "setter", "getter", "deleter", "abstractproperty")
)


class Evaluator:
    """Evaluates terms against all interfaces; the same answers in any order of questions."""

    def __init__(
        self,
        interfaces: Sequence[Interface],
        modules: Modules,
        ambient: Mapping[int, Iterable[str]] | None = None,
    ) -> None:
        """``ambient`` are the names that files declare globally, where that is known already."""
        self.interfaces = interfaces
        self.modules = modules
        self.active: set[tuple[object, ...]] = set()
        self.truncated = False
        self.reach = _NOWHERE
        """By how much the deepest question so far went beyond how deep it may go; below 0 where none did."""
        self.members: dict[tuple[str, int, str], tuple[_Member, int]] = {}
        self.met: dict[tuple[str, int, str], tuple[_Member, int]] = {}
        """What the question under way found, or finds yet, of members in rings of imports, and from which depth on that
        is all that it would find. It holds for this question alone.
        """
        self.targets: dict[tuple[int, str], Target] = {}
        self.known: dict[tuple[object, ...], tuple[tuple[Value, ...], int]] = {}
        """What was found without being cut short, and what `reach` that adds to the depth of who asks: an answer must
        not depend on whether another question was asked before it.
        """
        self.linearized: dict[tuple[int, int], tuple[tuple[tuple[int, int], ...], bool]] = {}
        self.linearizing: set[tuple[int, int]] = set()
        self.cyclic: dict[tuple[int, int], tuple[tuple[tuple[int, int], ...], bool]] = {}
        """Orders of classes among their own ancestors: they hold for questions about those classes alone."""
        self.places: dict[int, dict[int, int]] = {}
        self.ambient: dict[str, list[int]] = {}
        if ambient is None:
            ambient = {file: ambient_names(interface) for file, interface in enumerate(interfaces)}
        for file in sorted(ambient):
            for name in ambient[file]:
                self.ambient.setdefault(name, []).append(file)

    def entity(self, file: int, number: int) -> Entity:
        return self.interfaces[file].entities[number]

    def entity_at(self, file: int, position: int) -> int | None:
        """The entity that is named at a byte position of a file."""
        places = self.places.get(file)
        if places is None:
            places = self.places[file] = {
                bound.pos: number
                for number, entity in enumerate(self.interfaces[file].entities)
                for bound in entity.bounds
                if bound.kind != "import"
            }
        return places.get(position)

    # -- what a term refers to

    def references(self, file: int, term: Term) -> tuple[tuple[Reference, ...], tuple[Value, ...]]:
        """The definitions that a term names, and the externals and builtins among what it may mean."""
        found: dict[Reference, None] = {}
        outside: dict[Value, None] = {}
        self._refer(file, term, found, outside, 0)
        return tuple(found), tuple(outside)

    def _refer(
        self, file: int, term: Term, found: dict[Reference, None], outside: dict[Value, None], depth: int
    ) -> None:
        if term is None or self._too_deep(depth, _DEEPEST):
            return
        kind = term[0]
        if kind == "var":
            self._refer_entity(file, cast("int", term[1]), found, outside, depth)
        elif kind == "or":
            for option in cast("tuple[Term, ...]", term[1]):
                self._refer(file, option, found, outside, depth + 1)
        elif kind == "import":
            self._refer_import(file, term, found, outside, depth)
        elif kind == "global":
            self._refer_global(file, cast("str", term[1]), found, outside, depth)
        elif kind == "attr":
            for value in self.evaluate(file, cast("Term", term[1]), depth + 1):
                self._refer_member(value, cast("str", term[2]), found, outside, depth + 1)
        elif kind == "generic":
            self._refer(file, cast("Term", term[1]), found, outside, depth + 1)
        elif kind == "keyword":
            for value in self.evaluate(file, cast("Term", term[1]), depth + 1):
                self._refer_field(value, cast("str", term[2]), found)
        else:
            for value in self.evaluate(file, term, depth + 1):
                if value[0] in ("class", "function"):
                    found[("entity", cast("int", value[1]), cast("int", value[2]))] = None
                elif value[0] in ("external", "builtin"):
                    outside[value] = None

    def _refer_entity(
        self, file: int, number: int, found: dict[Reference, None], outside: dict[Value, None], depth: int
    ) -> None:
        """An entity, or where it is only imported, what it is imported from."""
        bounds = self.entity(file, number).bounds
        if not bounds or any(bound.kind != "import" for bound in bounds):
            found[("entity", file, number)] = None
        key = ("refer", file, number)
        if key in self.active:
            self.truncated = True
            return
        self.active.add(key)
        for bound in bounds:
            if bound.kind == "import":
                self._refer(file, bound.value, found, outside, depth + 1)
        self.active.discard(key)

    def target(self, file: int, module: str) -> Target:
        """What a module name means in a file."""
        key = (file, module)
        if key not in self.targets:
            path = self.interfaces[file].path
            modules = self.modules
            self.targets[key] = (
                modules.python(path, module) if is_python(path) else modules.script(path, module)
            )
        return self.targets[key]

    def _refer_import(
        self,
        file: int,
        term: tuple[object, ...],
        found: dict[Reference, None],
        outside: dict[Value, None],
        depth: int,
    ) -> None:
        module, key = cast("str", term[1]), cast("str", term[2])
        target = self.target(file, module)
        if target is None:
            return
        if target[0] == "external":
            dotted = module if is_python(self.interfaces[file].path) else target[2]
            name = f"{dotted}.{key}" if key and key != "*" else dotted
            outside[("external", target[1], target[2], name)] = None
        elif target[0] == "folder":
            if key and key != "*":
                below = self.modules.below(target[1], [key])
                if below is not None and below[0] == "file":
                    found[("module", below[1], 0)] = None
        elif not key or key == "*":
            found[("module", target[1], 0)] = None
        else:
            self._refer_module_member(target[1], key, found, outside, depth + 1)

    def _refer_module_member(
        self, file: int, name: str, found: dict[Reference, None], outside: dict[Value, None], depth: int
    ) -> bool:
        """Add what attribute ``name`` of a module is; whether there is one."""
        key = ("member", file, name)
        kept = self.members.get(key)
        if kept is not None and self._within(depth, kept[1]):
            member = kept[0]
        else:
            if not self.active:
                self.met = {}
            outer_reach, self.reach = self.reach, _NOWHERE
            outer_truncated, self.truncated = self.truncated, False
            met = self.met.get(key)
            if (met is not None and depth >= met[1]) or self._too_deep(depth, _DEEPEST * 2):
                # A module that is reached a second time through a ring of imports has nothing to add, unless it
                # was reached so deep the first time that its search was cut short.
                self.truncated = True
                member = met[0] if met is not None else _NO_MEMBER
            else:
                of_member: dict[Reference, None] = {}
                beyond: dict[Value, None] = {}
                self.met[key] = (_NO_MEMBER, 0)
                outermost = not self.active
                self.active.add(key)
                exists = self._module_member(file, name, of_member, beyond, depth)
                self.active.discard(key)
                member = (exists, of_member, beyond)
                if self.truncated:
                    self.met[key] = (member, depth if self.reach > 0 else 0)
                else:
                    del self.met[key]
                    self.members[key] = (member, self.reach - depth)
                # Nothing was under way around the outermost question: what ended its search ended it rightly.
                self.truncated = self.truncated and not outermost
            self.truncated = self.truncated or outer_truncated
            self.reach = max(self.reach, outer_reach)
        found.update(member[1])
        outside.update(member[2])
        return member[0]

    def _too_deep(self, depth: int, deepest: int) -> bool:
        """Whether a question is too deep to be asked, which is remembered."""
        self.reach = max(self.reach, depth - deepest)
        if depth > deepest:
            self.truncated = True
        return depth > deepest

    def _within(self, depth: int, reach: int) -> bool:
        """Whether what was found once is what would be found from this depth."""
        if depth + reach > 0:
            return False
        self.reach = max(self.reach, depth + reach)
        return True

    def _module_member(
        self, file: int, name: str, found: dict[Reference, None], outside: dict[Value, None], depth: int
    ) -> bool:
        interface = self.interfaces[file]
        if is_python(interface.path):
            number = interface.names.get(name)
            if number is not None:
                before = len(found) + len(outside)
                self._refer_entity(file, number, found, outside, depth)
                if len(found) + len(outside) > before:
                    return True
            if posixpath.basename(interface.path).startswith("__init__."):
                below = self.modules.below(posixpath.dirname(interface.path), [name])
                if below is not None and below[0] == "file" and below[1] != file:
                    found[("module", below[1], 0)] = None
                    return True
            return not name.startswith("__") and self._star_member(
                interface, file, name, found, outside, depth
            )
        exported = interface.exports.get(name)
        if exported is not None:
            before = len(found) + len(outside)
            self._refer(file, exported.term, found, outside, depth + 1)
            passed_on = exported.term is None or exported.term[0] == "import"
            return passed_on or len(found) + len(outside) > before
        whole = interface.exports.get("=")
        if whole is not None:
            if name == "default":
                self._refer(file, whole.term, found, outside, depth + 1)
                return True
            for value in self.evaluate(file, whole.term, depth + 1):
                self._refer_member(value, name, found, outside, depth + 1)
            if found or outside:
                return True
        return name != "default" and self._star_member(interface, file, name, found, outside, depth)

    def _star_member(
        self,
        interface: Interface,
        file: int,
        name: str,
        found: dict[Reference, None],
        outside: dict[Value, None],
        depth: int,
    ) -> bool:
        """A name that comes through `from m import *`, of which the last wins, or `export * from "m"`."""
        return any(self._passes(file, module, name, found, outside, depth) for module, _ in _stars(interface))

    def _passes(
        self,
        file: int,
        module: str,
        name: str,
        found: dict[Reference, None],
        outside: dict[Value, None],
        depth: int,
    ) -> bool:
        """Whether ``name`` comes through a star import of ``module``; adds what it is."""
        target = self.target(file, module)
        if target is None or target[0] != "file":
            return False
        other = self.interfaces[target[1]]
        if other.public is not None and name not in other.public:
            return False
        if other.public is None and is_python(other.path) and name.startswith("_"):
            return False
        return self._refer_module_member(target[1], name, found, outside, depth + 1)

    def star_import_of(self, file: int, name: str) -> int | None:
        """The atom (index in the file) of the star import that brings ``name``."""
        stars = _stars(self.interfaces[file])
        return next((atom for module, atom in stars if self._passes(file, module, name, {}, {}, 0)), None)

    def _refer_global(
        self, file: int, name: str, found: dict[Reference, None], outside: dict[Value, None], depth: int
    ) -> None:
        interface = self.interfaces[file]
        if is_python(interface.path):
            if self._star_member(interface, file, name, found, outside, depth):
                return
            if name in _BUILTINS:
                outside[("builtin", name)] = None
        elif name in self.ambient:
            for declaring in self.ambient[name]:
                self._refer_entity(
                    declaring, self.interfaces[declaring].names[name], found, outside, depth + 1
                )
        elif name in _SCRIPT_BUILTINS:
            outside[("builtin", name)] = None

    def _refer_member(
        self, value: Value, name: str, found: dict[Reference, None], outside: dict[Value, None], depth: int
    ) -> None:
        """Add what attribute ``name`` of a value is."""
        kind = value[0]
        if kind == "module":
            self._refer_module_member(cast("int", value[1]), name, found, outside, depth)
        elif kind == "folder":
            below = self.modules.below(cast("str", value[1]), [name])
            if below is not None and below[0] == "file":
                found[("module", below[1], 0)] = None
        elif kind in ("class", "instance", "super", "object", "function"):
            self._refer_class_member(value, name, found, outside)
        elif kind == "external":
            outside[("external", value[1], value[2], f"{value[3]}.{name}")] = None
        elif kind in ("builtin", "elements", "tuple", "mapping"):
            outside[("builtin", name)] = None

    def _refer_field(self, value: Value, name: str, found: dict[Reference, None]) -> None:
        """Add the field that a keyword names, of a class whose constructor is made from its fields."""
        if value[0] != "class":
            return
        order, _ = self.linearize(cast("int", value[1]), cast("int", value[2]))
        members = [(file, self.entity(file, number).members) for file, number in order]
        if any("__init__" in of_class or "__new__" in of_class for _, of_class in members):
            return
        for file, of_class in members:
            if name in of_class:
                found[("entity", file, of_class[name])] = None
                return

    def _refer_class_member(
        self, value: Value, name: str, found: dict[Reference, None], outside: dict[Value, None]
    ) -> None:
        file, number = cast("int", value[1]), cast("int", value[2])
        order, leaves_plan = self.linearize(file, number)
        for class_file, class_number in order[1:] if value[0] == "super" else order:
            member = self.entity(class_file, class_number).members.get(name)
            if member is not None:
                found[("entity", class_file, member)] = None
                return
        if value[0] == "class":
            metaclass = self.entity(file, number).metaclass
            for meta in self.evaluate(file, metaclass, 1) if metaclass is not None else ():
                if meta[0] == "class":
                    for class_file, class_number in self.linearize(
                        cast("int", meta[1]), cast("int", meta[2])
                    )[0]:
                        member = self.entity(class_file, class_number).members.get(name)
                        if member is not None:
                            found[("entity", class_file, member)] = None
                            return
        if leaves_plan:
            outside[("builtin", name)] = None

    # -- classes

    def linearize(self, file: int, number: int) -> tuple[tuple[tuple[int, int], ...], bool]:
        """The method resolution order within the plan (C3), and whether a base lies outside it."""
        key = (file, number)
        known = self.linearized.get(key)
        if known is not None:
            return known
        if key in self.linearizing:
            # A class among its own ancestors (broken or half-written code) ends the search.
            self.truncated = True
            return (key,), False
        first = not self.linearizing
        if first and key in self.cyclic:
            self.truncated = True
            return self.cyclic[key]
        # What is being evaluated around this question must not show in its answer, which others get too.
        outer_active, self.active = self.active, set()
        outer_met, self.met = self.met, {}
        outer_truncated, self.truncated = self.truncated, False
        outer_reach = self.reach
        self.linearizing.add(key)
        found = self._linearize(key)
        self.linearizing.discard(key)
        self.reach = outer_reach
        if not self.truncated:
            self.linearized[key] = found
        elif first:
            self.cyclic[key] = found
        self.active = outer_active
        self.met = outer_met
        self.truncated = self.truncated or outer_truncated
        return found

    def _linearize(self, key: tuple[int, int]) -> tuple[tuple[tuple[int, int], ...], bool]:
        file, number = key
        outside = False
        parents: list[tuple[int, int]] = []
        for base in self.entity(file, number).bases:
            values = self.evaluate(file, base, 1)
            classes = [value for value in values if value[0] in ("class", "function")]
            parents += [(cast("int", value[1]), cast("int", value[2])) for value in classes[:1]]
            outside = outside or not classes
        inherited = [self.linearize(*parent) for parent in parents]
        sequences = [list(order) for order, _ in inherited] + [list(dict.fromkeys(parents))]
        outside = outside or any(leaves for _, leaves in inherited)
        order = (key, *(entry for entry in _merge(sequences) if entry != key))
        return order, outside

    # -- what a term evaluates to

    def evaluate(self, file: int, term: Term, depth: int = 0) -> tuple[Value, ...]:
        """The values that a term may have; empty where nothing determines them."""
        if term is None:
            return ()
        key = ("evaluate", file, term)
        known = self.known.get(key)
        if known is not None and self._within(depth, known[1]):
            return known[0]
        outer_reach, self.reach = self.reach, _NOWHERE
        values: tuple[Value, ...] = ()
        if key in self.active or self._too_deep(depth, _DEEPEST):
            self.truncated = True
        else:
            outer_truncated, self.truncated = self.truncated, False
            self.active.add(key)
            values = tuple(dict.fromkeys(self._evaluate(file, term, depth)))[:_MOST_VALUES]
            self.active.discard(key)
            if not self.truncated:
                # What was cut short depends on where the question started, so it is not kept.
                self.known[key] = (values, self.reach - depth)
            self.truncated = self.truncated or outer_truncated
        self.reach = max(self.reach, outer_reach)
        return values

    def _evaluate(self, file: int, term: tuple[object, ...], depth: int) -> Iterable[Value]:
        kind = term[0]
        if kind in ("var", "import", "global", "attr"):
            found: dict[Reference, None] = {}
            outside: dict[Value, None] = {}
            if kind == "attr" and term[2] == "prototype":
                yield from self._instances(self.evaluate(file, cast("Term", term[1]), depth + 1))
                return
            if kind == "attr":
                for value in self.evaluate(file, cast("Term", term[1]), depth + 1):
                    if value[0] in _HOLDING:
                        yield ("method", value, term[2])
            self._refer(file, term, found, outside, depth)
            for reference in found:
                yield from self._reference_values(reference, depth, through_instance=kind == "attr")
            yield from outside
            if kind == "import" and not found and not outside:
                target = self.target(file, cast("str", term[1]))
                if target is not None and target[0] == "folder":
                    yield ("folder", target[1])
            return
        if kind == "or":
            for option in cast("tuple[Term, ...]", term[1]):
                yield from self.evaluate(file, option, depth + 1)
        elif kind in ("self", "super"):
            number = cast("int", term[1])
            if kind == "self":
                yield ("instance", file, number)
            else:
                yield ("super", file, number)
                if self.linearize(file, number)[1]:
                    yield ("builtin", "super")
        elif kind == "class_of":
            yield ("class", file, term[1])
        elif kind == "literal":
            yield ("builtin", term[1])
        elif kind == "instance":
            yield from self._declared(file, cast("Term", term[1]), depth)
        elif kind == "generic":
            yield from self.evaluate(file, cast("Term", term[1]), depth + 1)
        elif kind in ("call", "new"):
            arguments = cast("tuple[Term, ...]", term[2]) if len(term) > 2 else ()
            for value in self.evaluate(file, cast("Term", term[1]), depth + 1):
                if arguments and value[0] in ("builtin", "external"):
                    handed = [self.evaluate(file, argument, depth + 1) for argument in arguments]
                    yield from self._handed_on(str(value[-1]).rpartition(".")[2], handed, depth)
                if self._returns_receiver(value, cast("tuple[object, ...]", term[1])):
                    receivers = self.evaluate(
                        file, cast("Term", cast("tuple[object, ...]", term[1])[1]), depth + 1
                    )
                    yield from (("instance", *at[1:]) for at in receivers if at[0] in ("instance", "super"))
                else:
                    yield from self._called(value, depth, new=kind == "new")
        elif kind in ("item", "iter"):
            for value in self.evaluate(file, cast("Term", term[1]), depth + 1):
                yield from self._element(value, "__iter__" if kind == "iter" else "__getitem__", depth)
        elif kind == "part":
            for value in self.evaluate(file, cast("Term", term[1]), depth + 1):
                yield from self._part(value, cast("str", term[2]), depth)
        elif kind == "display":
            yield self._display(
                cast("str", term[1]),
                [self.evaluate(file, held, depth + 1) for held in cast("tuple[Term, ...]", term[2])],
            )
        elif kind == "await":
            for value in self.evaluate(file, cast("Term", term[1]), depth + 1):
                if value[0] == "elements":
                    yield from cast("tuple[Value, ...]", value[1])
                else:
                    yield value
        elif kind == "enter":
            for value in self.evaluate(file, cast("Term", term[1]), depth + 1):
                yield from self._entered(value, depth)

    def _reference_values(
        self, reference: Reference, depth: int, *, through_instance: bool
    ) -> Iterable[Value]:
        if reference[0] == "module":
            yield ("module", reference[1])
            return
        _, file, number = reference
        entity = self.entity(file, number)
        if entity.kind in ("class", "interface", "enum"):
            yield ("class", file, number)
            for bound in entity.bounds if entity.kind == "interface" else ():
                if bound.kind == "variable":
                    yield from self.evaluate(file, bound.value, depth + 1)
        elif entity.kind in ("namespace", "object"):
            yield ("object", file, number)
        elif entity.kind == "function" or (entity.function is not None and not entity.bounds):
            if through_instance and entity.function is not None and _is_accessor(entity.function):
                yield from self._result(file, entity.function, depth)
            else:
                yield ("function", file, number)
        else:
            declared = [bound for bound in entity.bounds if bound.annotation is not None]
            for bound in declared or entity.bounds:
                if bound.value is not None and bound.kind != "import":
                    yield from self.evaluate(file, bound.value, depth + 1)

    @staticmethod
    def _instances(values: Iterable[Value]) -> Iterable[Value]:
        for value in values:
            if value[0] in ("class", "function"):
                yield ("instance", *value[1:])
            elif value[0] in ("external", "builtin"):
                yield value

    def _declared(self, file: int, term: Term, depth: int) -> Iterable[Value]:
        """The values that a declared type allows."""
        if term is None:
            return
        if term[0] == "or":
            for option in cast("tuple[Term, ...]", term[1]):
                yield from self._declared(file, option, depth + 1)
            return
        if term[0] == "generic":
            base, arguments = cast("Term", term[1]), cast("tuple[Term, ...]", term[2])
            name = _last_name(base)
            if name in _TRANSPARENT:
                for argument in arguments:
                    yield from self._declared(file, argument, depth + 1)
                return
            if name in ("type", "Type"):
                for argument in arguments:
                    yield from self.evaluate(file, argument, depth + 1)
                return
            classes = self.evaluate(file, base, depth + 1)
            if name in _CONTAINERS and not any(value[0] == "class" for value in classes):
                declared = [tuple(self._declared(file, argument, depth + 1)) for argument in arguments]
                if name in ("tuple", "Tuple") and len(declared) > 1:
                    yield ("tuple", tuple(_few(values) for values in declared))
                elif name in _MAPPINGS and len(declared) == 2:
                    yield ("mapping", _few(declared[0]), _few(declared[1]))
                else:
                    first = name in ("Generator", "AsyncGenerator")
                    yield _elements(*(declared[:1] if first else declared[-1:]))
                return
            yield from self._instances(classes)
            return
        if term[0] == "literal":
            if term[1] != "None":
                yield ("builtin", term[1])
            return
        if term[0] == "instance":
            yield from self._declared(file, cast("Term", term[1]), depth + 1)
            return
        found: dict[Reference, None] = {}
        outside: dict[Value, None] = {}
        self._refer(file, term, found, outside, depth + 1)
        yield from outside
        for reference in found:
            if reference[0] != "entity":
                continue
            entity = self.entity(reference[1], reference[2])
            if entity.kind in ("class", "interface", "enum"):
                yield ("instance", reference[1], reference[2])
            elif entity.kind == "object":
                yield ("object", reference[1], reference[2])
            elif entity.kind == "type" or entity.bounds:
                for bound in entity.bounds:
                    if (
                        bound.kind != "import"
                        and bound.value is not None
                        and not self._too_deep(depth, _DEEPEST - 1)
                    ):
                        yield from self._declared(reference[1], bound.value, depth + 2)

    def _called(self, value: Value, depth: int, *, new: bool) -> Iterable[Value]:
        kind = value[0]
        if kind == "class":
            yield ("instance", *value[1:])
        elif kind == "function":
            file, number = cast("int", value[1]), cast("int", value[2])
            if new:
                yield ("instance", file, number)
                return
            shape = self.entity(file, number).function
            if shape is not None:
                yield from self._result(file, shape, depth)
        elif kind == "instance":
            for reference in self._member_references(value, "__call__"):
                if reference[0] == "entity":
                    shape = self.entity(reference[1], reference[2]).function
                    if shape is not None:
                        yield from self._result(reference[1], shape, depth)
        elif kind == "external":
            yield value
        elif kind == "method":
            yield from self._container_method(cast("Value", value[1]), cast("str", value[2]), depth)

    def _returns_receiver(self, value: Value, callee: tuple[object, ...]) -> bool:
        """Whether the method ``value`` gives back what it is called on, as fluent interfaces do."""
        if value[0] != "function" or callee[0] != "attr":
            return False
        shape = self.entity(cast("int", value[1]), cast("int", value[2])).function
        return shape is not None and _gives_self(shape)

    def _held(self, values: Iterable[Value], depth: int) -> tuple[Value, ...]:
        """What comes out of iterating over values."""
        return _few(held for value in values for held in self._element(value, "__iter__", depth))

    def _handed_on(self, name: str, arguments: list[tuple[Value, ...]], depth: int) -> Iterable[Value]:
        """What a builtin or library function gives that hands on what it is given."""
        first = arguments[0]
        if name in ("next", "anext"):
            yield from self._held(first, depth)
        elif name in ("min", "max"):
            yield from self._held(first, depth) if len(arguments) == 1 else _few(sum(arguments, ()))
        elif name in ("copy", "deepcopy", "replace"):
            yield from first
        elif name == "partial":
            yield from (value for value in first if value[0] in ("function", "class"))
        elif name == "enumerate":
            yield ("elements", (("tuple", ((("builtin", "int"),), self._held(first, depth))),))
        elif name == "zip":
            yield ("elements", (("tuple", tuple(self._held(values, depth) for values in arguments)),))
        elif name == "filter":
            yield _elements(self._held(arguments[-1], depth))
        elif name == "chain":
            yield _elements(*(self._held(values, depth) for values in arguments))
        elif name == "defaultdict":
            made = [result for value in first for result in self._called(value, depth + 1, new=False)]
            if made:
                yield ("mapping", (), _few(made))
        elif name in ("dict", "OrderedDict"):
            yield from (value for value in first if value[0] == "mapping")
        elif name in _CONTAINERS or name in _ITERATING:
            held = self._held(first, depth)
            if held:
                yield _elements(held)

    def _container_method(self, holder: Value, name: str, depth: int) -> Iterable[Value]:
        """What a method of a container gives, by its name; nothing where the name says nothing."""
        if holder[0] == "mapping":
            keys, values = cast("tuple[Value, ...]", holder[1]), cast("tuple[Value, ...]", holder[2])
            if name in ("get", "pop", "setdefault"):
                yield from values
            elif name == "values":
                yield ("elements", values)
            elif name == "keys":
                yield ("elements", keys)
            elif name in ("items", "entries"):
                yield ("elements", (("tuple", (keys, values)),))
            elif name == "popitem":
                yield ("tuple", (keys, values))
            elif name == "copy":
                yield holder
        elif name in _TAKING:
            yield from self._held((holder,), depth)
        elif name in _KEEPING:
            yield holder

    @staticmethod
    def _display(name: str, held: list[tuple[Value, ...]]) -> Value:
        if not any(held):
            return ("builtin", name)
        if name == "tuple":
            return ("tuple", tuple(held))
        if name == "dict":
            return ("mapping", _few(sum(held[::2], ())), _few(sum(held[1::2], ())))
        return _elements(*held)

    def _part(self, value: Value, place: str, depth: int) -> Iterable[Value]:
        """What destructuring takes from a value at a place, counted from the end where negative."""
        if value[0] == "tuple" and place:
            places = cast("tuple[tuple[Value, ...], ...]", value[1])
            if place == "*":
                yield _elements(*places)
            elif -len(places) <= int(place) < len(places):
                yield from places[int(place)]
        elif place == "*":
            yield _elements(self._held((value,), depth))
        elif value[0] in _HOLDING:
            yield from self._held((value,), depth)
        elif place and value[0] == "instance" and self._is_named_tuple(value):
            yield from self._field(value, int(place), depth)
        else:
            yield from self._element(value, "__iter__" if place else "__getitem__", depth)

    def _is_named_tuple(self, value: Value) -> bool:
        file, number = cast("int", value[1]), cast("int", value[2])
        return any(_last_name(base) == "NamedTuple" for base in self.entity(file, number).bases)

    def _field(self, value: Value, place: int, depth: int) -> Iterable[Value]:
        """The field of a named tuple at a place."""
        file, number = cast("int", value[1]), cast("int", value[2])
        members = [self.entity(file, member) for member in self.entity(file, number).members.values()]
        fields = [
            member for member in members if any(bound.annotation is not None for bound in member.bounds)
        ]
        if -len(fields) <= place < len(fields):
            for bound in fields[place].bounds:
                yield from self.evaluate(file, bound.value, depth + 1)

    def _member_references(self, value: Value, name: str) -> tuple[Reference, ...]:
        found: dict[Reference, None] = {}
        self._refer_member(value, name, found, {}, 1)
        return tuple(found)

    def _result(self, file: int, shape: FunctionShape, depth: int) -> Iterable[Value]:
        if shape.returns is not None:
            yield from self._declared(file, shape.returns, depth + 1)
            return
        values = [value for result in shape.results for value in self.evaluate(file, result, depth + 1)]
        if shape.is_generator:
            yield ("elements", tuple(dict.fromkeys(values))[:_MOST_VALUES])
        else:
            yield from values

    def _element(self, value: Value, method: str, depth: int) -> Iterable[Value]:
        if value[0] == "elements":
            yield from cast("tuple[Value, ...]", value[1])
        elif value[0] == "tuple":
            yield from sum(cast("tuple[tuple[Value, ...], ...]", value[1]), ())
        elif value[0] == "mapping":
            yield from cast("tuple[Value, ...]", value[1 if method == "__iter__" else 2])
        elif value[0] == "external":
            yield value
        elif value[0] == "instance":
            for reference in self._member_references(value, method):
                if reference[0] != "entity":
                    continue
                shape = self.entity(reference[1], reference[2]).function
                for result in self._result(reference[1], shape, depth + 1) if shape is not None else ():
                    if method == "__iter__" and result[0] == "elements":
                        yield from cast("tuple[Value, ...]", result[1])
                    elif method == "__getitem__":
                        yield result

    def _entered(self, value: Value, depth: int) -> Iterable[Value]:
        if value[0] == "elements":
            yield from cast("tuple[Value, ...]", value[1])
        elif value[0] == "external":
            yield value
        elif value[0] == "instance":
            for name in ("__enter__", "__aenter__"):
                for reference in self._member_references(value, name):
                    if reference[0] == "entity":
                        shape = self.entity(reference[1], reference[2]).function
                        if shape is not None and _gives_self(shape):
                            yield value
                        elif shape is not None:
                            yield from self._result(reference[1], shape, depth + 1)


def _merge(sequences: list[list[tuple[int, int]]]) -> list[tuple[int, int]]:
    """C3 (Barrett et al. 1996); where no consistent order exists, the first candidate is taken."""
    order: list[tuple[int, int]] = []
    pending = [sequence for sequence in sequences if sequence]
    while pending:
        chosen = next(
            (sequence[0] for sequence in pending if not any(sequence[0] in other[1:] for other in pending)),
            pending[0][0],
        )
        order.append(chosen)
        pending = [
            rest
            for rest in ([entry for entry in sequence if entry != chosen] for sequence in pending)
            if rest
        ]
    return order


def ambient_names(interface: Interface) -> tuple[str, ...]:
    """What a file declares globally: all of it where a declaration file is no module."""
    is_ambient = (
        interface.path.endswith(".d.ts")
        and not interface.exports
        and not interface.stars
        and not any(bound.kind == "import" for entity in interface.entities for bound in entity.bounds)
    )
    return tuple(interface.names) if is_ambient else ()


def _stars(interface: Interface) -> Iterable[tuple[str, int]]:
    return reversed(interface.stars) if is_python(interface.path) else interface.stars


def _gives_self(shape: FunctionShape) -> bool:
    if shape.returns is not None:
        return _last_name(shape.returns) in ("Self", "this")
    return bool(shape.results) and all(result is not None and result[0] == "self" for result in shape.results)


def _few(values: Iterable[Value]) -> tuple[Value, ...]:
    """Each value once, and not more than are worth following."""
    return tuple(dict.fromkeys(values))[:_MOST_VALUES]


def _elements(*held: Iterable[Value]) -> Value:
    return ("elements", _few(value for values in held for value in values))


def _is_accessor(shape: FunctionShape) -> bool:
    return any(_last_name(decorator) in _ACCESSORS for decorator in shape.decorators)


def _last_name(term: Term) -> str:
    if term is None:
        return ""
    if term[0] in ("global", "literal"):
        return cast("str", term[1])
    if term[0] in ("attr", "import"):
        return cast("str", term[2])
    return ""
