"""`mge impact`: what a change touches, and the least to validate again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli import output
from app.cli.person import tenant
from app.cli.plans import JsonOption, PlanArgument, find_plan, opened, with_graph
from app.errors import InputError, NotFound
from app.graph.connect import Graph
from app.graph.queries import Value, query
from app.graph.read import run_named
from app.main import read_rules
from app.model.dependency import WEIGHTS
from app.pipeline.checking import check
from app.settings import Settings


def impact(
    plan: PlanArgument,
    symbol: Annotated[list[str] | None, typer.Option(help="name or qualified name that changes")] = None,
    file: Annotated[list[str] | None, typer.Option(help="path of a file that changes")] = None,
    atom: Annotated[list[str] | None, typer.Option(help="id of an atom that changes")] = None,
    diff: Annotated[
        str, typer.Option(help="what changed since a git revision, such as HEAD~1", metavar="REVISION")
    ] = "",
    path: Annotated[
        Path, typer.Option(help="repository that the plan was imported from, for --diff")
    ] = Path(),
    dependency: Annotated[
        list[str] | None, typer.Option("--type", help="follow dependencies of this type only")
    ] = None,
    validate: Annotated[
        bool, typer.Option("--validate", help="the smallest set to validate again, and why")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="atoms at most")] = 100,
    json: JsonOption = False,
) -> None:
    """Tell what a change touches: every atom that needs what changes, by how far away it is and why."""
    types = dependency or list(WEIGHTS)
    if unknown := set(types) - WEIGHTS.keys():
        raise InputError(
            f"{min(unknown)!r} is no type of dependency",
            hint=f"the types are {', '.join(WEIGHTS)}",
            field="type",
        )
    if not (symbol or file or atom or diff):
        raise InputError("nothing that changes was given", hint="give --symbol, --file, --atom or --diff")

    async def work(
        graph: Graph,
    ) -> tuple[list[dict[str, object]], list[dict[str, object]], list[dict[str, object]]]:
        plan_id = await find_plan(graph, plan, tenant())
        ids = [*(atom or ()), *(await _changed(graph, plan_id, path, diff) if diff else ())]
        starts = await _rows(
            graph, "impact/atoms", plan_id=plan_id, names=symbol or [], paths=file or [], atom_ids=ids
        )
        if not starts and not diff:
            raise NotFound("no atom of the plan is meant", hint="`mge cypher run explore/symbol` finds names")
        changed: list[Value] = [str(row["atom_id"]) for row in starts]
        if validate:
            found = await _rows(graph, "impact/validate", plan_id=plan_id, atom_ids=changed, limit=limit)
            return starts, found, []
        asked: dict[str, Value] = {"plan_id": plan_id, "atom_ids": changed, "types": types}
        found = await _rows(graph, "impact/of_atoms", **asked, limit=limit)
        of_tests = {p.name: p.example for p in query("impact/summary").parameters}["tests"]
        return starts, found, await _rows(graph, "impact/summary", **asked, tests=of_tests)

    starts, found, summary = with_graph(work)
    if json:
        output.as_json({"changed": starts, "touched": found, "by_distance": summary})
        return
    output.OUT.print(f"{len(starts):,} atoms change")
    if validate:
        output.as_table(
            ("why", "atom", "place"),
            [(row["why"], row["name"], f"{row['path']}:{row['start_line']}") for row in found],
        )
        return
    output.as_table(
        ("away", "atom", "place", "by"),
        [
            (
                row["distance"],
                row["name"],
                f"{row['path']}:{row['start_line']}",
                " ".join([str(row["type"]), *_texts(row["symbols"])]),
            )
            for row in found
        ],
    )
    output.as_table(
        ("away", "atoms", "files", "in tests"),
        [(row["distance"], row["atoms"], row["files"], row["in_tests"]) for row in summary],
        title="all that is touched",
    )


def _texts(symbols: object) -> list[str]:
    return [str(symbol) for symbol in symbols] if isinstance(symbols, list) else []


async def _changed(graph: Graph, plan_id: str, path: Path, revision: str) -> list[str]:
    """The atoms of a plan that a revision of its repository does not have."""
    with opened(f"{path}@{revision}", read_rules(Settings())) as source:
        found = await check(graph, plan_id, tenant(), source)
    return [atom.atom_id for atom in found.atoms if atom.drift != "moved"]


async def _rows(graph: Graph, name: str, **parameters: Value) -> list[dict[str, object]]:
    columns, rows = await run_named(graph, tenant(), name, parameters)
    return output.records(columns, rows)
