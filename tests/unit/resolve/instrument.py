"""Writes Python code anew so that running it tells which binding each read saw.

What is bound becomes a value that carries the line of the binding, what is read is asked for that line, and
everything else keeps the order and the scopes that Python gives it. Conditions, how often loops turn, which pattern
matches, which handler catches, and whether something raises are left to dice. Constants stay what they are. The
names `_read_`, `_bound_` and so on are those of `tests.unit.resolve.running`.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Sequence
from typing import TypeVar, cast

_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_AnyFunction = TypeVar("_AnyFunction", ast.FunctionDef, ast.AsyncFunctionDef)
_AnyFor = TypeVar("_AnyFor", ast.For, ast.AsyncFor)
_AnyWith = TypeVar("_AnyWith", ast.With, ast.AsyncWith)

# What may stand before `.`, `[` and `(` without being wrapped: it gives a value, or a function to run.
_PLAIN = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Await, ast.NamedExpr, ast.Lambda, ast.IfExp)


def instrument(source: str) -> ast.Module:
    """The running form of ``source``."""
    tree = ast.parse(source)
    written = _Instrument(bound_names(tree)).module(tree)
    return ast.fix_missing_locations(written)


def bound_names(tree: ast.AST) -> set[str]:
    """Every name that is bound anywhere in ``tree``."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.alias():
                names.add(_imported_name(node))
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                names.add(name)
    return names


