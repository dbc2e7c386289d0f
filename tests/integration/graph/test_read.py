"""What readers get of a plan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import pytest

from app.errors import NotFound
from app.graph.connect import Graph
from app.graph.publish import delete_plan
from app.graph.read import (
    DrawnEdge,
    Properties,
    assemble_files,
    atoms_page,
    draw_neighbourhood,
    draw_page,
    list_plans,
    show_atom,
    show_plan,
    waves_page,
)
from app.graph.staging import PlanRecord
from tests.integration.graph.plans import Edge, new_plan, published

STAR: list[Edge] = [
    (0, 1, "IMPORT_DEP"),
    (0, 1, "DATA_DEP"),
    (2, 0, "TYPE_DEP"),
    (3, 2, "CONTROL_DEP"),
    (40, 41, "DATA_DEP"),
]


@pytest.fixture
async def plan(graph: Graph) -> AsyncIterator[PlanRecord]:
    """Sixty atoms in three files; f0 needs f1 twice, f3 needs f2 needs f0."""
    found = new_plan(uuid4().hex)
    await published(graph, found, 60, STAR)
    yield found
    await delete_plan(graph, found.plan_id, found.tenant_id)


async def test_plans_are_listed_by_page_for_their_tenant_alone(graph: Graph, plan: PlanRecord) -> None:
    second = replace(plan, plan_id=f"{plan.plan_id}-2")
    await published(graph, second, 1, [])
    first_page = await list_plans(graph, plan.tenant_id, limit=1)
    assert [each.plan["plan_id"] for each in first_page] == [plan.plan_id]
    rest = await list_plans(graph, plan.tenant_id, after=plan.plan_id)
    assert [each.plan["plan_id"] for each in rest] == [second.plan_id]
    assert await list_plans(graph, uuid4().hex) == ()
    await delete_plan(graph, second.plan_id, second.tenant_id)


async def test_a_plan_tells_its_figures(graph: Graph, plan: PlanRecord) -> None:
    shown = await show_plan(graph, plan.plan_id, plan.tenant_id)
    figures = {
        "total_files": 3,
        "total_atoms": 60,
        "total_loc": 60,
        "total_symbols": 2,
        "total_externals": 1,
        "import_deps": 1,
        "data_deps": 2,
        "source": "import",
        "execution_mode": "v2_atoms",
    }
    assert {name: shown.plan[name] for name in figures} == figures
    assert isinstance(shown.plan["created_at"], datetime)
    assert (shown.build["total_edges"], shown.build["max_depth"], shown.build["widest_wave"]) == (5, 4, 56)


async def test_files_come_with_their_atoms_in_order(graph: Graph, plan: PlanRecord) -> None:
    files = [file async for file in assemble_files(graph, plan.plan_id, plan.tenant_id)]
    assert [file.path for file in files] == ["m000000.py", "m000001.py", "m000002.py"]
    assert files[0].code == ("pass\n",) * 20


async def test_pages_of_atoms_meet_without_gap_or_overlap(graph: Graph, plan: PlanRecord) -> None:
    names: list[object] = []
    path, number = "", 0
    while page := await atoms_page(graph, plan.plan_id, plan.tenant_id, path, number, limit=7):
        names += [atom["name"] for atom in page]
        path, number = str(page[-1]["path"]), int(str(page[-1]["atom_number"]))
    assert names == [f"f{n}" for n in range(60)]


async def test_an_atom_comes_with_its_dependencies_both_ways_and_their_evidence(
    graph: Graph, plan: PlanRecord
) -> None:
    shown = await show_atom(graph, f"{plan.plan_id}-000000", plan.tenant_id)
    assert (shown.plan_id, shown.atom["name"]) == (plan.plan_id, "f0")
    assert [(d.type, d.name, d.wave) for d in shown.needs] == [("DATA_DEP", "f1", 1), ("IMPORT_DEP", "f1", 1)]
    assert [(d.type, d.name, d.wave) for d in shown.needed_by] == [("TYPE_DEP", "f2", 3)]
    assert shown.needed_by[0].properties == {
        "kinds": ("call",),
        "symbols": ("f",),
        "evidence": ("1:1",),
        "rule": "test",
        "confidence": 1.0,
        "weight": 0.9,
        "type_only": False,
        "cut": False,
    }
    with pytest.raises(NotFound):
        await show_atom(graph, f"{plan.plan_id}-000000", uuid4().hex)


async def test_a_neighbourhood_grows_with_its_depth_and_says_where_it_was_bounded(
    graph: Graph, plan: PlanRecord
) -> None:
    atom_id = f"{plan.plan_id}-000000"
    sizes = {}
    for depth in (1, 2, 3):
        drawn = await draw_neighbourhood(graph, plan.plan_id, plan.tenant_id, atom_id, depth)
        sizes[depth] = ([node["name"] for node in drawn.nodes], len(drawn.edges), drawn.truncated)
    assert sizes == {
        1: (["f0", "f1", "f2"], 3, False),
        2: (["f0", "f1", "f2", "f3"], 4, False),
        3: (["f0", "f1", "f2", "f3"], 4, False),
    }
    bounded = await draw_neighbourhood(graph, plan.plan_id, plan.tenant_id, atom_id, 3, limit=2)
    assert (len(bounded.nodes), bounded.truncated) == (2, True)
    with pytest.raises(NotFound):
        await draw_neighbourhood(graph, plan.plan_id, plan.tenant_id, "nobody")


async def test_pages_of_a_drawing_hold_every_atom_and_edge(graph: Graph, plan: PlanRecord) -> None:
    nodes: list[Properties] = []
    edges: list[DrawnEdge] = []
    drawn = await draw_page(graph, plan.plan_id, plan.tenant_id, limit=25)
    while True:
        nodes += drawn.nodes
        edges += drawn.edges
        if not drawn.next_path:
            break
        drawn = await draw_page(
            graph, plan.plan_id, plan.tenant_id, drawn.next_path, drawn.next_number, limit=25
        )
    assert [node["name"] for node in nodes] == [f"f{n}" for n in range(60)]
    assert len(edges) == len(STAR)


async def test_waves_are_paged_in_order(graph: Graph, plan: PlanRecord) -> None:
    waves = await waves_page(graph, plan.plan_id, plan.tenant_id, limit=3)
    assert [(wave.number, wave.total_atoms) for wave in waves] == [(1, 56), (2, 2), (3, 1)]
    assert [wave.number for wave in await waves_page(graph, plan.plan_id, plan.tenant_id, after=3)] == [4]


async def test_another_tenants_plan_is_not_found(graph: Graph, plan: PlanRecord) -> None:
    other = uuid4().hex
    for attempt in (
        show_plan(graph, plan.plan_id, other),
        atoms_page(graph, plan.plan_id, other),
        draw_page(graph, plan.plan_id, other),
        draw_neighbourhood(graph, plan.plan_id, other, f"{plan.plan_id}-000000"),
        waves_page(graph, plan.plan_id, other),
    ):
        with pytest.raises(NotFound):
            await attempt
    with pytest.raises(NotFound):
        _ = [file async for file in assemble_files(graph, plan.plan_id, other)]
