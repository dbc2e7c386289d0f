"""The names in ECMAScript's expressions, in the order in which they are read and bound."""

from __future__ import annotations

from typing import Final

from tree_sitter import Node

from app.model.facts import Context
from app.parse.ecmascript_definitions import (
    class_expression,
    function_expression,
    object_in_passing,
    object_literal,
)
from app.parse.ecmascript_modules import common_export, required
from app.parse.ecmascript_patterns import pattern, target
from app.parse.ecmascript_reading import KEPT_OBJECT, Reader, Reading, read, read_parts, string_value, value
from app.parse.ecmascript_types import read_type, type_arguments

_LINKS: Final = frozenset(
    ("member_expression", "call_expression", "subscript_expression", "non_null_expression")
)
_WRAPPERS: Final = frozenset(
    ("parenthesized_expression", "non_null_expression", "as_expression", "satisfies_expression")
)
_NAMED: Final = frozenset(("arrow_function", "function_expression", "generator_function", "class"))
_LOGICAL: Final = frozenset(("||", "&&", "??"))


def _last(reading: Reading, node: Node, context: Context) -> int:
    result = -1
    for child in node.named_children:
        if child.type != "comment":
            result = value(reading, child) if context == "read" else read(reading, child, context)
    return result


def _chain(reading: Reading, node: Node, context: Context) -> int:
    """A chain of properties, calls and subscripts, however long."""
    # From the outermost in: each link with how its result is used.
    links: list[tuple[str, list[Node], Context]] = []
    at = node
    kind = node.type
    used = context
    while kind in _LINKS:
        children = at.children
        links.append((kind, children, used))
        if kind == "call_expression":
            used = "decorate" if used == "decorate" and at is node else "call"
        elif kind != "non_null_expression":
            used = "read"
        at = children[0]
        kind = at.type
    result = -1
    if kind in ("import", "identifier") and links[-1][0] == "call_expression":
        module = required(reading, at, links[-1][1])
        if module is not None:
            result = reading.add("import", at.start_byte, module)
            links.pop()
            kind = ""
    if kind:
        result = read(reading, at, used)
    for kind, children, used in reversed(links):
        if kind == "member_expression":
            name = children[-1]
            result = reading.add_attribute(result, reading.text(name), name.start_byte, used)
        elif kind == "call_expression":
            _arguments(reading, children)
            if result >= 0:
                result = reading.add("call", children[0].start_byte, base=result, context=used)
        elif kind == "subscript_expression":
            key = children[-2]
            if key.type == "string":
                result = reading.add_attribute(result, string_value(reading.text(key)), key.start_byte, used)
            else:
                read(reading, key)
                if result >= 0:
                    result = reading.add("item", key.start_byte, base=result, context=used)
    return result


def _arguments(reading: Reading, children: list[Node]) -> None:
    for child in children[1:]:
        kind = child.type
        if kind == "arguments":
            for argument in child.named_children:
                read(reading, argument)
        elif kind == "type_arguments":
            type_arguments(reading, child)
        elif kind == "template_string":
            _template(reading, child, "read")


def _new(reading: Reading, node: Node, context: Context) -> int:
    constructor = node.child_by_field_name("constructor")
    base = read(reading, constructor, "instantiate") if constructor is not None else -1
    _arguments(reading, node.children)
    return reading.add("call", node.start_byte, base=base, context=context) if base >= 0 else -1


def _this(reading: Reading, node: Node, context: Context) -> int:
    return reading.add("this", node.start_byte, context=context) if reading.this >= 0 else -1


def _super(reading: Reading, node: Node, context: Context) -> int:
    return reading.add("super", node.start_byte, context=context)


def _await(reading: Reading, node: Node, context: Context) -> int:
    base = _last(reading, node, "read")
    return reading.add("await", node.start_byte, base=base, context=context) if base >= 0 else -1


def _yield(reading: Reading, node: Node, context: Context) -> int:
    given = _last(reading, node, "read")
    if given >= 0:
        reading.results.append(given)
    return -1


