"""The tables of `Facts` while a parser fills them; shared by the parsers of all languages."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.model.facts import (
    AttributeStore,
    Binding,
    ClassFact,
    Context,
    Export,
    Expression,
    Flow,
    FlowStep,
    FunctionFact,
    ParseProblem,
    Scope,
    ScopeKind,
)


@dataclass(slots=True)
class Tables:
    """What one file's parser has found so far; each ``add_*`` gives the index of the new row."""

    scopes: list[Scope] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    expressions: list[Expression] = field(default_factory=list)
    attribute_stores: list[AttributeStore] = field(default_factory=list)
    functions: list[FunctionFact] = field(default_factory=list)
    classes: list[ClassFact] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    problems: list[ParseProblem] = field(default_factory=list)
    flows: list[list[FlowStep]] = field(default_factory=list)
    decisions: list[int] = field(default_factory=list)

    def add_scope(
        self, kind: ScopeKind, parent: int, start: int, end: int, name: str = "", owner: int = -1
    ) -> int:
        self.scopes.append(Scope(kind, parent, start, end, name, owner))
        self.flows.append([])
        return len(self.scopes) - 1

    def add_binding(self, binding: Binding) -> int:
        self.bindings.append(binding)
        return len(self.bindings) - 1

    def add_expression(self, expression: Expression) -> int:
        self.expressions.append(expression)
        return len(self.expressions) - 1

    def set_context(self, index: int, context: Context) -> None:
        """Say in what role the expression's last name is used, once its surroundings are known."""
        if index >= 0:
            self.expressions[index] = self.expressions[index]._replace(context=context)

    def frozen_flows(self) -> tuple[Flow, ...]:
        return tuple(tuple(flow) for flow in self.flows)


def code_line_map(grammar: bytes, tokens: list[tuple[int, int]]) -> bytes:
    """One byte a line (lines end with a line feed): 1 where one of the ``tokens`` (start, end) stands."""
    starts = [0]
    at = grammar.find(b"\n")
    while at >= 0:
        starts.append(at + 1)
        at = grammar.find(b"\n", at + 1)
    lines = bytearray(len(starts))
    line = 0
    for start, end in tokens:
        while line + 1 < len(starts) and starts[line + 1] <= start:
            line += 1
        lines[line] = 1
        while line + 1 < len(starts) and starts[line + 1] < end:
            line += 1
            lines[line] = 1
    return bytes(lines)
