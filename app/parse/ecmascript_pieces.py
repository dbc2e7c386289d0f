"""How an ECMAScript file may be cut: statements and members, opened where they hold bodies.

A statement may hold bodies anywhere: in a callback, an object literal, a class expression. Its parts are
the bodies' statements and members, and the text before, between and after them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final, Literal, TypeAlias

from tree_sitter import Node

from app.model.facts import Governs, ParseProblem, Piece, PieceKind
from app.parse.ecmascript_repairs import is_unnamed_default

# Real code stays far below; what is nested deeper is kept whole.
_DEEPEST: Final = 100
# What is shorter and on one line is never worth opening.
_SMALL: Final = 200

BODIES: Final = ("statement_block", "class_body", "interface_body", "object_type", "enum_body", "switch_body")
FUNCTIONS: Final = ("arrow_function", "function_expression", "generator_function")

_MEMBERS: Final = frozenset(("class_body", "interface_body", "object_type", "enum_body", "object"))
_CONTAINERS: Final = _MEMBERS | {"statement_block", "switch_body"}
_CONTROL: Final = frozenset(
    (
        "if_statement",
        "else_clause",
        "for_statement",
        "for_in_statement",
        "while_statement",
        "do_statement",
        "with_statement",
        "try_statement",
        "catch_clause",
        "finally_clause",
        "switch_statement",
        "labeled_statement",
    )
)
_NAMESPACES: Final = frozenset(("module", "internal_module", "ambient_declaration"))
_STATEMENTS: Final = frozenset(("statement_block", "import_alias", "function_signature", "module", "comment"))
_VARIABLES: Final = frozenset(("lexical_declaration", "variable_declaration", "using_declaration"))
_SEPARATORS: Final = frozenset((";", ","))
_BLANK: Final = b" \t\r\n\f\v"

_KINDS: Final[dict[str, PieceKind]] = {
    "import_statement": "import",
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "function_signature": "function",
    "class_declaration": "class",
    "abstract_class_declaration": "class",
    "class": "class",
    "interface_declaration": "interface",
    "type_alias_declaration": "type",
    "enum_declaration": "enum",
    "internal_module": "namespace",
    "module": "namespace",
    "import_alias": "constant",
    "method_definition": "method",
    "method_signature": "method",
    "abstract_method_signature": "method",
    "call_signature": "method",
    "construct_signature": "method",
    "index_signature": "constant",
    "public_field_definition": "constant",
    "field_definition": "constant",
    "property_signature": "constant",
    "pair": "constant",
    "enum_assignment": "constant",
}

Level: TypeAlias = Literal["module", "class", "function"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are that cutting asks for again and again.

    ``openers``: ascending starts of the braces worth opening. ``comments``: start of each comment by its end.
    """

    source: bytes
    openers: list[int]
    comments: dict[int, int]


def layout(
    source: bytes,
    bodies: Iterable[Node],
    objects: Iterable[Node],
    functions: Iterable[Node],
    comments: Iterable[tuple[int, int]],
) -> Layout:
    """Choose what is worth opening: big bodies, and big object literals that hold functions."""
    starts = sorted(node.start_byte for node in functions)
    openers = []
    for node in bodies:
        start, end = node.start_byte, node.end_byte
        if _is_big(source, start, end):
            openers.append(start)
    for node in objects:
        start, end = node.start_byte, node.end_byte
        at = bisect_left(starts, start)
        if at < len(starts) and starts[at] < end and _is_big(source, start, end):
            openers.append(start)
    return Layout(source, sorted(openers), {end: start for start, end in comments})


def cut(root: Node, file: Layout) -> tuple[tuple[Piece, ...], list[ParseProblem]]:
    """The pieces of a file's statements, in order, and what was nested too deep to be opened."""
    cutter = _Cutter(file)
    if root.type != "ERROR":
        return tuple(cutter.statements(root.children, "module", "", 0)), cutter.problems
    pieces: list[Piece] = []
    for readable, nodes in groupby(root.children, is_statement):
        if readable:
            pieces += cutter.statements(list(nodes), "module", "", 0)
            continue
        lost = [node for node in nodes if node.end_byte > node.start_byte]
        if lost:
            pieces.append(Piece(lost[0].start_byte, lost[-1].end_byte, "ERROR", "opaque"))
    return tuple(pieces), cutter.problems


def is_statement(node: Node) -> bool:
    """Whether this is a whole statement, as opposed to a fragment of what could not be read."""
    kind = node.type
    return kind.endswith(("_statement", "_declaration")) or kind in _STATEMENTS


