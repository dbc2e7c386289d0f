"""Small plans for tests, written through the same functions as an import."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import LiteralString, TypeAlias
from uuid import uuid4

from neo4j import AsyncManagedTransaction, Record

from app.graph.connect import Graph, in_read, in_write
from app.graph.publish import PublishResult, publish
from app.graph.queries import Value
from app.graph.staging import (
    PlanRecord,
    StagedBuild,
    open_build,
    stage_atoms,
    stage_dependencies,
    stage_externals,
    stage_files,
    stage_symbols,
)
from app.model.atom import Atom, FileRecord
from app.model.dependency import WEIGHTS, Dependency, DependencyType, ExternalReference, Symbol

Edge: TypeAlias = tuple[int, int, DependencyType]

ATOMS_A_FILE = 20


def new_plan(tenant_id: str = "default") -> PlanRecord:
    return PlanRecord(f"test-{uuid4().hex}", "test", "test", tenant_id)


def a_file(number: int, atoms: int) -> FileRecord:
    return FileRecord(
        number, f"m{number:06}.py", "python", "0" * 64, "utf-8", "lf", 12, atoms, atoms, "ok", ""
    )


def an_atom(plan: PlanRecord, number: int, code: str = "pass\n") -> Atom:
    in_file = number % ATOMS_A_FILE
    return Atom(
        number=number,
        atom_id=f"{plan.plan_id}-{number:06}",
        atom_number=in_file + 1,
        name=f"f{number}",
        qualified_name=f"m.f{number}",
        kind="function",
        node_type="function_definition",
        language="python",
        path=a_file(number // ATOMS_A_FILE, 0).path,
        start_byte=in_file * 5,
        end_byte=in_file * 5 + 5,
        start_line=in_file + 1,
        end_line=in_file + 1,
        loc=1,
        complexity=1,
        indivisible=True,
        code=code,
        signature="def f()",
        docstring="",
        content_hash="0" * 64,
    )


def a_dependency(edge: Edge) -> Dependency:
    source, target, type_ = edge
    return Dependency(type_, source, target, ("call",), ("f",), ("1:1",), "test", 1.0, False)


async def staged(
    graph: Graph, plan: PlanRecord, atoms: int, edges: Iterable[Edge], code: str = "pass\n"
) -> StagedBuild:
    """A build of that many atoms, twenty a file, with those dependencies."""
    build = await open_build(graph, plan, uuid4().hex)
    files = [
        a_file(number, min(ATOMS_A_FILE, atoms - number * ATOMS_A_FILE))
        for number in range(-(-atoms // ATOMS_A_FILE))
    ]
    await stage_files(build, files)
    await stage_atoms(build, [an_atom(plan, number, code) for number in range(atoms)])
    edges = list(edges)
    for type_ in WEIGHTS:
        await stage_dependencies(build, type_, [a_dependency(edge) for edge in edges if edge[2] == type_])
    if atoms:
        await stage_symbols(
            build,
            [
                Symbol("m", "m", "module", True, files[0].path, (0,), ""),
                Symbol("m.f0", "f0", "function", True, files[0].path, (0,), "m"),
            ],
        )
        await stage_externals(build, [ExternalReference(0, "stdlib", "os", "path", ("1:1",))])
    return build


async def published(
    graph: Graph, plan: PlanRecord, atoms: int, edges: Sequence[Edge], code: str = "pass\n"
) -> PublishResult:
    return await publish(await staged(graph, plan, atoms, edges, code), "test", {})


async def ask(graph: Graph, statement: LiteralString, **parameters: Value) -> list[Record]:
    async def work(transaction: AsyncManagedTransaction) -> list[Record]:
        return [row async for row in await transaction.run(statement, dict(parameters))]

    return await in_read(graph, work)


async def change(graph: Graph, statement: LiteralString, **parameters: Value) -> None:
    async def work(transaction: AsyncManagedTransaction) -> None:
        await (await transaction.run(statement, dict(parameters))).consume()

    await in_write(graph, work)
