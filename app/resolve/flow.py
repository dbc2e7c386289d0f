"""Reaching definitions inside one function, on the structured flow that the parser gives.

The classic forward may-analysis (Aho, Lam, Sethi, Ullman, *Compilers*, section 9.2.4), solved by walking the
structure instead of a flow graph: a loop is walked until nothing new reaches its head, and `finally` once
for each way to enter it. A test gives two states, for its two results.

Code that runs later than where it stands is taken to run where what holds it is read: a generator expression
that was given a name is walked there, and of an inner function the bindings of this function's variables
(`nonlocal`) may have happened from there on.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from app.model.facts import Flow, FlowStep

Variable: TypeAlias = int
Reaching: TypeAlias = dict[Variable, frozenset[int]]
"""For each variable, the bindings that may be its current one; a variable without entry is unbound.

Under the complement of a variable stand the bindings that may happen to it at any time from here on.
"""

_NOTHING: Final[frozenset[int]] = frozenset()
# Generators that go through each other cost more with every further one.
_LONGEST_PIPELINE: Final = 6
_DECIDING: Final = frozenset(("and", "or", "not", "constant"))


@dataclass(frozen=True, slots=True)
class Effect:
    """What an inner function does to variables of the function around it, wherever it runs.

    ``lasting``: it may run at any time from then on, not only there.
    """

    bindings: Reaching
    lasting: bool


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables that are followed, and what bears on them from outside the flow.

    Inner functions read the variables in ``captured``. ``effects_of_use`` and ``effects_of_closure`` tell what may happen where an inner function's name is read, and
    where it is created. ``at_entry`` is what the variables of a scope begin with each time that its code runs.
    """

    of_use: Mapping[int, Variable]
    of_binding: Mapping[int, Variable]
    captured: Container[Variable]
    effects_of_use: Mapping[int, Effect]
    effects_of_closure: Mapping[int, Effect]
    at_entry: Mapping[int, Reaching]


