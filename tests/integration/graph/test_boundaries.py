"""Modules and components hold every atom once, within their sizes, cycles whole, the same way each time."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import networkx as nx
import pytest

from app.errors import InputError, NotFound
from app.graph.boundaries import COMPONENT_ATOMS, MODULE_ATOMS, find_boundaries
from app.graph.connect import Graph, read
from app.graph.layers import read_rules_file
from app.graph.publish import delete_plan
from app.graph.staging import sweep
from tests.integration.graph.plans import Edge, ask, change, new_plan, published

PLACES = (
    "MATCH (a:Atom {plan_id: $plan_id}) OPTIONAL MATCH (a)-[:IN_MODULE]->(m)-[:IN_COMPONENT]->(c) "
    "RETURN a.atom_id AS atom, a.cycle_id AS cycle, a.module_id AS said, collect(m.module_id) AS modules, "
    "collect(c.component_id) AS components"
)


def villages(rnd: random.Random, atoms: int) -> list[Edge]:
    """Groups of some twelve atoms that need each other much, and others little; some of them are cycles."""
    edges: set[Edge] = set()
    for first in range(0, atoms, 12):
        group = range(first, min(first + 12, atoms))
        edges |= {(max(pair), min(pair), "CONTROL_DEP") for pair in (rnd.sample(group, 2) for _ in range(30))}
        edges.add((first, rnd.randrange(atoms), "IMPORT_DEP"))
        if rnd.random() < 0.3:
            edges |= {(a, group[at - 1], "DATA_DEP") for at, a in enumerate(group[:5])}
    return sorted(edges)


async def held(graph: Graph, plan_id: str) -> tuple[dict[str, str], dict[str, str]]:
    """The module of every atom and the component of every module."""
    module_of: dict[str, str] = {}
    component_of: dict[str, str] = {}
    cycles: defaultdict[str, set[str]] = defaultdict(set)
    for row in await ask(graph, PLACES, plan_id=plan_id):
        assert len(row["modules"]) == len(row["components"]) == 1, "every atom is in one module"
        module_of[row["atom"]] = row["modules"][0]
        assert row["said"] == row["modules"][0]
        assert component_of.setdefault(row["modules"][0], row["components"][0]) == row["components"][0]
        if row["cycle"]:
            cycles[row["cycle"]].add(row["modules"][0])
    assert all(len(modules) == 1 for modules in cycles.values()), "a cycle is in one module"
    return module_of, component_of


def within(sizes: Iterable[int], limits: tuple[int, int]) -> float:
    found = [limits[0] <= size <= limits[1] for size in sizes]
    return sum(found) / len(found)


async def test_every_atom_has_a_place(graph: Graph) -> None:
    rnd = random.Random(1)
    plan = new_plan()
    edges = villages(rnd, 600)
    await published(graph, plan, 600, edges)
    found = await find_boundaries(graph, plan.plan_id, plan.tenant_id)
    module_of, component_of = await held(graph, plan.plan_id)
    assert len(module_of) == 600
    sizes = Counter(module_of.values())
    in_component = Counter(component_of[module] for module in module_of.values())
    assert (found.modules, found.components) == (len(sizes), len(in_component))
    assert max(sizes.values()) <= MODULE_ATOMS[1]
    assert max(in_component.values()) <= COMPONENT_ATOMS[1]
    assert within(sizes.values(), MODULE_ATOMS) >= 0.95
    assert within(in_component.values(), COMPONENT_ATOMS) >= 0.95

    weighted: nx.Graph[str] = nx.Graph()
    weighted.add_nodes_from(module_of)
    for a, b, type_ in edges:
        if a != b:
            source, target = f"{plan.plan_id}-{a:06}", f"{plan.plan_id}-{b:06}"
            weight = {"CONTROL_DEP": 0.85, "IMPORT_DEP": 1.0, "DATA_DEP": 0.8}[type_]
            before = weighted.get_edge_data(source, target, {"weight": 0.0})["weight"]
            weighted.add_edge(source, target, weight=before + weight)
    by_module: defaultdict[str, set[str]] = defaultdict(set)
    for atom, module in module_of.items():
        by_module[module].add(atom)
    villages_as_made = [
        {f"{plan.plan_id}-{atom:06}" for atom in range(first, first + 12)} for first in range(0, 600, 12)
    ]
    assert nx.community.modularity(weighted, by_module.values()) >= 0.95 * nx.community.modularity(
        weighted, villages_as_made
    )

    modules = await read(graph, "boundaries/modules", plan_id=plan.plan_id, limit=1000)
    for row in modules:
        inside = outside = 0.0
        for a, b, type_ in edges:
            if a == b:
                continue
            ends = [module_of[f"{plan.plan_id}-{atom:06}"] == row["module_id"] for atom in (a, b)]
            weight = {"CONTROL_DEP": 0.85, "IMPORT_DEP": 1.0, "DATA_DEP": 0.8}[type_]
            inside += weight * all(ends)
            outside += weight * (any(ends) and not all(ends))
        assert row["cohesion"] == pytest.approx(inside / (inside + outside))
        assert row["atoms"] == sizes[row["module_id"]]
        assert row["name"]
    left = await ask(
        graph,
        "MATCH (n {plan_id: $plan_id}) WHERE n:Atom OR n:Module OR n:Component "
        "WITH n WHERE any(name IN keys(n) WHERE name IN ['strength', 'place', 'size']) RETURN labels(n) AS labels",
        plan_id=plan.plan_id,
    )
    assert left == []
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_the_same_plan_has_the_same_boundaries_and_an_edit_moves_little(graph: Graph) -> None:
    rnd = random.Random(2)
    plan = new_plan()
    edges = villages(rnd, 480)
    await published(graph, plan, 480, edges)
    await find_boundaries(graph, plan.plan_id, plan.tenant_id)
    first = await held(graph, plan.plan_id)
    await find_boundaries(graph, plan.plan_id, plan.tenant_id, anew=True)
    assert await held(graph, plan.plan_id) == first

    edited = rnd.sample(range(480), 5)
    await change(
        graph,
        "UNWIND $ids AS id MATCH (a:Atom {atom_id: id}) OPTIONAL MATCH (a)-[d:CONTROL_DEP|DATA_DEP]->() DELETE d",
        ids=[f"{plan.plan_id}-{atom:06}" for atom in edited],
    )
    await find_boundaries(graph, plan.plan_id, plan.tenant_id)
    module_of, _ = await held(graph, plan.plan_id)
    before: defaultdict[str, set[str]] = defaultdict(set)
    after: defaultdict[str, set[str]] = defaultdict(set)
    for atom, module in first[0].items():
        before[module].add(atom)
        after[module_of[atom]].add(atom)
    stayed = sum(len(max((atoms & now for now in after.values()), key=len)) for atoms in before.values())
    assert stayed >= 0.97 * 480
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_a_cycle_larger_than_a_module_stays_whole(graph: Graph) -> None:
    plan = new_plan()
    ring: list[Edge] = [(a, (a + 1) % 30, "CONTROL_DEP") for a in range(30)]
    await published(graph, plan, 60, ring)
    await find_boundaries(graph, plan.plan_id, plan.tenant_id)
    module_of, _ = await held(graph, plan.plan_id)
    assert sorted(Counter(module_of.values()).values())[-1] == 30
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_plans_without_dependencies_or_atoms(graph: Graph) -> None:
    for atoms in (0, 1, 45):
        plan = new_plan()
        await published(graph, plan, atoms, [])
        await find_boundaries(graph, plan.plan_id, plan.tenant_id)
        module_of, _ = await held(graph, plan.plan_id)
        assert len(module_of) == atoms
        await delete_plan(graph, plan.plan_id, plan.tenant_id)
    await sweep(graph)
    left = await ask(graph, "MATCH (n:Retired) RETURN count(n) AS n")
    assert left[0]["n"] == 0
    with pytest.raises(NotFound):
        await find_boundaries(graph, "gone", "default")


async def test_rules_of_a_team(graph: Graph, tmp_path: Path) -> None:
    plan = new_plan()
    await published(graph, plan, 60, [(0, 25, "IMPORT_DEP"), (45, 3, "DATA_DEP"), (25, 45, "TYPE_DEP")])
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[layers]]\nname = "top"\npaths = ["m000000.*"]\n[[layers]]\nname = "middle"\npaths = ["*1.py"]\n'
        '[[layers]]\nname = "low"\npaths = ["**/m00000[2].py", "m000002.py"]\n'
    )
    given = read_rules_file(rules)
    rows = await read(
        graph,
        "boundaries/violations",
        plan_id=plan.plan_id,
        rules=[list(rule) for rule in given.forbidden],
        types=given.types,
        type_only=True,
        limit=10,
    )
    assert [(row["rule"], row["type"]) for row in rows] == [("low must not need top", "DATA_DEP")]
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "forbids nothing"),
        ("[[layers]]\nname = 'a'\npaths = ['a/**']\n", "forbids nothing"),
        ("[[layers]]\nname = 'a'\npaths = []\n", "layers.0.paths"),
        ("types = ['CALLS']\n", "types.0"),
        ("[[forbidden]]\nname = 'x'\nfrom = ['a']\n", "forbidden.0.to"),
        ("layers = [", "cannot be read"),
        ("colour = 'red'\n", "colour"),
    ],
)
def test_rules_that_are_none(tmp_path: Path, text: str, said: str) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(text)
    with pytest.raises(InputError, match=said.replace(".", r"\.")):
        read_rules_file(rules)
