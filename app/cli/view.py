"""`mge view`: a plan as a picture."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from app.cli import output
from app.cli.person import tenant
from app.cli.plans import PlanArgument, find_plan, with_graph
from app.errors import StackError
from app.export.picture_plan import picture_svg
from app.graph.connect import Graph
from app.main import stack_config
from app.settings import Settings
from app.stack import endpoints


def view(
    plan: PlanArgument,
    svg: Annotated[
        Path | None, typer.Option(help="write a picture of the modules into this file instead")
    ] = None,
    browser: Annotated[bool, typer.Option(help="open the page in a browser")] = True,
) -> None:
    """Open the page that draws a plan, or write the picture for a document."""
    if svg is not None:
        svg.write_text(with_graph(lambda graph: _drawn(graph, plan)), encoding="utf-8")
        output.say(f"wrote {svg}")
        return
    plan_id = with_graph(lambda graph: find_plan(graph, plan, tenant()))
    service = endpoints(stack_config(Settings())).companions.get("api")
    if service is None:
        raise StackError("the API does not run", hint="start it with `mge up`, or write a file with --svg")
    url = f"{service}/api/v2/dependency-graph/{plan_id}/view"
    output.OUT.print(url, markup=False)
    if browser:
        webbrowser.open(url)


async def _drawn(graph: Graph, plan: str) -> str:
    return await picture_svg(graph, await find_plan(graph, plan, tenant()), tenant())
