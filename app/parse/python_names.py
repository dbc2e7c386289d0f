"""What the names of a Python file mean: scopes, bindings, expressions and the order of execution.

Scoping follows the language reference, section 4.2 (naming and binding).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Final, Literal

import tree_sitter_python
from tree_sitter import Language, Node, Parser

from app.model.facts import (
    AttributeStore,
    Binding,
    BindingKind,
    ClassFact,
    Context,
    Export,
    Expression,
    Flow,
    FlowStep,
    FunctionFact,
    ParseProblem,
)
from app.parse.python_forms import (
    decides,
    in_parentheses,
    irrefutable,
    is_for_groups,
    managers_of,
    name_text,
    one_after_the_other,
    operands_of,
    operator_of,
    paired,
    truth_of,
)
from app.parse.tables import Tables

# Expressions nested deeper are only searched for names; recursion stays well inside the interpreter's limit.
_DEEPEST: Final = 80

_LITERALS: Final = {
    "string": "str",
    "concatenated_string": "str",
    "integer": "int",
    "float": "float",
    "true": "bool",
    "false": "bool",
    "none": "None",
    "list": "list",
    "set": "set",
    "tuple": "tuple",
    "dictionary": "dict",
    "list_comprehension": "list",
    "set_comprehension": "set",
    "dictionary_comprehension": "dict",
    "generator_expression": "generator",
}

_OPERATORS: Final = {
    "+": "__add__",
    "-": "__sub__",
    "*": "__mul__",
    "/": "__truediv__",
    "//": "__floordiv__",
    "%": "__mod__",
    "@": "__matmul__",
    "**": "__pow__",
    "|": "__or__",
    "&": "__and__",
    "^": "__xor__",
    "<<": "__lshift__",
    ">>": "__rshift__",
}
_TYPE_FORMS: Final = frozenset(
    "Union Optional Callable Type Literal Annotated Dict List Set FrozenSet Tuple Sequence Iterable Iterator Mapping "
    "MutableMapping MutableSequence Collection Generator Awaitable Coroutine AsyncIterator AsyncIterable AsyncGenerator "
    "Deque DefaultDict OrderedDict dict list set frozenset tuple type".split()
)
_DISPLAYS: Final = frozenset(("list", "set", "tuple", "dictionary", "expression_list"))
# What a long display holds is told by its beginning.
_LONGEST_DISPLAY: Final = 16
# Callees whose result holds or is what they are given.
_HANDING_ON: Final = frozenset(
    "list tuple set frozenset sorted reversed iter next aiter anext enumerate zip min max filter copy deepcopy replace "
    "chain islice dict deque defaultdict OrderedDict partial cycle takewhile dropwhile".split()
)

# Context managers that end the exceptions of their body, so that the code behind it runs.
_SWALLOWING: Final = frozenset(("suppress", "raises", "assertRaises", "assertRaisesRegex"))
_ONE_COMPARISON: Final = 3
_NEVER: Final[Flow] = (("branch", (), True),)

How = Literal["=", "iter", "enter", "unpack", "raise", "def", "none"]


def read(root: Node, outer: list[Node]) -> Tables:
    """The tables of a module; ``outer`` are its `global` and `nonlocal` statements."""
    reader = _Reader(outer)
    reader.module(root)
    return reader.tables


@cache
def _annotation_parser() -> Parser:
    return Parser(Language(tree_sitter_python.language()))


class _Reader:
    """One walk over a module's tree; ``flow`` collects the steps of the code that is being read."""

    def __init__(self, outer: list[Node]) -> None:
        self.tables = Tables()
        self.scope = 0
        self.flow: list[FlowStep] = []
        self.function: int = -1
        self.results: list[int] = []
        self.generator = False
        self.container = ""
        self.type_only = False
        self.shift = 0
        self.depth = 0
        self.annotations_depth = 0
        self.outer = _outer_names(outer)
        # Comprehensions that bind names of the code around them, by `:=`.
        self.binding_outwards: set[int] = set()
        self.statements: dict[str, Callable[[Node], None]] = {
            "expression_statement": self.expression_statement,
            "function_definition": self.function_definition,
            "class_definition": self.class_definition,
            "decorated_definition": self.decorated_definition,
            "if_statement": self.if_statement,
            "for_statement": self.for_statement,
            "while_statement": self.while_statement,
            "with_statement": self.with_statement,
            "try_statement": self.try_statement,
            "match_statement": self.match_statement,
            "return_statement": self.return_statement,
            "raise_statement": self.raise_statement,
            "break_statement": self.break_statement,
            "continue_statement": self.continue_statement,
            "delete_statement": self.delete_statement,
            "import_statement": self.import_statement,
            "import_from_statement": self.import_from_statement,
            "future_import_statement": self.skip,
            "global_statement": self.skip,
            "nonlocal_statement": self.skip,
            "pass_statement": self.skip,
            "comment": self.skip,
            "type_alias_statement": self.type_alias_statement,
            "assert_statement": self.assert_statement,
        }
        self.expressions: dict[str, Callable[[Node], int]] = {
            "call": self.call,
            "assignment": self.assignment,
            "augmented_assignment": self.augmented_assignment,
            "named_expression": self.named_expression,
            "subscript": self.subscript,
            "lambda": self.lambda_,
            "list_comprehension": self.comprehension,
            "set_comprehension": self.comprehension,
            "dictionary_comprehension": self.comprehension,
            "generator_expression": self.comprehension,
            "conditional_expression": self.conditional,
            "boolean_operator": self.tested,
            "not_operator": self.tested,
            "comparison_operator": self.comparison,
            "binary_operator": self.binary,
            "await": self.await_,
            "yield": self.yield_,
            "parenthesized_expression": self.only_child,
            "keyword_argument": self.keyword_argument,
            "type": self.only_child,
            "generic_type": self.generic_type,
            "union_type": self.union_type,
            "member_type": self.member_type,
        }

    # -- scopes and names

    text = staticmethod(name_text)

    def pos(self, node: Node) -> int:
        return node.start_byte + self.shift

    def module(self, root: Node) -> None:
        self.tables.add_scope("module", -1, root.start_byte, root.end_byte)
        self.flow = self.tables.flows[0]
        self.block(root)
        self.settle_nonlocals()

    def settle_nonlocals(self) -> None:
        """Move bindings under `nonlocal` to the function scope that the name belongs to."""
        tables = self.tables
        named = {(binding.scope, binding.name) for binding in tables.bindings}
        for index, binding in enumerate(tables.bindings):
            scope = tables.scopes[binding.scope]
            if binding.name not in scope.nonlocals:
                continue
            at = scope.parent
            while at > 0 and (
                tables.scopes[at].kind != "function"
                or (at, binding.name) not in named
                or binding.name in tables.scopes[at].nonlocals
            ):
                at = tables.scopes[at].parent
            tables.bindings[index] = binding._replace(scope=max(at, 0))

    def bind(
        self,
        node: Node,
        kind: BindingKind,
        how: How = "none",
        value: int = -1,
        annotation: int = -1,
        end: int = -1,
    ) -> int:
        name = self.text(node)
        scope = self.scope
        # A name bound by `:=` in a comprehension belongs to the code around it; callers bind loop targets there.
        if name in self.tables.scopes[scope].globals:
            scope = 0
        binding = self.tables.add_binding(
            Binding(
                name, scope, self.pos(node), kind, how, value, annotation, type_only=self.type_only, end=end
            )
        )
        self.flow.append(~binding)
        return binding

    def expression(self, node: Node, context: Context = "read") -> int:
        """Read an expression; its index, or -1 where it means nothing."""
        kind = node.type
        if kind == "identifier":
            return self.identifier(node, context)
        if self.depth >= _DEEPEST:
            return self.names_only(node)
        self.depth += 1
        if kind == "attribute":
            index = self.add_attribute(node, context)
        else:
            handler = self.expressions.get(kind)
            index = handler(node) if handler is not None else self.other(node, kind)
            if context != "read" and index >= 0:
                self.tables.set_context(index, context)
        self.depth -= 1
        return index

    def other(self, node: Node, kind: str) -> int:
        """An expression whose value means nothing here: everything in it is read."""
        if kind == "string":
            if self.annotations_depth:
                return self.annotation_text(node)
            for child in node.children:
                if child.type == "interpolation":
                    self.interpolation(child)
        elif self.annotations_depth and kind in ("list", "tuple"):
            # The parameter list of `Callable[[A, B], C]`.
            return self.union_type(node)
        elif kind in _DISPLAYS:
            return self.display(node)
        elif node.child_count:
            for child in node.children:
                if child.is_named and child.type != "comment":
                    self.expression(child)
        literal = _LITERALS.get(kind)
        if literal:
            return self.tables.add_expression(Expression("literal", self.pos(node), literal))
        return -1

    def display(self, node: Node) -> int:
        """A list, tuple, set or dict written out."""
        held: list[int] = []
        for child in node.children:
            if not child.is_named or child.type == "comment":
                continue
            if child.type == "pair":
                parts = [part for part in child.named_children if part.type != "comment"]
                held += [self.expression(part) for part in parts][:2]
            elif child.type in ("list_splat", "dictionary_splat"):
                self.expression(child)
            else:
                held.append(self.expression(child))
        name = _LITERALS.get(node.type, "tuple")
        if all(index < 0 for index in held) or (len(held) > _LONGEST_DISPLAY and name == "tuple"):
            return self.tables.add_expression(Expression("literal", self.pos(node), name))
        return self.tables.add_expression(
            Expression("display", self.pos(node), name, options=tuple(held[:_LONGEST_DISPLAY]))
        )

    def names_only(self, node: Node) -> int:
        """Every name below, without recursion: what is nested too deep is read but not understood."""
        if node.child_count:
            self.tables.problems.append(
                ParseProblem(
                    node.start_byte, node.end_byte, f"nested deeper than {_DEEPEST}: only names are read"
                )
            )
        pending = [node]
        while pending:
            at = pending.pop()
            if at.type == "identifier":
                self.identifier(at)
            elif at.type == "attribute":
                pending.append(at.children[0])
            elif at.type == "keyword_argument":
                pending.append(at.children[-1])
            else:
                pending.extend(reversed(at.children))
        return -1

    def interpolation(self, node: Node) -> None:
        for child in node.children:
            if child.type == "format_specifier":
                for part in child.children:
                    if part.type in ("interpolation", "format_expression"):
                        self.interpolation(part)
            elif child.is_named and child.type != "type_conversion":
                self.expression(child)

    def identifier(self, node: Node, context: Context = "read") -> int:
        index = self.tables.add_expression(
            Expression(
                "name",
                node.start_byte + self.shift,
                self.text(node),
                -1,
                self.scope,
                context,
                (),
                self.type_only,
            )
        )
        self.flow.append(index)
        return index

    def add_attribute(self, node: Node, context: Context = "read", *, stores: bool = False) -> int:
        base_node = node.child_by_field_name("object")
        name = node.child_by_field_name("attribute")
        if base_node is None or name is None:
            return -1
        base = self.expression(base_node)
        return self.tables.add_expression(
            Expression(
                "attribute",
                name.start_byte + self.shift,
                self.text(name),
                base,
                self.scope,
                context,
                (),
                self.type_only,
                stores,
            )
        )

    def call(self, node: Node) -> int:
        function = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if function is None:
            return -1
        name = self.text(function) if function.type == "identifier" else ""
        if name == "super":
            if arguments is not None:
                for argument in arguments.named_children:
                    self.expression(argument)
            return self.tables.add_expression(Expression("super", self.pos(function), scope=self.scope))
        callee = self.expression(function, "call")
        last = name or (self.text(function.children[-1]) if function.type == "attribute" else "")
        handed_on: list[int] = []
        if arguments is not None:
            given = [child for child in arguments.named_children if child.type != "comment"]
            # `*args` may stand behind keywords, and is evaluated before them.
            if any(argument.type == "list_splat" for argument in given):
                given.sort(key=lambda argument: argument.type in ("keyword_argument", "dictionary_splat"))
            if arguments.type == "generator_expression":
                self.expression(arguments)
            else:
                for at, argument in enumerate(given):
                    if at == 1 and name in ("isinstance", "issubclass"):
                        self.checked(argument)
                    elif at == 0 and name == "cast" and len(given) == 2:
                        cast = self.annotation(argument, "cast")
                        self.expression(given[1])
                        return cast if cast >= 0 else self.result(node, callee)
                    elif argument.type == "keyword_argument":
                        self.keyword_argument(argument)
                        if last[:1].isupper() and callee >= 0:
                            self.keyword(argument, callee)
                    else:
                        index = self.expression(argument)
                        if last in _HANDING_ON:
                            handed_on.append(index)
        return self.result(node, callee, tuple(handed_on))

    def result(self, node: Node, callee: int, handed_on: tuple[int, ...] = ()) -> int:
        return self.tables.add_expression(
            Expression("call", self.pos(node), base=callee, scope=self.scope, options=handed_on)
        )

    def keyword(self, argument: Node, callee: int) -> None:
        """`C(x=1)` may name a field of C."""
        name = argument.child_by_field_name("name")
        if name is not None and name.type == "identifier":
            self.tables.add_expression(
                Expression("keyword", name.start_byte + self.shift, self.text(name), callee, self.scope)
            )

    def keyword_argument(self, node: Node) -> int:
        value = node.child_by_field_name("value")
        return self.expression(value) if value is not None else -1

    def checked(self, node: Node) -> int:
        """Classes that something is tested against: a name, a tuple of them, or `A | B`."""
        if node.type in ("tuple", "parenthesized_expression", "binary_operator", "expression_list"):
            options = [self.checked(child) for child in node.named_children if child.type != "comment"]
            return self.union([option for option in options if option >= 0])
        return self.expression(node, "check")

    def union(self, options: list[int]) -> int:
        if len(options) < 2:
            return options[0] if options else -1
        return self.tables.add_expression(Expression("union", options=tuple(options)))

    def subscript(self, node: Node) -> int:
        value = node.child_by_field_name("value")
        if value is None:
            return -1
        base = self.expression(value)
        arguments: list[int] = []
        literal = self.annotations_depth and self.text(value).rpartition(".")[2] == "Literal"
        for child in node.children_by_field_name("subscript") if not literal else ():
            argument = self.expression(child, "type_argument" if self.annotations_depth else "read")
            arguments.append(argument)
        if self.annotations_depth:
            return self.tables.add_expression(
                Expression(
                    "generic", self.pos(node), base=base, options=tuple(a for a in arguments if a >= 0)
                )
            )
        return self.tables.add_expression(Expression("item", self.pos(node), base=base))

    def conditional(self, node: Node) -> int:
        parts = [child for child in node.named_children if child.type != "comment"]
        if len(parts) != 3:
            return self.other_children(node)
        test, _ = self.condition(parts[1])
        then, value = self.apart(parts[0])
        orelse, alternative = self.apart(parts[2])
        if decides(test) or self.binds(then) or self.binds(orelse):
            self.flow.append(("if", test, then, orelse))
        else:
            # Without bindings the order does not matter, so the reads stand one after the other.
            self.flow += (*test, *then, *orelse)
        return self.union([option for option in (value, alternative) if option >= 0])

    def other_children(self, node: Node) -> int:
        for child in node.named_children:
            if child.type != "comment":
                self.expression(child)
        return -1

    def apart(self, node: Node) -> tuple[Flow, int]:
        """Read an expression that may not run: its steps, apart from the current flow, and its index."""
        before = self.flow
        self.flow = []
        index = self.expression(node)
        steps = tuple(self.flow)
        self.flow = before
        return steps, index

    def binds(self, steps: Flow) -> bool:
        """Whether the steps may change what a name of the code around them is bound to."""
        return any(
            step < 0
            if isinstance(step, int)
            else step[0] != "closure" and (step[0] != "scope" or step[1] in self.binding_outwards)
            for step in steps
        )

    def tested(self, node: Node) -> int:
        """`and`, `or`, `not` and comparisons, wherever they stand."""
        steps, index = self.parts_of_test(node)
        self.flow += steps
        return index

    def comparison(self, node: Node) -> int:
        return self.tested(node) if node.child_count > _ONE_COMPARISON else self.other_children(node)

    def condition(self, node: Node) -> tuple[Flow, int]:
        """A test's steps, of which the last tells how its result follows (see `Flow`), and its index."""
        inner = in_parentheses(node)
        constant = truth_of(inner)
        if constant is not None:
            return (("constant", constant),), self.expression(inner)
        if self.depth < _DEEPEST and inner.type in (
            "boolean_operator",
            "not_operator",
            "comparison_operator",
        ):
            self.depth += 1
            found = self.parts_of_test(inner)
            self.depth -= 1
            return found
        return self.undecided(inner)

    def undecided(self, node: Node) -> tuple[Flow, int]:
        """An expression whose result does not follow from its parts, though the last of these may be a test."""
        steps, index = self.apart(node)
        return ((("branch", (steps,), True),) if decides(steps) else steps), index

    def parts_of_test(self, node: Node) -> tuple[Flow, int]:
        kind = node.type
        if kind == "boolean_operator":
            return self.junction(node)
        operands = [child for child in node.named_children if child.type != "comment"]
        if kind == "not_operator" and len(operands) == 1:
            steps, _ = self.condition(operands[0])
            return ((("not", steps),) if decides(steps) else steps), -1
        read = [self.undecided(operand)[0] for operand in operands]
        if len(read) > 2 and any(self.binds(steps) for steps in read[2:]):
            # `a < b < c` is `a < b and b < c`.
            return (("and", ((*read[0], *read[1]), *read[2:])),), -1
        return tuple(step for steps in read for step in steps), -1

    def junction(self, node: Node) -> tuple[Flow, int]:
        """`a and b and …`: each operand is evaluated where those before it leave the result open."""
        chain = operands_of(node, same_operator=True)
        if not chain:
            before, self.flow = self.flow, []
            self.other_children(node)
            steps, self.flow = tuple(self.flow), before
            return steps, -1
        read = [self.condition(operand) for operand in chain]
        tests = tuple(steps for steps, _ in read)
        index = self.union([option for _, option in read if option >= 0])
        if any(decides(test) for test in tests) or any(self.binds(test) for test in tests[1:]):
            return ((operator_of(node), tests),), index
        return tuple(step for test in tests for step in test), index

    def binary(self, node: Node) -> int:
        chain = operands_of(node)
        if not chain:
            return self.other_children(node)
        at, *operands = chain
        context: Context = "annotation" if self.annotations_depth else "read"
        options = [
            self.expression(at, context),
            *(self.expression(operand, context) for operand in operands),
        ]
        if not self.annotations_depth:
            return self.operator(node, options[0])
        return self.union([option for option in options if option >= 0])

    def operator(self, node: Node, left: int) -> int:
        """The result of `a + b`, which is what `a` makes of it."""
        sign = node.child_by_field_name("operator")
        method = _OPERATORS.get(self.text(sign)) if sign is not None else None
        if left < 0 or method is None or self.tables.expressions[left].kind == "literal":
            return left
        return self.tables.add_expression(Expression("operator", self.pos(node), method, left))

    def await_(self, node: Node) -> int:
        base = self.expression(node.named_children[0]) if node.named_child_count else -1
        return self.tables.add_expression(Expression("await", self.pos(node), base=base))

    def yield_(self, node: Node) -> int:
        self.generator = True
        for child in node.named_children:
            if child.type != "comment":
                index = self.expression(child)
                if index >= 0 and node.children[1].type != "from":
                    self.results.append(index)
        return -1

    def only_child(self, node: Node) -> int:
        children = [child for child in node.named_children if child.type != "comment"]
        index = -1
        for child in children:
            index = self.expression(child)
        return index if len(children) == 1 else -1

    def named_expression(self, node: Node) -> int:
        name, value_node = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None or value_node is None:
            return -1
        value = self.expression(value_node)
        inner = self.scope
        while self.tables.scopes[self.scope].kind == "comprehension":
            self.binding_outwards.add(self.scope)
            self.scope = self.tables.scopes[self.scope].parent
        self.bind(name, "variable", "=", value)
        self.scope = inner
        self.run_late(value_node)
        return value

    def comprehension(self, node: Node) -> int:
        clauses = [child for child in node.named_children if child.type in ("for_in_clause", "if_clause")]
        body = node.child_by_field_name("body")
        if not clauses or body is None or clauses[0].type != "for_in_clause":
            return self.other_children(node)
        iterable = self.iterable(clauses[0])
        scope = self.tables.add_scope(
            "comprehension", self.scope, node.start_byte + self.shift, node.end_byte + self.shift
        )
        outer_scope, outer_flow = self.scope, self.flow
        self.scope = scope
        # What each clause reads before what is inside it, and whether that is gone through or tested.
        levels: list[tuple[bool, Flow, list[FlowStep]]] = []
        for at, clause in enumerate(clauses):
            self.flow = []
            if clause.type == "if_clause":
                levels += [(False, self.condition(child)[0], []) for child in clause.named_children[:1]]
                continue
            if at:
                iterable = self.iterable(clause)
            reads, self.flow = tuple(self.flow), []
            left = clause.child_by_field_name("left")
            if left is not None:
                self.target(left, "iter", iterable)
            levels.append((True, reads, self.flow))
        self.flow = []
        if body.type == "pair":
            held = tuple(self.expression(part) for part in body.named_children if part.type != "comment")
        else:
            held = (self.expression(body),)
        inner = tuple(self.flow)
        for loops, reads, targets in reversed(levels):
            if loops:
                inner = (*reads, ("loop", (), (*targets, *inner), ()))
            elif decides(reads) or self.binds(inner):
                inner = (("if", reads, inner, ()),)
            else:
                inner = (*reads, *inner)
        self.tables.flows[scope] = list(inner)
        self.scope, self.flow = outer_scope, outer_flow
        self.flow.append(("scope", scope))
        name = _LITERALS[node.type]
        if all(index < 0 for index in held):
            return self.tables.add_expression(Expression("literal", self.pos(node), name))
        return self.tables.add_expression(Expression("display", self.pos(node), name, options=held))

    def run_late(self, value: Node) -> None:
        """Let the generator expression that was just given a name run where the name is read."""
        if value.type != "generator_expression" or len(self.flow) < 2:
            return
        created, bound = self.flow[-2:]
        if isinstance(created, int) or created[0] != "scope" or not isinstance(bound, int) or bound >= 0:
            return
        del self.flow[-2:]
        clauses = [child for child in value.named_children if child.type == "for_in_clause"]
        iterable = clauses[0].child_by_field_name("right") if clauses else None
        # What it goes through by name is not gone through yet.
        source = self.flow.pop() if iterable is not None and iterable.type == "identifier" else -1
        self.flow += (("late", ~bound, created[1], source), bound)

    def iterable(self, clause: Node) -> int:
        index = -1
        for right in clause.children_by_field_name("right"):
            if right.is_named:
                index = self.expression(right)
        return index

    def lambda_(self, node: Node) -> int:
        parameters = node.child_by_field_name("parameters")
        body = node.child_by_field_name("body")
        if body is None:
            return -1
        scope = self.open_function(node, self.parameters(parameters), owner=-1)
        result = self.expression(body)
        self.results = [result] if result >= 0 else []
        self.close_function(scope, binding=-1)
        return self.tables.add_expression(Expression("function", self.pos(node), scope=scope.index))

    # -- annotations

    def annotation(self, node: Node, context: Context = "annotation", *, evaluated: bool = False) -> int:
        """A type expression; ``evaluated``: it is run as well, as that of an alias is."""
        outer_type_only = self.type_only
        self.type_only = self.type_only or (context != "cast" and not evaluated)
        self.annotations_depth += 1
        index = self.expression(node)
        if index >= 0:
            self.mark_type(index, context)
        self.annotations_depth -= 1
        self.type_only = outer_type_only
        return index

    def generic_type(self, node: Node) -> int:
        parts = [child for child in node.named_children if child.type != "comment"]
        if not parts:
            return -1
        base = self.expression(parts[0])
        literal = self.text(parts[0]).rpartition(".")[2] == "Literal"
        listed = parts[1].named_children if len(parts) > 1 and not literal else []
        arguments = [self.expression(argument) for argument in listed if argument.type != "comment"]
        return self.tables.add_expression(
            Expression("generic", self.pos(node), base=base, options=tuple(a for a in arguments if a >= 0))
        )

    def union_type(self, node: Node) -> int:
        options = [self.expression(child) for child in node.named_children if child.type != "comment"]
        return self.union([option for option in options if option >= 0])

    def member_type(self, node: Node) -> int:
        parts = [child for child in node.named_children if child.type != "comment"]
        if len(parts) != 2:
            return self.other_children(node)
        base = self.expression(parts[0])
        return self.tables.add_expression(
            Expression(
                "attribute",
                self.pos(parts[1]),
                self.text(parts[1]),
                base,
                self.scope,
                type_only=self.type_only,
            )
        )

    def mark_type(self, index: int, context: Context) -> None:
        """Give the names of a type expression their role: the outermost is ``context``, the others arguments."""
        expression = self.tables.expressions[index]
        if expression.kind in ("name", "attribute"):
            self.tables.set_context(index, context)
        elif expression.kind == "union":
            for option in expression.options:
                self.mark_type(option, context)
        elif expression.kind == "generic":
            if expression.base >= 0:
                self.mark_type(expression.base, context)
            for option in expression.options:
                self.mark_type(option, "type_argument")

    def annotation_text(self, node: Node) -> int:
        """An annotation in quotes: read as the expression that it holds."""
        if node.child_count != 3 or node.children[1].type != "string_content":
            return -1
        opening, content = node.children[:2]
        source = content.text or b""
        if b"\\" in source or self.text(opening).lower().strip("\"'") not in ("", "u", "r"):
            return -1
        root = _annotation_parser().parse(source).root_node
        statements = [child for child in root.named_children if child.type != "comment"]
        if root.has_error or len(statements) != 1 or statements[0].type != "expression_statement":
            return self.tables.add_expression(Expression("text", self.pos(content), self.text(content)))
        outer_shift, outer_flow = self.shift, self.flow
        self.shift += content.start_byte
        # A forward reference is not evaluated here, so the order of execution says nothing about it.
        self.flow = []
        outer_type_only, self.type_only = self.type_only, True
        inner = statements[0].named_children[0]
        index = self.expression(inner)
        self.shift, self.flow, self.type_only = outer_shift, outer_flow, outer_type_only
        return index

    # -- targets

    def target(self, node: Node, how: How, value: int, annotation: int = -1) -> None:
        """Bind what stands on the left of an assignment, `for`, `with` or `as`."""
        kind = node.type
        if kind == "identifier":
            self.bind(node, "variable", how, value, annotation)
        elif kind == "attribute":
            index = self.add_attribute(node, stores=True)
            if index >= 0:
                self.tables.attribute_stores.append(AttributeStore(index, value, annotation, how))
        elif kind in ("tuple_pattern", "list_pattern", "pattern_list", "tuple", "list", "as_pattern_target"):
            if kind == "as_pattern_target":
                for child in node.named_children:
                    self.target(child, how, value)
            elif in_parentheses(node) is not node:
                self.target(in_parentheses(node), how, value, annotation)
            else:
                self.parts(node, how, value)
        elif kind in ("list_splat_pattern", "list_splat", "parenthesized_expression"):
            for child in node.named_children:
                self.target(child, "unpack" if kind != "parenthesized_expression" else how, value)
        else:
            self.expression(node)

    def parts(self, node: Node, how: How, value: int) -> None:
        """`a, (b, *c) = …`: each target gets its part of the value."""
        if how == "iter" and value >= 0:
            value = self.tables.add_expression(Expression("iter", self.pos(node), base=value))
        elif how != "=":
            value = -1
        after_rest = False
        targets = [child for child in node.named_children if child.type != "comment"]
        for at, child in enumerate(targets):
            rest = child.type in ("list_splat_pattern", "list_splat")
            # From behind the rest, places are counted from the end.
            place = "*" if rest else str(at - len(targets) if after_rest else at)
            after_rest = after_rest or rest
            part = -1
            if value >= 0:
                part = self.tables.add_expression(Expression("part", self.pos(child), place, value))
            if rest:
                for inner in child.named_children:
                    self.target(inner, "=", part)
            else:
                self.target(child, "=", part)

    def assignment(self, node: Node) -> int:
        left = node.child_by_field_name("left")
        right = node.child_by_field_name("right")
        type_node = node.child_by_field_name("type")
        if left is None:
            return -1
        annotation = self.annotation(type_node) if type_node is not None else -1
        declared_alias = type_node is not None and self.text(type_node).endswith("TypeAlias")
        if right is None:
            self.declare(left, annotation)
            return -1
        targets = [left]
        while right.type == "assignment":
            target, value_node = right.child_by_field_name("left"), right.child_by_field_name("right")
            if target is None or value_node is None:
                break
            targets.append(target)
            right = value_node
        if declared_alias or self.is_alias(targets[-1], right):
            value = self.annotation(right, evaluated=True)
            for target in targets:
                self.target(target, "=", value)
            return value
        pairs = paired(left, right) if len(targets) == 1 else []
        if pairs:
            values = [self.expression(value) for _, value in pairs]
            for (target, _), value in zip(pairs, values, strict=True):
                self.target(target, "=", value)
            return -1
        value = self.expression(right)
        for target in targets:
            self.target(target, "=", value, annotation)
            if self.scope == 0 and target.type == "identifier" and self.text(target) == "__all__":
                self.publish(right)
        if len(targets) == 1:
            self.run_late(right)
        return value

    def declare(self, target: Node, annotation: int) -> None:
        """`x: T` gives the name a type and leaves it bound as it was."""
        target = in_parentheses(target)
        self.target(target, "none", -1, annotation)
        if target.type == "identifier":
            self.flow.pop()

    def is_alias(self, left: Node, right: Node) -> bool:
        """Whether `Left = right` names a type: `Pairs = Dict[str, Pair]`."""
        if left.type != "identifier" or right.type != "subscript":
            return False
        generic = right.child_by_field_name("value")
        if generic is None or not self.text(left).lstrip("_")[:1].isupper():
            return False
        return self.text(generic).rpartition(".")[2] in _TYPE_FORMS

    def publish(self, listed: Node) -> None:
        """The names that `__all__` gives to star imports, as far as they are written out."""
        for item in listed.named_children:
            content = item.named_children[1:2] if item.type == "string" else []
            if content and content[0].type == "string_content":
                name = self.text(content[0])
                self.tables.exports.append(Export(name, self.pos(content[0]), local=name))

    def augmented_assignment(self, node: Node) -> int:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return -1
        left = in_parentheses(left)
        read = self.expression(left)
        self.expression(right)
        if self.scope == 0 and left.type == "identifier" and self.text(left) == "__all__":
            self.publish(right)
        if left.type == "identifier":
            self.bind(left, "variable", "=", read)
        elif left.type == "attribute" and read >= 0:
            self.tables.attribute_stores.append(AttributeStore(read, -1, -1, "none"))
        return -1

    # -- statements

    def block(self, node: Node) -> None:
        for child in node.children:
            if child.is_named:
                handler = self.statements.get(child.type)
                if handler is not None:
                    handler(child)
                elif child.type == "block":
                    self.block(child)
                else:
                    self.loose(child)

    def loose(self, node: Node) -> None:
        """A statement without a rule of its own (`assert`, `print` of old, text after an error)."""
        if node.type == "ERROR":
            for child in node.named_children:
                handler = self.statements.get(child.type)
                if handler is not None:
                    handler(child)
                else:
                    self.expression(child)
            return
        for child in node.named_children:
            if child.type != "comment":
                self.expression(child)

    def skip(self, node: Node) -> None:
        """Statements that neither read nor bind."""

    def nested(self, *nodes: Node | None) -> Flow:
        """The steps of blocks that may not run, apart from the current flow."""
        before = self.flow
        self.flow = []
        for node in nodes:
            if node is not None:
                self.block(node)
        steps = tuple(self.flow)
        self.flow = before
        return steps

    def expression_statement(self, node: Node) -> None:
        for child in node.named_children:
            if child.type != "comment":
                self.expression(child)

    def if_statement(self, node: Node) -> None:
        condition = node.child_by_field_name("condition")
        guarded = condition is not None and _is_type_checking(self.text(condition))
        test = self.condition(condition)[0] if condition is not None else ()
        outer = self.type_only
        self.type_only = outer or guarded
        consequence = self.nested(node.child_by_field_name("consequence"))
        self.type_only = outer
        clauses = [child for child in node.named_children if child.type in ("elif_clause", "else_clause")]
        self.flow.append(("if", test, consequence, self.alternatives(clauses)))

    def alternatives(self, clauses: list[Node]) -> Flow:
        """`elif` and `else` clauses as branches inside each other, built from the last to the first."""
        read: list[tuple[Flow, Flow | None]] = []
        for clause in clauses:
            if clause.type == "elif_clause":
                condition = clause.child_by_field_name("condition")
                test = self.condition(condition)[0] if condition is not None else ()
                read.append((test, self.nested(clause.child_by_field_name("consequence"))))
            else:
                read.append((self.nested(clause.child_by_field_name("body")), None))
        rest: Flow = ()
        for test, body in reversed(read):
            rest = test if body is None else (("if", test, body, rest),)
        return rest

    def for_statement(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        value = self.expression(right) if right is not None else -1
        before = self.flow
        self.flow = []
        if left is not None:
            self.target(left, "iter", value)
        body = node.child_by_field_name("body")
        if body is not None:
            self.block(body)
        steps = tuple(self.flow)
        self.flow = before
        alternative = node.child_by_field_name("alternative")
        orelse = self.nested(alternative.child_by_field_name("body")) if alternative is not None else ()
        self.flow.append(("loop", (), steps, orelse))

    def while_statement(self, node: Node) -> None:
        condition = node.child_by_field_name("condition")
        test = self.condition(condition)[0] if condition is not None else ()
        body = self.nested(node.child_by_field_name("body"))
        alternative = node.child_by_field_name("alternative")
        orelse = self.nested(alternative.child_by_field_name("body")) if alternative is not None else ()
        self.flow.append(("loop", test, body, orelse))

    def assert_statement(self, node: Node) -> None:
        """A message is evaluated only where the assertion does not hold, which then raises."""
        given = [child for child in node.named_children if child.type != "comment"]
        test = self.condition(given[0])[0] if given else ()
        message: Flow = ()
        for child in given[1:]:
            message = (*message, *self.apart(child)[0])
        if decides(test) or self.binds(message):
            self.flow.append(("if", test, (), (*message, ("leave", "raise", ""))))
        else:
            self.flow += (*test, *message)

    def with_statement(self, node: Node) -> None:
        managers: list[Node] = []
        for clause in node.named_children:
            if clause.type == "with_clause":
                for item in clause.named_children:
                    value = item.child_by_field_name("value") if item.type == "with_item" else None
                    if value is not None:
                        managers += managers_of(value)
        self.entered(managers, node.child_by_field_name("body"))

    def entered(self, managers: Sequence[Node], body: Node | None) -> None:
        """Enter one manager after the other, then run the body."""
        for at, manager in enumerate(managers):
            alias = manager.child_by_field_name("alias") if manager.type == "as_pattern" else None
            opened = manager.named_children[0] if alias is not None else manager
            value = self.expression(opened)
            if alias is not None:
                self.target(alias, "enter", value)
            if self.swallows(opened):
                before, self.flow = self.flow, []
                self.entered(managers[at + 1 :], body)
                inner, self.flow = tuple(self.flow), before
                self.flow.append(("try", inner, ((),), (), ()))
                return
        if body is not None:
            self.block(body)

    def swallows(self, manager: Node) -> bool:
        function = manager.child_by_field_name("function") if manager.type == "call" else None
        return function is not None and self.text(function).rpartition(".")[2] in _SWALLOWING

    def try_statement(self, node: Node) -> None:
        body = self.nested(node.child_by_field_name("body"))
        handlers: list[Flow] = []
        asked: Flow = ()
        orelse: Flow = ()
        final: Flow = ()
        for clause in node.named_children:
            if clause.type in ("except_clause", "except_group_clause"):
                test, caught = self.handler(clause)
                handlers.append((*asked, *test, *caught))
                if self.binds(test):
                    asked = (*asked, *test)
            elif clause.type == "else_clause":
                orelse = self.nested(clause.child_by_field_name("body"))
            elif clause.type == "finally_clause":
                final = self.nested(*(child for child in clause.named_children if child.type == "block"))
        if len(handlers) > 1 and any(is_for_groups(clause) for clause in node.named_children):
            handlers = [one_after_the_other(handlers)]
        self.flow.append(("try", body, tuple(handlers), orelse, final))

    def handler(self, clause: Node) -> tuple[Flow, Flow]:
        """What a handler asks, and what it does where that is what was raised."""
        before = self.flow
        self.flow = []
        caught = -1
        alias = clause.child_by_field_name("alias")
        for value in clause.children_by_field_name("value"):
            if value.type == "as_pattern":
                caught = self.checked(value.named_children[0])
                alias = value.child_by_field_name("alias")
            elif value.is_named:
                caught = self.checked(value)
        test, self.flow = tuple(self.flow), []
        if alias is not None:
            self.target(alias, "raise", caught)
        bound = self.flow[-1] if self.flow else 0
        for child in clause.named_children:
            if child.type == "block":
                self.block(child)
        steps = tuple(self.flow)
        self.flow = before
        if isinstance(bound, int) and bound < 0:
            steps = (("del", bound, steps),)
        return test, steps

    def match_statement(self, node: Node) -> None:
        subject = -1
        for child in node.children_by_field_name("subject"):
            subject = self.expression(child)
        body = node.child_by_field_name("body")
        cases = (
            [child for child in body.named_children if child.type == "case_clause"]
            if body is not None
            else []
        )
        read = [self.case(case, subject) for case in cases]
        branches: list[Flow] = []
        exhaustive = False
        for tried, whole, guarded, always in reversed(read):
            if guarded:
                # Where the guard says no, the pattern has bound its names all the same.
                after: Flow = (("branch", (tried,), always),)
                if branches:
                    after = (*after, ("branch", tuple(branches), exhaustive))
                branches, exhaustive = [whole, after], True
            elif always:
                branches, exhaustive = [whole], True
            else:
                branches.insert(0, whole)
        self.flow.append(("branch", tuple(branches), exhaustive))

    def case(self, case: Node, subject: int) -> tuple[Flow, Flow, bool, bool]:
        """The steps up to the body, those with it, whether there is a guard, and whether the pattern always matches."""
        before = self.flow
        self.flow = []
        patterns = [child for child in case.named_children if child.type == "case_pattern"]
        for pattern in patterns:
            self.pattern(pattern, subject)
        matched = tuple(self.flow)
        self.flow = before
        guard = case.child_by_field_name("guard")
        test: Flow = ()
        for child in guard.named_children if guard is not None else ():
            if child.type != "comment":
                test = self.condition(child)[0]
        body = self.nested(case.child_by_field_name("consequence"))
        sequence = any(child.type == "," for child in case.children)
        always = not sequence and len(patterns) == 1 and irrefutable(patterns[0])
        if decides(test):
            refused: Flow = (*matched, ("if", test, _NEVER, ()))
            return refused, (*matched, ("if", test, body, _NEVER)), True, always
        return (*matched, *test), (*matched, *test, *body), guard is not None, always

    def pattern(self, node: Node, subject: int) -> None:
        kind = node.type
        if kind == "dotted_name":
            names = node.named_children
            if len(names) == 1:
                self.bind(names[0], "variable", "unpack", subject)
            else:
                self.dotted(names)
            return
        if kind == "identifier":
            self.bind(node, "variable", "unpack", subject)
            return
        children = [child for child in node.named_children if child.type != "comment"]
        if kind == "class_pattern" and children:
            checked = self.dotted(children[0].named_children)
            self.tables.set_context(checked, "check")
            for child in children[1:]:
                self.pattern(child, -1)
            return
        if kind == "union_pattern":
            alternatives = []
            before = self.flow
            for child in children:
                self.flow = []
                self.pattern(child, subject)
                alternatives.append(tuple(self.flow))
            self.flow = before
            self.flow.append(("branch", tuple(alternatives), True))
            return
        if kind == "keyword_pattern":
            children = children[1:]
        elif kind == "as_pattern" and children:
            self.pattern(children[0], subject)
            matched = children[0].named_children[0] if children[0].named_child_count else children[0]
            value = subject
            if matched.type == "class_pattern":
                value = len(self.tables.expressions) - 1
            alias = children[-1]
            if len(children) > 1 and alias.type == "identifier":
                self.bind(alias, "variable", "unpack", value)
            return
        for child in children:
            self.pattern(child, -1 if kind != "case_pattern" else subject)

    def dotted(self, names: list[Node]) -> int:
        index = self.identifier(names[0])
        for name in names[1:]:
            index = self.tables.add_expression(
                Expression(
                    "attribute", self.pos(name), self.text(name), index, self.scope, type_only=self.type_only
                )
            )
        return index

    def return_statement(self, node: Node) -> None:
        for child in node.named_children:
            if child.type != "comment":
                index = self.expression(child)
                if index >= 0:
                    self.results.append(index)
        self.flow.append(("leave", "return", ""))

    def raise_statement(self, node: Node) -> None:
        self.loose(node)
        self.flow.append(("leave", "raise", ""))

    def break_statement(self, node: Node) -> None:
        self.flow.append(("leave", "break", ""))

    def continue_statement(self, node: Node) -> None:
        self.flow.append(("leave", "continue", ""))

    def delete_statement(self, node: Node) -> None:
        pending = list(node.named_children)
        while pending:
            child = pending.pop(0)
            if child.type in ("expression_list", "tuple", "list", "parenthesized_expression"):
                pending = [*child.named_children, *pending]
            elif child.type == "identifier":
                self.flow.append(("del", self.identifier(child), ()))
            elif child.type == "attribute":
                self.add_attribute(child, stores=True)
            elif child.type != "comment":
                self.expression(child)

    def import_statement(self, node: Node) -> None:
        for name in node.children_by_field_name("name"):
            if name.type == "aliased_import":
                dotted, alias = name.child_by_field_name("name"), name.child_by_field_name("alias")
                if dotted is not None and alias is not None:
                    self.bind_import(alias, self.text(alias), _dotted(self.text(dotted)), "", "")
            elif name.named_child_count:
                module = _dotted(self.text(name))
                first = module.partition(".")[0]
                self.bind_import(name.named_children[0], first, first, "", module if module != first else "")

    def import_from_statement(self, node: Node) -> None:
        module_node = node.child_by_field_name("module_name")
        module = _dotted(self.text(module_node)) if module_node is not None else ""
        if module_node is not None:
            # Of `from ..m import f` the m, of `from .. import f` the dots.
            named = [child for child in module_node.named_children if child.type == "dotted_name"]
            place = named[0] if module_node.type == "relative_import" and named else module_node
            self.tables.add_expression(
                Expression("import", self.pos(place), module, context="module", type_only=self.type_only)
            )
        for child in node.named_children:
            if child.type == "wildcard_import":
                self.bind_import(child, "*", module, "*", "")
        for name in node.children_by_field_name("name"):
            if name.type == "aliased_import":
                source, alias = name.child_by_field_name("name"), name.child_by_field_name("alias")
                if source is not None and alias is not None:
                    self.bind_import(alias, self.text(alias), module, self.text(source), "")
            else:
                self.bind_import(name, self.text(name), module, self.text(name), "")

    def bind_import(self, node: Node, name: str, module: str, key: str, submodule: str) -> None:
        scope = 0 if name in self.tables.scopes[self.scope].globals else self.scope
        binding = self.tables.add_binding(
            Binding(
                name,
                scope,
                self.pos(node),
                "import",
                "import",
                module=module,
                key=key,
                submodule=submodule,
                type_only=self.type_only,
            )
        )
        self.flow.append(~binding)

    def type_alias_statement(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        name = left
        while name.named_child_count:
            name = name.named_children[0]
        outer = self.scope
        scope = self.tables.add_scope("block", self.scope, node.start_byte, node.end_byte)
        self.scope = scope
        self.type_parameters(left)
        value = self.annotation(right)
        self.scope = outer
        if name.type == "identifier":
            self.bind(name, "type", "=", value, end=node.end_byte)

    def type_parameters(self, node: Node) -> None:
        """Bind the names of `[T: Bound, *Ts]` below ``node`` in the current scope."""
        for listed in _descendants(node, "type_parameter"):
            for parameter in listed.named_children:
                names = [parameter]
                while names[0].named_child_count:
                    inner = names[0].named_children
                    if names[0].type == "constrained_type" and len(inner) == 2:
                        self.annotation(inner[1])
                    names = [inner[0]]
                if names[0].type == "identifier":
                    self.bind(names[0], "type")

    # -- definitions

    def decorated_definition(self, node: Node) -> None:
        decorators: list[int] = []
        for child in node.named_children:
            if child.type == "decorator":
                for expression in child.named_children:
                    if expression.type == "comment":
                        continue
                    decorators.append(self.decorator(expression))
        definition = node.child_by_field_name("definition")
        if definition is None:
            return
        if definition.type == "function_definition":
            self.function_definition(definition, decorators)
        else:
            self.class_definition(definition, decorators)

    def decorator(self, node: Node) -> int:
        index = self.expression(node)
        if index >= 0:
            callee = self.tables.expressions[index]
            self.tables.set_context(callee.base if callee.kind == "call" else index, "decorate")
        return index

    def function_definition(self, node: Node, decorators: list[int] | None = None) -> None:
        name, parameters = node.child_by_field_name("name"), node.child_by_field_name("parameters")
        body, returns = node.child_by_field_name("body"), node.child_by_field_name("return_type")
        if name is None or body is None:
            self.loose(node)
            return
        outer_scope = self.scope
        type_parameters = node.child_by_field_name("type_parameters")
        if type_parameters is not None:
            self.scope = self.tables.add_scope("block", self.scope, node.start_byte, node.end_byte)
            self.type_parameters(node_or_wrapped(type_parameters))
        # The binding happens after decorators and defaults are read; its row is needed by the scope before.
        binding = len(self.tables.bindings)
        name_text = self.text(name)
        owner_scope = 0 if name_text in self.tables.scopes[outer_scope].globals else outer_scope
        self.tables.add_binding(
            Binding(
                name_text,
                owner_scope,
                self.pos(name),
                "function",
                "def",
                type_only=self.type_only,
                end=node.end_byte,
            )
        )
        given = self.parameters(parameters)
        returned = self.annotation(returns) if returns is not None else -1
        opened = self.open_function(node, given, owner=binding, name=name_text)
        self.block(body)
        is_overload = any(self.is_named(decorator, "overload") for decorator in decorators or ())
        self.close_function(
            opened,
            binding=binding,
            returns=returned,
            decorators=tuple(decorator for decorator in decorators or () if decorator >= 0),
            is_async=node.children[0].type == "async",
            overload=is_overload,
        )
        self.scope = outer_scope
        self.flow.append(~binding)

    def is_named(self, index: int, name: str) -> bool:
        if index < 0:
            return False
        expression = self.tables.expressions[index]
        return expression.kind in ("name", "attribute") and expression.name == name

    def parameters(self, listed: Node | None) -> list[_Parameter]:
        """Read all defaults, and then all annotations."""
        parameters = listed.named_children if listed is not None else []
        defaults = []
        for parameter in parameters:
            defaulted = parameter.type in ("default_parameter", "typed_default_parameter")
            value = parameter.child_by_field_name("value") if defaulted else None
            defaults.append(self.expression(value) if value is not None else -1)
        read: list[_Parameter] = []
        for parameter, default in zip(parameters, defaults, strict=True):
            found = self.parameter(parameter, default)
            if found is not None:
                read.append(found)
        return read

    def open_function(self, node: Node, parameters: list[_Parameter], owner: int, name: str = "") -> _Outside:
        """Enter a function's own scope and bind its parameters there."""
        scope = self.tables.add_scope(
            "function", self.scope, node.start_byte + self.shift, node.end_byte + self.shift, name, owner
        )
        self.add_outer_names(node, scope)
        outside = _Outside(scope, self.scope, self.flow, self.results, self.generator)
        self.flow.append(("closure", scope))
        self.scope, self.flow, self.results, self.generator = scope, [], [], False
        for target, default, annotation in parameters:
            if target.type == "identifier":
                outside.parameters.append(
                    self.bind(target, "parameter", "=" if default >= 0 else "none", default, annotation)
                )
        return outside

    def add_outer_names(self, node: Node, scope: int) -> None:
        """Keep what a function or class declares `global` or `nonlocal`."""
        names = self.outer.get(node.start_byte)
        if names is not None:
            self.tables.scopes[scope] = replace(
                self.tables.scopes[scope], globals=names[0], nonlocals=names[1]
            )

    def parameter(self, node: Node, default: int) -> _Parameter | None:
        """The name node of a parameter, its default and its annotation."""
        kind = node.type
        if kind == "identifier":
            return node, -1, -1
        if kind in ("list_splat_pattern", "dictionary_splat_pattern"):
            return (node.named_children[0], -1, -1) if node.named_child_count else None
        type_node = node.child_by_field_name("type")
        annotation = self.annotation(type_node) if type_node is not None else -1
        if kind in ("default_parameter", "typed_default_parameter"):
            name = node.child_by_field_name("name")
            return (name, default, annotation) if name is not None else None
        if kind == "typed_parameter":
            target = node.named_children[0]
            if target.type in ("list_splat_pattern", "dictionary_splat_pattern"):
                # The annotation of `*args: T` says what its elements are.
                return (target.named_children[0], -1, -1) if target.named_child_count else None
            return target, -1, annotation
        return None

    def close_function(
        self,
        outside: _Outside,
        binding: int,
        returns: int = -1,
        decorators: tuple[int, ...] = (),
        *,
        is_async: bool = False,
        overload: bool = False,
    ) -> None:
        self.tables.flows[outside.index] = self.flow
        self.tables.functions.append(
            FunctionFact(
                outside.index,
                binding,
                tuple(outside.parameters),
                returns,
                tuple(self.results),
                decorators,
                is_async,
                self.generator,
                overload,
            )
        )
        self.scope, self.flow, self.results, self.generator = (
            outside.scope,
            outside.flow,
            outside.results,
            outside.generator,
        )

    def class_definition(self, node: Node, decorators: list[int] | None = None) -> None:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is None or body is None:
            self.loose(node)
            return
        outer_scope = self.scope
        type_parameters = node.child_by_field_name("type_parameters")
        if type_parameters is not None:
            self.scope = self.tables.add_scope("block", self.scope, node.start_byte, node.end_byte)
            self.type_parameters(node_or_wrapped(type_parameters))
        bases: list[int] = []
        metaclass = -1
        superclasses = node.child_by_field_name("superclasses")
        if superclasses is not None:
            for argument in superclasses.named_children:
                if argument.type == "keyword_argument":
                    value = self.keyword_argument(argument)
                    keyword = argument.child_by_field_name("name")
                    if keyword is not None and self.text(keyword) == "metaclass":
                        metaclass = value
                        if value >= 0 and self.tables.expressions[value].kind in ("name", "attribute"):
                            self.tables.set_context(value, "base")
                elif argument.type != "comment":
                    bases.append(self.base(argument))
        name_text = self.text(name)
        owner_scope = 0 if name_text in self.tables.scopes[outer_scope].globals else outer_scope
        binding = self.tables.add_binding(
            Binding(
                name_text,
                owner_scope,
                self.pos(name),
                "class",
                "def",
                type_only=self.type_only,
                end=node.end_byte,
            )
        )
        scope = self.tables.add_scope("class", self.scope, node.start_byte, node.end_byte, name_text, binding)
        self.add_outer_names(node, scope)
        outer_flow, inner_scope = self.flow, self.scope
        self.scope, self.flow = scope, self.tables.flows[scope]
        self.block(body)
        self.scope, self.flow = inner_scope, outer_flow
        self.tables.classes.append(
            ClassFact(
                scope,
                binding,
                tuple(base for base in bases if base >= 0),
                tuple(decorator for decorator in decorators or () if decorator >= 0),
                metaclass,
            )
        )
        self.scope = outer_scope
        self.flow.append(("scope", scope))
        self.flow.append(~binding)

    def base(self, node: Node) -> int:
        """A base class; `Base[T]` names a base and type arguments."""
        self.annotations_depth += node.type == "subscript"
        index = self.expression(node)
        self.annotations_depth -= node.type == "subscript"
        if index >= 0:
            expression = self.tables.expressions[index]
            if expression.kind == "generic":
                self.mark_type(index, "base")
            elif expression.kind in ("name", "attribute"):
                self.tables.set_context(index, "base")
        return index


_Parameter = tuple[Node, int, int]
"""The name node of a parameter, its default and its annotation."""


class _Outside:
    """What to come back to after a function's body."""

    __slots__ = ("flow", "generator", "index", "parameters", "results", "scope")

    def __init__(
        self, index: int, scope: int, flow: list[FlowStep], results: list[int], generator: bool
    ) -> None:
        self.index = index
        self.scope = scope
        self.flow = flow
        self.results = results
        self.generator = generator
        self.parameters: list[int] = []


def node_or_wrapped(node: Node) -> Node:
    """The node whose descendants include the `type_parameter` list itself."""
    return node.parent if node.type == "type_parameter" and node.parent is not None else node


def _descendants(node: Node, kind: str) -> list[Node]:
    """The nearest descendants of a kind among a definition's header, not in its body."""
    found: list[Node] = []
    pending = [child for child in node.named_children if child.type not in ("block", "parameters")]
    while pending:
        at = pending.pop(0)
        if at.type == kind:
            found.append(at)
        else:
            pending.extend(child for child in at.named_children if child.type != "block")
    return found


def _is_type_checking(condition: str) -> bool:
    return condition in ("TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING")


def _dotted(text: str) -> str:
    """A module name without the white space and comments that may stand between its parts."""
    return "".join(text.split()) if any(character.isspace() for character in text) else text


def _outer_names(statements: list[Node]) -> dict[int, tuple[frozenset[str], frozenset[str]]]:
    """The names that each function and class declares `global` and `nonlocal`, by where it starts."""
    found: dict[int, tuple[set[str], set[str]]] = {}
    for statement in statements:
        at = statement.parent
        while at is not None and at.type not in ("function_definition", "class_definition"):
            at = at.parent
        if at is None:
            continue
        names = {name_text(name) for name in statement.named_children}
        found.setdefault(at.start_byte, (set(), set()))[statement.type == "nonlocal_statement"].update(names)
    return {start: (frozenset(names[0]), frozenset(names[1])) for start, names in found.items()}
