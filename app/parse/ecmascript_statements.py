"""The names in ECMAScript's statements: what is declared where, and in which order code runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tree_sitter import Node

from app.model.facts import Binding, Export, Expression, Flow, FlowStep, FunctionFact
from app.parse.ecmascript_definitions import (
    FUNCTIONS,
    class_expression,
    class_members,
    class_scope,
    decorators,
    function_expression,
    function_scope,
    parameters,
)
from app.parse.ecmascript_modules import (
    bind_required,
    export_clause,
    export_declared,
    import_alias,
    import_statement,
    required_path,
)
from app.parse.ecmascript_patterns import pattern
from app.parse.ecmascript_reading import How, Pending, Reading, read, read_parts, value
from app.parse.ecmascript_repairs import is_unnamed_default
from app.parse.ecmascript_types import annotation, interface, signature, type_alias, type_parameters

_FUNCTION_DECLARATIONS: Final = frozenset(
    ("function_declaration", "generator_function_declaration", "function_signature")
)
_LEXICAL: Final = frozenset(
    (
        "lexical_declaration",
        "using_declaration",
        "class_declaration",
        "abstract_class_declaration",
        "enum_declaration",
        "interface_declaration",
        "type_alias_declaration",
        "import_alias",
    )
)


def module(reading: Reading, nodes: list[Node]) -> None:
    """Read a file's statements into scope 0, then all functions and classes in it."""
    reading.flow = reading.tables.flows[0]
    statements(reading, nodes)
    while reading.pending:
        at = reading.pending.popleft()
        reading.scope = at.scope
        reading.this = reading.infer = at.scope if at.is_class else at.this
        reading.flow = reading.tables.flows[at.scope]
        reading.results = []
        reading.depth = 0
        if at.is_class:
            reading.function = at.scope
            class_members(reading, at.node, at.scope)
        else:
            reading.function = reading.infer = at.scope
            _function_body(reading, at)
    reading.settle()


def _function_body(reading: Reading, at: Pending) -> None:
    node, scope = at.node, at.scope
    tables = reading.tables
    is_async = is_generator = False
    for child in node.children:
        if child.type == "async":
            is_async = True
        elif child.type == "*":
            is_generator = True
        elif child.type in ("formal_parameters", "statement_block"):
            break
    type_parameters(reading, node.child_by_field_name("type_parameters"))
    around = tables.scopes[scope].parent
    constructs = (
        node.type == "method_definition"
        and tables.scopes[around].kind == "class"
        and tables.scopes[scope].name == "constructor"
    )
    bound = parameters(reading, node, scope, around if constructs else -1)
    returns = annotation(reading, node.child_by_field_name("return_type"))
    body = node.child_by_field_name("body")
    if body is not None and body.type == "statement_block":
        statements(reading, body.named_children)
    elif body is not None:
        reading.results.append(value(reading, body))
    tables.functions.append(
        FunctionFact(
            scope,
            at.binding,
            bound,
            returns,
            tuple(result for result in reading.results if result >= 0),
            at.decorators,
            is_async,
            is_generator,
        )
    )


def statements(reading: Reading, nodes: list[Node]) -> None:
    """Read statements in order, what is hoisted first."""
    hoisted: set[int] = set()
    for node in nodes:
        if node.type in _HOISTED:
            inner = _declaration(node)
            if inner.type in _FUNCTION_DECLARATIONS:
                _function_declaration(reading, node, inner)
                hoisted.add(node.id)
            elif inner.type == "import_statement":
                import_statement(reading, inner)
                hoisted.add(node.id)
    for node in nodes:
        if node.id not in hoisted:
            statement(reading, node)


def statement(reading: Reading, node: Node) -> None:
    """Read one statement."""
    kind = node.type
    if kind == "expression_statement":
        for child in node.named_children:
            if child.type == "internal_module":
                statement(reading, child)
            elif child.type != "comment":
                read(reading, child)
        return
    reader = _STATEMENTS.get(kind)
    if reader is None:
        if node.is_named and kind not in _SILENT:
            read(reading, node)
        return
    if reading.too_deep(node):
        return
    reading.depth += 6
    reader(reading, node)
    reading.depth -= 6


