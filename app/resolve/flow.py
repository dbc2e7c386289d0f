"""Reaching definitions inside one function, on the structured flow that the parser gives.

The classic forward may-analysis (Aho, Lam, Sethi, Ullman, *Compilers*, section 9.2.4), solved by walking the
structure instead of a flow graph: a loop is walked until nothing new reaches its head, and `finally` once
for each way to enter it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from app.model.facts import Flow, FlowStep

Variable: TypeAlias = int
Reaching: TypeAlias = dict[Variable, frozenset[int]]
"""For each variable, the bindings that may be its current one; a variable without entry is unbound."""

_NOTHING: frozenset[int] = frozenset()


def reaching_definitions(
    flow: Flow,
    flows: Sequence[Flow],
    variable_of_use: Mapping[int, Variable],
    variable_of_binding: Mapping[int, Variable],
    variable_of_name: Mapping[str, Variable],
) -> dict[int, frozenset[int]]:
    """For each use (expression) in ``flow``, the bindings that may reach it.

    Uses and bindings of other functions' variables are not in the mappings and are passed over.
    A use that no path reaches maps to the empty set.
    """
    walk = _Walk(flows, variable_of_use, variable_of_binding, variable_of_name)
    walk.run(flow, {})
    return walk.reached


def _join(first: Reaching | None, second: Reaching | None) -> Reaching | None:
    if first is None or second is None:
        return second if first is None else first
    if first is second:
        return first
    joined = dict(first)
    for variable, bindings in second.items():
        known = joined.get(variable)
        joined[variable] = bindings if known is None or known is bindings else known | bindings
    return joined


class _Walk:
    """The walk's memory: what reached each use, and where control that leaves a block is headed."""

    def __init__(
        self,
        flows: Sequence[Flow],
        variable_of_use: Mapping[int, Variable],
        variable_of_binding: Mapping[int, Variable],
        variable_of_name: Mapping[str, Variable],
    ) -> None:
        self.flows = flows
        self.variable_of_use = variable_of_use
        self.variable_of_binding = variable_of_binding
        self.variable_of_name = variable_of_name
        self.reached: dict[int, frozenset[int]] = {}
        # Each open target collects (what, label) -> the state with which control arrives there.
        self.targets: list[dict[tuple[str, str], Reaching]] = []
        # Each open `try` collects everything that its code binds.
        self.attempts: list[dict[Variable, set[int]]] = []
        # The fixpoint at each loop's head, apart for each way to enter the `finally` blocks around it.
        self.heads: dict[tuple[int, tuple[str, ...]], Reaching] = {}
        self.entry: tuple[str, ...] = ()

    def run(self, flow: Flow, state: Reaching | None) -> Reaching | None:
        """The state after ``flow``; None where its end is not reached."""
        owned = False
        for step in flow:
            if isinstance(step, int):
                if step >= 0:
                    variable = self.variable_of_use.get(step)
                    if variable is not None:
                        found = _NOTHING if state is None else state.get(variable, _NOTHING)
                        known = self.reached.get(step)
                        self.reached[step] = found if known is None else known | found
                elif state is not None:
                    variable = self.variable_of_binding.get(~step)
                    if variable is not None:
                        if not owned:
                            state = dict(state)
                            owned = True
                        state[variable] = frozenset((~step,))
                        for attempt in self.attempts:
                            attempt.setdefault(variable, set()).add(~step)
                continue
            state = self.structured(step, state)
            owned = False
        return state

    def structured(self, step: tuple[object, ...], state: Reaching | None) -> Reaching | None:
        kind = step[0]
        if kind == "branch":
            branches, exhaustive = cast("tuple[Flow, ...]", step[1]), step[2]
            after: Reaching | None = None if exhaustive else state
            for branch in branches:
                after = _join(after, self.run(branch, state))
            return after
        if kind == "loop":
            return self.loop(
                step,
                cast("Flow", step[1]),
                cast("Flow", step[2]),
                cast("Flow", step[3]),
                bool(step[4]),
                state,
            )
        if kind == "do":
            return self.do(step, cast("Flow", step[1]), cast("Flow", step[2]), state)
        if kind == "try":
            return self.attempt(
                cast("Flow", step[1]),
                cast("tuple[Flow, ...]", step[2]),
                cast("Flow", step[3]),
                cast("Flow", step[4]),
                state,
            )
        if kind == "switch":
            return self.switch(cast("tuple[Flow, ...]", step[1]), bool(step[2]), state)
        if kind == "scope":
            return self.run(self.flows[cast("int", step[1])], state)
        if kind == "leave":
            if state is not None:
                self.leave(cast("str", step[1]), cast("str", step[2]), state)
            return None
        if kind == "label":
            target: dict[tuple[str, str], Reaching] = {}
            self.targets.append(target)
            after = self.run(cast("Flow", step[2]), state)
            self.targets.pop()
            label = cast("str", step[1])
            after = _join(after, target.pop(("break", label), None))
            target.pop(("continue", label), None)
            self.pass_on(target)
            return after
        if kind == "del":
            variable = self.variable_of_name.get(cast("str", step[1]))
            if variable is not None and state is not None:
                state = dict(state)
                state.pop(variable, None)
            return state
        # "closure": the code of another function, which runs at another time.
        return state

    def leave(self, what: str, label: str, state: Reaching) -> None:
        if self.targets:
            target = self.targets[-1]
            joined = _join(target.get((what, label)), state)
            if joined is not None:
                target[(what, label)] = joined

    def pass_on(self, target: dict[tuple[str, str], Reaching]) -> None:
        """What is not meant for this target goes on to the next one out."""
        for (what, label), state in target.items():
            self.leave(what, label, state)

    def loop(
        self, step: FlowStep, test: Flow, body: Flow, orelse: Flow, endless: bool, state: Reaching | None
    ) -> Reaching | None:
        if state is None:
            self.run(test, None)
            self.run(body, None)
            return self.run(orelse, None)
        head = self.known_head(step, state)
        while True:
            target: dict[tuple[str, str], Reaching] = {}
            self.targets.append(target)
            tested = self.run(test, head)
            end = self.run(body, tested)
            self.targets.pop()
            again = _join(end, target.pop(("continue", ""), None))
            grown = _join(head, again)
            assert grown is not None
            if grown == head:
                break
            head = grown
        self.heads[(id(step), self.entry)] = head
        broken = target.pop(("break", ""), None)
        self.pass_on(target)
        after = self.run(orelse, None if endless else tested)
        return _join(after, broken)

    def do(self, step: FlowStep, body: Flow, test: Flow, state: Reaching | None) -> Reaching | None:
        if state is None:
            self.run(body, None)
            return self.run(test, None)
        head = self.known_head(step, state)
        while True:
            target: dict[tuple[str, str], Reaching] = {}
            self.targets.append(target)
            end = _join(self.run(body, head), target.pop(("continue", ""), None))
            tested = self.run(test, end)
            self.targets.pop()
            grown = _join(head, tested)
            assert grown is not None
            if grown == head:
                break
            head = grown
        self.heads[(id(step), self.entry)] = head
        broken = target.pop(("break", ""), None)
        self.pass_on(target)
        return _join(tested, broken)

    def known_head(self, step: FlowStep, state: Reaching) -> Reaching:
        """Where to begin a loop's fixpoint: what is known from an earlier round of the loops around it.

        States only grow from round to round, so the earlier fixpoint lies below the new one; without it,
        the work would double with every level of nesting.
        """
        grown = _join(state, self.heads.get((id(step), self.entry)))
        assert grown is not None
        return grown

    def switch(self, cases: tuple[Flow, ...], has_default: bool, state: Reaching | None) -> Reaching | None:
        target: dict[tuple[str, str], Reaching] = {}
        self.targets.append(target)
        falling: Reaching | None = None
        for case in cases:
            falling = self.run(case, _join(state, falling))
        self.targets.pop()
        after = _join(falling, target.pop(("break", ""), None))
        self.pass_on(target)
        return after if has_default else _join(after, state)

    def attempt(
        self, body: Flow, handlers: tuple[Flow, ...], orelse: Flow, final: Flow, state: Reaching | None
    ) -> Reaching | None:
        leaving: dict[tuple[str, str], Reaching] = {}
        self.targets.append(leaving)
        anywhere: dict[Variable, set[int]] = {}
        self.attempts.append(anywhere)
        tried: dict[Variable, set[int]] = {}
        self.attempts.append(tried)
        normal = self.run(body, state)
        self.attempts.pop()
        normal = self.run(orelse, normal)
        interrupted = _with(state, tried)
        for handler in handlers:
            normal = _join(normal, self.run(handler, interrupted))
        self.attempts.pop()
        self.targets.pop()
        if not final:
            self.pass_on(leaving)
            return normal
        # An exception may strike after any binding in the body, a handler or the else block.
        self.finally_(final, "exception", _with(state, anywhere))
        for (what, label), left in leaving.items():
            done = self.finally_(final, f"{what} {label}", left)
            if done is not None:
                self.leave(what, label, done)
        return self.finally_(final, "end", normal)

    def finally_(self, final: Flow, entered_by: str, state: Reaching | None) -> Reaching | None:
        outer, self.entry = self.entry, (*self.entry, entered_by)
        after = self.run(final, state)
        self.entry = outer
        return after


def _with(state: Reaching | None, bound: dict[Variable, set[int]]) -> Reaching | None:
    if state is None:
        return None
    grown = dict(state)
    for variable, bindings in bound.items():
        grown[variable] = grown.get(variable, _NOTHING) | bindings
    return grown
