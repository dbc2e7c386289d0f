"""Cycles and waves as the Cypher files find them, against networkx."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import pytest

from app.graph.connect import Graph, read, write
from app.graph.publish import delete_plan, rebuild
from app.graph.staging import sweep
from app.model.dependency import WEIGHTS, DependencyType
from tests.integration.graph.plans import Edge, ask, change, new_plan, published

TYPES: Sequence[DependencyType] = tuple(WEIGHTS)


@dataclass(frozen=True)
class Layered:
    """A plan's graph as the database has it, atoms by number."""

    wave: dict[int, int]
    cycle_of: dict[int, str]
    edges: list[tuple[int, int, DependencyType, bool, str | None]]


def a_random_graph(rnd: random.Random, first: int) -> tuple[int, list[Edge]]:
    """Some atoms from ``first`` on, and edges among them, of one of the shapes that go wrong."""
    size = rnd.randint(1, 14)
    atoms = range(first, first + size)
    shape = rnd.choice(["sparse", "dense", "chain", "ring", "rings", "loops", "acyclic", "complete"])
    pairs: set[tuple[int, int]] = set()
    if shape == "sparse":
        pairs = {(rnd.choice(atoms), rnd.choice(atoms)) for _ in range(size)}
    elif shape == "dense":
        pairs = {(rnd.choice(atoms), rnd.choice(atoms)) for _ in range(size * 4)}
    elif shape == "chain":
        pairs = {(a, a + 1) for a in atoms[:-1]}
    elif shape == "ring":
        pairs = {(a, first + (a + 1 - first) % size) for a in atoms}
    elif shape == "rings":
        pairs = {(a, a + 1) for a in atoms[:-1]} | {(a + 1, a) for a in atoms[:-1] if rnd.random() < 0.5}
    elif shape == "loops":
        pairs = {(a, a) for a in atoms if rnd.random() < 0.5} | {
            (rnd.choice(atoms), rnd.choice(atoms)) for _ in atoms
        }
    elif shape == "acyclic":
        pairs = {(max(p), min(p)) for p in ((rnd.choice(atoms), rnd.choice(atoms)) for _ in range(size * 2))}
        pairs -= {(a, a) for a in atoms}
    else:
        pairs = {(a, b) for a in atoms[:7] for b in atoms[:7]}
    return size, [(a, b, t) for a, b in sorted(pairs) for t in rnd.sample(TYPES, rnd.choice([1, 1, 1, 2, 4]))]


async def layered(graph: Graph, plan_id: str) -> Layered:
    atoms = await ask(
        graph,
        "MATCH (a:Atom {plan_id: $plan_id}) RETURN a.atom_id AS atom_id, a.wave AS wave, a.cycle_id AS cycle_id",
        plan_id=plan_id,
    )
    edges = await ask(
        graph,
        "MATCH (a:Atom {plan_id: $plan_id})-[d:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(b) "
        "RETURN a.atom_id AS a, b.atom_id AS b, type(d) AS type, d.cut AS cut, d.cut_reason AS reason",
        plan_id=plan_id,
    )
    return Layered(
        wave={number(row["atom_id"]): row["wave"] for row in atoms},
        cycle_of={number(row["atom_id"]): row["cycle_id"] for row in atoms if row["cycle_id"]},
        edges=[(number(row["a"]), number(row["b"]), row["type"], row["cut"], row["reason"]) for row in edges],
    )


def number(atom_id: str) -> int:
    return int(atom_id.rsplit("-", 1)[1])


def check_against_networkx(atoms: int, edges: Sequence[Edge], found: Layered) -> None:
    whole: nx.DiGraph[int] = nx.DiGraph()
    whole.add_nodes_from(range(atoms))
    whole.add_edges_from((a, b) for a, b, _ in edges)
    components = {
        frozenset(component)
        for component in nx.strongly_connected_components(whole)
        if len(component) > 1 or whole.has_edge(*2 * tuple(component))
    }
    members: defaultdict[str, set[int]] = defaultdict(set)
    for atom, cycle in found.cycle_of.items():
        members[cycle].add(atom)
    assert set(map(frozenset, members.values())) == components

    assert sorted((a, b, t) for a, b, t, _, _ in found.edges) == sorted(edges)
    for a, b, _, cut, reason in found.edges:
        assert (reason is not None) == cut
        if cut:
            assert found.cycle_of.get(a, "none") == found.cycle_of.get(b)
    kept: nx.DiGraph[int] = nx.DiGraph()
    kept.add_nodes_from(range(atoms))
    kept.add_edges_from((b, a) for a, b, _, cut, _ in found.edges if not cut)
    waves = {atom: wave for wave, layer in enumerate(nx.topological_generations(kept), 1) for atom in layer}
    assert found.wave == waves


