"""What readers see while a plan is written, replaced, given up and deleted."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from app.errors import Conflict, InputError, NotFound
from app.graph.connect import Graph, write
from app.graph.publish import delete_plan, publish, rebuild
from app.graph.read import assemble_files, atoms_page, list_plans, run_named, show_plan
from app.graph.staging import (
    StagedBuild,
    discard,
    open_build,
    stage_atoms,
    stage_dependencies,
    stage_files,
    sweep,
)
from tests.integration.graph.plans import (
    Edge,
    a_dependency,
    a_file,
    an_atom,
    ask,
    change,
    new_plan,
    published,
    staged,
)

CHAIN: list[Edge] = [(a, a + 1, "CONTROL_DEP") for a in range(59)]


async def nodes_of(graph: Graph, plan_id: str) -> dict[str, int]:
    rows = await ask(
        graph,
        "MATCH (n {plan_id: $plan_id}) UNWIND labels(n) AS label RETURN label, count(*) AS nodes",
        plan_id=plan_id,
    )
    return {row["label"]: row["nodes"] for row in rows}


async def test_a_published_plan_has_its_nodes_and_nothing_of_staging(graph: Graph) -> None:
    plan = new_plan()
    result = await published(graph, plan, 60, CHAIN)
    assert (result.atoms, result.dependencies, result.waves) == (60, 59, 60)
    assert await nodes_of(graph, plan.plan_id) == {
        "Plan": 1,
        "File": 3,
        "Atom": 60,
        "Symbol": 2,
        "External": 1,
        "Wave": 60,
        "GraphBuild": 1,
    }
    structure = await ask(
        graph,
        "MATCH (:Plan {plan_id: $plan_id})-[:HAS_FILE]->(f:File) RETURN count(f) AS files, "
        "sum(COUNT { (f)-[:CONTAINS]->(:Atom) }) AS atoms, "
        "sum(COUNT { (f)-[:CONTAINS]->(:Atom)-[:NEXT]->(:Atom) }) AS next, "
        "sum(COUNT { (f)-[:CONTAINS]->()-[:DEFINES]->(:Symbol)-[:MEMBER_OF]->(:Symbol) }) AS members, "
        "sum(COUNT { (f)-[:CONTAINS]->()-[:REFERS_TO {symbols: ['path']}]->(:External {name: 'os'}) }) AS externals",
        plan_id=plan.plan_id,
    )
    assert structure[0].data() == {"files": 3, "atoms": 60, "next": 57, "members": 1, "externals": 1}
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_a_staged_build_is_seen_by_no_reader(graph: Graph) -> None:
    plan = new_plan()
    build = await staged(graph, plan, 60, CHAIN)
    with pytest.raises(NotFound):
        await show_plan(graph, plan.plan_id, plan.tenant_id)
    assert not {"Plan", "File", "Atom"} & (await nodes_of(graph, plan.plan_id)).keys()
    await discard(build)
    assert await nodes_of(graph, plan.plan_id) == {}


async def test_readers_see_the_old_plan_or_the_new_one_whole(graph: Graph) -> None:
    plan = new_plan()
    sizes = {"old\n": 400, "new\n": 300}
    await published(graph, plan, sizes["old\n"], CHAIN, "old\n")
    seen: set[str] = set()
    done = asyncio.Event()

    async def reader() -> None:
        while not done.is_set():
            atoms = await atoms_page(graph, plan.plan_id, plan.tenant_id, limit=1000)
            codes = {str(atom["code"]) for atom in atoms}
            assert len(codes) == 1
            code = codes.pop()
            assert len(atoms) == sizes[code]
            seen.add(code)
            columns, rows = await run_named(graph, plan.tenant_id, "explore/sizes", {"plan_id": plan.plan_id})
            assert rows[0][columns.index("atoms")] in sizes.values()
            summary = await show_plan(graph, plan.plan_id, plan.tenant_id)
            assert summary.plan["build_id"] == summary.build["build_id"]

    readers = [asyncio.create_task(reader()) for _ in range(3)]
    for code in ("new\n", "old\n", "new\n"):
        await published(graph, plan, sizes[code], CHAIN, code)
        seen.clear()
        while seen != {code}:
            await asyncio.wait(readers, timeout=0.05, return_when=asyncio.FIRST_EXCEPTION)
            assert not any(task.done() for task in readers)
    done.set()
    await asyncio.gather(*readers)
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_reading_waits_while_a_commit_is_announced_but_not_for_a_dead_writer(graph: Graph) -> None:
    plan = new_plan()
    await published(graph, plan, 3, [])
    await write(graph, "publish/announce", plan_id=plan.plan_id)
    reading = asyncio.create_task(show_plan(graph, plan.plan_id, plan.tenant_id))
    await asyncio.sleep(0.3)
    assert not reading.done()
    await change(
        graph,
        "MATCH (c:PlanCommit {plan_id: $plan_id}) SET c.at = datetime() - duration({minutes: 2})",
        plan_id=plan.plan_id,
    )
    assert (await reading).plan["total_atoms"] == 3
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_a_plan_replaced_while_it_is_assembled_is_a_conflict(graph: Graph) -> None:
    plan = new_plan()
    await published(graph, plan, 20 * 60, [])
    with pytest.raises(Conflict, match="was replaced"):
        async for file in assemble_files(graph, plan.plan_id, plan.tenant_id):
            if file.path == a_file(0, 0).path:
                await published(graph, plan, 20 * 60, [])
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_a_batch_that_is_sent_again_writes_nothing(graph: Graph) -> None:
    """The commit of every batch succeeds and its answer is lost, once."""
    plan = new_plan()
    build = await open_build(graph, plan, uuid4().hex)
    again = StagedBuild(graph, plan, build.build_id)
    files = [a_file(0, 20), a_file(1, 20)]
    atoms = [an_atom(plan, number) for number in range(40)]
    edges = [a_dependency((a, a + 1, "DATA_DEP")) for a in range(39)]
    for writer in (build, again):
        await stage_files(writer, files)
        await stage_atoms(writer, atoms)
    assert (again.files, again.atoms, again.file_of_path) == (build.files, build.atoms, build.file_of_path)
    await stage_dependencies(build, "DATA_DEP", edges)
    await stage_dependencies(again, "DATA_DEP", edges)
    result = await publish(build, "test", {})
    assert (result.atoms, result.dependencies) == (40, 39)
    counted = await ask(
        graph, "MATCH (:Atom {plan_id: $plan_id})-[n:NEXT]->() RETURN count(n) AS n", plan_id=plan.plan_id
    )
    assert counted[0]["n"] == 38
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_publishing_again_changes_nothing(graph: Graph) -> None:
    plan = new_plan()
    build = await staged(graph, plan, 60, CHAIN)
    first = await publish(build, "test", {})
    second = await publish(build, "test", {})
    assert (second.atoms, second.waves, second.build_id) == (first.atoms, first.waves, first.build_id)
    assert (await nodes_of(graph, plan.plan_id))["GraphBuild"] == 1
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_a_build_that_was_given_up_can_write_no_more(graph: Graph) -> None:
    plan = new_plan()
    await published(graph, plan, 3, [])
    build = await staged(graph, plan, 20, [])
    await discard(build)
    with pytest.raises(Conflict, match="given up"):
        await stage_dependencies(build, "DATA_DEP", [a_dependency((0, 1, "DATA_DEP"))])
    with pytest.raises(Conflict, match="given up"):
        await publish(build, "test", {})
    assert (await show_plan(graph, plan.plan_id, plan.tenant_id)).plan["total_atoms"] == 3
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_what_is_no_longer_wanted_is_not_committed(graph: Graph) -> None:
    plan = new_plan()
    await published(graph, plan, 3, [])

    async def refuse() -> None:
        raise Conflict("the job was cancelled")

    with pytest.raises(Conflict, match="cancelled"):
        await publish(await staged(graph, plan, 20, []), "test", {}, refuse)
    with pytest.raises(Conflict, match="cancelled"):
        await rebuild(graph, plan.plan_id, plan.tenant_id, uuid4().hex, "test", refuse)
    shown = await show_plan(graph, plan.plan_id, plan.tenant_id)
    assert shown.plan["total_atoms"] == 3
    assert (await nodes_of(graph, plan.plan_id))["GraphBuild"] == 1
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_a_silent_importers_build_is_swept_and_a_busy_ones_is_not(graph: Graph) -> None:
    dead, busy = new_plan(), new_plan()
    await staged(graph, dead, 20, [])
    build = await staged(graph, busy, 20, [])
    await change(
        graph,
        "MATCH (b:StagedBuild {plan_id: $plan_id}) SET b.seen_at = datetime() - duration({minutes: 11})",
        plan_id=dead.plan_id,
    )
    assert await sweep(graph) >= 20
    assert await nodes_of(graph, dead.plan_id) == {}
    assert (await publish(build, "test", {})).atoms == 20
    await delete_plan(graph, busy.plan_id, busy.tenant_id)


async def test_a_publish_that_fails_leaves_the_earlier_graph(graph: Graph) -> None:
    plan, other = new_plan(), new_plan()
    await published(graph, plan, 3, [(0, 1, "DATA_DEP")], "old\n")
    await published(graph, other, 20, [])
    taken = await open_build(graph, plan, uuid4().hex)
    await stage_files(taken, [a_file(0, 1)])
    await stage_atoms(taken, [an_atom(other, 0)])
    with pytest.raises(Conflict, match="same key"):
        await publish(taken, "test", {})
    assert {atom["code"] for atom in await atoms_page(graph, plan.plan_id, plan.tenant_id)} == {"old\n"}
    assert (await nodes_of(graph, plan.plan_id))["Wave"] == 2
    await discard(taken)
    for each in (plan, other):
        await delete_plan(graph, each.plan_id, each.tenant_id)


async def test_another_tenants_plan_cannot_be_replaced_built_or_deleted(graph: Graph) -> None:
    plan = new_plan("one")
    await published(graph, plan, 3, [])
    theirs = await staged(graph, type(plan)(plan.plan_id, "test", "test", "two"), 3, [])
    with pytest.raises(Conflict, match="is taken"):
        await publish(theirs, "test", {})
    await discard(theirs)
    with pytest.raises(NotFound):
        await rebuild(graph, plan.plan_id, "two", uuid4().hex, "test")
    with pytest.raises(NotFound):
        await delete_plan(graph, plan.plan_id, "two")
    assert (await show_plan(graph, plan.plan_id, "one")).plan["total_atoms"] == 3
    await delete_plan(graph, plan.plan_id, "one")


async def test_a_deleted_plan_is_gone_at_once_and_leaves_nothing_after_the_sweep(graph: Graph) -> None:
    plan = new_plan(uuid4().hex)
    await published(graph, plan, 60, [*CHAIN, (59, 0, "DATA_DEP")])
    await delete_plan(graph, plan.plan_id, plan.tenant_id)
    assert await list_plans(graph, plan.tenant_id) == ()
    assert (await nodes_of(graph, plan.plan_id)).keys() == {"Retired"}
    await sweep(graph)
    assert await nodes_of(graph, plan.plan_id) == {}
    with pytest.raises(NotFound):
        await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_an_empty_plan_can_be_published(graph: Graph) -> None:
    plan = new_plan()
    result = await published(graph, plan, 0, [])
    assert (result.atoms, result.dependencies, result.waves, result.cycles) == (0, 0, 0, 0)
    assert [file async for file in assemble_files(graph, plan.plan_id, plan.tenant_id)] == []
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_numbers_out_of_order_are_refused(graph: Graph) -> None:
    plan = new_plan()
    build = await open_build(graph, plan, uuid4().hex)
    with pytest.raises(InputError, match="out of order"):
        await stage_files(build, [a_file(1, 1)])
    await discard(build)


async def test_two_imports_of_one_plan_at_once_both_end_and_one_stays(graph: Graph) -> None:
    plan = new_plan()
    builds = [await staged(graph, plan, atoms, []) for atoms in (20, 40)]
    await asyncio.gather(*(publish(build, "test", {}) for build in builds))
    nodes = await nodes_of(graph, plan.plan_id)
    assert (nodes["Plan"], nodes["GraphBuild"]) == (1, 1)
    assert (await show_plan(graph, plan.plan_id, plan.tenant_id)).plan["total_atoms"] == nodes["Atom"]
    await delete_plan(graph, plan.plan_id, plan.tenant_id)
    await sweep(graph)