def _imported_name(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _load(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _store(name: str) -> ast.expr:
    return ast.Name(name, ast.Store())


def _call(function: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(_load(function), list(arguments), [])


def _later(body: ast.expr) -> ast.Lambda:
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), body)


def _new(line: int) -> ast.expr:
    return _call("_new_", ast.Constant(line))


def _bound(line: int, value: ast.expr) -> ast.expr:
    return _call("_bound_", ast.Constant(line), value)


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    rest = [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]


def _as_load(target: ast.expr) -> ast.expr:
    copied = copy.deepcopy(target)
    cast("ast.Name", copied).ctx = ast.Load()
    return copied


def _always_matches(pattern: ast.pattern) -> bool:
    """Whether Python takes the pattern for irrefutable: it refuses to have another one after it."""
    text = f"match 0:\n case {ast.unparse(pattern)}: pass\n case 1: pass"
    try:
        compile(text, "pattern", "exec")
    except SyntaxError:
        return True
    return False


class _Instrument(ast.NodeTransformer):
    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.in_class = False

    # -- code

    def module(self, tree: ast.Module) -> ast.Module:
        return ast.Module(self.block(tree.body), [])

    def block(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        """The statements, and something that may raise before and after each."""
        written: list[ast.stmt] = []
        for statement in statements:
            written.append(ast.Expr(_call("_boom_")))
            written += self.statements(statement)
        if statements:
            written.append(ast.Expr(_call("_boom_")))
        return written

    def statements(self, statement: ast.stmt) -> list[ast.stmt]:
        new = self.visit(statement)
        return new if isinstance(new, list) else [new]

    def read(self, node: ast.expr) -> ast.expr:
        return cast("ast.expr", self.visit(node))

    def reads(self, nodes: Iterable[ast.expr | None]) -> list[ast.expr]:
        return [self.read(node) for node in nodes if node is not None]

    # -- reading

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if not isinstance(node.ctx, ast.Load):
            return node
        if node.id not in self.names:
            return _load("_any_")
        line, name = ast.Constant(node.lineno), ast.Constant(node.id)
        if self.in_class:
            # A function inside would not see the names of the class.
            return _call("_read_now_", line, name, _load(node.id))
        return _call("_read_", line, name, _later(_load(node.id)))

    def opaque(self, node: ast.expr) -> ast.expr:
        """What is asked for an attribute, an item or a call is a value, whatever the code makes of it."""
        read = self.read(node)
        return read if isinstance(node, _PLAIN) else _call("_after_", read)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.Attribute(self.opaque(node.value), node.attr, node.ctx)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        return ast.Subscript(self.opaque(node.value), self.read(node.slice), node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        keywords = [ast.keyword(keyword.arg, self.read(keyword.value)) for keyword in node.keywords]
        return ast.Call(self.opaque(node.func), self.reads(node.args), keywords)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Identity and membership are answered by dice as well."""
        operators: list[ast.cmpop] = []
        for operator in node.ops:
            if isinstance(operator, ast.Is | ast.In):
                operators.append(ast.Eq())
            elif isinstance(operator, ast.IsNot | ast.NotIn):
                operators.append(ast.NotEq())
            else:
                operators.append(operator)
        return ast.Compare(self.read(node.left), operators, self.reads(node.comparators))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        return ast.NamedExpr(node.target, _bound(node.target.lineno, self.read(node.value)))

    # -- binding

    def shape(self, target: ast.expr) -> ast.expr:
        """A value that ``target`` can be bound to, with the line of each name in its place."""
        if isinstance(target, ast.Name):
            return _new(target.lineno)
        if isinstance(target, ast.Tuple | ast.List):
            parts: list[ast.expr] = []
            for part in target.elts:
                if isinstance(part, ast.Starred) and isinstance(part.value, ast.Tuple | ast.List):
                    parts.append(ast.Starred(self.shape(part.value), ast.Load()))
                elif isinstance(part, ast.Starred):
                    parts.append(self.shape(part.value))
                else:
                    parts.append(self.shape(part))
            return ast.Tuple(parts, ast.Load())
        return _load("_any_")

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        value = self.read(node.value)
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            return [ast.Assign([node.targets[0]], _bound(node.targets[0].lineno, value))]
        written: list[ast.stmt] = [ast.Assign([_store("_kept_")], value)]
        for target in node.targets:
            if isinstance(target, ast.Name):
                written.append(ast.Assign([target], _bound(target.lineno, _load("_kept_"))))
            else:
                written.append(ast.Assign([self.read(target)], self.shape(target)))
        return written

    def visit_AnnAssign(self, node: ast.AnnAssign) -> list[ast.stmt]:
        """In functions, the annotation of a variable is not evaluated, and binds nothing by itself."""
        if node.value is None:
            return [ast.AnnAssign(node.target, ast.Constant(0), None, node.simple)]
        written = self.visit_Assign(ast.Assign([node.target], node.value))
        if self.in_class:
            written.append(ast.Expr(self.read(node.annotation)))
        return written

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        both = [self.read(_as_load(node.target)), self.read(node.value)]
        if isinstance(node.target, ast.Name):
            return ast.Assign([node.target], _bound(node.target.lineno, ast.Tuple(both, ast.Load())))
        return ast.Expr(_call("_after_", *both))

    def visit_Delete(self, node: ast.Delete) -> list[ast.stmt]:
        """What is deleted has to be bound, so this reads the binding; the running form cannot fail."""
        written: list[ast.stmt] = []
        pending = list(node.targets)
        while pending:
            target = pending.pop(0)
            if isinstance(target, ast.Tuple | ast.List):
                pending = [*target.elts, *pending]
            elif isinstance(target, ast.Name):
                written += [
                    ast.Expr(self.read(_as_load(target))),
                    ast.Assign([_store(target.id)], _new(0)),
                    ast.Delete([target]),
                ]
            elif isinstance(target, ast.Subscript):
                written.append(ast.Expr(_call("_after_", *self.reads((target.value, target.slice)))))
            elif isinstance(target, ast.Attribute):
                written.append(ast.Expr(self.read(target.value)))
        return written

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        return self.imported(node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        return self.imported(node.names)

    def imported(self, names: Sequence[ast.alias]) -> list[ast.stmt]:
        written: list[ast.stmt] = []
        for alias in names:
            line = alias.end_lineno if alias.asname else alias.lineno
            value = _load("_suppress_" if alias.name == "suppress" else "_any_")
            written.append(ast.Assign([_store(_imported_name(alias))], _bound(line or 0, value)))
        return written

    # -- control

    def visit_If(self, node: ast.If) -> ast.stmt:
        return ast.If(self.read(node.test), self.block(node.body), self.block(node.orelse))

    def visit_While(self, node: ast.While) -> ast.stmt:
        return ast.While(self.read(node.test), self.block(node.body), self.block(node.orelse))

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        raised = ast.Raise(_call("_raised_", *self.reads([node.msg])), None)
        return ast.If(ast.UnaryOp(ast.Not(), self.read(node.test)), [raised], [])

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        if node.exc is None:
            return node
        return ast.Raise(_call("_raised_", *self.reads([node.exc, node.cause])), None)

    def for_(self, node: _AnyFor, kind: type[_AnyFor], again: str) -> _AnyFor:
        turns = _call(again, self.read(node.iter), _later(self.shape(node.target)))
        target = self.read(node.target)
        return kind(target, turns, self.block(node.body), self.block(node.orelse))

    def visit_For(self, node: ast.For) -> ast.stmt:
        return self.for_(node, ast.For, "_again_")

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.stmt:
        return self.for_(node, ast.AsyncFor, "_again_async_")

    def with_(self, node: _AnyWith, kind: type[_AnyWith]) -> _AnyWith:
        items: list[ast.withitem] = []
        for item in node.items:
            target = item.optional_vars
            given = ast.Constant(None) if target is None else self.shape(target)
            held = _call("_held_", self.read(item.context_expr), given)
            items.append(ast.withitem(held, None if target is None else self.read(target)))
        return kind(items, self.block(node.body))

    def visit_With(self, node: ast.With) -> ast.stmt:
        return self.with_(node, ast.With)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.stmt:
        return self.with_(node, ast.AsyncWith)

    def visit_Try(self, node: ast.Try) -> ast.stmt:
        return self.try_(node, "_caught_")

    def visit_TryStar(self, node: ast.TryStar) -> ast.stmt:
        return self.try_(node, "_caught_of_group_")

    def try_(self, node: ast.Try | ast.TryStar, how: str) -> ast.stmt:
        handlers: list[ast.ExceptHandler] = []
        body = self.block(node.body)
        for handler in node.handlers:
            caught = _call(how, *self.reads([handler.type]))
            bound: list[ast.stmt] = []
            if handler.name is not None:
                bound.append(ast.Assign([_store(handler.name)], _new(handler.lineno)))
            handlers.append(ast.ExceptHandler(caught, handler.name, [*bound, *self.block(handler.body)]))
        return type(node)(body, handlers, self.block(node.orelse), self.block(node.finalbody))

    def visit_Match(self, node: ast.Match) -> list[ast.stmt]:
        """Cases as `if`s: what a pattern captures is bound when all of it matches, before the guard is asked."""
        written: list[ast.stmt] = []
        for case in reversed(node.cases):
            always = ast.Constant(_always_matches(case.pattern))
            test: list[ast.expr] = [_call("_matched_", always, *self.compared(case.pattern))]
            captured = self.captured(case.pattern)
            if captured:
                test.append(_call("_all_", *captured))
            if case.guard is not None:
                test.append(self.read(case.guard))
            written = [
                ast.If(ast.BoolOp(ast.And(), [*test, ast.Constant(True)]), self.block(case.body), written)
            ]
        return [ast.Expr(self.read(node.subject)), *written]

    def compared(self, pattern: ast.pattern) -> list[ast.expr]:
        """What a pattern reads."""
        read: list[ast.expr] = []
        for node in ast.walk(pattern):
            if isinstance(node, ast.MatchValue):
                read.append(self.read(node.value))
            elif isinstance(node, ast.MatchClass):
                read.append(self.read(node.cls))
            elif isinstance(node, ast.MatchMapping):
                read += self.reads(node.keys)
        return read

    def captured(self, pattern: ast.pattern) -> list[ast.expr]:
        """The bindings of a pattern; of several alternatives, those of one."""
        inner: list[ast.expr] = []
        if isinstance(pattern, ast.MatchOr):
            chosen = _call("_all_", *self.captured(pattern.patterns[-1]))
            for alternative in reversed(pattern.patterns[:-1]):
                here = _call("_all_", *self.captured(alternative))
                chosen = _call("_all_", ast.IfExp(_call("_choose_"), here, chosen))
            return [chosen]
        for child in ast.iter_child_nodes(pattern):
            if isinstance(child, ast.pattern):
                inner += self.captured(child)
        name = getattr(pattern, "rest" if isinstance(pattern, ast.MatchMapping) else "name", None)
        if isinstance(name, str):
            inner.append(ast.NamedExpr(ast.Name(name, ast.Store()), _new(pattern.end_lineno or 0)))
        return inner

    # -- scopes

    def comprehension(self, node: _Comprehension) -> ast.expr:
        outer = self.in_class
        clauses: list[ast.comprehension] = []
        for clause in node.generators:
            again = "_again_async_" if clause.is_async else "_again_"
            turns = _call(again, self.read(clause.iter), _later(self.shape(clause.target)))
            # Only what the first clause goes through belongs to the code around.
            self.in_class = False
            clauses.append(
                ast.comprehension(self.read(clause.target), turns, self.reads(clause.ifs), clause.is_async)
            )
        if isinstance(node, ast.DictComp):
            new: ast.expr = ast.DictComp(self.read(node.key), self.read(node.value), clauses)
        else:
            new = type(node)(self.read(node.elt), clauses)
        self.in_class = outer
        return new

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        return self.comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.expr:
        return self.comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.expr:
        return self.comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.expr:
        return self.comprehension(node)

    def arguments(self, given: ast.arguments) -> ast.arguments:
        """Parameters with what is evaluated where the function is defined."""
        parameters = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
        for parameter in parameters:
            if parameter is not None and parameter.annotation is not None:
                parameter.annotation = self.read(parameter.annotation)
        given.defaults = self.reads(given.defaults)
        given.kw_defaults = [None if one is None else self.read(one) for one in given.kw_defaults]
        return given

    def function(self, node: _AnyFunction) -> list[ast.stmt]:
        node.decorator_list = self.reads(node.decorator_list)
        node.args = self.arguments(node.args)
        node.returns = None if node.returns is None else self.read(node.returns)
        outer, self.in_class = self.in_class, False
        given: list[ast.stmt] = [
            ast.Assign([_store(one.arg)], _bound(one.lineno, _load(one.arg)))
            for one in _parameters(node.args)
        ]
        node.body = [*given, *self.block(node.body)]
        self.in_class = outer
        return [node, ast.Assign([_store(node.name)], _bound(node.lineno, _load(node.name)))]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> list[ast.stmt]:
        return self.function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> list[ast.stmt]:
        return self.function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        arguments = self.arguments(node.args)
        outer, self.in_class = self.in_class, False
        body = self.read(node.body)
        self.in_class = outer
        names = _parameters(arguments)
        if names:
            inner = ast.arguments([], [ast.arg(one.arg) for one in names], None, [], [], None, [])
            given = [_bound(one.lineno, _load(one.arg)) for one in names]
            body = ast.Call(ast.Lambda(inner, body), list(given), [])
        return _call("_made_", ast.Lambda(arguments, body))

    def visit_ClassDef(self, node: ast.ClassDef) -> list[ast.stmt]:
        decorators = self.reads(node.decorator_list)
        given = self.reads([*node.bases, *(keyword.value for keyword in node.keywords)])
        bases: list[ast.expr] = [ast.Starred(_call("_nothing_", *given), ast.Load())]
        outer, self.in_class = self.in_class, True
        body = self.block(node.body)
        self.in_class = outer
        return [
            ast.ClassDef(node.name, bases, [], body, decorators),
            ast.Assign([_store(node.name)], _bound(node.lineno, _load(node.name))),
        ]
