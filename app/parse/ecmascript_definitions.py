"""Functions, classes and object literals: their scopes, parameters and members.

Their bodies are read later (`Reading.pending`), when all declarations around them are known.
"""

from __future__ import annotations

from typing import Final

from tree_sitter import Node

from app.model.facts import Binding, BindingKind, ClassFact, Context, Expression
from app.parse.ecmascript_patterns import pattern
from app.parse.ecmascript_reading import How, Pending, Reading, read, read_parts, string_value, value
from app.parse.ecmascript_types import (
    annotation,
    index_signature,
    member_signature,
    read_type,
    type_arguments,
    type_parameters,
)

FUNCTIONS: Final = frozenset(("arrow_function", "function_expression", "generator_function"))
_METHOD_SIGNATURES: Final = frozenset(
    ("method_signature", "abstract_method_signature", "call_signature", "construct_signature")
)


def function_scope(
    reading: Reading,
    node: Node,
    binding: int = -1,
    name: str = "",
    parent: int = -1,
    this: int = -1,
    decorators: tuple[int, ...] = (),
) -> int:
    """The scope of a function that is created here; ``this`` is what it means in there if that is known."""
    around = reading.scope if parent < 0 else parent
    scope = reading.add_scope("function", around, node, name, binding)
    if node.type == "arrow_function":
        this = reading.this
    elif this < 0 and not reading.is_in_class(around):
        # Called with `new`, it constructs; inside a class that is only how callbacks are written.
        this = scope
    reading.flow.append(("closure", scope))
    reading.pending.append(Pending(node, scope, binding, this, False, decorators))
    return scope


def function_expression(reading: Reading, node: Node, bound: Context | int = -1) -> int:
    """A function expression or arrow; ``bound`` is the binding that it is assigned to, if a number."""
    binding = bound if isinstance(bound, int) else -1
    name = reading.tables.bindings[binding].name if binding >= 0 else ""
    own_name = node.child_by_field_name("name")
    if own_name is None:
        return _function(reading, node, function_scope(reading, node, binding, name))
    outer, outer_flow = reading.scope, reading.flow
    reading.scope = _inner_block(reading, node)
    created = _function(reading, node, function_scope(reading, node, binding, name))
    _bind_own_name(reading, own_name, "function", created)
    reading.scope, reading.flow = outer, outer_flow
    return created


def _inner_block(reading: Reading, node: Node) -> int:
    """A scope around an expression for what only its inside sees; its flow becomes the current one."""
    scope = reading.add_scope("block", reading.scope, node)
    reading.flow.append(("scope", scope))
    reading.flow = reading.tables.flows[scope]
    return scope


def _bind_own_name(reading: Reading, name: Node, kind: BindingKind, created: int) -> None:
    """The name of a function or class expression."""
    reading.declare(Binding(reading.text(name), reading.scope, name.start_byte, kind, "=", created))


def _function(reading: Reading, node: Node, scope: int) -> int:
    return reading.tables.add_expression(Expression("function", node.start_byte, scope=scope))


def parameters(reading: Reading, function: Node, scope: int, members_of: int = -1) -> tuple[int, ...]:
    """Bind the parameters of ``function`` in order; ``members_of`` is the class of a constructor."""
    single = function.child_by_field_name("parameter")
    if single is not None:
        return tuple(_parameter(reading, single, None, scope))
    listed = function.child_by_field_name("parameters")
    found: list[int] = []
    for node in listed.named_children if listed is not None else ():
        if node.type == "comment":
            continue
        if node.type not in ("required_parameter", "optional_parameter"):
            found += _parameter(reading, node, None, scope)
            continue
        bound = node.child_by_field_name("pattern")
        if bound is None:
            continue
        for child in node.children:
            if child.type == "decorator":
                decorator(reading, child)
        found += _parameter(reading, bound, node, scope)
        if members_of >= 0 and bound.type == "identifier" and _is_property(node, bound):
            parameter = reading.tables.bindings[found[-1]]
            reading.declare(
                Binding(parameter.name, members_of, parameter.pos, "member", "none", -1, parameter.annotation)
            )
    if found and reading.tables.scopes[scope].parent == 0:
        reading.first_parameter[scope] = reading.tables.bindings[found[0]].name
    return tuple(found)


def _is_property(parameter: Node, bound: Node) -> bool:
    return any(
        child.type in ("accessibility_modifier", "override_modifier", "readonly")
        for child in parameter.children
        if child.end_byte <= bound.start_byte
    )


