"""The names in TypeScript's types.

Types have no order of evaluation: their names are expressions with ``type_only``, and in no flow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tree_sitter import Node

from app.model.facts import Binding, ClassFact, Context, Expression, FunctionFact
from app.parse.ecmascript_reading import Reading, string_value

_BUILTIN: Final = {
    "string": "String",
    "number": "Number",
    "boolean": "Boolean",
    "symbol": "Symbol",
    "bigint": "BigInt",
}
_LITERALS: Final = {
    "string": "String",
    "number": "Number",
    "true": "Boolean",
    "false": "Boolean",
    "unary_expression": "Number",
    "null": "null",
    "undefined": "undefined",
}


def annotation(reading: Reading, node: Node | None, context: Context = "annotation") -> int:
    """The type of a `: T` clause, -1 without one."""
    if node is None:
        return -1
    kind = node.type
    if kind.endswith("annotation"):
        inner = [child for child in node.named_children if child.type != "comment"]
        return read_type(reading, inner[-1], context) if inner else -1
    return read_type(reading, node, context)


def read_type(reading: Reading, node: Node, context: Context = "annotation") -> int:
    """The expression that a type is; -1 where it says nothing about its values."""
    kind = node.type
    if kind in ("type_identifier", "identifier"):
        return reading.add_name(node, context, True)
    if kind == "predefined_type":
        builtin = _BUILTIN.get(reading.text(node), "")
        return reading.add("literal", node.start_byte, builtin) if builtin else -1
    if reading.too_deep(node):
        return -1
    reading.depth += 4
    read = _TYPES.get(kind)
    if read is not None:
        result = read(reading, node, context)
    else:
        result = -1
        for child in node.named_children:
            if child.type != "comment":
                read_type(reading, child, context)
    reading.depth -= 4
    return result


def type_arguments(reading: Reading, node: Node) -> tuple[int, ...]:
    """The arguments between `<` and `>`."""
    return tuple(
        read_type(reading, child, "type_argument") for child in node.named_children if child.type != "comment"
    )


def type_parameters(reading: Reading, node: Node | None) -> None:
    """Declare the parameters between `<` and `>` in the current scope."""
    if node is None:
        return
    for parameter in node.named_children:
        name = parameter.child_by_field_name("name")
        if name is None:
            continue
        constraint = parameter.child_by_field_name("constraint")
        bound = -1
        if constraint is not None:
            bound = [read_type(reading, child) for child in constraint.named_children or [constraint]][-1]
        default = parameter.child_by_field_name("value")
        if default is not None:
            for child in default.named_children:
                read_type(reading, child)
        reading.declare(
            Binding(
                reading.text(name),
                reading.scope,
                name.start_byte,
                "type",
                "none",
                annotation=bound,
                type_only=True,
            )
        )


def value_path(reading: Reading, node: Node, context: Context = "read", type_only: bool = True) -> int:
    """A dotted name in a type, as in `typeof a.b` and `[Symbol.iterator]`."""
    properties = []
    at = node
    while at.type in (
        "member_expression",
        "nested_identifier",
        "nested_type_identifier",
        "subscript_expression",
        "instantiation_expression",
    ):
        children = at.children
        if at.type == "subscript_expression" and len(children) > 3:
            properties.append(children[-2])
        elif at.type == "instantiation_expression":
            type_arguments(reading, children[-1])
        else:
            properties.append(children[-1])
        at = children[0]
    if at.type == "call_expression":
        base = _import_type(reading, at)
    elif at.type == "this":
        base = reading.add("this", at.start_byte)
    elif at.type in ("identifier", "type_identifier"):
        base = reading.add_name(at, context if at is node else "read", type_only)
    else:
        return -1
    for at_property in reversed(properties):
        inner = at_property is not properties[0]
        base = reading.add_attribute(
            base,
            string_value(reading.text(at_property)),
            at_property.start_byte,
            "read" if inner else context,
            type_only,
        )
    return base


def _import_type(reading: Reading, node: Node) -> int:
    arguments = node.child_by_field_name("arguments")
    strings = [child for child in arguments.named_children if child.type == "string"] if arguments else []
    if not strings:
        return -1
    index = len(reading.tables.expressions)
    reading.tables.expressions.append(
        Expression("import", strings[0].start_byte, string_value(reading.text(strings[0])), type_only=True)
    )
    return index


def _path(reading: Reading, node: Node, context: Context) -> int:
    return value_path(reading, node, context)


def _query(reading: Reading, node: Node, context: Context) -> int:
    result = -1
    for child in node.named_children:
        if child.type == "type_arguments":
            type_arguments(reading, child)
        elif child.type != "comment":
            result = value_path(reading, child)
    return result


def _generic(reading: Reading, node: Node, context: Context) -> int:
    name = node.child_by_field_name("name")
    arguments = node.child_by_field_name("type_arguments")
    base = read_type(reading, name, context) if name is not None else -1
    options = type_arguments(reading, arguments) if arguments is not None else ()
    return _add(reading, Expression("generic", node.start_byte, "", base, options=options, type_only=True))


def _array(reading: Reading, node: Node, context: Context) -> int:
    elements = tuple(
        read_type(reading, child, context) for child in node.named_children if child.type != "comment"
    )
    base = reading.add("literal", node.start_byte, "Array")
    return _add(reading, Expression("generic", node.start_byte, "", base, options=elements, type_only=True))


def _tuple_element(reading: Reading, node: Node, context: Context) -> int:
    declared = node.child_by_field_name("type")
    if declared is not None:
        return annotation(reading, declared, context)
    return _last(reading, node, context)


def _last(reading: Reading, node: Node, context: Context) -> int:
    result = -1
    for child in node.named_children:
        if child.type != "comment":
            result = read_type(reading, child, context)
    return result


def _nothing(reading: Reading, node: Node, context: Context) -> int:
    _last(reading, node, context)
    return -1


def _union(reading: Reading, node: Node, context: Context) -> int:
    options = []
    waiting = [node]
    while waiting:
        at = waiting.pop()
        if at.type in ("union_type", "intersection_type"):
            waiting += [
                child for child in reversed(at.children) if child.is_named and child.type != "comment"
            ]
        else:
            options.append(read_type(reading, at, context))
    return reading.add_union(node.start_byte, options, True)


def _literal(reading: Reading, node: Node, context: Context) -> int:
    value = node.named_children[0].type if node.named_child_count else ""
    return reading.add("literal", node.start_byte, _LITERALS[value]) if value in _LITERALS else -1


def _this(reading: Reading, node: Node, context: Context) -> int:
    return reading.add("this", node.start_byte)


def _lookup(reading: Reading, node: Node, context: Context) -> int:
    parts = [child for child in node.named_children if child.type != "comment"]
    if len(parts) != 2:
        return _nothing(reading, node, context)
    base = read_type(reading, parts[0], context)
    key = parts[1]
    if key.type == "literal_type" and key.named_child_count and key.named_children[0].type == "string":
        return reading.add_attribute(base, string_value(reading.text(key)), key.start_byte, "read", True)
    read_type(reading, key, context)
    return _add(reading, Expression("item", node.start_byte, "", base, type_only=True)) if base >= 0 else -1


def _conditional(reading: Reading, node: Node, context: Context) -> int:
    options = []
    outer, outer_infer = reading.scope, reading.infer
    at: Node | None = node
    while at is not None and at.type == "conditional_type":
        for part in ("left", "right"):
            child = at.child_by_field_name(part)
            if child is not None:
                if part == "right":
                    # What `infer` names is known from here on.
                    reading.scope = reading.infer = reading.add_scope("block", reading.scope, at)
                read_type(reading, child, context)
        consequence = at.child_by_field_name("consequence")
        if consequence is not None:
            options.append(read_type(reading, consequence, context))
        at = at.child_by_field_name("alternative")
    if at is not None:
        options.append(read_type(reading, at, context))
    reading.scope, reading.infer = outer, outer_infer
    return reading.add_union(node.start_byte, options, True)


def _infer(reading: Reading, node: Node, context: Context) -> int:
    names = [child for child in node.named_children if child.type != "comment"]
    if not names:
        return -1
    for constraint in names[1:]:
        read_type(reading, constraint, context)
    name = names[0]
    reading.declare(Binding(reading.text(name), reading.infer, name.start_byte, "type", type_only=True))
    return -1


def _predicate(reading: Reading, node: Node, context: Context) -> int:
    kind = node.child_by_field_name("type")
    if kind is not None:
        read_type(reading, kind, context)
    return reading.add("literal", node.start_byte, "Boolean")


def _asserts(reading: Reading, node: Node, context: Context) -> int:
    for child in node.named_children:
        if child.type == "type_predicate":
            _predicate(reading, child, context)
    return -1


def _function(reading: Reading, node: Node, context: Context) -> int:
    scope = signature(reading, node, -1)
    return _add(reading, Expression("function", node.start_byte, scope=scope, type_only=True))


def _object(reading: Reading, node: Node, context: Context) -> int:
    scope = reading.add_scope("class", reading.scope, node)
    members(reading, node, scope)
    return _add(reading, Expression("object", node.start_byte, scope=scope, type_only=True))


def _add(reading: Reading, expression: Expression) -> int:
    return reading.tables.add_expression(expression)


def signature(reading: Reading, node: Node, binding: int, parent: int = -1, name: str = "") -> int:
    """The scope of a function that is declared without a body."""
    scope = reading.add_scope("function", reading.scope if parent < 0 else parent, node, name, binding)
    outer = reading.scope
    reading.scope = scope
    type_parameters(reading, node.child_by_field_name("type_parameters"))
    bindings = []
    parameters = node.child_by_field_name("parameters")
    for parameter in parameters.named_children if parameters is not None else ():
        pattern = parameter.child_by_field_name("pattern")
        declared = annotation(reading, parameter.child_by_field_name("type"))
        if pattern is None or pattern.type == "this":
            continue
        if pattern.type == "rest_pattern" and pattern.named_child_count:
            pattern = pattern.named_children[-1]
        known = pattern.type == "identifier"
        index = reading.tables.add_binding(
            Binding(
                reading.text(pattern) if known else "",
                scope,
                pattern.start_byte,
                "parameter",
                annotation=declared,
            )
        )
        reading.declared[scope].add(reading.text(pattern) if known else "")
        bindings.append(index)
    returns = node.child_by_field_name("return_type") or node.child_by_field_name("type")
    reading.tables.functions.append(
        FunctionFact(scope, binding, tuple(bindings), annotation(reading, returns), overload=True)
    )
    reading.scope = outer
    return scope


def members(reading: Reading, body: Node, scope: int) -> None:
    """Bind what an interface or object type declares in its class ``scope``."""
    outer, outer_this = reading.scope, reading.this
    reading.scope = reading.this = scope
    for node in body.named_children:
        kind = node.type
        if kind in ("property_signature", "method_signature"):
            member_signature(reading, node, scope)
        elif kind in ("call_signature", "construct_signature"):
            signature(reading, node, -1)
        elif kind == "index_signature":
            index_signature(reading, node)
    reading.scope, reading.this = outer, outer_this


def member_signature(reading: Reading, node: Node, scope: int) -> None:
    """A property or method that is declared without a value."""
    name = node.child_by_field_name("name")
    if name is None:
        return
    computed = name.type == "computed_property_name"
    if computed:
        for child in name.named_children:
            value_path(reading, child)
    text = "" if computed else string_value(reading.text(name))
    if node.type == "property_signature":
        declared = annotation(reading, node.child_by_field_name("type"))
        if text:
            reading.declare(Binding(text, scope, name.start_byte, "member", annotation=declared))
        return
    if text and any(
        child.type in ("get", "set") for child in node.children[:-1] if child.end_byte <= name.start_byte
    ):
        returns = annotation(reading, node.child_by_field_name("return_type"))
        reading.declare(Binding(text, scope, name.start_byte, "member", annotation=returns))
        return
    binding = -1
    if text:
        binding = reading.tables.add_binding(
            Binding(text, scope, name.start_byte, "function", "def", end=node.end_byte)
        )
    signature(reading, node, binding, scope, text)


def index_signature(reading: Reading, node: Node) -> None:
    """`[key: string]: T` and `[K in keyof T]: U`."""
    outer = reading.scope
    for child in node.named_children:
        if child.type == "mapped_type_clause":
            source = child.child_by_field_name("type")
            if source is not None:
                read_type(reading, source)
            name = child.child_by_field_name("name")
            if name is not None:
                reading.scope = reading.add_scope("block", outer, node)
                reading.declare(
                    Binding(reading.text(name), reading.scope, name.start_byte, "type", type_only=True)
                )
            alias = child.child_by_field_name("alias")
            if alias is not None:
                read_type(reading, alias)
    index = node.child_by_field_name("index_type")
    if index is not None:
        read_type(reading, index)
    annotation(reading, node.child_by_field_name("type"))
    reading.scope = outer


def interface(reading: Reading, node: Node, context_scope: int) -> None:
    """Declare an interface in ``context_scope``, with its members and bases."""
    name = node.child_by_field_name("name")
    body = node.child_by_field_name("body")
    if name is None or body is None:
        return
    text = reading.text(name)
    binding = reading.declare(
        Binding(text, context_scope, name.start_byte, "interface", "def", type_only=True, end=node.end_byte)
    )
    outer = reading.scope
    parameters = node.child_by_field_name("type_parameters")
    if parameters is not None:
        reading.scope = reading.add_scope("block", outer, node)
        type_parameters(reading, parameters)
    bases = []
    for child in node.children:
        if child.type in ("extends_type_clause", "extends_clause"):
            bases += [
                read_type(reading, base, "base") for base in child.named_children if base.type != "comment"
            ]
    scope = reading.add_scope("class", reading.scope, body, text, binding)
    members(reading, body, scope)
    reading.tables.classes.append(ClassFact(scope, binding, tuple(base for base in bases if base >= 0)))
    reading.scope = outer


def type_alias(reading: Reading, node: Node) -> None:
    """Declare `type A<T> = …` in the current scope."""
    name = node.child_by_field_name("name")
    value = node.child_by_field_name("value")
    if name is None:
        return
    binding = reading.declare(
        Binding(
            reading.text(name),
            reading.scope,
            name.start_byte,
            "type",
            "=",
            type_only=True,
            end=node.end_byte,
        )
    )
    outer = reading.scope
    parameters = node.child_by_field_name("type_parameters")
    if parameters is not None:
        reading.scope = reading.add_scope("block", outer, node)
        type_parameters(reading, parameters)
    if value is not None:
        reading.complete(binding, read_type(reading, value))
    reading.scope = outer


_Read: TypeAlias = Callable[[Reading, Node, Context], int]

_TYPES: Final[dict[str, _Read]] = {
    "nested_type_identifier": _path,
    "nested_identifier": _path,
    "member_expression": _path,
    "call_expression": _path,
    "type_query": _query,
    "generic_type": _generic,
    "array_type": _array,
    "tuple_type": _array,
    "required_parameter": _tuple_element,
    "optional_parameter": _tuple_element,
    "optional_type": _last,
    "rest_type": _last,
    "readonly_type": _last,
    "parenthesized_type": _last,
    "union_type": _union,
    "intersection_type": _union,
    "literal_type": _literal,
    "this_type": _this,
    "lookup_type": _lookup,
    "index_type_query": _nothing,
    "conditional_type": _conditional,
    "infer_type": _infer,
    "type_predicate": _predicate,
    "asserts": _asserts,
    "function_type": _function,
    "constructor_type": _function,
    "object_type": _object,
    "template_literal_type": _nothing,
    "string": _literal,
}
