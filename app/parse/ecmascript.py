"""TypeScript, TSX and JavaScript source to facts."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, TypeAlias

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from app.model.facts import Facts, ParseProblem
from app.parse import ecmascript_names, ecmascript_pieces, ecmascript_repairs
from app.parse.status import judge, opaque_facts
from app.parse.text import Text

# One pass in native code finds what does not depend on its surroundings. Each pattern is one node: patterns of
# several take quadratic time on long chains of operators.
_SCAN: Final = """
[(if_statement) (for_statement) (for_in_statement) (while_statement) (do_statement)
 (switch_case) (catch_clause) (ternary_expression)] @decision
["&&" "||" "??"] @decision
[(comment) (html_comment)] @comment
(hash_bang_line) @comment
(template_string) @template
(ERROR) @error
(MISSING) @missing
[(statement_block) (class_body) (switch_body)] @body
(object) @object
[(arrow_function) (function_expression) (generator_function) (method_definition) (class)] @function
"""
_SCAN_TYPES: Final = "[(interface_body) (object_type) (enum_body)] @body"

_BLANKED: Final = bytes(byte if byte == 10 else 32 for byte in range(256))
# White space to the grammar, though not to `bytes.strip`.
_WIDE_BLANKS: Final = re.compile("|".join("\ufeff\u00a0\u2028\u2029\u2060\u200b").encode())


@cache
def _language(name: str) -> Language:
    if name == "javascript":
        return Language(tree_sitter_javascript.language())
    if name == "tsx":
        return Language(tree_sitter_typescript.language_tsx())
    return Language(tree_sitter_typescript.language_typescript())


@cache
def _scan(name: str) -> Query:
    return Query(_language(name), _SCAN if name == "javascript" else _SCAN + _SCAN_TYPES)


def parse_tree(grammar: bytes, language: str) -> Node:
    """The root of the syntax tree; ``language`` is ``typescript``, ``tsx`` or ``javascript``."""
    return Parser(_language(language)).parse(grammar).root_node


def parse(text: Text, language: str) -> Facts:
    """Everything the parser says about a file in ``language``; never fails."""
    if text.reason:
        return opaque_facts(language, text)
    root, found, problems = _read(text.grammar, language)
    comments = sorted((node.start_byte, node.end_byte) for node in found.get("comment", []))
    if problems:
        shown = ecmascript_repairs.repaired(text.grammar, language, comments)
        again = _read(shown, language)
        if _lost(again[2]) < _lost(problems):
            root, found, problems = again
    status, reason = judge(text, problems)
    if status == "opaque":
        return opaque_facts(language, text, reason)
    tables = ecmascript_names.read(text.utf8, root, typescript=language != "javascript")
    layout = ecmascript_pieces.layout(
        text.grammar, found.get("body", []), found.get("object", []), found.get("function", []), comments
    )
    pieces, too_deep = ecmascript_pieces.cut(root, layout)
    problems += tables.problems + too_deep
    return Facts(
        language=language,
        status=status,
        reason=reason,
        encoding=text.encoding,
        code_lines=_code_lines(text.grammar, comments, found.get("template", [])),
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
        problems=tuple(sorted(problems, key=lambda problem: (problem.start, problem.end))),
    )


_Reading: TypeAlias = tuple[Node, dict[str, list[Node]], list[ParseProblem]]


def _read(grammar: bytes, language: str) -> _Reading:
    """The root, what the scan found, and what could not be read."""
    root = parse_tree(grammar, language)
    found = QueryCursor(_scan(language)).captures(root)
    return root, found, _problems(root, found) if root.has_error else []


def _lost(problems: list[ParseProblem]) -> tuple[int, int]:
    return sum(problem.end - problem.start for problem in problems), len(problems)


def _problems(root: Node, found: dict[str, list[Node]]) -> list[ParseProblem]:
    """What the grammar could not read; where it gave up on the whole, the parts that are no statements."""
    problems = [
        ParseProblem(node.start_byte, node.end_byte, "syntax error")
        for node in found.get("error", [])
        if node != root
    ]
    problems += [
        ParseProblem(node.start_byte, node.end_byte, f"missing {node.type}")
        for node in found.get("missing", [])
    ]
    if root.type == "ERROR":
        problems += [
            ParseProblem(node.start_byte, node.end_byte, "syntax error")
            for node in root.children
            if not ecmascript_pieces.is_statement(node)
        ]
    return problems


def _code_lines(grammar: bytes, comments: list[tuple[int, int]], templates: list[Node]) -> bytes:
    """One byte a line: 1 where anything but white space and comments stands."""
    shown = bytearray(grammar)
    for start, end in comments:
        shown[start:end] = grammar[start:end].translate(_BLANKED)
    if not grammar.isascii():
        shown = bytearray(_WIDE_BLANKS.sub(b" ", shown))
    lines = bytearray(1 if line.strip() else 0 for line in shown.split(b"\n"))
    line = at = 0
    for node in sorted(templates, key=lambda node: node.start_byte):
        start = node.start_byte
        line += grammar.count(b"\n", at, start)
        at = start
        # A blank line in a template is part of its text.
        for inside in range(line, line + grammar.count(b"\n", start, node.end_byte)):
            lines[inside] = 1
    return bytes(lines)
