"""Python source to facts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

import tree_sitter_python
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from app.model.facts import Facts, ParseProblem
from app.parse import python_names, python_pieces
from app.parse.status import judge, opaque_facts
from app.parse.text import Text

# One pass in native code finds what does not depend on its surroundings.
_SCAN: Final = """
[(if_statement) (elif_clause) (for_statement) (while_statement) (except_clause) (case_clause)
 (conditional_expression) (boolean_operator) (for_in_clause) (if_clause)] @decision
(comment) @comment
(ERROR) @error
(MISSING) @missing
[(global_statement) (nonlocal_statement)] @outer
"""


@cache
def _language() -> Language:
    return Language(tree_sitter_python.language())


@cache
def _scan() -> Query:
    return Query(_language(), _SCAN)


def parse_tree(grammar: bytes) -> Node:
    """The root of the syntax tree of Python source."""
    return Parser(_language()).parse(grammar).root_node


def _read(grammar: bytes) -> tuple[Node, dict[str, list[Node]]]:
    root = parse_tree(grammar)
    return root, QueryCursor(_scan()).captures(root)


def _without_nested_stars(grammar: bytes, errors: list[Node]) -> bytes:
    """``grammar`` with `*(a, b)` among ``errors`` as `a, b` in its place.

    As a target it means the same; the grammar of tree-sitter-python does not have it.
    """
    shown = bytearray(grammar)
    for error in errors:
        for inner in error.children:
            star = len(grammar[: inner.start_byte].rstrip()) - 1
            if inner.type in ("tuple", "list") and grammar[star : star + 1] == b"*":
                for at in (star, inner.start_byte, inner.end_byte - 1):
                    shown[at] = ord(" ")
    return bytes(shown)


def parse(text: Text) -> Facts:
    """Everything the parser says about a Python file; never fails."""
    if text.reason:
        return opaque_facts("python", text)
    grammar = text.grammar
    root, found = _read(grammar)
    errors = len(found.get("error", []))
    if errors:
        shown = _without_nested_stars(grammar, found["error"])
        again = _read(shown) if shown != grammar else (root, found)
        if len(again[1].get("error", [])) < errors:
            root, found = again
    problems = [
        ParseProblem(start, end, "syntax error")
        for node in found.get("error", [])
        for start, end in _unread(node)
    ]
    problems += [
        ParseProblem(node.start_byte, node.end_byte, f"missing {node.type}")
        for node in found.get("missing", [])
    ]
    status, reason = judge(text, problems)
    if status == "opaque":
        return opaque_facts("python", text, reason)
    tables = python_names.read(root, found.get("outer", []))
    pieces, docstrings = python_pieces.cut(root)
    comments = [(node.start_byte, node.end_byte) for node in found.get("comment", [])]
    problems += tables.problems
    return Facts(
        language="python",
        status=status,
        reason=reason,
        encoding=text.encoding,
        code_lines=_code_lines(grammar, comments, docstrings),
        decisions=tuple(sorted(node.start_byte for node in found.get("decision", []))),
        pieces=pieces,
        scopes=tuple(tables.scopes),
        bindings=tuple(tables.bindings),
        expressions=tuple(tables.expressions),
        attribute_stores=tuple(tables.attribute_stores),
        functions=tuple(tables.functions),
        classes=tuple(tables.classes),
        exports=tuple(tables.exports),
        flows=tables.frozen_flows(),
        docstring=docstrings[0] if docstrings and pieces and docstrings[0][0] == pieces[0].start else None,
        problems=tuple(sorted(problems, key=lambda problem: (problem.start, problem.end))),
    )


def _unread(error: Node) -> Iterator[tuple[int, int]]:
    """The ranges of an ERROR node that are not statements: the grammar may wrap a whole file in one."""
    start = end = -1
    for child in error.children or [error]:
        if child.type.endswith(("_statement", "_definition")) or child.type == "comment":
            if end > start >= 0:
                yield start, end
            start = end = -1
        else:
            start = child.start_byte if start < 0 else start
            end = child.end_byte
    if end > start >= 0:
        yield start, end


def _code_lines(grammar: bytes, comments: list[tuple[int, int]], docstrings: list[tuple[int, int]]) -> bytes:
    """One byte a line: 1 where anything but white space, comments and docstrings stands."""
    covered = sorted(comments + docstrings)
    lines = bytearray()
    at = 0
    start = 0
    for line in grammar.split(b"\n"):
        end = start + len(line)
        while at < len(covered) and covered[at][1] <= start:
            at += 1
        code = line.strip()
        if code and at < len(covered) and covered[at][0] < end:
            rest = line[: max(covered[at][0] - start, 0)].strip()
            following = at
            while not rest and following < len(covered) and covered[following][0] < end:
                after = covered[following][1] - start
                until = covered[following + 1][0] - start if following + 1 < len(covered) else len(line)
                rest = line[after : max(until, after)].strip() if after < len(line) else b""
                following += 1
            code = rest
        lines.append(1 if code else 0)
        start = end + 1
    return bytes(lines)
