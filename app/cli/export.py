"""`mge export`: a plan's graph for other tools."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli import output
from app.cli.person import tenant
from app.cli.plans import JsonOption, PlanArgument, find_plan, with_graph
from app.export.digest import digest as plan_digest
from app.export.formats import TEXT_FORMATS
from app.export.plan import exported_files
from app.export.scip import as_scip
from app.graph.connect import Graph


class Format(StrEnum):
    """What can be written."""

    JSON = "json"
    GRAPHML = "graphml"
    DOT = "dot"
    MERMAID = "mermaid"
    SCIP = "scip"


def digest(plan: PlanArgument, json: JsonOption = False) -> None:
    """Say in a few digits what a plan's graph is: equal where two imports gave the same."""

    async def work(graph: Graph) -> dict[str, str]:
        return await plan_digest(graph, await find_plan(graph, plan, tenant()), tenant())

    found = with_graph(work)
    if json:
        output.as_json(found)
    else:
        output.as_table(("section", "SHA-256"), list(found.items()))


def export(
    plan: PlanArgument,
    format_: Annotated[Format, typer.Option("--format", help="what to write")] = Format.JSON,
    out: Annotated[Path | None, typer.Option(help="a file; else standard output")] = None,
) -> None:
    """Write a plan's atoms and dependencies in the format of another tool."""

    async def work(graph: Graph) -> None:
        plan_id = await find_plan(graph, plan, tenant())
        files = exported_files(graph, plan_id, tenant())
        # What is written is whole or absent.
        partial = out.with_name(f".{out.name}.part") if out is not None else None
        try:
            with partial.open("wb") if partial is not None else nullcontext(sys.stdout.buffer) as into:
                if format_ is Format.SCIP:
                    into.write(await as_scip(plan, files))
                else:
                    async for text in TEXT_FORMATS[format_.value](plan, files):
                        into.write(text.encode("utf-8", "replace"))
                into.flush()
            if partial is not None and out is not None:
                partial.replace(out)
        finally:
            if partial is not None:
                partial.unlink(missing_ok=True)

    with_graph(work)
    if out is not None:
        output.say(f"wrote {out}")
