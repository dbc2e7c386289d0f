"""TypeScript, TSX and JavaScript source to facts."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from app.model.facts import Facts, ParseProblem
from app.parse import ecmascript_names, ecmascript_pieces, ecmascript_repairs
from app.parse.ecmascript_pieces import is_statement
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

# The scan takes quadratic time on an error with very many children.
_WIDEST: Final = 20_000
_COMMENTS: Final = frozenset(("comment", "html_comment", "hash_bang_line"))
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
    root = parse_tree(text.grammar, language)
    comments = _comments(root) if root.has_error else None
    if comments is not None:
        root = _best(
            root, parse_tree(ecmascript_repairs.repaired(text.grammar, language, comments), language)
        )
    if _widest_error(root) > _WIDEST:
        return opaque_facts(language, text, f"a stretch of more than {_WIDEST} tokens cannot be read")
    found = QueryCursor(_scan(language)).captures(root)
    problems = _problems(root, found)
    seen = [(node.start_byte, node.end_byte) for node in found.get("comment", [])]
    comments = sorted({*seen, *(comments or ())})
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


def _comments(root: Node) -> list[tuple[int, int]]:
    """Found by a walk, which is slower than the scan but takes no longer on errors."""
    found = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.type in _COMMENTS:
            found.append((node.start_byte, node.end_byte))
        waiting += node.children
    return sorted(found)


def _widest_error(root: Node) -> int:
    return max((node.child_count for node in (root, *root.children) if node.type == "ERROR"), default=0)


def _best(first: Node, second: Node) -> Node:
    """The tree of which more could be read."""
    return second if not second.has_error or _lost(second) < _lost(first) else first


def _lost(root: Node) -> tuple[int, int]:
    """Bytes in errors and number of errors, of which a root that is one counts its fragments."""
    lost = errors = 0
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node is not root and (node.is_error or node.is_missing):
            lost += node.end_byte - node.start_byte
            errors += 1
        elif node.has_error:
            if node.is_error:
                lost += sum(at.end_byte - at.start_byte for at in node.children if not is_statement(at))
            waiting += node.children
    return lost, errors


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
            if not is_statement(node)
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
