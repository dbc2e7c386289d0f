"""Which bindings may reach each read of a file's functions: the variables that `flow` follows, and what bears on them.

A function's variables are followed through its own code, with that of the comprehensions and, in Python, the classes
in it. What inner functions do to them by `nonlocal` is an effect that happens where the inner function may run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from app.model.facts import Facts, FunctionFact
from app.resolve.flow import Effect, Reaching, Variables, reaching_definitions

Key: TypeAlias = tuple[int, str]
"""A variable: the scope that binds it, and its name."""

# The binding of another scope that a class body's name stands for as long as the class has not bound it.
OUTSIDE: Final = -1


def reaching_in_file(
    facts: Facts,
    by_name: Mapping[Key, Sequence[int]],
    homes: Sequence[int],
    lookup: Callable[[str, int], int],
) -> dict[int, frozenset[int]]:
    """For each read of a function's own variable, in the function itself, the bindings that may reach it.

    ``by_name`` are the bindings of each variable; ``homes`` give for each scope the function in whose activation
    its code runs; ``lookup`` finds the scope that binds a name as seen from another one.
    """
    return _File(facts, by_name, homes, lookup).reach()


class _File:
    """A file's variables by function, and the uses of each function's own."""

    def __init__(
        self,
        facts: Facts,
        by_name: Mapping[Key, Sequence[int]],
        homes: Sequence[int],
        lookup: Callable[[str, int], int],
    ) -> None:
        self.facts = facts
        self.by_name = by_name
        self.homes = homes
        self.lookup = lookup
        self.functions = {function.scope: function for function in facts.functions}
        self.numbers: dict[Key, int] = {}
        self.variables: dict[int, list[Key]] = defaultdict(list)
        self.uses: dict[int, dict[int, int]] = defaultdict(dict)
        # Uses of another function's variables.
        self.captured: dict[int, list[int]] = defaultdict(list)
        self.at_entry: dict[int, Reaching] = defaultdict(dict)
        self.effects_of_use: dict[int, dict[int, Effect]] = defaultdict(dict)
        self.effects_of_closure: dict[int, dict[int, Effect]] = defaultdict(dict)

    def reach(self) -> dict[int, frozenset[int]]:
        self.number_variables()
        self.find_uses()
        for scope, region in enumerate(self.facts.scopes):
            for name in sorted(region.nonlocals):
                self.add_effect(scope, name)
        reach: dict[int, frozenset[int]] = {}
        for home, keys in self.variables.items():
            variables = Variables(
                self.uses[home],
                {index: self.numbers[key] for key in keys for index in self.by_name[key]},
                self.captured,
                self.effects_of_use[home],
                self.effects_of_closure[home],
                self.at_entry,
            )
            reach.update(reaching_definitions(self.facts.flows[home], self.facts.flows, variables))
        return reach

    def number_variables(self) -> None:
        scopes = self.facts.scopes
        for key in self.by_name:
            home = self.homes[key[0]]
            if scopes[home].kind != "function":
                continue
            if scopes[key[0]].kind == "class":
                if self.facts.language != "python":
                    continue
                self.at_entry[key[0]][len(self.numbers)] = frozenset((OUTSIDE,))
            self.numbers[key] = len(self.numbers)
            self.variables[home].append(key)

    def find_uses(self) -> None:
        for index, expression in enumerate(self.facts.expressions):
            if expression.kind != "name" or expression.scope < 0:
                continue
            key = (self.lookup(expression.name, expression.scope), expression.name)
            number = self.numbers.get(key)
            if number is not None:
                home = self.homes[expression.scope]
                if home == self.homes[key[0]]:
                    self.uses[home][index] = number
                else:
                    self.captured[number].append(index)

    def add_effect(self, scope: int, name: str) -> None:
        """What the function of ``scope`` does to a variable that it declares `nonlocal`."""
        key = (self.lookup(name, scope), name)
        home = self.homes[key[0]]
        if key not in self.numbers or home == self.homes[scope]:
            return
        region = self.facts.scopes[scope]
        bound = frozenset(
            index
            for index in self.by_name[key]
            if region.start <= self.facts.bindings[index].pos < region.end
        )
        created = self.created_in(home, scope)
        function = self.functions[created]
        uses = self.uses_of_function(function)
        if not uses:
            known = self.effects_of_closure[home]
            known[created] = _with(known.get(created), self.numbers[key], bound, lasting=True)
        for use in uses:
            # Where the call itself does not run it, or it is handed on, it may run at any time from there on.
            later = created != scope or function.is_async or function.is_generator
            lasting = later or self.facts.expressions[use].context != "call"
            known = self.effects_of_use[home]
            known[use] = _with(known.get(use), self.numbers[key], bound, lasting=lasting)

    def created_in(self, home: int, scope: int) -> int:
        """The function around ``scope`` that the code of ``home`` creates."""
        created = at = scope
        while self.homes[at] != home:
            if self.facts.scopes[at].kind == "function":
                created = at
            at = self.facts.scopes[at].parent
        return created

    def uses_of_function(self, function: FunctionFact) -> list[int]:
        """The reads of a function's name by the function around it; none if it may run without them."""
        if function.binding < 0 or function.decorators:
            return []
        binding = self.facts.bindings[function.binding]
        number = self.numbers.get((binding.scope, binding.name), -1)
        region = self.facts.scopes[function.scope]
        for use in self.captured.get(number, ()):
            if not region.start <= self.facts.expressions[use].pos < region.end:
                return []
        uses = self.uses[self.homes[binding.scope]]
        return [use for use, used in uses.items() if used == number]


def _with(known: Effect | None, variable: int, bound: frozenset[int], *, lasting: bool) -> Effect:
    """``known``, and that a variable may be bound so."""
    if known is None:
        return Effect({variable: bound}, lasting)
    bindings = {**known.bindings, variable: known.bindings.get(variable, frozenset()) | bound}
    return Effect(bindings, known.lasting or lasting)
