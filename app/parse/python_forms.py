"""Forms of Python's syntax, as far as they can be told from the tree or from a flow alone."""

from __future__ import annotations

from typing import Final
from unicodedata import normalize

from tree_sitter import Node

from app.model.facts import Flow

_DECIDING: Final = frozenset(("and", "or", "not", "constant"))
# Each further `except*` doubles the ways to come to the last one. In front of these, what a handler raises is
# taken to be over, perhaps, when the next one runs.
_MOST_FOLLOWING: Final = 4


def name_text(node: Node) -> str:
    """The text of a name, in the form in which Python compares names."""
    text = (node.text or b"").decode("utf-8", "replace")
    return text if text.isascii() else normalize("NFKC", text)


def in_parentheses(node: Node) -> Node:
    """What stands in parentheses that only group."""
    while node.type in ("parenthesized_expression", "tuple_pattern"):
        inner = [child for child in node.children if child.type != "comment"]
        if len(inner) != 3 or not inner[1].is_named or "splat" in inner[1].type:
            break
        node = inner[1]
    return node


def operands_of(node: Node, *, same_operator: bool = False) -> list[Node]:
    """The operands of `a or b or c …` from left to right; it nests to the left, and a long chain must not recurse.

    Empty where an operand is missing.
    """
    operands: list[Node] = []
    at = node
    while at.type == node.type and not (same_operator and operator_of(at) != operator_of(node)):
        left, right = at.child_by_field_name("left"), at.child_by_field_name("right")
        if left is None or right is None:
            return []
        operands.append(right)
        at = left
    return [at, *reversed(operands)]


def operator_of(node: Node) -> str:
    operator = node.child_by_field_name("operator")
    return operator.type if operator is not None else ""


def paired(left: Node, right: Node) -> list[tuple[Node, Node]]:
    """`a, b = x, y` as pairs; empty where the sides do not match one to one."""
    if left.type not in ("pattern_list", "tuple_pattern") or right.type not in ("expression_list", "tuple"):
        return []
    targets = [child for child in left.named_children if child.type != "comment"]
    values = [child for child in right.named_children if child.type != "comment"]
    if len(targets) != len(values) or any("splat" in node.type for node in targets + values):
        return []
    return list(zip(targets, values, strict=True))


def truth_of(node: Node) -> bool | None:
    """The truth of a constant; None for what is none."""
    kind = node.type
    if kind in ("true", "false", "none"):
        return kind == "true"
    if kind == "integer":
        digits = (node.text or b"").lower()
        return bool((digits[2:] if digits[:2] in (b"0x", b"0o", b"0b") else digits).strip(b"0_jl"))
    return None


def decides(test: Flow) -> bool:
    """Whether the last step tells how the result follows."""
    return bool(test) and not isinstance(last := test[-1], int) and last[0] in _DECIDING


def managers_of(node: Node) -> list[Node]:
    """The context managers of one item, which may be all of them in parentheses."""
    if node.type in ("tuple", "parenthesized_expression") and any(
        child.type == "as_pattern" for child in node.named_children
    ):
        return [manager for child in node.named_children for manager in managers_of(child)]
    return [node]


def is_for_groups(clause: Node) -> bool:
    return clause.type == "except_group_clause" or any(child.type == "*" for child in clause.children)


def one_after_the_other(handlers: list[Flow]) -> Flow:
    """Handlers of `except*`: each may run, and the next one after it even if it raises."""
    rest: Flow = ()
    for following, handler in enumerate(reversed(handlers)):
        once: Flow = (("branch", (handler,), False),)
        if not rest:
            rest = once
        elif following <= _MOST_FOLLOWING:
            rest = (("try", once, (), (), rest),)
        else:
            rest = (("try", once, ((),), (), ()), *rest)
    return rest


def irrefutable(pattern: Node) -> bool:
    """`case _` and `case name` always match, in parentheses, under a name and as one of several alternatives too."""
    kind = pattern.type
    inner = [child for child in pattern.named_children if child.type != "comment"]
    if kind in ("_", "identifier") or (kind == "case_pattern" and not inner):
        return True
    if kind == "dotted_name":
        return len(inner) == 1
    if kind == "union_pattern":
        return any(irrefutable(child) for child in pattern.children)
    if kind == "tuple_pattern":
        grouped = in_parentheses(pattern)
        return grouped is not pattern and irrefutable(grouped)
    return kind in ("case_pattern", "as_pattern") and bool(inner) and irrefutable(inner[0])