def _parameter(reading: Reading, bound: Node, typed: Node | None, scope: int) -> list[int]:
    declared = default = -1
    if bound.type == "assignment_pattern":
        given = bound.child_by_field_name("right")
        bound = bound.child_by_field_name("left") or bound
    else:
        given = typed.child_by_field_name("value") if typed is not None else None
    if typed is not None:
        declared = annotation(reading, typed.child_by_field_name("type"))
    if given is not None:
        outer = reading.flow
        reading.flow = []
        default = value(reading, given)
        reading.branch_into(outer)
    if bound.type == "this":
        return []
    if bound.type == "rest_pattern":
        declared = -1 if bound.named_children[-1].type != "identifier" else declared
    parameter = Binding("", scope, bound.start_byte, "parameter", annotation=declared)
    how: How = "=" if default >= 0 else "none"
    if bound.type not in ("object_pattern", "array_pattern"):
        return pattern(reading, bound, default, how, declares=parameter)
    # The whole has no name of its own; its parts are found through one that no program can write.
    start = bound.start_byte
    name = f"{{{start}}}"
    whole = reading.declare(Binding(name, scope, start, "parameter", how, default, declared))
    rows = reading.tables.expressions
    rows.append(Expression("name", start, name, -1, scope))
    reading.flow.append(len(rows) - 1)
    pattern(reading, bound, len(rows) - 1, "=", declares=Binding("", scope, start, "variable"))
    return [whole]


def decorator(reading: Reading, node: Node) -> int:
    """`@name`, `@a.b`, `@make(…)`."""
    inner = next((child for child in node.named_children if child.type != "comment"), None)
    return read(reading, inner, "decorate") if inner is not None else -1


def decorators(reading: Reading, node: Node) -> tuple[int, ...]:
    """The decorators that stand in ``node`` itself, in order."""
    found = (decorator(reading, child) for child in node.children if child.type == "decorator")
    return tuple(index for index in found if index >= 0)


def class_expression(reading: Reading, node: Node, bound: Context | int = -1) -> int:
    """A class expression; ``bound`` is the binding that it is assigned to, if a number."""
    binding = bound if isinstance(bound, int) else -1
    name = reading.tables.bindings[binding].name if binding >= 0 else ""
    scope = class_scope(reading, node, binding, name, decorators(reading, node))
    return _function(reading, node, scope) if scope >= 0 else -1


def class_scope(reading: Reading, node: Node, binding: int, name: str, decorated: tuple[int, ...]) -> int:
    """The scope of a class that is created here, with its bases; -1 where it has no body."""
    body = node.child_by_field_name("body")
    if body is None:
        return -1
    outer, outer_flow = reading.scope, reading.flow
    own_name = node.child_by_field_name("name") if node.type == "class" else None
    generic = node.child_by_field_name("type_parameters")
    if generic is not None or own_name is not None:
        reading.scope = _inner_block(reading, node)
        type_parameters(reading, generic)
    bases: list[int] = []
    for child in node.children:
        if child.type == "class_heritage":
            bases += _bases(reading, child)
    scope = reading.add_scope("class", reading.scope, body, name, binding)
    if own_name is not None:
        created = reading.tables.add_expression(Expression("function", node.start_byte, scope=scope))
        _bind_own_name(reading, own_name, "class", created)
    reading.flow.append(("closure", scope))
    reading.pending.append(Pending(body, scope, binding, scope, True))
    reading.tables.classes.append(ClassFact(scope, binding, tuple(bases), decorated))
    reading.scope, reading.flow = outer, outer_flow
    return scope


def _bases(reading: Reading, heritage: Node) -> list[int]:
    found: list[int] = []
    for child in heritage.named_children:
        if child.type == "extends_clause":
            for part in child.named_children:
                if part.type == "type_arguments":
                    arguments = type_arguments(reading, part)
                    if found:
                        found[-1] = reading.tables.add_expression(
                            Expression("generic", part.start_byte, "", found[-1], options=arguments)
                        )
                elif part.type != "comment":
                    found.append(read(reading, part, "base"))
        elif child.type == "implements_clause":
            found += [
                read_type(reading, part, "base") for part in child.named_children if part.type != "comment"
            ]
        elif child.type != "comment":
            found.append(read(reading, child, "base"))
    return [base for base in found if base >= 0]


