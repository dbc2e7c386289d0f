"""Reaching definitions against what happens: functions are run along all of their paths, and every read records
which binding it saw.

A function is generated once and written twice. The plain one is resolved. In the running one each binding binds
its own line number, each read records the pair of lines, and each condition and each call that may raise is a throw
of dice. Nothing that a run sees may be missing from what resolving finds (sound), and the runs go on until all
that it finds was seen (exact), with a bound that is far beyond what any of these functions needed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.resolve.reaching import Boom, Dice, Pair, found_by_resolving

NAMES = ("a", "b")
FEWEST_RUNS = 300
MOST_RUNS = 2_000_000
FAILING = (0.03, 0.1, 0.2, 0.4)


@dataclass
class Writer:
    """Writes both forms, line by line."""

    rnd: random.Random
    plain: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    size: int = 0

    def line(self, depth: int, plain: str, running: str) -> None:
        self.plain.append("    " * depth + plain)
        self.running.append("    " * depth + running)

    @property
    def next_line(self) -> int:
        return len(self.plain) + 1

    def function(self) -> None:
        self.line(0, "def f(a):", "def f(a):")
        self.block(1, in_loop=False, in_try=False, most=5)
        self.use(1, "a")
        self.use(1, "b")

    def block(self, depth: int, *, in_loop: bool, in_try: bool, most: int = 3) -> None:
        for _ in range(self.rnd.randint(1, most)):
            self.statement(depth, in_loop=in_loop, in_try=in_try)
        if in_try:
            self.line(depth, "call()", "boom()")

    def statement(self, depth: int, *, in_loop: bool, in_try: bool) -> None:
        self.size += 1
        boom = "boom(); " if in_try else ""
        name = self.rnd.choice(NAMES)
        compound = depth < 4 and self.size < 14
        kinds: list[tuple[int, Callable[[], None]]] = [
            (5, lambda: self.assign(depth, name, boom)),
            (4, lambda: self.use(depth, name, boom)),
            (1, lambda: self.augmented(depth, name, boom)),
            (1, lambda: self.unpacked(depth, boom)),
            (1, lambda: self.deleted(depth, name, boom)),
            (1, lambda: self.comprehended(depth, name, boom)),
            (1, lambda: self.default(depth, name, boom)),
        ]
        if compound:
            kinds += [
                (4, lambda: self.if_(depth, name, in_loop=in_loop, in_try=in_try)),
                (2, lambda: self.while_(depth, in_try=in_try)),
                (2, lambda: self.for_(depth, name, in_try=in_try)),
                (3, lambda: self.try_(depth, in_loop=in_loop, in_try=in_try)),
                (1, lambda: self.with_(depth, name, in_loop=in_loop, in_try=in_try)),
                (1, lambda: self.match_(depth, name, in_loop=in_loop, in_try=in_try)),
            ]
        if in_loop and depth > 2:
            kinds += [
                (1, lambda: self.leave(depth, "break")),
                (1, lambda: self.leave(depth, "continue")),
            ]
        if depth > 2:
            kinds.append((1, lambda: self.leave(depth, "return")))
        weights = [weight for weight, _ in kinds]
        self.rnd.choices([write for _, write in kinds], weights)[0]()

    def assign(self, depth: int, name: str, boom: str) -> None:
        self.line(depth, f"{name} = call()", f"{boom}{name} = {self.next_line}")

    def unpacked(self, depth: int, boom: str) -> None:
        self.line(depth, "a, b = call()", f"{boom}a = b = {self.next_line}")

    def use(self, depth: int, name: str, boom: str = "") -> None:
        self.line(depth, f"use({name})", f"{boom}{self.read(name)}")

    def read(self, name: str) -> str:
        return f"read({self.next_line}, {name!r}, lambda: {name})"

    def augmented(self, depth: int, name: str, boom: str) -> None:
        self.line(depth, f"{name} += call()", f"{self.read(name)}; {boom}{name} = {self.next_line}")

    def deleted(self, depth: int, name: str, boom: str) -> None:
        # What is deleted has to be bound, so this needs the binding; the running form cannot fail.
        self.line(depth, f"del {name}", f"{boom}{self.read(name)}; {name} = 0; del {name}")

    def comprehended(self, depth: int, name: str, boom: str) -> None:
        other = "b" if name == "a" else "a"
        self.line(depth, f"[{other} + {name} for {other} in call()]", f"{boom}{self.read(name)}")

    def default(self, depth: int, name: str, boom: str) -> None:
        other = "b" if name == "a" else "a"
        self.line(depth, f"keep(lambda {other}={name}: {other})", f"{boom}{self.read(name)}")

    def leave(self, depth: int, how: str) -> None:
        self.line(depth, f"if call(): {how}", f"if choose(): {how}")

    def if_(self, depth: int, name: str, *, in_loop: bool, in_try: bool) -> None:
        boom = "boom() or " if in_try else ""
        if self.rnd.random() < 0.25:
            at = self.next_line
            self.line(depth, f"if ({name} := call()):", f"if {boom}(({name} := {at}) and choose()):")
        else:
            self.line(depth, "if call():", f"if {boom}choose():")
        self.block(depth + 1, in_loop=in_loop, in_try=in_try)
        if self.rnd.random() < 0.3:
            self.line(depth, "elif call():", f"elif {boom}choose():")
            self.block(depth + 1, in_loop=in_loop, in_try=in_try)
        if self.rnd.random() < 0.5:
            self.line(depth, "else:", "else:")
            self.block(depth + 1, in_loop=in_loop, in_try=in_try)

    def loop_else(self, depth: int, *, in_try: bool) -> None:
        if self.rnd.random() < 0.3:
            self.line(depth, "else:", "else:")
            self.block(depth + 1, in_loop=False, in_try=in_try)

    def while_(self, depth: int, *, in_try: bool) -> None:
        boom = "boom() or " if in_try else ""
        self.line(depth, "while call():", f"while {boom}choose():")
        self.block(depth + 1, in_loop=True, in_try=in_try)
        self.loop_else(depth, in_try=in_try)

    def for_(self, depth: int, name: str, *, in_try: bool) -> None:
        self.line(depth, f"for {name} in call():", f"for {name} in again({self.next_line}, {in_try}):")
        self.block(depth + 1, in_loop=True, in_try=in_try)
        self.loop_else(depth, in_try=in_try)

    def try_(self, depth: int, *, in_loop: bool, in_try: bool) -> None:
        handled = self.rnd.random() < 0.8
        final = not handled or self.rnd.random() < 0.4
        # What is raised in a handler, or in `else`, reaches an outer `try`, and a `finally` of this one.
        watched = in_try or final
        self.line(depth, "try:", "try:")
        self.block(depth + 1, in_loop=in_loop, in_try=True)
        if handled:
            self.line(depth, "except Boom:", "except Boom:")
            self.block(depth + 1, in_loop=in_loop, in_try=watched)
            if self.rnd.random() < 0.3:
                self.line(depth, "else:", "else:")
                self.block(depth + 1, in_loop=in_loop, in_try=watched)
        if final:
            self.line(depth, "finally:", "finally:")
            self.block(depth + 1, in_loop=False, in_try=in_try)

    def with_(self, depth: int, name: str, *, in_loop: bool, in_try: bool) -> None:
        boom = "boom() or " if in_try else ""
        self.line(depth, f"with call() as {name}:", f"with {boom}held({self.next_line}) as {name}:")
        self.block(depth + 1, in_loop=in_loop, in_try=in_try)

    def match_(self, depth: int, name: str, *, in_loop: bool, in_try: bool) -> None:
        whole = self.rnd.random() < 0.5
        subject = len(self.running)
        self.line(depth, "match call():", "match ...:")
        self.line(depth + 1, "case 1:", "case _ if choose():")
        self.block(depth + 2, in_loop=in_loop, in_try=in_try)
        at = self.next_line
        if whole:
            self.line(depth + 1, f"case {name}:", f"case {name}:")
        else:
            self.line(depth + 1, f"case {name} if call():", f"case {name} if choose():")
        boom = "boom() or " if in_try else ""
        self.running[subject] = "    " * depth + f"match {boom}{at}:"
        self.block(depth + 2, in_loop=in_loop, in_try=in_try)


def seen_by_running(source: str, wanted: set[Pair]) -> set[Pair]:
    """Which binding each read saw over many runs, until all of ``wanted`` was seen."""
    seen: set[Pair] = set()
    dice = Dice(source, FAILING)

    def read(line: int, name: str, value: Callable[[], int]) -> None:
        with suppress(NameError):
            seen.add((line, name, value()))

    def again(line: int, may_fail: bool) -> Iterator[int]:
        if may_fail:
            dice.boom()
        while dice.choose():
            yield line

    class Held:
        def __init__(self, line: int) -> None:
            self.line = line

        def __enter__(self) -> int:
            return self.line

        def __exit__(self, *_: object) -> None:
            """Nothing is held back."""

    space: dict[str, Any] = {
        "choose": dice.choose,
        "boom": dice.boom,
        "read": read,
        "again": again,
        "held": Held,
        "Boom": Boom,
    }
    exec(compile(source, "running", "exec"), space)
    for run in range(MOST_RUNS):
        dice.begin(run)
        with suppress(Boom):
            space["f"](1)
        if run >= FEWEST_RUNS and wanted <= seen:
            break
    return seen


def differences(seed: int) -> str:
    """What resolving and running disagree about in the function of a seed; empty where they agree."""
    writer = Writer(random.Random(seed))
    writer.function()
    plain, running = "\n".join(writer.plain) + "\n", "\n".join(writer.running) + "\n"
    found = found_by_resolving(plain, NAMES)
    # A line's dependency on itself is none.
    seen = {pair for pair in seen_by_running(running, found) if pair[0] != pair[2]}
    if seen == found:
        return ""
    numbered = "".join(f"{at:3} {line}\n" for at, line in enumerate(writer.plain, 1))
    return f"seed {seed}\n{numbered}only seen: {sorted(seen - found)}\nonly found: {sorted(found - seen)}"


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_what_resolving_finds_is_what_running_sees(first: int) -> None:
    for seed in range(first, first + 50):
        assert not differences(seed)


@pytest.mark.long
def test_what_resolving_finds_is_what_running_sees_in_five_thousand_functions() -> None:
    for seed in range(1_000, 6_000):
        assert not differences(seed)
