"""`mge watch`: the graph follows what a person edits."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from watchfiles import DefaultFilter, awatch

from app.cli import output
from app.cli.plans import import_path, with_graph
from app.errors import InputError, MgeError, StackError, StoreDown
from app.graph.connect import Graph
from app.main import indexers, read_rules
from app.pipeline.result import ImportResult
from app.settings import Settings

_PAUSE_SECONDS: Final = 2.0


def watch(
    path: Annotated[Path, typer.Argument(help="folder to follow")],
    name: Annotated[str, typer.Option(help="name of the plan")] = "",
    include: Annotated[list[str] | None, typer.Option(help="read only these")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="leave these out")] = None,
    types: Annotated[bool, typer.Option(help="ask TypeScript's compiler what names mean")] = True,
    debounce: Annotated[
        float, typer.Option(min=0.05, max=60, help="seconds without an edit before the graph follows")
    ] = 0.3,
) -> None:
    """Import a folder, and import it again whenever something in it was edited, until Ctrl-C."""
    settings = Settings()
    if not path.is_dir():
        raise InputError(f"{path} is no folder", hint="give the folder that you edit in")

    async def once(graph: Graph) -> ImportResult:
        rules = read_rules(settings, tuple(include or ()), tuple(exclude or ()))
        asked = indexers(settings, types=types)
        return await import_path(graph, settings, str(path), name, rules, asked=asked, progress=_silent)

    async def follow(graph: Graph) -> None:
        result = await once(graph)
        output.warnings(result)
        output.say(f"{_now()} watching {path} as plan {result.project_name}: {_told(result)}")
        edits = awatch(path, debounce=int(debounce * 1000), step=50, watch_filter=DefaultFilter())
        async for _ in edits:
            try:
                result = await once(graph)
            except (StoreDown, StackError) as error:
                output.say(f"{_now()} {error}; the next edit is tried again")
                await asyncio.sleep(_PAUSE_SECONDS)
            except MgeError as error:
                # A file that vanishes while it is read, a merge in progress: the next edit may mend it.
                output.say(f"{_now()} {error}; the graph stays as it was until the next edit")
            else:
                if result.analysed or result.linked or result.removed:
                    output.say(f"{_now()} {_told(result)}")

    with_graph(follow)


def _told(result: ImportResult) -> str:
    return (
        f"{result.analysed:,} files read, {result.removed:,} gone, {result.linked:,} linked, now {result.atoms:,} atoms and "
        f"{sum(result.dependencies.values()):,} dependencies in {result.waves} waves; {result.seconds['total']:.2f} s"
    )


def _now() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")


def _silent(stage: str, done: int, total: int) -> None:
    """An update is over before a bar could be read."""