def _unary(reading: Reading, node: Node, context: Context) -> int:
    argument = node.child_by_field_name("argument")
    operator = node.children[0].type
    if argument is None:
        return -1
    if operator == "delete" and argument.type == "member_expression":
        target(reading, argument)
        return -1
    while argument.type == "unary_expression":
        argument = argument.child_by_field_name("argument") or argument.children[-1]
    read(reading, argument)
    return -1


def _binary(reading: Reading, node: Node, context: Context) -> int:
    """Left-nested operators, however many, without recursion."""
    spine = []
    at = node
    while at.type == "binary_expression":
        spine.append(at.children)
        at = spine[-1][0]
    operator = _operator(spine[-1])
    result = value(reading, at) if operator in _LOGICAL else read(reading, at)
    for children in reversed(spine):
        operator = _operator(children)
        right = children[-1]
        if operator in _LOGICAL:
            outer = reading.flow
            reading.flow = []
            other = value(reading, right)
            reading.branch_into(outer)
            result = reading.add_union(node.start_byte, [result, other])
        else:
            read(reading, right, "check" if operator == "instanceof" else "read")
            result = -1
    return result


def _operator(children: list[Node]) -> str:
    if len(children) == 3:
        return children[1].type
    return next((child.type for child in children[1:] if not child.is_named), "")


def _ternary(reading: Reading, node: Node, context: Context) -> int:
    options: list[int] = []
    alternatives = []
    at = node
    outer = reading.flow
    while at.type == "ternary_expression":
        condition = at.child_by_field_name("condition")
        consequence = at.child_by_field_name("consequence")
        alternative = at.child_by_field_name("alternative")
        if condition is None or consequence is None or alternative is None:
            break
        reading.flow = []
        read(reading, condition)
        before = tuple(reading.flow)
        reading.flow = []
        options.append(value(reading, consequence))
        alternatives.append((before, tuple(reading.flow)))
        at = alternative
    reading.flow = []
    if alternatives:
        options.append(value(reading, at))
    else:
        read_parts(reading, node, context)
    rest = tuple(reading.flow)
    reading.flow = outer
    reading.choices(alternatives, rest)
    return reading.add_union(node.start_byte, options)


def _sequence(reading: Reading, node: Node, context: Context) -> int:
    result = -1
    for child in node.named_children:
        if child.type != "comment":
            result = read(reading, child)
    return result


def _cast(reading: Reading, node: Node, context: Context) -> int:
    parts = [child for child in node.named_children if child.type != "comment"]
    if not parts:
        return -1
    result = value(reading, parts[0]) if context == "read" else read(reading, parts[0], context)
    for part in parts[1:]:
        read_type(reading, part, "cast")
    return result


def _assertion(reading: Reading, node: Node, context: Context) -> int:
    parts = [child for child in node.named_children if child.type != "comment"]
    if len(parts) < 2:
        return -1
    result = value(reading, parts[-1])
    for argument in parts[0].named_children:
        read_type(reading, argument, "cast")
    return result


def _instantiation(reading: Reading, node: Node, context: Context) -> int:
    children = node.named_children
    result = read(reading, children[0], context)
    for child in children[1:]:
        if child.type == "type_arguments":
            type_arguments(reading, child)
    return result


def _assignment(reading: Reading, node: Node, context: Context) -> int:
    left = node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    if left is None or right is None:
        return read_parts(reading, node)
    left = _unwrapped(left)
    if left.type == "identifier" and right.type in _NAMED:
        # The function must know its name's binding, which happens after it.
        index = reading.assign(reading.text(left), left.start_byte, -1, "=")
        reading.flow.pop()
        define = class_expression if right.type == "class" else function_expression
        result = define(reading, right, index)
        reading.flow.append(~index)
        reading.complete(index, result)
        return result
    if left.type != "member_expression":
        result = value(reading, right)
        pattern(reading, left, result, "=")
        return result
    stored = target(reading, left)
    first = len(reading.tables.bindings)
    result = value(reading, right)
    reading.store(stored, result, "=")
    if reading.commonjs:
        common_export(reading, left, result, first)
    return result


