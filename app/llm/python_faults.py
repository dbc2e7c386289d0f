"""Faults in Python source, made where its syntax tree says that they can be."""

from __future__ import annotations

import ast
import builtins
import keyword
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from app.llm.edits import Edit, FaultKind, Mutation, edited, misspelt

_MAX_TRIES: Final = 25
_TAKEN: Final = frozenset(dir(builtins)) | frozenset(keyword.kwlist)
_COMPARISONS: Final[dict[type[ast.cmpop], tuple[str, str]]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
}

Edits = tuple[Edit, ...]


@dataclass(slots=True)
class PythonSource:
    """Python source with its tree; part of a file may be indented, as a method without its class is."""

    text: str
    tree: ast.Module
    lines_before: int
    _starts: list[int] = field(default_factory=list)
    _lines: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, text: str) -> PythonSource | None:
        """The source; None for what is no Python, even as the body of something."""
        for head in ("", "if 1:\n"):
            tree = _parse(head + text)
            if tree is not None:
                source = cls(text, tree, head.count("\n"))
                source._lines = text.split("\n")
                at = 0
                for line in source._lines:
                    source._starts.append(at)
                    at += len(line) + 1
                return source
        return None

    def offset(self, line: int, column: int) -> int:
        """The character at a line and a byte of it, as the tree counts them; -1 for one that is not there."""
        number = line - 1 - self.lines_before
        if not 0 <= number < len(self._lines):
            return -1
        before = self._lines[number].encode("utf-8", "surrogatepass")[:column]
        return self._starts[number] + len(before.decode("utf-8", "replace"))

    def span(self, node: ast.expr | ast.stmt | ast.excepthandler) -> tuple[int, int]:
        """The characters of a node."""
        end = self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        return self.offset(node.lineno, node.col_offset), end

    def segment(self, node: ast.expr | ast.stmt | ast.excepthandler) -> str:
        start, end = self.span(node)
        return self.text[start:end] if 0 <= start < end else ""

    def line_span(self, first: int, last: int) -> tuple[int, int]:
        """The characters of whole lines, with the last one's line end."""
        start = self.offset(first, 0)
        end = self.offset(last + 1, 0)
        return start, len(self.text) if end < 0 else end

    def nodes(self) -> Iterator[ast.AST]:
        """The nodes whose places are right: Python 3.11 misplaces what is within an f-string."""
        waiting: list[ast.AST] = [self.tree]
        while waiting:
            node = waiting.pop()
            yield node
            if not isinstance(node, ast.JoinedStr):
                waiting += ast.iter_child_nodes(node)


def mutate_python(kind: FaultKind, text: str, dice: Random) -> Mutation | None:
    """The source with one fault of a kind; None where it cannot have one. It still parses, to another tree."""
    source = PythonSource.read(text)
    if source is None:
        return None
    found = sorted(_FINDERS[kind](source), key=lambda edits: [(each.start, each.after) for each in edits])
    dice.shuffle(found)
    for edits in found[:_MAX_TRIES]:
        mutation = edited(text, *edits)
        changed = PythonSource.read(mutation.text)
        if changed is not None and ast.dump(changed.tree) != ast.dump(source.tree):
            return mutation
    return None