def _declaration(node: Node) -> Node:
    """What an `export` or `declare` is put before."""
    while node.type in ("export_statement", "ambient_declaration"):
        inner = node.child_by_field_name("declaration")
        if inner is None and node.type == "ambient_declaration":
            inner = next((child for child in node.named_children if child.type != "comment"), None)
        if inner is None:
            return node
        node = inner
    return node


def _function_declaration(reading: Reading, whole: Node, node: Node) -> None:
    name = node.child_by_field_name("name")
    first = len(reading.tables.bindings)
    outer = reading.scope if reading.strict else reading.function
    text = "" if name is None else reading.text(name)
    if whole.type == "export_statement" and is_unnamed_default(reading.source, whole):
        text = ""
    index = -1
    if name is not None and text:
        index = reading.tables.add_binding(
            Binding(text, outer, name.start_byte, "function", "def", end=whole.end_byte)
        )
        reading.declared[outer].add(text)
    if node.type == "function_signature":
        scope = signature(reading, node, index, name=text)
    else:
        scope = function_scope(reading, node, index, text)
    if index >= 0:
        reading.flow.append(~index)
    if whole.type == "export_statement":
        default_at = _default(reading, whole)
        if index >= 0:
            _export(reading, first, default_at)
        elif default_at >= 0:
            created = reading.tables.add_expression(Expression("function", node.start_byte, scope=scope))
            reading.tables.exports.append(Export("default", default_at, value=created))


def _default(reading: Reading, node: Node) -> int:
    """Where `default` stands in an export, -1 where it does not."""
    end = node.children[0].end_byte if node.children else node.start_byte
    for child in node.children:
        if child.type == "default":
            return child.start_byte
        if child.type == "export":
            end = child.end_byte
    if is_unnamed_default(reading.source, node):
        return reading.source.index(b"default", end)
    return -1


def _export(reading: Reading, first: int, default_at: int = -1) -> None:
    """Names exported in a namespace are reached through its scope; only the module's own go to importers."""
    if reading.scope == 0:
        export_declared(reading, first, 0, default_at)


def _export_statement(reading: Reading, node: Node) -> None:
    first = len(reading.tables.bindings)
    default_at = _default(reading, node)
    declaration = node.child_by_field_name("declaration")
    given = node.child_by_field_name("value")
    if declaration is not None:
        if declaration.type in ("class_declaration", "abstract_class_declaration"):
            _class_declaration(reading, declaration, node)
        else:
            statement(reading, declaration)
        _export(reading, first, default_at)
    elif given is not None:
        if given.type == "identifier":
            index = reading.add_name(given, "export")
        elif given.type == "class":
            scope = class_scope(
                reading, given, -1, "", (*decorators(reading, node), *decorators(reading, given))
            )
            index = reading.tables.add_expression(Expression("function", given.start_byte, scope=scope))
        else:
            index = value(reading, given)
        reading.tables.exports.append(Export("default", max(default_at, node.start_byte), value=index))
    elif any(child.type == "=" for child in node.children):
        _export_assignment(reading, node)
    elif any(child.type in ("export_clause", "*", "namespace_export") for child in node.children):
        if reading.scope == 0:
            export_clause(reading, node)
    else:
        for child in node.named_children:
            if child.type in _STATEMENTS:
                statement(reading, child)
        _export(reading, first)


def _export_assignment(reading: Reading, node: Node) -> None:
    given = [child for child in node.named_children if child.type not in ("comment", "decorator")]
    if not given:
        return
    last = given[-1]
    index = reading.add_name(last, "export") if last.type == "identifier" else value(reading, last)
    reading.tables.exports.append(Export("=", node.start_byte, value=index))


def _variables(reading: Reading, node: Node) -> None:
    children = node.children
    scope = reading.function if children[0].type == "var" else reading.scope
    for declarator in children:
        if declarator.type == "variable_declarator":
            _declarator(reading, declarator, scope)


