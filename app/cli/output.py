"""What the command line writes, and how: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from app.errors import MgeError
from app.pipeline.result import ImportResult

OUT: Final = Console(highlight=False, soft_wrap=True)
ERR: Final = Console(stderr=True, highlight=False, soft_wrap=True)


def safe(text: object) -> Text:
    """Text from a code base, with what could drive a terminal shown as a replacement."""
    return Text("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(text)))


def safe_lines(text: str) -> Text:
    """Several lines of such text."""
    return Text("\n").join(safe(line.replace("\t", "    ")) for line in text.splitlines())


@contextmanager
def waiting(what: str, *, shown: bool) -> Iterator[None]:
    """Tell a person what is waited for, and on a terminal that it goes on."""
    if not shown:
        yield
    elif ERR.is_terminal:
        with ERR.status(safe(what)):
            yield
    else:
        say(what)
        yield


def say(text: str) -> None:
    """A line for a waiting person."""
    ERR.print(Text(text))


def fail(error: MgeError) -> None:
    """An error: what was wrong and what to do."""
    ERR.print(Text.assemble(("error: ", "bold red"), safe(error)))
    if error.hint:
        ERR.print(Text.assemble(("hint:  ", "bold"), safe(error.hint)))


def fail_unexpectedly(error: Exception) -> None:
    """An error that nobody foresaw: its name, and the file that holds the trace for a report."""
    if isinstance(error, OSError):
        fail(MgeError(str(error), hint="look whether the disk is full, and the file may be read and written"))
        return
    with tempfile.NamedTemporaryFile("w", prefix="mge-error-", suffix=".txt", delete=False) as file:
        traceback.print_exception(error, file=file)
    fail(
        MgeError(
            f"a fault of ours: {type(error).__name__}: {error}",
            hint=f"try again; if it stays, report it with {file.name}, which may quote your code",
        )
    )


def as_json(value: object) -> None:
    """A result for a script: one JSON document."""
    sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False, indent=2) + "\n")


def as_table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
    """A result for a person."""
    table = Table(title=title or None, title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(safe(_cell(value)) for value in row))
    OUT.print(table)


def records(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[dict[str, object]]:
    """Rows by the names of their columns."""
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


class ImportProgress:
    """Progress bars of an import: files, links, and the atoms and edges found so far, with the time left."""

    def __init__(self, *, shown: bool) -> None:
        self.bars = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[found]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=ERR,
            disable=not shown or not ERR.is_terminal,
        )
        self.tasks: dict[str, TaskID] = {}
        self.found: dict[str, str] = {}

    def __enter__(self) -> ImportProgress:
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage in ("atoms", "edges"):
            bar = "files" if stage == "atoms" else "links"
            self.found[bar] = f"{done:,} {stage}"
            if bar in self.tasks:
                self.bars.update(self.tasks[bar], found=self.found[bar])
            return
        if stage not in self.tasks:
            self.tasks[stage] = self.bars.add_task(stage, total=None if total < 0 else total, found="")
        self.bars.update(self.tasks[stage], completed=done, total=None if total < 0 else total)


def import_json(result: ImportResult) -> dict[str, Any]:
    """Every figure of an import, for a script."""
    return asdict(result)


def import_summary(result: ImportResult) -> None:
    """The figures of an import, for a person."""
    total = result.seconds.get("total", 0.0) or 1e-9
    edges = sum(result.dependencies.values())
    figures: list[tuple[str, object]] = [
        ("files", result.files),
        ("code lines", result.code_lines),
        ("atoms", result.atoms),
        ("dependencies", edges),
        *((f"  {type_}", count) for type_, count in result.dependencies.items()),
        ("symbols", result.symbols),
        ("external names", result.externals),
        ("cycles", result.cycles),
        ("  dependencies cut", result.cut),
        ("waves", result.waves),
        ("  widest wave", result.widest_wave),
        ("files recovered / opaque", f"{result.recovered} / {result.opaque}"),
        ("references without a definition", sum(result.unresolved.values())),
    ]
    as_table(("figure", "count"), figures, title=f"plan {result.project_name}  {result.plan_id}")
    as_table(
        ("stage", "seconds"),
        [(stage, seconds) for stage, seconds in result.seconds.items()],
        title=_pace(result, total, edges),
    )
    warnings(result)


def _pace(result: ImportResult, total: float, edges: int) -> str:
    if result.analysed == result.files == result.linked:
        return f"{result.atoms / total:,.0f} atoms/s, {result.code_lines / total:,.0f} code lines/s, {edges / total:,.0f} edges/s"
    if not result.analysed and not result.linked and not result.removed:
        return "nothing changed since the last import (--full reads everything)"
    return (
        f"brought up to date: {result.analysed:,} files read, {result.removed:,} gone, {result.linked:,} linked "
        "(--full reads everything)"
    )


def warnings(result: ImportResult) -> None:
    """What the import could not read or do, loudly."""
    for warning in result.warnings:
        ERR.print(Text.assemble(("warning: ", "yellow"), safe(warning)))
    for path, status, reason in result.reasons[:10]:
        ERR.print(Text.assemble(("warning: ", "yellow"), safe(f"{path} is {status}: {reason}")))
    if len(result.reasons) > 10:
        say(f"warning: and {len(result.reasons) - 10} more files that did not parse whole; --json lists them")
    if result.skipped:
        path, reason = result.skipped[0]
        more = f" and {len(result.skipped) - 1} more" if len(result.skipped) > 1 else ""
        ERR.print(Text.assemble(("warning: ", "yellow"), safe(f"skipped {path}: {reason}{more}")))


def properties_table(title: str, properties: Mapping[str, object]) -> None:
    """Properties of a node, one a line."""
    as_table(("property", "value"), sorted(properties.items()), title=title)
