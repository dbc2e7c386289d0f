"""`mge cypher exec`: a statement of one's own."""

from __future__ import annotations

import json
import sys
from contextlib import aclosing
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli import output
from app.cli.plans import pairs
from app.cli.running import run
from app.errors import InputError
from app.export.browser_pages import favourites
from app.export.rows import arrow_stream, csv_line
from app.graph.queries import Value
from app.graph.statements import Answer, Bounds, Columns, End, Said, gathered, run_statement
from app.main import open_stores
from app.settings import Settings


class RowFormat(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    ARROW = "arrow"


def cypher_exec(
    statement: Annotated[str, typer.Argument(help="a statement that reads: MATCH … RETURN …")],
    param: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE; a value that is no JSON is text")
    ] = None,
    format_: Annotated[RowFormat, typer.Option("--format", help="how to print rows")] = RowFormat.TABLE,
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="time at most")] = 30.0,
    limit: Annotated[int, typer.Option(min=1, max=10_000_000, help="rows at most")] = 1_000,
) -> None:
    """Run a statement of your own, which may read the graph and do nothing else."""
    parameters = {key: _value(text) for key, text in pairs(param).items()}

    if format_ is RowFormat.ARROW and sys.stdout.isatty():
        raise InputError(
            "an Arrow stream is no text for a terminal", hint="send it into a file: > rows.arrows"
        )

    async def work() -> None:
        async with open_stores(Settings(), postgres=False) as stores:
            bounds = Bounds(seconds=seconds, rows=limit)
            said = run_statement(stores.graph, statement, parameters, bounds)
            if format_ in (RowFormat.CSV, RowFormat.NDJSON):
                async with aclosing(said):
                    _warn(await _print_as_they_come(said, format_))
                return
            answer = await gathered(said)
            _print(answer, format_)
            _warn(answer.end)

    run(work)


def favourites_file(
    file: Annotated[Path, typer.Argument(help="the zip file to write", dir_okay=False)],
) -> None:
    """Write the named queries as favourites for Neo4j Browser: drop the file onto its drawer of favourites."""
    try:
        file.write_bytes(favourites())
    except OSError as error:
        raise InputError(
            f"cannot write {file}: {error.strerror}", hint="name a file in a folder that is there"
        ) from error
    output.say(f"wrote {file}")


async def _print_as_they_come(said: Said, format_: RowFormat) -> End:
    first = await anext(said)
    assert isinstance(first, Columns)
    if format_ is RowFormat.CSV:
        output.OUT.file.write(csv_line(first.names))
    async for each in said:
        if isinstance(each, End):
            return each
        assert not isinstance(each, Columns)
        if format_ is RowFormat.CSV:
            output.OUT.file.write(csv_line(each))
        else:
            output.OUT.file.write(json.dumps(dict(zip(first.names, each, strict=True))) + "\n")
    raise AssertionError("an answer has an end")


def _print(answer: Answer, format_: RowFormat) -> None:
    match format_:
        case RowFormat.JSON:
            output.as_json(output.records(answer.names, answer.rows))
        case RowFormat.ARROW:
            sys.stdout.buffer.write(arrow_stream(answer.names, answer.rows))
        case _:
            output.as_table(answer.names, answer.rows)


def _warn(end: End) -> None:
    if end.truncated:
        output.say(f"there are more than these {end.rows:,} rows; --limit allows more")


def _value(text: str) -> Value:
    try:
        value: Value = json.loads(text)
    except json.JSONDecodeError:
        return text
    return value