def class_members(reading: Reading, body: Node, scope: int) -> None:
    """Bind the members of a class in its ``scope``, which is the current one."""
    decorated: list[int] = []
    for node in body.named_children:
        kind = node.type
        if kind == "decorator":
            index = decorator(reading, node)
            if index >= 0:
                decorated.append(index)
            continue
        if kind in ("method_definition", "public_field_definition", "field_definition"):
            member(reading, node, scope, (*decorated, *decorators(reading, node)))
        elif kind in _METHOD_SIGNATURES:
            member_signature(reading, node, scope)
        elif kind == "index_signature":
            index_signature(reading, node)
        elif kind == "class_static_block":
            function_scope(reading, node, this=scope)
        elif kind != "comment":
            read(reading, node)
        decorated = []


def member(reading: Reading, node: Node, scope: int, decorated: tuple[int, ...] = ()) -> None:
    """Bind a method or field in the class or object ``scope``."""
    name = node.child_by_field_name("name") or node.child_by_field_name("property")
    if name is None:
        return
    text = ""
    if name.type == "computed_property_name":
        read_parts(reading, name)
    else:
        text = string_value(reading.text(name))
    pos = name.start_byte
    if node.type == "method_definition":
        _method(reading, node, scope, text, pos, decorated)
        return
    declared = annotation(reading, node.child_by_field_name("type"))
    given = node.child_by_field_name("value")
    if not text:
        value(reading, given)
        return
    index = reading.declare(
        Binding(text, scope, pos, "member", "none" if given is None else "=", -1, declared)
    )
    if given is not None and given.type in FUNCTIONS:
        this = scope if given.type != "arrow_function" else -1
        reading.complete(
            index, _function(reading, given, function_scope(reading, given, index, text, this=this))
        )
    elif given is not None:
        reading.complete(index, value(reading, given))


def _method(
    reading: Reading, node: Node, scope: int, text: str, pos: int, decorated: tuple[int, ...]
) -> None:
    accessor = ""
    for child in node.children:
        if child.type in ("get", "set"):
            accessor = child.type
        elif child.start_byte >= pos:
            break
    tables = reading.tables
    index = -1
    if text and accessor:
        index = reading.declare(Binding(text, scope, pos, "member", "=" if accessor == "get" else "none"))
    elif text:
        index = tables.add_binding(Binding(text, scope, pos, "function", "def", end=node.end_byte))
    # A property with a getter is no function, whatever runs behind it.
    owner = -1 if accessor else index
    created = _function(reading, node, function_scope(reading, node, owner, text, scope, scope, decorated))
    if accessor == "get" and index >= 0:
        # Who reads the property gets what the getter returns.
        reading.complete(index, reading.add("call", pos, base=created))
    elif text and not accessor:
        reading.complete(index, created)


def object_literal(reading: Reading, node: Node, context: Context) -> int:
    """An object, with its properties as members of a scope of its own."""
    scope = reading.add_scope("class", reading.scope, node)
    for child in node.named_children:
        kind = child.type
        if kind == "pair":
            _pair(reading, child, scope)
        elif kind == "shorthand_property_identifier":
            given = reading.add_name(child, "read")
            reading.tables.add_binding(
                Binding(reading.text(child), scope, child.start_byte, "member", "=", given)
            )
        elif kind == "method_definition":
            member(reading, child, scope)
        elif kind != "comment":
            read(reading, child)
    return reading.tables.add_expression(Expression("object", node.start_byte, scope=scope))


def object_in_passing(reading: Reading, node: Node, context: Context) -> int:
    """An object that nothing keeps: its properties matter only where methods reach each other by `this`."""
    for child in node.named_children:
        if child.type == "method_definition":
            return object_literal(reading, node, context)
        if child.type == "pair" and child.children[-1].type in FUNCTIONS:
            return object_literal(reading, node, context)
    for child in node.named_children:
        if child.type == "shorthand_property_identifier":
            reading.add_name(child, "read")
        elif child.type == "pair":
            for part in child.named_children:
                read(reading, part)
        elif child.type != "comment":
            read(reading, child)
    return -1


def _pair(reading: Reading, node: Node, scope: int) -> None:
    key = node.child_by_field_name("key")
    given = node.child_by_field_name("value")
    if key is None or given is None:
        read_parts(reading, node)
        return
    if key.type == "computed_property_name":
        read_parts(reading, key)
        value(reading, given)
        return
    text = string_value(reading.text(key))
    tables = reading.tables
    if given.type in FUNCTIONS:
        index = tables.add_binding(Binding(text, scope, key.start_byte, "member", "="))
        created = function_scope(reading, given, index, text, this=scope)
        reading.complete(index, _function(reading, given, created))
    else:
        tables.add_binding(Binding(text, scope, key.start_byte, "member", "=", value(reading, given)))
