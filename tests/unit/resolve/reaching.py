"""What tests of reaching definitions share: dice that a run asks, and what resolving finds."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from typing import TypeAlias

from app.model.dependency import Dependency
from tests.unit.resolve.lines import link

Pair: TypeAlias = tuple[int, str, int]
"""A line that reads, the name, and the line whose binding it may see."""


class Boom(Exception):
    """What may be raised wherever something may be raised."""


class Dice:
    """Decides, for one run after another, which way conditions go and what raises."""

    LONGEST_RUN = 300

    def __init__(self, seed: str, failing: Sequence[float]) -> None:
        self.rnd = random.Random(seed)
        self.rates = failing
        self.begin(0)

    def begin(self, run: int) -> None:
        self.asked = 0
        self.likely = (0.5, 0.3, 0.7)[run % 3]
        self.failing = self.rates[run % len(self.rates)]

    def choose(self) -> bool:
        self.asked += 1
        return self.asked < self.LONGEST_RUN and self.rnd.random() < self.likely

    def boom(self) -> None:
        if self.rnd.random() < self.failing:
            raise Boom


def found_by_resolving(source: str, names: Collection[str]) -> set[Pair]:
    """What resolving says about ``names``."""
    (linked,) = link({"m.py": source}).values()
    return {
        (dependency.source + 1, name, dependency.target + 1)
        for dependency in linked.dependencies
        if _is_read(dependency)
        for name in dependency.symbols
        if name in names
    }


def _is_read(dependency: Dependency) -> bool:
    """Whether a dependency says that one line reads what another binds: values, imports, functions and classes."""
    if dependency.type == "CONTROL_DEP":
        by_name = dependency.rule not in ("value", "constructor")
        return by_name and bool({"call", "instantiate", "decorate"} & set(dependency.kinds))
    return dependency.type != "IMPORT_DEP" or "use" in dependency.kinds
