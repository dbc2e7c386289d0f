"""Runs what `tests.unit.resolve.instrument` writes, and keeps which binding each read saw."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import suppress
from types import AsyncGeneratorType, CoroutineType, FunctionType, GeneratorType
from typing import Any

from tests.unit.resolve.instrument import instrument
from tests.unit.resolve.reaching import Boom, Dice, Pair

FEWEST_RUNS = 400
MOST_RUNS = 2_000
FAILING = (0.0, 0.01, 0.03, 0.1)
LONGEST_RUN = 3_000

_Opened = GeneratorType | CoroutineType | AsyncGeneratorType  # type: ignore[type-arg]


class Enough(BaseException):
    """Ends a run that would not end."""


class _Never(Exception):
    """What a handler catches that does not catch."""


class _One(Boom):
    """One of two kinds, for `except*`."""


class _Other(Boom):
    """The other kind."""


class _Both(ExceptionGroup[Boom], Boom):
    """Both at once: each `except*` takes its own."""

    def derive(self, excs: Sequence[Exception]) -> _Both:  # type: ignore[override]
        return _Both("", excs)  # type: ignore[arg-type]


_ENDS = (Boom, Enough, NameError, ExceptionGroup)
"""How a run may end before its end; what the handlers of `except*` raise together is a group again."""


def seen_by_running(source: str, wanted: set[Pair]) -> set[Pair]:
    """Which binding each read of ``source`` saw over many runs, until all of ``wanted`` was seen.

    A run executes the module, and then all functions that were made, each of them twice: functions defined inside
    others run while these do only where they are called, and afterwards.
    """
    code = compile(instrument(source), "running", "exec", dont_inherit=True)
    running = _Running(Dice(source, FAILING))
    for run in range(MOST_RUNS):
        running.run(code, run)
        if run >= FEWEST_RUNS and wanted <= running.seen:
            break
    return running.seen


class _Running:
    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.seen: set[Pair] = set()
        self.points = 0
        self.made: list[FunctionType] = []
        self.opened: list[_Opened] = []

    def run(self, code: Any, number: int) -> None:
        self.dice.begin(number)
        self.points = 0
        self.made = []
        self.opened = []
        with suppress(*_ENDS):
            # What the module's own code raises would keep its functions from being run.
            exec(code, self.space())
        at = 0
        while at < len(self.made) and at < 20:
            for _ in range(2):
                with suppress(*_ENDS):
                    self.drive(self.call(self.made[at]))
            at += 1
        for opened in self.opened:
            with suppress(*_ENDS, RuntimeError, StopIteration):
                if isinstance(opened, AsyncGeneratorType):
                    opened.aclose().send(None)
                else:
                    opened.close()

    def space(self) -> dict[str, Any]:
        return {
            "__name__": "running",
            "_after_": lambda *_: Value(self),
            "_again_": self.again,
            "_again_async_": self.again_async,
            "_all_": lambda *_: True,
            "_any_": Value(self),
            "_boom_": self.boom,
            "_bound_": self.bound,
            "_caught_": self.caught,
            "_caught_of_group_": self.caught_of_group,
            "_choose_": self.dice.choose,
            "_held_": lambda manager, given: _Held(self, manager, given),
            "_made_": self.keep,
            "_matched_": lambda always, *_: always or self.dice.choose(),
            "_new_": lambda line: Value(self, line),
            "_nothing_": lambda *_, **__: (),
            "_raised_": lambda *_: Boom(),
            "_read_": self.read,
            "_read_now_": self.read_now,
            "_suppress_": _Suppressing(),
        }

    # -- what the written code asks

    def boom(self) -> None:
        self.points += 1
        if self.points > LONGEST_RUN:
            raise Enough
        try:
            self.dice.boom()
        except Boom:
            either: tuple[Boom, ...] = (_One(), _Other(), _Both("", (_One(), _Other())))
            raise self.dice.rnd.choice(either) from None

    def read(self, line: int, name: str, value: Callable[[], Any]) -> Any:
        try:
            found = value()
        except NameError:
            # Nothing is bound; the run goes on, since every read is taken for one that succeeds.
            return Value(self)
        return self.read_now(line, name, found)

    def read_now(self, line: int, name: str, value: Any) -> Any:
        # The rest that a star takes is a list.
        if isinstance(value, list) and value:
            value = Value(self, value[0].line)
        if not isinstance(value, Value):
            return Value(self)
        if value.line:
            self.seen.add((line, name, value.line))
        return value

    def bound(self, line: int, value: Any) -> Value:
        self.boom()
        held = value.held if isinstance(value, Value) else value
        return Value(self, line, self.keep(held))

    def keep(self, held: Any) -> Any:
        """What a value holds, as far as it can be run."""
        if isinstance(held, FunctionType):
            if held not in self.made:
                self.made.append(held)
        elif isinstance(held, _Opened):
            if held not in self.opened:
                self.opened.append(held)
        elif not isinstance(held, _Suppressing):
            return None
        return held

    def caught(self, *_: Any) -> type[Exception]:
        return Boom if not _ or self.dice.choose() else _Never

    def caught_of_group(self, _: Any) -> type[Exception]:
        return self.dice.rnd.choice((_One, _Other, _Never))

    def again(self, through: Any, shape: Callable[[], Any]) -> Iterator[Any]:
        held = through.held if isinstance(through, Value) else through
        if isinstance(held, GeneratorType):
            for _ in held:
                yield shape()
            return
        self.boom()
        while self.dice.choose():
            yield shape()
            self.boom()

    async def again_async(self, through: Any, shape: Callable[[], Any]) -> AsyncIterator[Any]:
        held = through.held if isinstance(through, Value) else through
        if isinstance(held, AsyncGeneratorType):
            async for _ in held:
                yield shape()
            return
        for given in self.again(None, shape):
            yield given

    # -- running what was made

    def call(self, function: FunctionType) -> Any:
        """Call with as many values as there are parameters; defaults are left out at times."""
        code = function.__code__
        least = code.co_argcount - len(function.__defaults__ or ())
        given = [Value(self) for at in range(code.co_argcount) if at < least or self.dice.choose()]
        by_default = function.__kwdefaults__ or {}
        keywords = code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]
        named = {name: Value(self) for name in keywords if name not in by_default or self.dice.choose()}
        result = function(*given, **named)
        self.keep(result)
        return result

    def drive(self, opened: Any) -> None:
        """Run a generator or a coroutine to its end; who gets values goes through them as well."""
        for one in opened if isinstance(opened, tuple | list) else (opened,):
            self.consume(one)
        with suppress(StopIteration, StopAsyncIteration):
            if isinstance(opened, CoroutineType):
                opened.send(None)
            while isinstance(opened, GeneratorType):
                self.step(opened)
            while isinstance(opened, AsyncGeneratorType):
                with suppress(StopIteration):
                    opened.asend(None).send(None)

    def step(self, generator: GeneratorType[Any, Any, Any]) -> None:
        """Go on to the next `yield`, or raise at the one where it stands."""
        begun = generator.gi_frame is not None and inspect.getgeneratorstate(generator) != inspect.GEN_CREATED
        try:
            self.boom()
        except Boom as boom:
            if not begun:
                raise
            generator.throw(boom)
            return
        generator.send(Value(self) if begun else None)

    def consume(self, given: Any) -> None:
        """What code elsewhere may do with what it is handed: go through some of it, or call it."""
        held = given.held if isinstance(given, Value) else given
        if isinstance(held, GeneratorType) and not held.gi_running:
            self.keep(held)
            with suppress(StopIteration):
                while self.dice.choose():
                    self.step(held)
        elif isinstance(held, FunctionType):
            self.keep(held)
            if self.dice.choose():
                self.drive(self.call(held))


class Value:
    """What everything is: it can be called, asked, awaited, entered and gone through, and knows where it was bound."""

    __slots__ = ("held", "line", "running")
    running: _Running
    line: int
    held: Any

    def __init__(self, running: _Running, line: int = 0, held: Any = None) -> None:
        object.__setattr__(self, "running", running)
        object.__setattr__(self, "line", line)
        object.__setattr__(self, "held", held)

    def __bool__(self) -> bool:
        return self.running.dice.choose()

    def __call__(self, *given: Any, **named: Any) -> Any:
        self.running.boom()
        if isinstance(self.held, _Suppressing):
            return self.held
        if isinstance(self.held, FunctionType):
            result = self.running.call(self.held)
            if isinstance(result, _Opened):
                return result
            return Value(self.running, 0, self.running.keep(result))
        for one in (*given, *named.values()):
            self.running.consume(one)
        return Value(self.running)

    def __getattr__(self, name: str) -> Value:
        if name.startswith("__"):
            raise AttributeError(name)
        return Value(self.running)

    def __setattr__(self, name: str, value: object) -> None:
        """Nothing is asked back."""

    __delattr__ = __delitem__ = __setitem__ = lambda *_: None

    def __getitem__(self, _: object) -> Value:
        return Value(self.running)

    def __iter__(self) -> Iterator[Any]:
        return self.running.again(self, lambda: Value(self.running))

    def __await__(self) -> Generator[Any, Any, Any]:
        self.running.boom()
        if isinstance(self.held, CoroutineType):
            return (yield from self.held.__await__())
        return Value(self.running)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self.running.again_async(self, lambda: Value(self.running))

    def __mro_entries__(self, _: object) -> tuple[type, ...]:
        return ()

    def __format__(self, _: str) -> str:
        return ""

    def __hash__(self) -> int:
        return id(self)

    def keys(self) -> list[str]:
        return []


def _operation(self: Value, *_: object) -> Value:
    return Value(self.running)


for _name in "eq ne lt le gt ge neg pos invert".split():
    setattr(Value, f"__{_name}__", _operation)
for _name in "add sub mul truediv floordiv mod matmul pow or and xor lshift rshift".split():
    setattr(Value, f"__{_name}__", _operation)
    setattr(Value, f"__r{_name}__", _operation)


class _Suppressing:
    """`contextlib.suppress`, and what it gives."""


class _Held:
    """A context manager that hands out what fits the target; only `suppress` holds exceptions back."""

    def __init__(self, running: _Running, manager: Any, given: Any) -> None:
        self.running = running
        self.given = given
        self.suppresses = isinstance(manager, _Suppressing)

    def __enter__(self) -> Any:
        self.running.boom()
        return self.given

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        raised = kind is not None and issubclass(kind, Boom)
        return self.suppresses and raised and self.running.dice.choose()

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return self.__exit__(kind)
