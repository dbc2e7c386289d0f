"""Destructuring: what the parts of a value are bound to."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from app.model.facts import Binding
from app.parse.ecmascript_reading import How, Reading, read, read_parts, string_value


def pattern(
    reading: Reading,
    node: Node,
    given: int,
    how: How,
    *,
    declares: Binding | None = None,
    key: str = "",
) -> list[int]:
    """Bind the names of a pattern to (parts of) ``given``; the bindings in order.

    ``declares`` is what a declared name's binding is made from; without it the pattern assigns.
    """
    kind = node.type
    if kind in ("identifier", "shorthand_property_identifier_pattern"):
        name, pos = reading.text(node), node.start_byte
        if declares is None:
            return [reading.assign(name, pos, given, how, key)]
        return [
            reading.declare(
                Binding(name, declares.scope, pos, declares.kind, how, given, declares.annotation, key=key)
            )
        ]
    if reading.too_deep(node):
        return []
    reading.depth += 2
    found: list[int] = []
    if kind == "object_pattern":
        whole = reading.add("iter", node.start_byte, base=given) if how == "iter" and given >= 0 else given
        for part, name, pos in _properties(reading, node):
            inner = whole
            inner_how: How = "unpack"
            if name and part.type in ("object_pattern", "array_pattern") and whole >= 0:
                inner = reading.add_attribute(whole, name, pos, "read")
                inner_how, name = "=", ""
            found += pattern(reading, part, inner, inner_how, declares=declares, key=name)
    elif kind == "array_pattern":
        whole = reading.add("iter", node.start_byte, base=given) if how == "iter" and given >= 0 else given
        for part in node.named_children:
            if part.type == "comment":
                continue
            part = _with_default(reading, part)
            if part.type in ("object_pattern", "array_pattern"):
                element = reading.add("item", part.start_byte, base=whole) if whole >= 0 else -1
                found += pattern(reading, part, element, "=", declares=declares)
            else:
                found += pattern(reading, part, whole, "unpack", declares=declares)
    elif kind in ("assignment_pattern", "object_assignment_pattern"):
        found = pattern(reading, _with_default(reading, node), given, how, declares=declares, key=key)
    elif kind in ("rest_pattern", "spread_element", "parenthesized_expression", "non_null_expression"):
        for part in node.named_children:
            if part.type != "comment":
                found = pattern(reading, part, given, how, declares=declares)
    elif kind == "member_expression":
        reading.store(target(reading, node), given, how)
    else:
        read(reading, node)
    reading.depth -= 2
    return found


def target(reading: Reading, node: Node) -> int:
    """`a.b` where it is assigned or deleted."""
    children = node.children
    base = read(reading, children[0])
    name = children[-1]
    return reading.add_attribute(base, reading.text(name), name.start_byte, "read", stores=True)


def _properties(reading: Reading, node: Node) -> Iterator[tuple[Node, str, int]]:
    """What each property of an object pattern is bound to, with the property's name and its place."""
    for child in node.named_children:
        kind = child.type
        if kind == "shorthand_property_identifier_pattern":
            yield child, reading.text(child), child.start_byte
        elif kind == "object_assignment_pattern":
            left = _with_default(reading, child)
            yield left, reading.text(left) if left.named_child_count == 0 else "", left.start_byte
        elif kind == "pair_pattern":
            key = child.child_by_field_name("key")
            bound = child.child_by_field_name("value")
            if key is None or bound is None:
                continue
            computed = key.type == "computed_property_name"
            if computed:
                read_parts(reading, key)
            name = "" if computed else string_value(reading.text(key))
            yield _with_default(reading, bound), name, key.start_byte
        elif kind != "comment":
            yield child, "", child.start_byte


def _with_default(reading: Reading, node: Node) -> Node:
    """The left side of `a = default`, after reading the default, which may not run."""
    if node.type not in ("assignment_pattern", "object_assignment_pattern", "assignment_expression"):
        return node
    left = node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    if left is None:
        return node.children[0]
    if right is not None:
        reading.branch(reading.flow_of(read, right))
    return left