def _is_big(source: bytes, start: int, end: int) -> bool:
    return end - start >= _SMALL or source.find(b"\n", start, end) >= 0


@dataclass(slots=True)
class _Parts:
    """Parts while they are found: text grows until a body closes it as a head, or the end as a tail."""

    whole: Piece
    found: list[Piece] = field(default_factory=list)
    start: int = -1
    end: int = -1

    def text(self, start: int, end: int) -> None:
        if start == end:
            return
        if self.start < 0:
            self.start = start
        self.end = end

    def close(self, governs: Governs, node_type: str) -> int:
        """End a head; the index of the head that decides about what follows."""
        if self.start < 0:
            return len(self.found) - 1
        whole = self.whole
        start, end, container = self.start, self.end, whole.container
        if self.found:
            head = Piece(start, end, node_type, "statement", (), "head", 0, governs, container=container)
        else:
            head = Piece(
                start,
                end,
                whole.node_type,
                whole.kind,
                (),
                "head",
                -1,
                governs,
                whole.name,
                whole.name_pos,
                container,
                whole.doc,
                whole.signature,
            )
        self.found.append(head)
        self.start = -1
        return len(self.found) - 1

    def finished(self) -> tuple[Piece, ...]:
        if not self.found:
            return ()
        if self.start >= 0:
            whole = self.whole
            self.found.append(
                Piece(
                    self.start, self.end, whole.node_type, "statement", role="tail", container=whole.container
                )
            )
        return tuple(self.found)


@dataclass(frozen=True, slots=True)
class _Definition:
    """What a statement or member defines: the name's token, and the offset of the body (0: none)."""

    kind: PieceKind
    name: Node | None = None
    body: int = 0


