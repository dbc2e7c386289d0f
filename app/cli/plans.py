"""`mge import`, `plans`, `show`, `assemble`, `delete`, and `mge cypher`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from app.cli import output
from app.cli.person import tenant
from app.cli.running import run
from app.errors import InputError, NotFound
from app.export.query_docs import Answer, documented, page
from app.export.schema_docs import page as schema_page
from app.export.schema_docs import schema
from app.graph.connect import Graph, read
from app.graph.publish import delete_plan
from app.graph.queries import Value, from_text, public_queries, query
from app.graph.read import list_plans, run_named, show_plan, waves_page
from app.graph.staging import sweep
from app.graph.values import as_json
from app.indexes.port import Indexer
from app.main import indexers, open_stores, read_rules
from app.pipeline.assembling import assemble as assemble_plan
from app.pipeline.checking import Checked
from app.pipeline.checking import check as check_plan
from app.pipeline.importing import import_source
from app.pipeline.result import ImportResult, Progress
from app.settings import Settings
from app.sources.opening import open_source
from app.sources.source import ReadRules, Source

Result = TypeVar("Result")

PlanArgument = Annotated[str, typer.Argument(help="name or id of a plan", metavar="PLAN")]
JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON document and nothing else")]


def with_graph(work: Callable[[Graph], Awaitable[Result]]) -> Result:
    """Run something that needs the graph."""

    async def whole() -> Result:
        async with open_stores(Settings(), postgres=False) as stores:
            return await work(stores.graph)

    return run(whole)


async def find_plan(graph: Graph, plan: str, tenant_id: str) -> str:
    """The id of the plan that a person names by id or by name."""
    rows = await read(graph, "plans/find", tenant_id=tenant_id, plan=plan)
    if not rows:
        raise NotFound(f"there is no plan {plan!r}", hint="`mge plans` lists the plans")
    return str(rows[0]["plan_id"])


def import_(
    path: Annotated[
        str,
        typer.Argument(
            help="folder, file, .zip, .tar.gz, git URL, or a repository at REVISION: PATH@REVISION"
        ),
    ],
    name: Annotated[
        str, typer.Option(help="name of the plan; importing under it again replaces the plan")
    ] = "",
    include: Annotated[
        list[str] | None, typer.Option(help="read only these (patterns as in .gitignore)")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="leave these out (patterns as in .gitignore)")
    ] = None,
    types: Annotated[
        bool, typer.Option(help="ask TypeScript's compiler what names mean where only types tell")
    ] = True,
    scip: Annotated[
        list[Path] | None, typer.Option(help="take what names mean from a SCIP index of the same files first")
    ] = None,
    full: Annotated[
        bool, typer.Option(help="read everything, also what has not changed since the last import")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Cut a code base into atoms and keep its dependency graph."""
    settings = Settings()
    result = run_import(
        settings,
        path,
        name,
        tuple(include or ()),
        tuple(exclude or ()),
        shown=not json,
        asked=indexers(settings, types=types, scip=scip or ()),
        whole=full,
    )
    if json:
        output.as_json(output.import_json(result))
        output.warnings(result)
    else:
        output.import_summary(result)


def run_import(
    settings: Settings,
    path: str,
    name: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    *,
    shown: bool,
    asked: tuple[Indexer, ...] = (),
    whole: bool = False,
) -> ImportResult:
    """Import what a person names; the figures."""
    rules = read_rules(settings, include, exclude)

    async def work(graph: Graph) -> ImportResult:
        with output.ImportProgress(shown=shown) as progress:
            return await import_path(
                graph, settings, path, name, rules, asked=asked, progress=progress, whole=whole
            )

    return with_graph(work)


@contextmanager
def opened(path: str, rules: ReadRules) -> Iterator[Source]:
    """What is to read at a path, as `open_source` gives it, for as long as it is needed."""
    with (
        tempfile.TemporaryDirectory(prefix="mge-source-") as workdir,
        open_source(path, rules, Path(workdir)) as source,
    ):
        yield source


async def import_path(
    graph: Graph,
    settings: Settings,
    path: str,
    name: str,
    rules: ReadRules,
    *,
    asked: tuple[Indexer, ...],
    progress: Progress,
    whole: bool = False,
) -> ImportResult:
    """Import what is at a path, under its own name where none is given."""
    with opened(path, rules) as source:
        return await import_source(
            graph,
            source,
            name=name or source.name,
            tenant_id=tenant(),
            workers=settings.mge_workers or os.cpu_count() or 1,
            progress=progress,
            indexers=asked,
            memory=settings.mge_home / "memory",
            whole=whole,
        )