async def check_records(graph: Graph, plan_id: str, found: Layered) -> None:
    """Wave and Cycle nodes say what the atoms say, and nothing of the work is left behind."""
    waves = await ask(
        graph,
        "MATCH (w:Wave {plan_id: $plan_id}) RETURN w.number AS number, w.total_atoms AS total, "
        "COUNT { (w)<-[:IN_WAVE]-(a:Atom {wave: w.number}) } AS held",
        plan_id=plan_id,
    )
    sizes: defaultdict[int, int] = defaultdict(int)
    for wave in found.wave.values():
        sizes[wave] += 1
    assert {row["number"]: (row["total"], row["held"]) for row in waves} == {
        n: (s, s) for n, s in sizes.items()
    }

    cycles = await ask(
        graph,
        "MATCH (c:Cycle {plan_id: $plan_id}) RETURN c.cycle_id AS cycle_id, c.size AS size, c.types AS types, "
        "c.weakest_weight AS weakest, c.cut_edges AS cuts, COUNT { (c)<-[:IN_CYCLE]-() } AS held",
        plan_id=plan_id,
    )
    inside: defaultdict[str, list[tuple[DependencyType, bool]]] = defaultdict(list)
    for a, b, type_, cut, _ in found.edges:
        if a in found.cycle_of and found.cycle_of.get(b) == found.cycle_of[a]:
            inside[found.cycle_of[a]].append((type_, cut))
    size: defaultdict[str, int] = defaultdict(int)
    for cycle in found.cycle_of.values():
        size[cycle] += 1
    assert {r["cycle_id"]: (r["size"], r["held"], r["types"], r["weakest"], r["cuts"]) for r in cycles} == {
        cycle: (
            size[cycle],
            size[cycle],
            sorted({type_ for type_, _ in within}),
            min(WEIGHTS[type_] for type_, _ in within),
            sum(cut for _, cut in within),
        )
        for cycle, within in inside.items()
    }

    left = await ask(
        graph,
        "MATCH (a:Atom {plan_id: $plan_id}) WHERE any(name IN keys(a) WHERE name IN "
        "['needs', 'needed', 'step', 'region', 'component', 'rank', 'number']) RETURN keys(a) AS keys LIMIT 1",
        plan_id=plan_id,
    )
    assert left == []
    kept = await ask(graph, "MATCH (p:Plan {plan_id: $plan_id}) RETURN p.next AS next", plan_id=plan_id)
    assert [row["next"] for row in kept] == [None]
    assert await read(graph, "waves/check", plan_id=plan_id, limit=10) == []


async def many_random_graphs(graph: Graph, seed: int, count: int) -> None:
    rnd = random.Random(seed)
    atoms = 0
    edges: list[Edge] = []
    for _ in range(count):
        size, some = a_random_graph(rnd, atoms)
        atoms += size
        edges += some
    plan = new_plan()
    await published(graph, plan, atoms, edges)
    found = await layered(graph, plan.plan_id)
    check_against_networkx(atoms, edges, found)
    await check_records(graph, plan.plan_id, found)
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


@pytest.mark.parametrize("seed", range(4))
async def test_cycles_cuts_and_waves_are_those_of_networkx(graph: Graph, seed: int) -> None:
    await many_random_graphs(graph, seed, 100)
    await sweep(graph)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1040))
async def test_cycles_cuts_and_waves_of_many_more(graph: Graph, seed: int) -> None:
    await many_random_graphs(graph, seed, 500)
    await sweep(graph)


async def test_a_chain_has_as_many_waves_as_atoms(graph: Graph) -> None:
    plan = new_plan()
    result = await published(graph, plan, 5000, [(a, a + 1, "IMPORT_DEP") for a in range(4999)])
    assert (result.waves, result.widest_wave, result.cycles) == (5000, 1, 0)
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_one_ring_is_one_cycle_with_one_cut(graph: Graph) -> None:
    plan = new_plan()
    ring: list[Edge] = [(a, (a + 1) % 1000, "DATA_DEP" if a == 7 else "CONTROL_DEP") for a in range(1000)]
    result = await published(graph, plan, 1000, ring)
    assert (result.cycles, result.cut_edges, result.waves) == (1, 1, 1000)
    cut = await ask(
        graph,
        "MATCH (a:Atom {plan_id: $plan_id})-[d:DATA_DEP {cut: true}]->() RETURN a.name AS name",
        plan_id=plan.plan_id,
    )
    assert [row["name"] for row in cut] == ["f7"], "the weakest edge is the one to cut"
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