def _parse(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _wrong_names(source: PythonSource) -> Iterator[Edits]:
    nodes = [node for node in source.nodes() if isinstance(node, ast.Name)]
    taken = _TAKEN | {node.id for node in nodes}
    for node in nodes:
        if isinstance(node.ctx, ast.Load) and len(node.id) > 1 and source.segment(node) == node.id:
            yield (Edit(*source.span(node), misspelt(node.id, taken)),)


def _missing_imports(source: PythonSource) -> Iterator[Edits]:
    used = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
    everything: list[tuple[bool, Edits]] = []
    for body, node in _statements(source):
        if not isinstance(node, ast.Import | ast.ImportFrom) or getattr(node, "module", "") == "__future__":
            continue
        for alias in node.names:
            rest = [each for each in node.names if each is not alias]
            bound = (alias.asname or alias.name).partition(".")[0]
            edits = _without(source, body, node, _import_of(node, rest) if rest else "")
            if edits:
                everything.append((bound in used, edits))
    # One that is needed here is missed here; the others are, perhaps, in other parts of the file.
    needed = [edits for is_used, edits in everything if is_used]
    yield from needed or [edits for _, edits in everything]


def _import_of(node: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> str:
    if isinstance(node, ast.Import):
        return ast.unparse(ast.Import(names))
    return ast.unparse(ast.ImportFrom(node.module, names, node.level))


def _off_by_ones(source: PythonSource) -> Iterator[Edits]:
    for node in source.nodes():
        if isinstance(node, ast.Constant) and type(node.value) is int and source.segment(node).isdigit():
            for value in (node.value + 1, node.value - 1):
                if value >= 0:
                    yield (Edit(*source.span(node), str(value)),)
        elif isinstance(node, ast.Compare):
            yield from _other_bounds(source, node)


def _other_bounds(source: PythonSource, node: ast.Compare) -> Iterator[Edits]:
    operands = [node.left, *node.comparators]
    for left, op, right in zip(operands, node.ops, operands[1:], strict=False):
        words = _COMPARISONS.get(type(op))
        start, end = source.span(left)[1], source.span(right)[0]
        if words is None or start < 0:
            continue
        between = source.text[start:end]
        if between.strip(" ()\\\n") == words[0]:
            at = start + between.index(words[0])
            yield (Edit(at, at + len(words[0]), words[1]),)


def _dropped_branches(source: PythonSource) -> Iterator[Edits]:
    for body, node in _statements(source):
        if isinstance(node, ast.If):
            else_line = _else_line(source, node)
            if else_line:
                last = node.orelse[-1].end_lineno or else_line
                yield (Edit(*source.line_span(else_line, last), ""),)
            elif not node.orelse:
                yield from filter(None, [_without(source, body, node, "")])
        elif isinstance(node, ast.Try) and len(node.handlers) > 1:
            for handler in node.handlers:
                last = handler.end_lineno or handler.lineno
                yield (Edit(*source.line_span(handler.lineno, last), ""),)


def _else_line(source: PythonSource, node: ast.If) -> int:
    """The line of an ``else`` that stands alone; 0 where there is none."""
    if not node.orelse:
        return 0
    for line in range(node.orelse[0].lineno - 1, node.body[-1].end_lineno or 0, -1):
        text = source.text[slice(*source.line_span(line, line))]
        if text.strip().startswith("else"):
            return line if text.strip().rstrip().endswith(":") else 0
    return 0


def _swapped_arguments(source: PythonSource) -> Iterator[Edits]:
    for node in source.nodes():
        if not isinstance(node, ast.Call) or any(isinstance(each, ast.Starred) for each in node.args):
            continue
        for left, right in zip(node.args, node.args[1:], strict=False):
            one, other = source.segment(left), source.segment(right)
            if one and other and one != other:
                yield (Edit(*source.span(left), other), Edit(*source.span(right), one))


def _wrong_types(source: PythonSource) -> Iterator[Edits]:
    for node in source.nodes():
        match node:
            case ast.Constant(value=int() | float()) if source.segment(node).isdigit():
                yield (Edit(*source.span(node), f'"{source.segment(node)}"'),)
            case ast.Return(value=ast.expr() as value) if source.segment(value):
                for wrapped in (f"str({source.segment(value)})", f"[{source.segment(value)}]"):
                    if "\n" not in wrapped:
                        yield (Edit(*source.span(value), wrapped),)
            case ast.FunctionDef(returns=ast.Name(id=("int" | "str" | "bool" | "float") as name) as returns):
                yield (Edit(*source.span(returns), "str" if name != "str" else "int"),)


def _statements(source: PythonSource) -> Iterator[tuple[list[ast.stmt], ast.stmt]]:
    """Each statement with the block that it is in."""
    for node in source.nodes():
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                for statement in block:
                    yield block, statement


def _without(source: PythonSource, block: list[ast.stmt], node: ast.stmt, instead: str) -> Edits:
    """A statement taken out, or another one in its place; no edits where it shares its lines with something."""
    last = node.end_lineno or node.lineno
    start, end = source.line_span(node.lineno, last)
    begin, stop = source.span(node)
    before, behind = source.text[start:begin], source.text[stop:end]
    if start < 0 or before.strip() or behind.strip().startswith(";") or behind.strip().startswith("else"):
        return ()
    if not instead and len(block) == 1 and not source.text[begin:].startswith("elif"):
        instead = "pass"
    line_end = source.text[start:end][len(source.text[start:end].rstrip("\r\n")) :]
    return (Edit(start, end, f"{before}{instead}{line_end}" if instead else ""),)


_FINDERS: Final[dict[FaultKind, Callable[[PythonSource], Iterator[Edits]]]] = {
    FaultKind.WRONG_NAME: _wrong_names,
    FaultKind.MISSING_IMPORT: _missing_imports,
    FaultKind.OFF_BY_ONE: _off_by_ones,
    FaultKind.DROPPED_BRANCH: _dropped_branches,
    FaultKind.SWAPPED_ARGUMENTS: _swapped_arguments,
    FaultKind.WRONG_TYPE: _wrong_types,
}