def plans(json: JsonOption = False) -> None:
    """List the plans."""

    async def work(graph: Graph) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        after = ""
        while page := await list_plans(graph, tenant(), after):
            found += [dict(summary.plan) for summary in page]
            after = str(page[-1].plan["plan_id"])
        return found

    found = with_graph(work)
    if json:
        output.as_json(found)
        return
    output.as_table(
        ("plan", "id", "files", "atoms", "updated"),
        [
            (
                plan["project_name"],
                plan["plan_id"],
                plan.get("total_files"),
                plan.get("total_atoms"),
                str(plan.get("updated_at"))[:19],
            )
            for plan in found
        ],
    )


def show(
    plan: PlanArgument,
    unresolved: Annotated[
        bool, typer.Option("--unresolved", help="tell which references lead nowhere, and why")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show what a plan holds and how its graph was built."""
    if unresolved:
        _show_unresolved(plan, json=json)
        return

    async def work(graph: Graph) -> dict[str, object]:
        plan_id = await find_plan(graph, plan, tenant())
        summary = await show_plan(graph, plan_id, tenant())
        waves = await waves_page(graph, plan_id, tenant(), limit=12)
        return {
            "plan": dict(summary.plan),
            "build": dict(summary.build),
            "waves": [{"number": wave.number, "total_atoms": wave.total_atoms} for wave in waves],
        }

    found = with_graph(work)
    if json:
        output.as_json(found)
        return
    of_plan, of_build = found["plan"], found["build"]
    waves = found["waves"]
    assert isinstance(of_plan, dict)
    assert isinstance(of_build, dict)
    assert isinstance(waves, list)
    output.properties_table(f"plan {of_plan['project_name']}", of_plan)
    output.properties_table("last build", of_build)
    output.as_table(
        ("wave", "atoms"), [(wave["number"], wave["total_atoms"]) for wave in waves], title="first waves"
    )


def _show_unresolved(plan: str, *, json: bool) -> None:
    async def work(graph: Graph) -> tuple[dict[str, int], list[list[object]]]:
        plan_id = await find_plan(graph, plan, tenant())
        columns, totals = await run_named(graph, tenant(), "explore/references", {"plan_id": plan_id})
        _, reasons = await run_named(graph, tenant(), "explore/unresolved", {"plan_id": plan_id, "limit": 5})
        return {name: int(str(count)) for name, count in zip(columns, totals[0], strict=True)}, reasons

    totals, reasons = with_graph(work)
    share = totals["unresolved"] / max(sum(totals.values()), 1)
    if json:
        rows = [{"reason": reason, "references": count, "files": files} for reason, count, files in reasons]
        output.as_json({**totals, "unresolved_share": share, "reasons": rows})
        return
    output.as_table(("references", "count"), list(totals.items()))
    output.as_table(("why they lead nowhere", "references", "most of them in"), reasons)
    output.OUT.print(f"{share:.2%} of the references lead nowhere")


def assemble(
    plan: PlanArgument,
    out: Annotated[Path, typer.Option(help="a new or empty folder")],
    json: JsonOption = False,
) -> None:
    """Write a plan's files, byte for byte as they were imported."""

    async def work(graph: Graph) -> dict[str, object]:
        written = await assemble_plan(graph, await find_plan(graph, plan, tenant()), tenant(), out.absolute())
        return {"files": written.files, "bytes": written.bytes, "out": str(out)}

    found = with_graph(work)
    if json:
        output.as_json(found)
    else:
        output.OUT.print(f"{found['files']:,} files, {found['bytes']:,} bytes in {out}")


def check(
    plan: PlanArgument,
    path: Annotated[str, typer.Argument(help="what the plan was imported from")],
    include: Annotated[list[str] | None, typer.Option(help="as it was imported")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="as it was imported")] = None,
    json: JsonOption = False,
) -> None:
    """Tell which atoms are not in their files as the plan has them; exit code 1 where there are some."""
    rules = read_rules(Settings(), tuple(include or ()), tuple(exclude or ()))

    async def work(graph: Graph) -> Checked:
        plan_id = await find_plan(graph, plan, tenant())
        with opened(path, rules) as source:
            return await check_plan(graph, plan_id, tenant(), source)

    found = with_graph(work)
    if json:
        output.as_json(asdict(found))
    else:
        output.as_table(
            ("atom", "in", "line", "is"),
            [(atom.qualified_name, atom.path, atom.start_line, atom.drift) for atom in found.atoms],
        )
        output.OUT.print(
            f"{found.files:,} files: {len(found.changed):,} changed, {len(found.gone):,} gone, "
            f"{len(found.added):,} not in the plan"
        )
    if not found.current:
        raise typer.Exit(1)


def delete(plan: PlanArgument) -> None:
    """Delete a plan and everything in it."""

    async def work(graph: Graph) -> None:
        await delete_plan(graph, await find_plan(graph, plan, tenant()), tenant())
        await sweep(graph)

    with_graph(work)
    output.say(f"deleted {plan}")


cypher = typer.Typer(help="The named queries in cypher/.", no_args_is_help=True)


@cypher.command("list")
def cypher_list(json: JsonOption = False) -> None:
    """List the queries."""
    found = public_queries()
    if json:
        output.as_json(
            [
                {
                    "name": asked.name,
                    "answers": asked.answers,
                    "parameters": [
                        {"name": p.name, "type": p.type, "example": p.example, "meaning": p.meaning}
                        for p in asked.parameters
                    ],
                    "returns": asked.returns,
                }
                for asked in found
            ]
        )
        return
    output.as_table(
        ("name", "answers", "parameters"),
        [(asked.name, asked.answers, ", ".join(p.name for p in asked.parameters)) for asked in found],
    )


@cypher.command("docs")
def cypher_docs(
    plan: PlanArgument,
    symbol: Annotated[str, typer.Option(help="where queries about an atom start")],
    param: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, for every query that has it")] = None,
) -> None:
    """Write a page about the queries, with what each says of a plan."""
    written = pairs(param)

    async def work(graph: Graph) -> dict[str, Answer]:
        plan_id = await find_plan(graph, plan, tenant())
        start = {"plan_id": plan_id, "names": [symbol], "paths": [], "atom_ids": []}
        _, atoms = await run_named(graph, tenant(), "impact/atoms", start)
        if not atoms:
            raise NotFound(
                f"the plan has no symbol {symbol!r}",
                hint="give one that `mge cypher run explore/symbol` finds",
            )
        atom_id = str(atoms[0][0])
        known: dict[str, Value] = {
            "plan_id": plan_id,
            "tenant_id": tenant(),
            "atom_id": atom_id,
            "atom_ids": [atom_id],
            "names": [symbol],
            "among": [str(row[0]) for row in atoms],
        }
        answers: dict[str, Answer] = {}
        for asked in documented():
            texts = {p.name: written[p.name] for p in asked.parameters if p.name in written}
            given = {p.name: known.get(p.name, p.example) for p in asked.parameters if p.name not in texts}
            answers[asked.name] = await run_named(graph, tenant(), asked.name, from_text(asked, texts, given))
        return answers

    for part in page(with_graph(work)):
        output.OUT.file.write(part)


@cypher.command("schema")
def cypher_schema(plan: PlanArgument) -> None:
    """Write a page about nodes, relationships and indexes, as a plan in this database has them."""

    async def work(graph: Graph) -> Iterator[str]:
        given = {"plan_id": await find_plan(graph, plan, tenant())}
        _, nodes = await run_named(graph, tenant(), "explore/schema_nodes", given)
        _, relationships = await run_named(graph, tenant(), "explore/schema_relationships", given)
        _, indexes = await run_named(graph, tenant(), "service/indexes", {})
        return schema_page(schema(nodes, relationships), indexes)

    for part in with_graph(work):
        output.OUT.file.write(part)


@cypher.command("run")
def cypher_run(
    name: Annotated[str, typer.Argument(help="a query's name, as `mge cypher list` shows it")],
    param: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE; plan_id also takes a plan's name")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Run a named query and print its rows."""
    written = pairs(param)
    asked = query(name)
    if asked.audience != "public":
        raise InputError(
            f"{name} is a step of the service",
            hint="`mge cypher list` shows the queries to run",
            field="name",
        )

    async def work(graph: Graph) -> tuple[list[str], list[list[object]]]:
        if "plan_id" in written:
            written["plan_id"] = await find_plan(graph, written["plan_id"], tenant())
        return await run_named(graph, tenant(), name, from_text(asked, written))

    columns, found = with_graph(work)
    rows = [[as_json(value) for value in row] for row in found]
    if json:
        output.as_json(output.records(columns, rows))
    else:
        output.as_table(columns, rows)


def pairs(written: list[str] | None) -> dict[str, str]:
    """What ``KEY=VALUE`` options say."""
    found: dict[str, str] = {}
    for pair in written or ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"{pair!r} is not KEY=VALUE", hint="write --param limit=10", field="param")
        found[key] = value
    return found