def _augmented(reading: Reading, node: Node, context: Context) -> int:
    left = node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    if left is None or right is None:
        return read_parts(reading, node)
    left = _unwrapped(left)
    before = read(reading, left)
    if _operator(node.children) in ("||=", "&&=", "??="):
        outer = reading.flow
        reading.flow = []
        result = value(reading, right)
        _rebind(reading, left, before, result)
        reading.branch_into(outer)
        return reading.add_union(node.start_byte, [before, result])
    read(reading, right)
    _rebind(reading, left, before, -1)
    return -1


def _update(reading: Reading, node: Node, context: Context) -> int:
    argument = node.child_by_field_name("argument")
    if argument is not None:
        argument = _unwrapped(argument)
        _rebind(reading, argument, read(reading, argument), -1)
    return -1


def _rebind(reading: Reading, node: Node, before: int, result: int) -> None:
    """Bind or store again what ``before`` has just read."""
    if node.type == "identifier":
        reading.assign(reading.text(node), node.start_byte, result, "=")
    elif node.type == "member_expression":
        row = reading.tables.expressions[before]
        stored = reading.add_attribute(row.base, row.name, row.pos, "read", stores=True)
        reading.store(stored, result, "=")


def _unwrapped(node: Node) -> Node:
    while node.type in _WRAPPERS and node.named_child_count:
        node = node.named_children[0]
    return node


def _template(reading: Reading, node: Node, context: Context) -> int:
    for child in node.named_children:
        if child.type == "template_substitution":
            read_parts(reading, child)
    return -1


def _nothing(reading: Reading, node: Node, context: Context) -> int:
    return -1


def _is_component(reading: Reading, name: Node) -> bool:
    if name.type == "identifier":
        return not reading.source[name.start_byte : name.start_byte + 1].islower()
    return name.type == "member_expression"


def _jsx_tag(reading: Reading, node: Node, context: Context) -> int:
    """An opening or self-closing tag: components are instantiated, intrinsic elements are no names."""
    name = node.child_by_field_name("name")
    if name is not None and _is_component(reading, name):
        read(reading, name, "instantiate")
    for child in node.named_children:
        if child.type == "type_arguments":
            type_arguments(reading, child)
        elif child.type in ("jsx_attribute", "jsx_expression"):
            read(reading, child)
    return -1


READERS: Final[dict[str, Reader]] = {
    "member_expression": _chain,
    "call_expression": _chain,
    "subscript_expression": _chain,
    "non_null_expression": _chain,
    "new_expression": _new,
    "this": _this,
    "super": _super,
    "await_expression": _await,
    "yield_expression": _yield,
    "unary_expression": _unary,
    "binary_expression": _binary,
    "ternary_expression": _ternary,
    "sequence_expression": _sequence,
    "parenthesized_expression": _last,
    "as_expression": _cast,
    "satisfies_expression": _cast,
    "type_assertion": _assertion,
    "instantiation_expression": _instantiation,
    "assignment_expression": _assignment,
    "augmented_assignment_expression": _augmented,
    "update_expression": _update,
    "template_string": _template,
    "meta_property": _nothing,
    "private_property_identifier": _nothing,
    "property_identifier": _nothing,
    "jsx_text": _nothing,
    "html_character_reference": _nothing,
    "jsx_closing_element": _nothing,
    "jsx_namespace_name": _nothing,
    "jsx_opening_element": _jsx_tag,
    "jsx_self_closing_element": _jsx_tag,
    "array": read_parts,
    "object": object_in_passing,
    KEPT_OBJECT: object_literal,
    "arrow_function": function_expression,
    "function_expression": function_expression,
    "generator_function": function_expression,
    "class": class_expression,
    "comment": _nothing,
}