def _declarator(reading: Reading, node: Node, scope: int) -> None:
    name = node.child_by_field_name("name")
    if name is None:
        return
    given = node.child_by_field_name("value")
    typed = node.child_by_field_name("type")
    declared = annotation(reading, typed) if typed is not None else -1
    if given is None:
        pattern(reading, name, -1, "none", declares=Binding("", scope, 0, "variable", annotation=declared))
        return
    kind = given.type
    if kind in ("call_expression", "member_expression"):
        taken = required_path(reading, given)
        if taken is not None and bind_required(reading, name, scope, *taken):
            return
    if name.type == "identifier" and (kind in FUNCTIONS or kind == "class"):
        # The function must know its name's binding, which happens after it.
        index = reading.declare(
            Binding(reading.text(name), scope, name.start_byte, "variable", "=", annotation=declared)
        )
        reading.flow.pop()
        define = class_expression if kind == "class" else function_expression
        result = define(reading, given, index)
        reading.flow.append(~index)
        reading.complete(index, result)
        return
    result = value(reading, given)
    if name.type == "identifier":
        reading.declare(
            Binding(reading.text(name), scope, name.start_byte, "variable", "=", result, declared)
        )
    else:
        pattern(reading, name, result, "=", declares=Binding("", scope, 0, "variable", annotation=declared))


def _class_declaration(reading: Reading, node: Node, whole: Node | None = None) -> None:
    name = node.child_by_field_name("name")
    found = decorators(reading, node)
    if whole is not None:
        found = (*decorators(reading, whole), *found)
    if name is None:
        return
    whole = node if whole is None else whole
    text = reading.text(name)
    index = reading.declare(Binding(text, reading.scope, name.start_byte, "class", "def", end=whole.end_byte))
    reading.flow.pop()
    class_scope(reading, node, index, text, found)
    reading.flow.append(~index)


def _enum(reading: Reading, node: Node) -> None:
    name = node.child_by_field_name("name")
    body = node.child_by_field_name("body")
    if name is None or body is None:
        return
    text = reading.text(name)
    index = reading.declare(Binding(text, reading.scope, name.start_byte, "enum", "def", end=node.end_byte))
    outer, outer_flow = reading.scope, reading.flow
    reading.scope = reading.add_scope("namespace", outer, body, text, index)
    reading.flow = reading.tables.flows[reading.scope]
    outer_flow.append(("scope", reading.scope))
    for child in body.named_children:
        if child.type == "comment":
            continue
        member = child.child_by_field_name("name") if child.type == "enum_assignment" else child
        if member is None:
            continue
        given = value(reading, child.child_by_field_name("value")) if child.type == "enum_assignment" else -1
        how: How = "=" if given >= 0 else "none"
        label = reading.text(member)
        label = label[1:-1] if label[:1] in ("'", '"') else label
        reading.tables.add_binding(Binding(label, reading.scope, member.start_byte, "member", how, given))
    reading.scope, reading.flow = outer, outer_flow


def _namespace(reading: Reading, node: Node) -> None:
    name = node.child_by_field_name("name")
    body = node.child_by_field_name("body")
    if name is None:
        return
    # `namespace A.B.C` is a namespace in a namespace in a namespace.
    names = [name]
    while names[-1].type in ("nested_identifier", "member_expression"):
        dotted = names.pop()
        children = dotted.children
        names += [children[-1], children[0]]
    names.reverse()
    saved = reading.scope, reading.function, reading.this, reading.flow
    for part in names:
        text = reading.text(part)
        index = reading.declare(
            Binding(text, reading.scope, part.start_byte, "namespace", "def", end=node.end_byte)
        )
        if body is None:
            break
        _enter_namespace(reading, body, text, index)
    if body is not None:
        statements(reading, body.named_children)
    reading.scope, reading.function, reading.this, reading.flow = saved


def _enter_namespace(reading: Reading, body: Node, name: str, owner: int) -> None:
    scope = reading.add_scope("namespace", reading.scope, body, name, owner)
    reading.flow.append(("scope", scope))
    reading.scope = reading.function = scope
    reading.flow = reading.tables.flows[scope]


def _ambient(reading: Reading, node: Node) -> None:
    for child in node.named_children:
        if child.type == "statement_block":
            _global(reading, child)
        elif child.type not in ("comment", "property_identifier", "type_annotation"):
            statement(reading, child)


def _global(reading: Reading, body: Node) -> None:
    """`declare global { … }`."""
    saved = reading.scope, reading.function, reading.flow
    _enter_namespace(reading, body, "global", -1)
    statements(reading, body.named_children)
    reading.scope, reading.function, reading.flow = saved


def _interface(reading: Reading, node: Node) -> None:
    interface(reading, node, reading.scope)