class _Cutter:
    def __init__(self, file: Layout) -> None:
        self.source = file.source
        self.openers = file.openers
        self.comments = file.comments
        self.problems: list[ParseProblem] = []

    def statements(
        self, nodes: list[Node], level: Level, container: str, depth: int, governor: int = -1
    ) -> list[Piece]:
        return [
            self.piece(node, start, end, level, container, depth, governor)
            for node, start, end in _items(nodes)
        ]

    def piece(
        self, node: Node, start: int, end: int, level: Level, container: str, depth: int, governor: int
    ) -> Piece:
        kind = node.type
        if kind == "ERROR":
            return Piece(start, end, kind, "opaque", governor=governor, container=container)
        if kind == "hash_bang_line":
            return Piece(start, end, kind, "doc")
        what = self.definition(node, level)
        name = what.name
        named = "" if name is None else self.text(name).strip("'\"")
        at = -1 if name is None else name.start_byte
        doc = self.doc_before(start)
        signature = None
        if what.body > start:
            signature = (start, start + len(self.source[start : what.body].rstrip()))
        parts: tuple[Piece, ...] = ()
        if self.is_open(start, end) or (kind in _CONTROL and _is_big(self.source, start, end)):
            if depth < _DEEPEST:
                head = Piece(
                    start, end, kind, what.kind, (), "head", -1, "guard", named, at, container, doc, signature
                )
                parts = self.opened(node, head, level, depth)
            else:
                self.problems.append(ParseProblem(start, end, f"nested deeper than {_DEEPEST} bodies"))
        return Piece(
            start,
            end,
            kind,
            what.kind,
            parts,
            "body",
            governor,
            "guard",
            named,
            at,
            container,
            doc,
            signature,
        )

    def opened(self, node: Node, whole: Piece, level: Level, depth: int) -> tuple[Piece, ...]:
        """The parts of a statement or member; none where it turns out to hold nothing to open."""
        parts = _Parts(whole)
        inside = ".".join(name for name in (whole.container, whole.name) if name)
        parts.text(whole.start, node.start_byte)
        # What is still to be read: a node, the type of the node around it, whether that one decides about it.
        waiting: list[tuple[Node, str, bool]] = [(node, "", False)]
        while waiting:
            at, around, decided = waiting.pop()
            kind = at.type
            start, end = at.start_byte, at.end_byte
            if kind == "comment" or start == end:
                continue
            if kind in _CONTAINERS and self.is_opener(at, around):
                self.container(at, around, parts, level, inside, depth)
            elif decided and kind not in ("statement_block", "empty_statement"):
                governor = parts.close("guard", around)
                parts.found.append(self.piece(at, start, end, level, inside, depth + 1, governor))
            elif kind in _CONTROL:
                body = _bare_body(at)
                waiting += [(child, kind, child == body) for child in reversed(at.children)]
            elif at is node or self.is_open(start, end):
                waiting += [(child, kind, False) for child in reversed(at.children)]
            else:
                parts.text(start, end)
        parts.text(max(node.end_byte, whole.start), whole.end)
        return parts.finished()

    def container(
        self, node: Node, around: str, parts: _Parts, level: Level, inside: str, depth: int
    ) -> None:
        kind = node.type
        children = node.children
        first, last = children[0], children[-1]
        closed = last.type in ("}", "|}")
        inner = children[1:-1] if closed else children[1:]
        parts.text(first.start_byte, first.end_byte)
        if kind == "switch_body":
            self.cases(inner, parts, level, inside, depth)
        elif any(child.type != "comment" and child.end_byte > child.start_byte for child in inner):
            governs: Governs = "guard" if around in _CONTROL or not around else "body_of"
            below = level
            if kind in _MEMBERS:
                below = "class"
            elif around in _NAMESPACES:
                below = "module"
            elif governs == "body_of":
                below = "function"
            governor = parts.close(governs, around or kind)
            parts.found += self.statements(inner, below, inside, depth + 1, governor)
        if closed:
            parts.text(last.start_byte, last.end_byte)

    def cases(self, nodes: list[Node], parts: _Parts, level: Level, inside: str, depth: int) -> None:
        first = True
        for node in nodes:
            if node.type not in ("switch_case", "switch_default"):
                if node.type != "comment":
                    parts.text(node.start_byte, node.end_byte)
                continue
            if first:
                parts.close("guard", "switch_statement")
                first = False
            children = node.children
            colon = next((at for at, child in enumerate(children) if child.type == ":"), len(children) - 1)
            for child in children[: colon + 1]:
                if child.type != "comment":
                    parts.text(child.start_byte, child.end_byte)
            body = children[colon + 1 :]
            if any(child.is_named and child.type != "comment" for child in body):
                governor = parts.close("guard", node.type)
                parts.found += self.statements(body, level, inside, depth + 1, governor)

    def is_open(self, start: int, end: int) -> bool:
        """Whether something worth opening begins in this range."""
        at = bisect_left(self.openers, start)
        return at < len(self.openers) and self.openers[at] < end

    def is_opener(self, node: Node, around: str) -> bool:
        if around in _CONTROL or not around:
            return node.named_child_count > 0
        start = node.start_byte
        at = bisect_left(self.openers, start)
        return at < len(self.openers) and self.openers[at] == start

    def doc_before(self, start: int) -> tuple[int, int] | None:
        """The JSDoc comment that ends just before ``start``."""
        source = self.source
        end = start
        while end > 0 and source[end - 1] in _BLANK:
            end -= 1
        opening = self.comments.get(end, -1)
        return (opening, end) if opening >= 0 and source.startswith(b"/**", opening) else None

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def definition(self, node: Node, level: Level) -> _Definition:
        kind = node.type
        if kind == "expression_statement":
            return self.expression_definition(node, level)
        if kind in _VARIABLES:
            return self.variable_definition(node, level)
        if kind == "export_statement":
            return self.export_definition(node, level)
        if kind == "ambient_declaration":
            for child in node.named_children:
                if child.type == "statement_block":
                    return _Definition("namespace", node.children[1], child.start_byte)
                if child.type != "comment":
                    return self.definition(child, level)
            return _Definition("statement")
        known = _KINDS.get(kind)
        if known is None:
            if level == "class" and kind in (
                "property_identifier",
                "string",
                "shorthand_property_identifier",
            ):
                return _Definition("constant", node)
            return _Definition("statement")
        if known == "import":
            return _Definition("import")
        name = node.child_by_field_name("name") or (
            node.child_by_field_name("key") or node.child_by_field_name("property")
            if level == "class"
            else None
        )
        if name is not None and name.type == "computed_property_name":
            name = None
        value = node.child_by_field_name("value") if known == "constant" else None
        if value is not None:
            value = _unwrapped(value)
            if value.type in FUNCTIONS:
                return _Definition("method", name, _body_start(value))
        return _Definition(known, name, _body_start(node))

    def variable_definition(self, node: Node, level: Level) -> _Definition:
        plain: PieceKind = "statement" if level == "function" else "constant"
        declarators = [child for child in node.named_children if child.type == "variable_declarator"]
        values = [child.child_by_field_name("value") for child in declarators]
        if values and all(value is not None and self.is_require(value) for value in values):
            return _Definition("import")
        if len(declarators) != 1:
            return _Definition(plain)
        name = declarators[0].child_by_field_name("name")
        if name is None or name.type != "identifier":
            return _Definition(plain)
        value = values[0]
        if value is not None:
            value = _unwrapped(value)
            if value.type in FUNCTIONS:
                return _Definition("function", name, _body_start(value))
            if value.type == "class":
                return _Definition("class", name, _body_start(value))
        return _Definition(plain, None if level == "function" else name)

    def expression_definition(self, node: Node, level: Level) -> _Definition:
        plain: PieceKind = "statement" if level == "function" else "constant"
        expression = node.named_children[0] if node.named_child_count else node
        kind = expression.type
        if kind == "internal_module":
            return self.definition(expression, level)
        if kind == "call_expression" and self.is_require(expression):
            return _Definition("import")
        if kind != "assignment_expression":
            return _Definition("statement")
        target = expression.child_by_field_name("left")
        value = expression.child_by_field_name("right")
        while value is not None and value.type == "assignment_expression":
            value = value.child_by_field_name("right")
        if target is None or value is None:
            return _Definition("statement")
        name: Node | None = target
        if target.type == "member_expression":
            owner = target.child_by_field_name("object")
            name = target.child_by_field_name("property")
            if (
                owner is not None
                and name is not None
                and self.text(owner) + self.text(name) == "moduleexports"
            ):
                name = None
        elif target.type != "identifier":
            name = None
        value = _unwrapped(value)
        if value.type in FUNCTIONS:
            return _Definition("function", name, _body_start(value))
        if value.type == "class":
            return _Definition("class", name, _body_start(value))
        if self.is_require(value):
            return _Definition("import")
        return _Definition(plain, None if level == "function" else name)

    def export_definition(self, node: Node, level: Level) -> _Definition:
        if node.child_by_field_name("source") is not None:
            return _Definition("import")
        inner = node.child_by_field_name("declaration")
        if inner is not None:
            what = self.definition(inner, level)
            return replace(what, name=None) if is_unnamed_default(self.source, node) else what
        value = node.child_by_field_name("value")
        if value is None:
            return _Definition("statement")
        value = _unwrapped(value)
        if value.type in FUNCTIONS:
            return _Definition("function", value.child_by_field_name("name"), _body_start(value))
        if value.type == "class":
            return _Definition("class", value.child_by_field_name("name"), _body_start(value))
        return _Definition("constant")

    def is_require(self, value: Node) -> bool:
        """Whether this is `require(…)`, or a property of it."""
        while value.type == "member_expression":
            inner = value.child_by_field_name("object")
            if inner is None:
                return False
            value = inner
        if value.type != "call_expression":
            return False
        return self.source.startswith(b"require(", value.start_byte)


