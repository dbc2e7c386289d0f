"""How a Python file may be cut: statements, and compound statements opened into heads and bodies."""

from __future__ import annotations

from typing import Final

from tree_sitter import Node

from app.model.facts import Piece, PieceKind

# Python itself refuses more than 100 levels of indentation.
_DEEPEST: Final = 120
# A compound statement that is shorter and on one line is never worth opening.
_SMALL: Final = 200

_DEFINITIONS: Final = ("function_definition", "class_definition", "decorated_definition")
_COMPOUND: Final = frozenset(
    ("if_statement", "for_statement", "while_statement", "with_statement", "try_statement", "match_statement")
)
_CLAUSES: Final = frozenset(
    ("elif_clause", "else_clause", "except_clause", "except_group_clause", "finally_clause", "case_clause")
)
_STATEMENTS: Final = ("_statement", "_definition")
_IMPORTS: Final = frozenset(("import_statement", "import_from_statement", "future_import_statement"))


def cut(root: Node) -> tuple[tuple[Piece, ...], list[tuple[int, int]]]:
    """The pieces of a module and the ranges of its docstrings, both in order."""
    docstrings: list[tuple[int, int]] = []
    return tuple(_statements(root, "module", "", docstrings, 0)), docstrings


def _statements(
    block: Node, inside: str, container: str, docstrings: list[tuple[int, int]], depth: int
) -> list[Piece]:
    pieces: list[Piece] = []
    for node in block.children:
        kind = node.type
        if kind == "comment" or (not node.is_named and kind != "ERROR"):
            # `;` between statements, and stray tokens after an error, belong to the piece before them.
            continue
        if node.end_byte == node.start_byte:
            continue
        if kind == "ERROR" and any(child.type.endswith(_STATEMENTS) for child in node.children):
            # What the grammar could read inside an error is cut as usual.
            pieces.extend(_statements(node, inside, container, docstrings, depth))
            continue
        if not pieces and is_docstring(node):
            docstrings.append((node.start_byte, node.end_byte))
            pieces.append(Piece(node.start_byte, node.end_byte, kind, "doc"))
            continue
        pieces.append(_statement(node, inside, container, docstrings, depth))
    return pieces


def is_docstring(node: Node) -> bool:
    """Whether a statement is nothing but a string."""
    return (
        node.type == "expression_statement"
        and node.named_child_count == 1
        and node.named_children[0].type in ("string", "concatenated_string")
    )


def _statement(
    node: Node, inside: str, container: str, docstrings: list[tuple[int, int]], depth: int
) -> Piece:
    kind = node.type
    if kind in _DEFINITIONS:
        return _definition(node, inside, container, docstrings, depth)
    if kind in _COMPOUND:
        if depth >= _DEEPEST or (
            node.start_point.row == node.end_point.row and node.end_byte - node.start_byte < _SMALL
        ):
            return Piece(node.start_byte, node.end_byte, kind, "statement")
        parts: list[Piece] = []
        _clauses(node, parts, inside, container, docstrings, depth)
        return Piece(
            node.start_byte, node.end_byte, kind, "statement", tuple(parts) if len(parts) > 1 else ()
        )
    return Piece(node.start_byte, node.end_byte, kind, _simple_kind(node, inside))


def _simple_kind(node: Node, inside: str) -> PieceKind:
    kind = node.type
    if kind in _IMPORTS:
        return "import"
    if kind == "ERROR":
        return "opaque"
    if kind == "type_alias_statement":
        return "type"
    if inside != "function" and kind == "expression_statement":
        child = node.named_children[0] if node.named_child_count else None
        if child is not None and child.type == "assignment":
            return "constant"
    return "statement"