def _block(reading: Reading, node: Node) -> None:
    nodes = node.named_children
    if any(_binds(reading, child) for child in nodes):
        _in_block(reading, node, lambda: statements(reading, nodes))
    else:
        statements(reading, nodes)


def _binds(reading: Reading, node: Node) -> bool:
    kind = node.type
    return kind in _LEXICAL or (reading.strict and kind in _FUNCTION_DECLARATIONS)


def _in_block(reading: Reading, node: Node, inside: Callable[[], None]) -> None:
    """Read in a block scope of its own."""
    outer, outer_flow = reading.scope, reading.flow
    reading.scope = reading.add_scope("block", outer, node)
    reading.flow = reading.tables.flows[reading.scope]
    outer_flow.append(("scope", reading.scope))
    inside()
    reading.scope, reading.flow = outer, outer_flow


def _if(reading: Reading, node: Node) -> None:
    alternatives: list[tuple[Flow, Flow]] = []
    at: Node | None = node
    rest: Flow = ()
    while at is not None:
        test = reading.flow_of(read, at.child_by_field_name("condition"))
        then = reading.flow_of(statement, at.child_by_field_name("consequence"))
        alternatives.append((test, then))
        clause = at.child_by_field_name("alternative")
        at = None
        for child in clause.named_children if clause is not None else ():
            if child.type == "if_statement":
                at = child
            elif child.type != "comment":
                rest = reading.flow_of(statement, child)
    reading.choices(alternatives, rest)


def _for(reading: Reading, node: Node) -> None:
    first = node.child_by_field_name("initializer")
    if first is not None and first.type in _LEXICAL:
        _in_block(reading, node, lambda: _for_parts(reading, node, first))
    else:
        _for_parts(reading, node, first)


def _for_parts(reading: Reading, node: Node, first: Node | None) -> None:
    if first is not None:
        statement(reading, first)
    condition = node.child_by_field_name("condition")
    test = reading.flow_of(statement, condition)
    endless = condition is None or not condition.is_named or condition.type in ("true", "empty_statement")
    body = reading.flow_of(statement, node.child_by_field_name("body"))
    update = reading.flow_of(read, node.child_by_field_name("increment"))
    if update:
        # Not at the end of the body: `continue` reaches it as well.
        test = (("branch", (update,), False), *test)
    if endless:
        test = (*test, ("constant", True))
    reading.flow.append(("loop", test, body, ()))


def _for_in(reading: Reading, node: Node) -> None:
    kind = node.child_by_field_name("kind")
    if kind is not None and kind.type != "var":
        _in_block(reading, node, lambda: _for_in_parts(reading, node, kind))
    else:
        _for_in_parts(reading, node, kind)


def _for_in_parts(reading: Reading, node: Node, kind: Node | None) -> None:
    left = node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    given = value(reading, right)
    if operator is not None and operator.type == "in":
        given = -1
    how: How = "iter" if given >= 0 else "none"
    outer = reading.flow
    reading.flow = []
    if left is not None:
        if kind is None:
            pattern(reading, left, given, how)
        else:
            scope = reading.function if kind.type == "var" else reading.scope
            pattern(reading, left, given, how, declares=Binding("", scope, 0, "variable"))
    body = node.child_by_field_name("body")
    if body is not None:
        statement(reading, body)
    inner = tuple(reading.flow)
    reading.flow = outer
    outer.append(("loop", (), inner, ()))


def _while(reading: Reading, node: Node) -> None:
    condition = node.child_by_field_name("condition")
    test = reading.flow_of(read, condition)
    body = reading.flow_of(statement, node.child_by_field_name("body"))
    if condition is not None and reading.text(condition).strip("() \t\r\n") in ("true", "1", "!0"):
        test = (("constant", True),)
    reading.flow.append(("loop", test, body, ()))


def _do(reading: Reading, node: Node) -> None:
    body = reading.flow_of(statement, node.child_by_field_name("body"))
    test = reading.flow_of(read, node.child_by_field_name("condition"))
    reading.flow.append(("do", body, test))


def _try(reading: Reading, node: Node) -> None:
    body = reading.flow_of(_block, node.child_by_field_name("body"))
    handler = node.child_by_field_name("handler")
    caught = (reading.flow_of(_catch, handler),) if handler is not None else ()
    finalizer = node.child_by_field_name("finalizer")
    last: Flow = ()
    if finalizer is not None:
        last = reading.flow_of(_block, finalizer.child_by_field_name("body"))
    reading.flow.append(("try", body, caught, (), last))