def _items(nodes: list[Node]) -> list[tuple[Node, int, int]]:
    """Statements or members with their ranges: decorators before and separators after belong to them."""
    items: list[tuple[Node, int, int]] = []
    decorators = -1
    for node in nodes:
        kind = node.type
        start, end = node.start_byte, node.end_byte
        if kind == "comment" or start == end:
            continue
        if kind == "decorator":
            if decorators < 0:
                decorators = start
            items.append((node, start, end))
        elif (kind in _SEPARATORS or not node.is_named) and items:
            before, first, _ = items[-1]
            items[-1] = (before, first, end)
        else:
            if decorators >= 0:
                while items and items[-1][1] >= decorators:
                    items.pop()
                start = decorators
                decorators = -1
            items.append((node, start, end))
    return items


def _bare_body(node: Node) -> Node | None:
    """The statement that a control statement decides about, where it can stand without braces."""
    kind = node.type
    if kind == "if_statement":
        return node.child_by_field_name("consequence")
    if kind == "else_clause":
        body = next((child for child in reversed(node.named_children) if child.type != "comment"), None)
        return body if body is not None and body.type != "if_statement" else None
    if kind == "labeled_statement":
        return None
    return node.child_by_field_name("body")


def _unwrapped(value: Node) -> Node:
    while value.type in ("parenthesized_expression", "as_expression", "satisfies_expression"):
        inner = next((child for child in value.named_children if child.type != "comment"), None)
        if inner is None:
            return value
        value = inner
    return value


def _body_start(node: Node) -> int:
    body = node.child_by_field_name("body")
    if body is not None:
        return body.start_byte
    return node.end_byte if node.type.endswith("_signature") else 0
