"""Statements that an analyst writes: read only, bounded in time, rows, bytes and memory, and ended when nobody listens.

For people who may see everything in the database. Nothing about a statement tells whose plans it reads.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from app.errors import InputError, MgeError, StatementError, StoreDown
from app.graph.connect import Graph, write
from app.graph.queries import Value
from app.graph.statement_gate import MOST_CHARACTERS

_LONGEST_LINE: Final = 256 * 2**20
_GRACE_SECONDS: Final = 5.0
_UNREACHABLE: Final = ("ServiceUnavailable", "DatabaseUnavailable", "driver")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a statement may take."""

    seconds: float = 30.0
    rows: int = 10_000
    bytes: int = 32 * 2**20
    memory_bytes: int = 2 * 2**30


@dataclass(frozen=True, slots=True)
class Columns:
    """What comes first of an answer."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class End:
    """What comes last; ``truncated`` where there was more than the bounds let through."""

    rows: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """All of an answer."""

    names: tuple[str, ...]
    rows: tuple[Sequence[object], ...]
    end: End


Said = AsyncGenerator[Columns | Sequence[object] | End]


async def run_statement(graph: Graph, text: str, parameters: Mapping[str, Value], bounds: Bounds) -> Said:
    """The columns, the rows and the end of a statement's answer, as they come.

    Raises `StatementError` where the statement is not one that only reads or is wrong, `InputError` where it takes too
    much, `StoreDown`. Closing the iterator ends the statement.
    """
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"the statement has {len(text):,} characters",
            hint=f"{MOST_CHARACTERS:,} are the most",
            field="query",
        )
    statement_id = uuid4().hex
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.graph.statement_worker"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        limit=_LONGEST_LINE,
    )
    asked = {
        "uri": graph.login.uri,
        "user": graph.login.user,
        "password": graph.login.password,
        "database": graph.database,
        "statement_id": statement_id,
        "query": text,
        "parameters": dict(parameters),
        "seconds": bounds.seconds,
        "most_rows": bounds.rows,
        "most_bytes": bounds.bytes,
        "memory_bytes": bounds.memory_bytes,
    }
    ended = False
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(asked).encode())
        process.stdin.close()
        async with asyncio.timeout(bounds.seconds + _GRACE_SECONDS), aclosing(_lines(process)) as lines:
            async for said in lines:
                if isinstance(said, list):
                    yield said
                elif "columns" in said:
                    yield Columns(tuple(said["columns"]))
                elif "error" in said:
                    ended = True
                    raise _error(said)
                else:
                    ended = True
                    yield End(said["rows"], said["truncated"])
        if not ended:
            raise InputError(
                "the answer takes more memory than it may", hint="return less in one row", field="query"
            )
    except TimeoutError as error:
        raise _too_long(bounds.seconds) from error
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.shield(process.wait())
        if not ended:
            with suppress(MgeError):
                await asyncio.shield(write(graph, "service/terminate", statement_id=statement_id))


async def gathered(said: Said) -> Answer:
    """What `run_statement` says, whole; it is closed whatever happens."""
    rows: list[Sequence[object]] = []
    async with aclosing(said):
        first = await anext(said)
        assert isinstance(first, Columns)
        async for each in said:
            if isinstance(each, End):
                return Answer(first.names, tuple(rows), each)
            assert not isinstance(each, Columns)
            rows.append(each)
    raise AssertionError("an answer has an end")


async def _lines(process: asyncio.subprocess.Process) -> AsyncGenerator[Any]:
    assert process.stdout is not None
    async for line in process.stdout:
        yield json.loads(line)


def _error(said: Mapping[str, Any]) -> MgeError:
    code = said.get("code", "")
    if code.rpartition(".")[2] in _UNREACHABLE:
        return StoreDown("Neo4j does not answer", hint="`mge status` tells what runs")
    if code.endswith(("TransactionTimedOut", "TransactionTimedOutClientConfiguration", "Terminated")):
        return InputError(
            "the statement took too long", hint="ask for less, or allow more seconds", field="query"
        )
    return StatementError(
        said["error"],
        hint=said.get("hint", ""),
        field="query",
        line=said.get("line", 0),
        column=said.get("column", 0),
    )


def _too_long(seconds: float) -> InputError:
    return InputError(
        f"the statement took longer than {seconds:g} seconds",
        hint="ask for less, or allow more",
        field="query",
    )