def reaching_definitions(
    flow: Flow, flows: Sequence[Flow], variables: Variables
) -> dict[int, frozenset[int]]:
    """For each use (expression) in ``flow``, the bindings that may reach it.

    Uses and bindings of other functions' variables are not among ``variables`` and are passed over.
    A use that no path reaches maps to the empty set; one whose code runs elsewhere has no entry.
    """
    walk = _Walk(flows, variables)
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

    def __init__(self, flows: Sequence[Flow], variables: Variables) -> None:
        self.flows = flows
        self.variable_of_use = variables.of_use
        self.variable_of_binding = variables.of_binding
        self.captured = variables.captured
        self.effects_of_use = variables.effects_of_use
        self.effects_of_closure = variables.effects_of_closure
        self.at_entry = variables.at_entry
        self.reached: dict[int, frozenset[int]] = {}
        # Each open target collects (what, label) -> the state with which control arrives there.
        self.targets: list[dict[tuple[str, str], Reaching]] = []
        # Each open `try` collects everything that its code binds.
        self.attempts: list[dict[Variable, set[int]]] = []
        # The fixpoint at each loop's head, apart for each way to enter the code around it that has several.
        self.heads: dict[tuple[int, tuple[str, ...]], Reaching] = {}
        self.entry: tuple[str, ...] = ()
        # The scope of the generator expression that a binding gives its name, and which ones that goes through.
        self.generators: dict[int, int] = {}
        self.sources: dict[int, frozenset[int]] = {}
        self.running: set[int] = set()
        # Whether reading a name may run anything.
        self.runs_by_name = bool(variables.effects_of_use)

    def run(self, flow: Flow, state: Reaching | None) -> Reaching | None:
        """The state after ``flow``; None where its end is not reached."""
        owned = False
        for step in flow:
            if isinstance(step, int):
                if step >= 0:
                    variable = self.variable_of_use.get(step)
                    if variable is not None:
                        found = self.read(step, variable, state)
                        if self.runs_by_name and state is not None:
                            state = self.after_use(step, found, state)
                            owned = False
                elif state is not None:
                    variable = self.variable_of_binding.get(~step)
                    if variable is not None:
                        if not owned:
                            state = dict(state)
                            owned = True
                        bound = frozenset((~step,))
                        lasting = state.get(~variable)
                        state[variable] = bound if lasting is None else bound | lasting
                        for attempt in self.attempts:
                            attempt.setdefault(variable, set()).add(~step)
                continue
            state = self.structured(step, state)
            owned = False
        return state

    def read(self, use: int, variable: Variable, state: Reaching | None) -> frozenset[int]:
        found = _NOTHING if state is None else state.get(variable, _NOTHING)
        known = self.reached.get(use)
        self.reached[use] = found if known is None else known | found
        return found

    def after_use(self, use: int, found: frozenset[int], state: Reaching) -> Reaching | None:
        """What is read may be run: a generator is walked, an inner function has its effect."""
        after = self.generated(found, use, state)
        effect = self.effects_of_use.get(use)
        return after if effect is None else self.affected(after, effect)

    def generated(self, bindings: frozenset[int], use: int, state: Reaching | None) -> Reaching | None:
        """The state after those of the bindings that hold generators may have run."""
        after = state
        for binding in bindings & self.generators.keys():
            scope = self.generators[binding]
            # A generator that goes through itself is being walked already.
            if scope not in self.running and len(self.running) < _LONGEST_PIPELINE:
                self.running.add(scope)
                fed = self.generated(self.sources[binding], use, state)
                after = _join(after, self.entered(self.flows[scope], f"read {use}", fed))
                self.running.discard(scope)
        return after

    def late(self, binding: int, scope: int, source: int, state: Reaching | None) -> None:
        variable = self.variable_of_use.get(source)
        through = _NOTHING if variable is None else self.read(source, variable, state)
        # Where inner functions read the name too, nothing is known of when the generator runs.
        if self.variable_of_binding.get(binding) not in self.captured:
            self.generators[binding] = scope
            self.sources[binding] = self.sources.get(binding, _NOTHING) | through
            self.runs_by_name = True

    def affected(self, state: Reaching | None, effect: Effect) -> Reaching | None:
        bound: dict[Variable, set[int]] = {}
        for variable, bindings in effect.bindings.items():
            bound[variable] = set(bindings)
            if effect.lasting:
                bound[~variable] = set(bindings)
        self.tell_attempts(bound)
        return _with(state, bound)

    def tell_attempts(self, bound: Mapping[Variable, set[int]]) -> None:
        for attempt in self.attempts:
            for variable, bindings in bound.items():
                attempt.setdefault(variable, set()).update(bindings)

    def structured(self, step: tuple[object, ...], state: Reaching | None) -> Reaching | None:
        kind = step[0]
        if kind == "if":
            passed, failed = self.test(cast("Flow", step[1]), state)
            return _join(self.run(cast("Flow", step[2]), passed), self.run(cast("Flow", step[3]), failed))
        if kind == "branch":
            branches, exhaustive = cast("tuple[Flow, ...]", step[1]), step[2]
            after: Reaching | None = None if exhaustive else state
            for branch in branches:
                after = _join(after, self.run(branch, state))
            return after
        if kind in _DECIDING:
            return _join(*self.decided(step, state))
        if kind == "loop":
            return self.loop(step, cast("Flow", step[1]), cast("Flow", step[2]), cast("Flow", step[3]), state)
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
            return self.scope(cast("int", step[1]), state)
        if kind == "leave":
            if state is not None:
                self.leave(cast("str", step[1]), cast("str", step[2]), state)
            return None
        if kind == "label":
            return self.label(cast("str", step[1]), cast("Flow", step[2]), state)
        if kind == "del":
            return self.unbinding(cast("int", step[1]), cast("Flow", step[2]), state)
        if kind == "late":
            self.late(cast("int", step[1]), cast("int", step[2]), cast("int", step[3]), state)
            return state
        # "closure": the code of another function, which runs at another time.
        effect = self.effects_of_closure.get(cast("int", step[1]))
        return state if effect is None else self.affected(state, effect)

    def test(self, test: Flow, state: Reaching | None) -> tuple[Reaching | None, Reaching | None]:
        """The states after a test that holds, and after one that does not."""
        if not test:
            return state, state
        last = test[-1]
        if isinstance(last, int) or last[0] not in _DECIDING:
            state = self.run(test, state)
            return state, state
        return self.decided(last, self.run(test[:-1], state))

    def decided(
        self, step: tuple[object, ...], state: Reaching | None
    ) -> tuple[Reaching | None, Reaching | None]:
        kind = step[0]
        if kind == "constant":
            return (state, None) if step[1] else (None, state)
        if kind == "not":
            passed, failed = self.test(cast("Flow", step[1]), state)
            return failed, passed
        # `and` goes on where a part holds, `or` where it does not, and each ends where it does not go on.
        ended: Reaching | None = None
        for part in cast("tuple[Flow, ...]", step[1]):
            passed, failed = self.test(part, state)
            state, stopped = (passed, failed) if kind == "and" else (failed, passed)
            ended = _join(ended, stopped)
        return (state, ended) if kind == "and" else (ended, state)

    def scope(self, scope: int, state: Reaching | None) -> Reaching | None:
        begun = self.at_entry.get(scope)
        if begun and state is not None:
            state = {**state, **begun}
        return self.run(self.flows[scope], state)

    def label(self, label: str, flow: Flow, state: Reaching | None) -> Reaching | None:
        target: dict[tuple[str, str], Reaching] = {}
        self.targets.append(target)
        after = self.run(flow, state)
        self.targets.pop()
        after = _join(after, target.pop(("break", label), None))
        target.pop(("continue", label), None)
        self.pass_on(target)
        return after

    def unbinding(self, step: int, flow: Flow, state: Reaching | None) -> Reaching | None:
        """``flow``, and however it is left, by an exception too, the variable of ``step`` is then unbound."""
        variable = self.variable_of_use.get(step) if step >= 0 else self.variable_of_binding.get(~step)
        if variable is None:
            return self.run(flow, state)
        inside: dict[Variable, set[int]] = {}
        outside, self.attempts = self.attempts, [inside]
        target: dict[tuple[str, str], Reaching] = {}
        self.targets.append(target)
        state = self.run(flow, state)
        self.targets.pop()
        self.attempts = outside
        inside.pop(variable, None)
        self.tell_attempts(inside)
        for (what, label), left in target.items():
            self.leave(what, label, _unbound(left, variable))
        return None if state is None else _unbound(state, variable)

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
        self, step: FlowStep, test: Flow, body: Flow, orelse: Flow, state: Reaching | None
    ) -> Reaching | None:
        if state is None:
            self.run(test, None)
            self.run(body, None)
            return self.run(orelse, None)
        head = self.known_head(step, state)
        while True:
            target: dict[tuple[str, str], Reaching] = {}
            self.targets.append(target)
            passed, failed = self.test(test, head)
            end = self.run(body, passed)
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
        after = self.run(orelse, failed)
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
            passed, failed = self.test(test, end)
            self.targets.pop()
            grown = _join(head, passed)
            assert grown is not None
            if grown == head:
                break
            head = grown
        self.heads[(id(step), self.entry)] = head
        broken = target.pop(("break", ""), None)
        self.pass_on(target)
        return _join(failed, broken)

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
        self.entered(final, "exception", _with(state, anywhere))
        for (what, label), left in leaving.items():
            done = self.entered(final, f"{what} {label}", left)
            if done is not None:
                self.leave(what, label, done)
        return self.entered(final, "end", normal)

    def entered(self, flow: Flow, by: str, state: Reaching | None) -> Reaching | None:
        """Run what is run once for each way to enter it."""
        outer, self.entry = self.entry, (*self.entry, by)
        after = self.run(flow, state)
        self.entry = outer
        return after


def _unbound(state: Reaching, variable: Variable) -> Reaching:
    left = dict(state)
    left.pop(variable, None)
    if ~variable in left:
        left[variable] = left[~variable]
    return left


def _with(state: Reaching | None, bound: Mapping[Variable, set[int]]) -> Reaching | None:
    if state is None:
        return None
    grown = dict(state)
    for variable, bindings in bound.items():
        grown[variable] = grown.get(variable, _NOTHING) | bindings
    return grown
