"""What is known while the names of an ECMAScript file are read: tables, the scope and flow being filled."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from tree_sitter import Node

from app.model.facts import (
    AttributeStore,
    Binding,
    Context,
    Expression,
    Flow,
    FlowStep,
    ParseProblem,
    ScopeKind,
)
from app.parse.tables import Tables

# Counted in Python's stack frames, of which 1,000 are allowed; functions and classes start afresh.
_DEEPEST: Final = 700

# A longer chain of alternatives is told one after the other, so that flows stay shallow.
_LONGEST_CHAIN: Final = 40

LITERALS: Final = {
    "string": "String",
    "template_string": "String",
    "number": "Number",
    "true": "Boolean",
    "false": "Boolean",
    "null": "null",
    "undefined": "undefined",
    "regex": "RegExp",
    "array": "Array",
}

# The reader of an object literal whose properties can be asked for later.
KEPT_OBJECT: Final = "object that is kept"

How: TypeAlias = Literal["=", "iter", "unpack", "none"]

_TIMELESS: Final = frozenset(("interface", "type", "member"))


@dataclass(frozen=True, slots=True)
class Pending:
    """A function or class whose inside is read once what stands around it is known.

    ``this`` is the scope that `this` means in it.
    """

    node: Node
    scope: int
    binding: int
    this: int
    is_class: bool = False
    decorators: tuple[int, ...] = ()


@dataclass(slots=True)
class Reading:
    """One file while it is read; ``scope``, ``function``, ``this``, ``flow`` and ``results`` are the current ones.

    ``strict``: functions are local to their block. ``commonjs``: `exports` and `require` mean what Node gives.
    ``infer`` is the scope of the conditional type that `infer` names belong to. ``depth`` is about how many
    stack frames lie between here and the function or class being read.
    """

    source: bytes
    strict: bool
    commonjs: bool
    readers: Mapping[str, Reader]
    tables: Tables = field(default_factory=Tables)
    scope: int = 0
    function: int = 0
    this: int = 0
    infer: int = 0
    flow: list[FlowStep] = field(default_factory=list)
    results: list[int] = field(default_factory=list)
    depth: int = 0
    pending: deque[Pending] = field(default_factory=deque)
    declared: list[set[str]] = field(default_factory=list)
    assigned: list[tuple[int, int]] = field(default_factory=list)
    first_parameter: dict[int, str] = field(default_factory=dict)

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def add(
        self,
        kind: Literal["call", "await", "item", "iter", "this", "super", "import", "literal", "unknown"],
        pos: int,
        name: str = "",
        base: int = -1,
        context: Context = "read",
    ) -> int:
        """An expression that is no name, attribute, object or function."""
        scope = self.this if kind in ("this", "super") else -1
        rows = self.tables.expressions
        rows.append(Expression(kind, pos, name, base, scope, context))
        return len(rows) - 1

    def add_name(self, node: Node, context: Context, type_only: bool = False) -> int:
        """A bare name; it is read now, unless only types need it."""
        start = node.start_byte
        text = self.source[start : node.end_byte].decode("utf-8", "replace")
        rows = self.tables.expressions
        index = len(rows)
        if "(" in text:
            # `import("m")` or `require("m")` where the grammar was shown a name instead.
            rows.append(Expression("import", start, _specifier(text), context=context, type_only=type_only))
            return index
        rows.append(Expression("name", start, text, -1, self.scope, context, (), type_only))
        if not type_only:
            self.flow.append(index)
        return index

    def add_attribute(
        self, base: int, name: str, pos: int, context: Context, type_only: bool = False, stores: bool = False
    ) -> int:
        rows = self.tables.expressions
        if base < 0:
            rows.append(Expression("unknown"))
            base = len(rows) - 1
        rows.append(Expression("attribute", pos, name, base, -1, context, (), type_only, stores))
        return len(rows) - 1

    def add_union(self, pos: int, options: list[int], type_only: bool = False) -> int:
        """Any of ``options``; those that say nothing are left out."""
        known = tuple(option for option in options if option >= 0)
        if len(known) < 2:
            return known[0] if known else -1
        self.tables.expressions.append(Expression("union", pos, options=known, type_only=type_only))
        return len(self.tables.expressions) - 1

    def add_scope(self, kind: ScopeKind, parent: int, node: Node, name: str = "", owner: int = -1) -> int:
        self.declared.append(set())
        return self.tables.add_scope(kind, parent, node.start_byte, node.end_byte, name, owner)

    def declare(self, binding: Binding) -> int:
        """A declaration; it happens now, unless it is a type or a member."""
        index = self.tables.add_binding(binding)
        if binding.kind not in _TIMELESS:
            self.declared[binding.scope].add(binding.name)
            self.flow.append(~index)
        return index

    def assign(self, name: str, pos: int, value: int, how: How, key: str = "") -> int:
        """An assignment to a name; which scope it belongs to is settled when all declarations are known."""
        index = self.tables.add_binding(Binding(name, 0, pos, "variable", how, value, key=key))
        self.assigned.append((index, self.scope))
        self.flow.append(~index)
        return index

    def store(self, target: int, value: int, how: How, annotation: int = -1) -> None:
        self.tables.attribute_stores.append(AttributeStore(target, value, annotation, how))

    def scope_of(self, name: str, scope: int) -> int:
        """The scope that declares ``name`` as seen from ``scope``; -1 where none does."""
        scopes = self.tables.scopes
        while scope >= 0 and name not in self.declared[scope]:
            scope = scopes[scope].parent
        return scope

    def is_in_class(self, scope: int) -> bool:
        """Whether a class or object literal lies around ``scope``, or is it."""
        scopes = self.tables.scopes
        while scope >= 0 and scopes[scope].kind != "class":
            scope = scopes[scope].parent
        return scope >= 0

    def settle(self) -> None:
        """Give every assignment the scope that declares its name; without one it makes a global."""
        rows = self.tables.bindings
        for index, seen_from in self.assigned:
            row = rows[index]
            scope = self.scope_of(row.name, seen_from)
            if scope > 0:
                rows[index] = Binding(row.name, scope, row.pos, row.kind, row.how, row.value, key=row.key)

    def complete(self, index: int, value: int) -> None:
        """Say what a binding made before its value was read is bound to."""
        if value >= 0:
            row = self.tables.bindings[index]
            self.tables.bindings[index] = Binding(
                row.name, row.scope, row.pos, row.kind, row.how, value, row.annotation, end=row.end
            )

    def flow_of(self, read: Callable[[Reading, Node], object], node: Node | None) -> Flow:
        """What ``read`` makes of ``node`` as a flow of its own."""
        if node is None:
            return ()
        outer = self.flow
        self.flow = []
        read(self, node)
        inner = tuple(self.flow)
        self.flow = outer
        return inner

    def branch(self, flow: Flow) -> None:
        """``flow`` may run or not."""
        if flow:
            self.flow.append(("branch", (flow,), False))

    def branch_into(self, outer: list[FlowStep]) -> None:
        """What the current flow holds may run or not, as a part of ``outer``, which goes on."""
        inner = tuple(self.flow)
        self.flow = outer
        self.branch(inner)

    def choices(self, alternatives: list[tuple[Flow, Flow]], rest: Flow) -> None:
        """`if a … else if b … else …`: each test with what it decides about, and what is left."""
        if len(alternatives) > _LONGEST_CHAIN:
            for at, (test, then) in enumerate(alternatives):
                if at:
                    self.branch(test)
                else:
                    self.flow += test
                self.branch(then)
            self.branch(rest)
            return
        for test, then in reversed(alternatives):
            if rest:
                rest = (*test, ("branch", (then, rest), True))
            elif then:
                rest = (*test, ("branch", (then,), False))
            else:
                rest = test
        self.flow += rest

    def too_deep(self, node: Node) -> bool:
        if self.depth < _DEEPEST:
            return False
        self.tables.problems.append(
            ParseProblem(node.start_byte, node.end_byte, "nested too deep; names left out")
        )
        return True


Reader: TypeAlias = Callable[[Reading, Node, Context], int]


def read(reading: Reading, node: Node, context: Context = "read") -> int:
    """The expression that ``node`` is; -1 where nothing is known of its value."""
    kind = node.type
    if kind == "identifier":
        return reading.add_name(node, context)
    reader = reading.readers.get(kind)
    if reader is None:
        if kind in LITERALS or not node.is_named:
            return -1
        reader = read_parts
    return _guarded(reading, node, context, reader)


def _guarded(reading: Reading, node: Node, context: Context, reader: Reader) -> int:
    if reading.too_deep(node):
        return -1
    reading.depth += 4
    result = reader(reading, node, context)
    reading.depth -= 4
    return result


def value(reading: Reading, node: Node | None) -> int:
    """Like `read`, where the value is kept: literals count too."""
    if node is None:
        return -1
    if node.type == "object":
        return _guarded(reading, node, "read", reading.readers[KEPT_OBJECT])
    result = read(reading, node)
    literal = LITERALS.get(node.type)
    return reading.add("literal", node.start_byte, literal) if literal is not None else result


def read_parts(reading: Reading, node: Node, context: Context = "read") -> int:
    """Read what ``node`` holds, in order; its own value is unknown."""
    for child in node.named_children:
        if child.type != "comment":
            read(reading, child)
    return -1


def string_value(text: str) -> str:
    """What stands between the quotes."""
    return text[1:-1] if len(text) > 1 and text[0] in "'\"`" else text


def _specifier(text: str) -> str:
    quoted = text[text.index("(") + 1 :].strip()
    return quoted[1 : quoted.find(quoted[0], 1)] if quoted else ""