def _definition(
    node: Node, inside: str, container: str, docstrings: list[tuple[int, int]], depth: int
) -> Piece:
    definition = node.child_by_field_name("definition") if node.type == "decorated_definition" else node
    name_node = definition.child_by_field_name("name") if definition is not None else None
    body = definition.child_by_field_name("body") if definition is not None else None
    if definition is None or name_node is None or body is None:
        return Piece(node.start_byte, node.end_byte, node.type, "statement")
    name = (name_node.text or b"").decode("utf-8", "replace")
    is_class = definition.type == "class_definition"
    kind: PieceKind = "class" if is_class else "method" if inside == "class" else "function"
    inner = f"{container}.{name}" if container else name
    signature_end = _colon_end(definition, body)
    doc: tuple[int, int] | None = None
    parts: list[Piece] = []
    if depth < _DEEPEST:
        statements = _statements(body, "class" if is_class else "function", inner, docstrings, depth + 1)
        head_end = signature_end
        if statements and statements[0].kind == "doc":
            doc = (statements[0].start, statements[0].end)
            head_end = statements[0].end
            statements = statements[1:]
        if statements:
            head = Piece(
                node.start_byte,
                head_end,
                definition.type,
                kind,
                role="head",
                governs="body_of",
                name=name,
                name_pos=name_node.start_byte,
                container=container,
                doc=doc,
                signature=(definition.start_byte, signature_end),
            )
            parts = [head, *(_governed(piece, 0) for piece in statements)]
    return Piece(
        node.start_byte,
        node.end_byte,
        definition.type,
        kind,
        tuple(parts),
        name=name,
        name_pos=name_node.start_byte,
        container=container,
        doc=doc,
        signature=(definition.start_byte, signature_end),
    )


def _governed(piece: Piece, governor: int) -> Piece:
    return Piece(
        piece.start,
        piece.end,
        piece.node_type,
        piece.kind,
        piece.parts,
        "body",
        governor,
        piece.governs,
        piece.name,
        piece.name_pos,
        piece.container,
        piece.doc,
        piece.signature,
    )


def _colon_end(node: Node, body: Node) -> int:
    """Where the colon that opens ``body`` ends."""
    colons = [
        child.end_byte for child in node.children if child.type == ":" and child.end_byte <= body.start_byte
    ]
    return colons[-1] if colons else body.start_byte


def _clauses(
    node: Node,
    parts: list[Piece],
    inside: str,
    container: str,
    docstrings: list[tuple[int, int]],
    depth: int,
) -> None:
    """Append a compound statement's (or clause's) head, its body, and the clauses that follow."""
    first = not parts
    head_index = len(parts)
    body_at = next((at for at, child in enumerate(node.children) if child.type == "block"), None)
    if body_at is None:
        parts.append(
            Piece(
                node.start_byte,
                node.end_byte,
                node.type,
                "statement",
                role="head",
                governor=-1 if first else 0,
            )
        )
        return
    body = node.children[body_at]
    head_end = _colon_end(node, body)
    parts.append(
        Piece(
            node.start_byte,
            head_end,
            node.type,
            "statement",
            role="head",
            governor=-1 if first else 0,
        )
    )
    if node.type == "match_statement":
        for child in body.children:
            if child.type == "case_clause":
                _clauses(child, parts, inside, container, docstrings, depth + 1)
            elif child.type == "ERROR":
                parts.append(
                    _governed(Piece(child.start_byte, child.end_byte, "ERROR", "opaque"), head_index)
                )
        return
    statements = _statements_in_branch(body, inside, container, docstrings, depth + 1)
    parts.extend(_governed(piece, head_index) for piece in statements)
    for child in node.children[body_at + 1 :]:
        if child.type in _CLAUSES:
            _clauses(child, parts, inside, container, docstrings, depth)
        elif child.type == "ERROR" and child.end_byte > child.start_byte:
            parts.append(_governed(Piece(child.start_byte, child.end_byte, "ERROR", "opaque"), head_index))


def _statements_in_branch(
    block: Node, inside: str, container: str, docstrings: list[tuple[int, int]], depth: int
) -> list[Piece]:
    """Like `_statements`; a string that opens a branch is a statement, not documentation."""
    return [
        _statement(node, inside, container, docstrings, depth)
        for node in block.children
        if node.is_named and node.type != "comment" and node.end_byte > node.start_byte
    ]