@pytest.mark.long
@pytest.mark.parametrize("extra", [0, 80_000])
async def test_one_cycle_of_twenty_thousand_atoms_ends(graph: Graph, extra: int) -> None:
    rnd = random.Random(extra)
    plan = new_plan()
    pairs = {(a, (a + 1) % 20_000) for a in range(20_000)}
    pairs |= {(rnd.randrange(20_000), rnd.randrange(20_000)) for _ in range(extra)}
    edges: list[Edge] = [(a, b, rnd.choice(TYPES)) for a, b in sorted(pairs)]
    result = await published(graph, plan, 20_000, edges)
    assert result.cycles == 1
    check_against_networkx(20_000, edges, await layered(graph, plan.plan_id))
    await delete_plan(graph, plan.plan_id, plan.tenant_id)
    await sweep(graph)


@pytest.mark.long
async def test_a_hundred_thousand_atoms(graph: Graph) -> None:
    rnd = random.Random(100_000)
    plan = new_plan()
    pairs: set[tuple[int, int]] = set()
    while len(pairs) < 300_000:
        later = rnd.randrange(1, 100_000)
        sooner = max(0, later - 1 - int(rnd.expovariate(1 / 3000)))
        pairs.add((sooner, later) if rnd.random() < 0.001 else (later, sooner))
    edges: list[Edge] = [(a, b, rnd.choice(TYPES)) for a, b in sorted(pairs)]
    await published(graph, plan, 100_000, edges)
    found = await layered(graph, plan.plan_id)
    assert found.cycle_of
    check_against_networkx(100_000, edges, found)
    await check_records(graph, plan.plan_id, found)
    await delete_plan(graph, plan.plan_id, plan.tenant_id)
    await sweep(graph)


async def test_the_same_plan_is_always_cut_the_same_way(graph: Graph) -> None:
    rnd = random.Random(6)
    plan = new_plan()
    edges: list[Edge] = []
    atoms = 0
    for _ in range(30):
        size, some = a_random_graph(rnd, atoms)
        atoms += size
        edges += some
    cuts = set()
    for _ in range(3):
        rnd.shuffle(edges)
        await published(graph, plan, atoms, edges)
        found = await layered(graph, plan.plan_id)
        cuts.add(frozenset((a, b, type_) for a, b, type_, cut, _ in found.edges if cut))
    assert len(cuts) == 1
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_building_again_comes_to_the_same(graph: Graph) -> None:
    rnd = random.Random(5)
    plan = new_plan()
    edges: list[Edge] = []
    atoms = 0
    for _ in range(30):
        size, some = a_random_graph(rnd, atoms)
        atoms += size
        edges += some
    await published(graph, plan, atoms, edges)
    before = await layered(graph, plan.plan_id)
    await rebuild(graph, plan.plan_id, plan.tenant_id, f"{plan.plan_id}-again", "test")
    after = await layered(graph, plan.plan_id)
    assert after.cycle_of == before.cycle_of
    check_against_networkx(atoms, edges, after)
    await check_records(graph, plan.plan_id, after)
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_the_check_finds_waves_that_are_wrong(graph: Graph) -> None:
    plan = new_plan()
    await published(graph, plan, 4, [(1, 0, "IMPORT_DEP"), (2, 1, "DATA_DEP")])
    for atom, wave in (("f2", 2), ("f3", 2)):
        await change(
            graph,
            "MATCH (a:Atom {plan_id: $plan_id, name: $name}) SET a.wave = $wave",
            plan_id=plan.plan_id,
            name=atom,
            wave=wave,
        )
    problems = await read(graph, "waves/check", plan_id=plan.plan_id, limit=10)
    assert {(row["atom_id"][-1], row["problem"]) for row in problems} == {("2", "unsound"), ("3", "late")}
    await write(graph, "waves/clear", plan_id=plan.plan_id)
    problems = await read(graph, "waves/check", plan_id=plan.plan_id, limit=10)
    assert {row["problem"] for row in problems} == {"unassigned"}
    await delete_plan(graph, plan.plan_id, plan.tenant_id)