def _catch(reading: Reading, node: Node) -> None:
    parameter = node.child_by_field_name("parameter")
    body = node.child_by_field_name("body")
    if parameter is None:
        if body is not None:
            _block(reading, body)
        return

    def inside() -> None:
        declared = annotation(reading, node.child_by_field_name("type"))
        caught = Binding("", reading.scope, 0, "variable", annotation=declared)
        pattern(reading, parameter, -1, "none", declares=caught)
        if body is not None:
            statements(reading, body.named_children)

    _in_block(reading, node, inside)


def _switch(reading: Reading, node: Node) -> None:
    given = node.child_by_field_name("value")
    body = node.child_by_field_name("body")
    if given is not None:
        read(reading, given)
    if body is None:
        return
    cases = [child for child in body.named_children if child.type in ("switch_case", "switch_default")]
    if any(_binds(reading, child) for case in cases for child in case.named_children):
        _in_block(reading, body, lambda: _cases(reading, cases))
    else:
        _cases(reading, cases)


def _cases(reading: Reading, cases: list[Node]) -> None:
    flows: list[Flow] = []
    for case in cases:
        test = case.child_by_field_name("value")
        if test is not None:
            read(reading, test)
        outer = reading.flow
        reading.flow = []
        statements(reading, case.children_by_field_name("body"))
        flows.append(tuple(reading.flow))
        reading.flow = outer
    has_default = any(case.type == "switch_default" for case in cases)
    if any(flows):
        reading.flow.append(("switch", tuple(flows), has_default))


def _labeled(reading: Reading, node: Node) -> None:
    label = node.child_by_field_name("label")
    body = node.child_by_field_name("body")
    if label is None or body is None:
        return
    name = reading.text(label)
    if name == "global" and b":" not in reading.source[label.end_byte : body.start_byte]:
        _global(reading, body)
        return
    reading.flow.append(("label", name, reading.flow_of(statement, body)))


def _return(reading: Reading, node: Node) -> None:
    for child in node.named_children:
        if child.type != "comment":
            reading.results.append(value(reading, child))
    reading.flow.append(("leave", "return", ""))


def _with(reading: Reading, node: Node) -> None:
    for child in node.named_children:
        statement(reading, child)


def _throw(reading: Reading, node: Node) -> None:
    read_parts(reading, node)
    reading.flow.append(("leave", "raise", ""))


def _break(reading: Reading, node: Node) -> None:
    label = node.child_by_field_name("label")
    step: FlowStep = ("leave", node.children[0].type, "" if label is None else reading.text(label))
    reading.flow.append(step)


def _error(reading: Reading, node: Node) -> None:
    """What can be read of a place that the grammar could not."""
    statements(reading, node.named_children)


_Statement: TypeAlias = Callable[[Reading, Node], None]

_HOISTED: Final = _FUNCTION_DECLARATIONS | {"export_statement", "ambient_declaration", "import_statement"}
_SILENT: Final = frozenset(
    ("comment", "empty_statement", "debugger_statement", "hash_bang_line", "statement_identifier")
)

_STATEMENTS: Final[dict[str, _Statement]] = {
    "import_statement": import_statement,
    "import_alias": import_alias,
    "export_statement": _export_statement,
    "lexical_declaration": _variables,
    "variable_declaration": _variables,
    "using_declaration": _variables,
    "class_declaration": _class_declaration,
    "abstract_class_declaration": _class_declaration,
    "interface_declaration": _interface,
    "type_alias_declaration": type_alias,
    "enum_declaration": _enum,
    "internal_module": _namespace,
    "module": _namespace,
    "ambient_declaration": _ambient,
    "statement_block": _block,
    "if_statement": _if,
    "for_statement": _for,
    "for_in_statement": _for_in,
    "while_statement": _while,
    "do_statement": _do,
    "with_statement": _with,
    "try_statement": _try,
    "switch_statement": _switch,
    "labeled_statement": _labeled,
    "return_statement": _return,
    "throw_statement": _throw,
    "break_statement": _break,
    "continue_statement": _break,
    "ERROR": _error,
}
