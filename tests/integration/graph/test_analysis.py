"""What the analysis queries say of random graphs, against networkx."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
import pytest

from app.graph.connect import Graph, read, write
from app.graph.publish import delete_plan
from app.graph.queries import Value
from app.model.dependency import WEIGHTS, DependencyType
from tests.integration.graph.plans import Edge, ask, change, new_plan, published
from tests.integration.graph.test_layering import a_random_graph, number

TYPES: Sequence[DependencyType] = tuple(WEIGHTS)


@dataclass(frozen=True)
class Known:
    """A published plan: its edges as (source, target, type, cut, type_only, kinds), code lines and statuses by atom."""

    plan_id: str
    edges: list[tuple[int, int, str, bool, bool, tuple[str, ...]]]
    loc: dict[int, int]
    status: dict[int, str]

    def id(self, atom: int) -> str:
        return f"{self.plan_id}-{atom:06}"

    def graph(
        self, *, cut: bool = True, run_time: bool = False, types: Sequence[str] = TYPES
    ) -> nx.DiGraph[int]:
        """From what needs to what is needed."""
        found: nx.DiGraph[int] = nx.DiGraph()
        found.add_nodes_from(self.loc)
        found.add_edges_from(
            (a, b)
            for a, b, type_, is_cut, type_only, _ in self.edges
            if type_ in types and (cut or not is_cut) and not (run_time and type_only)
        )
        return found


@pytest.fixture(params=[*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(100, 180))])
async def known(graph: Graph, request: pytest.FixtureRequest) -> AsyncIterator[Known]:
    rnd = random.Random(request.param)
    atoms, edges = 0, list[Edge]()
    for _ in range(25):
        size, some = a_random_graph(rnd, atoms)
        atoms += size
        edges += some
    plan = new_plan()
    await published(graph, plan, atoms, edges)
    loc = {atom: rnd.randint(1, 30) for atom in range(atoms)}
    status = {
        atom: rnd.choice(["pending", "completed", "completed", "imported", "failed"]) for atom in range(atoms)
    }
    await change(
        graph,
        "UNWIND $rows AS row MATCH (a:Atom {atom_id: row[0]}) SET a.loc = row[1], a.status = row[2]",
        rows=[[f"{plan.plan_id}-{atom:06}", loc[atom], status[atom]] for atom in range(atoms)],
    )
    marked: list[Value] = [
        [
            f"{plan.plan_id}-{a:06}",
            f"{plan.plan_id}-{b:06}",
            type_,
            rnd.random() < 0.4,
            rnd.choice([["base"], ["annotation"], ["body_of"], ["module"], ["annotation", "base"]]),
        ]
        for a, b, type_ in edges
    ]
    await change(
        graph,
        "UNWIND $rows AS row MATCH (a:Atom {atom_id: row[0]})-[d:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->"
        "(b:Atom {atom_id: row[1]}) WHERE type(d) = row[2] SET d.type_only = row[3], d.kinds = row[4]",
        rows=marked,
    )
    rows = await ask(
        graph,
        "MATCH (a:Atom {plan_id: $plan_id})-[d:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(b) RETURN a.atom_id AS a, "
        "b.atom_id AS b, type(d) AS type, d.cut AS cut, d.type_only AS type_only, d.kinds AS kinds",
        plan_id=plan.plan_id,
    )
    yield Known(
        plan.plan_id,
        [
            (number(r["a"]), number(r["b"]), r["type"], r["cut"], r["type_only"], tuple(r["kinds"]))
            for r in rows
        ],
        loc,
        status,
    )
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def test_paths_that_decide_how_long_it_takes(graph: Graph, known: Known) -> None:
    acyclic = known.graph(cut=False)
    chain = [
        number(row["atom_id"]) for row in await read(graph, "waves/critical_path", plan_id=known.plan_id)
    ]
    assert len(chain) == nx.dag_longest_path_length(acyclic) + 1
    assert all(acyclic.has_edge(later, sooner) for sooner, later in pairwise(chain))

    rows = await write(graph, "waves/costliest_path", plan_id=known.plan_id)
    path = [number(row["atom_id"]) for row in rows]
    assert all(acyclic.has_edge(later, sooner) for sooner, later in pairwise(path))
    finish: dict[int, int] = {}
    for atom in reversed(list(nx.topological_sort(acyclic))):
        finish[atom] = max((finish[needed] for needed in acyclic[atom]), default=0) + known.loc[atom] + 1
    assert rows[-1]["cost"] == max(finish.values())
    assert [row["cost"] for row in rows] == [finish[atom] for atom in path]
    left = await ask(
        graph,
        "MATCH (a:Atom {plan_id: $plan_id}) WHERE a.cost IS NOT NULL RETURN count(*) AS n",
        plan_id=known.plan_id,
    )
    assert left[0]["n"] == 0


async def test_ready_atoms(graph: Graph, known: Known) -> None:
    acyclic = known.graph(cut=False)
    expected = {
        atom
        for atom, status in known.status.items()
        if status == "pending"
        and all(known.status[needed] in ("completed", "imported") for needed in acyclic[atom])
    }
    rows = await read(graph, "waves/ready", plan_id=known.plan_id, limit=1000)
    assert {number(row["atom_id"]) for row in rows} == expected
    waiting = [row["waiting"] for row in rows]
    assert waiting == sorted(waiting, reverse=True)


def shortest_cycle(whole: nx.DiGraph[int], atom: int) -> int | None:
    """How many atoms are on a shortest way from an atom to itself."""
    if whole.has_edge(atom, atom):
        return 1
    lengths = [
        int(nx.shortest_path_length(whole, needed, atom)) + 1
        for needed in whole[atom]
        if nx.has_path(whole, needed, atom)
    ]
    return min(lengths, default=None)


async def test_witnesses_of_cycles(graph: Graph, known: Known) -> None:
    whole = known.graph()
    places = {
        row["place"]: number(row["atom_id"])
        for row in await ask(
            graph,
            "MATCH (a:Atom {plan_id: $plan_id}) "
            "RETURN a.atom_id AS atom_id, a.path + ':' + toString(a.start_line) AS place",
            plan_id=known.plan_id,
        )
    }
    for atom in list(whole)[:120]:
        rows = await read(graph, "cycles/witness", plan_id=known.plan_id, atom_id=known.id(atom))
        assert (len(rows) or None) == shortest_cycle(whole, atom)
        way = [(places[row["source"]], places[row["target"]], row["type"]) for row in rows]
        assert all(any(edge[:3] == step for edge in known.edges) for step in way)
        assert all(one[1] == other[0] for one, other in zip(way, way[1:] + way[:1], strict=True))

    loopless: nx.DiGraph[int] = nx.DiGraph(whole)
    loopless.remove_edges_from(nx.selfloop_edges(whole))
    rows = await read(graph, "cycles/shortest", plan_id=known.plan_id, limit=1000)
    components = [c for c in nx.strongly_connected_components(loopless) if len(c) > 1]
    expected = Counter((len(c), min(shortest_cycle(loopless, atom) or 0 for atom in c)) for c in components)
    assert Counter((row["size"], row["length"]) for row in rows) == expected
    for row in rows:
        round_trip = [places[place] for place in [*row["places"], row["places"][0]]]
        assert all(whole.has_edge(a, b) for a, b in pairwise(round_trip))


async def test_cycles_at_run_time(graph: Graph, known: Known) -> None:
    left = known.graph(run_time=True)
    inside = {
        atom
        for component in nx.strongly_connected_components(left)
        for atom in component
        if len(component) > 1 or left.has_edge(atom, atom)
    }
    cycle_of = {
        number(row["atom_id"]): row["cycle_id"]
        for row in await ask(
            graph,
            "MATCH (a:Atom {plan_id: $plan_id}) WHERE a.cycle_id IS NOT NULL RETURN a.atom_id AS atom_id, a.cycle_id AS cycle_id",
            plan_id=known.plan_id,
        )
    }
    rows = await read(graph, "cycles/run_time", plan_id=known.plan_id, limit=1000)
    assert {row["cycle_id"]: row["atoms"] for row in rows} == Counter(cycle_of[atom] for atom in inside)


async def test_impact(graph: Graph, known: Known) -> None:
    rnd = random.Random(len(known.edges))
    for _ in range(12):
        changed = rnd.sample(list(known.loc), rnd.choice([1, 1, 3, 8]))
        types = rnd.choice([list(TYPES), rnd.sample(TYPES, 2)])
        needing = known.graph(types=types).reverse()
        distance = {
            atom: length
            for atom, length in nx.multi_source_dijkstra_path_length(needing, set(changed)).items()
            if atom not in changed
        }
        ids = [known.id(atom) for atom in changed]
        rows = await read(
            graph, "impact/of_atoms", plan_id=known.plan_id, atom_ids=ids, types=types, limit=1000
        )
        assert {number(row["atom_id"]): row["distance"] for row in rows} == distance
        for row in rows:
            atom, through = number(row["atom_id"]), number(row["through"])
            assert distance.get(through, 0) == row["distance"] - 1
            assert row["type"] in types
            assert any(edge[:3] == (atom, through, row["type"]) for edge in known.edges)
        summary = await read(
            graph, "impact/summary", plan_id=known.plan_id, atom_ids=ids, types=types, tests="m000.*"
        )
        assert {row["distance"]: row["atoms"] for row in summary} == Counter(distance.values())


async def test_the_smallest_set_to_validate_again(graph: Graph, known: Known) -> None:
    rnd = random.Random(len(known.edges))
    below: nx.DiGraph[int] = nx.DiGraph()
    below.add_nodes_from(known.loc)
    below.add_edges_from(
        (b, a) for a, b, t, _, _, kinds in known.edges if t == "TYPE_DEP" and "base" in kinds
    )
    users: dict[int, set[int]] = {}
    for a, b, _, _, _, kinds in known.edges:
        if kinds not in (("body_of",), ("module",)):
            users.setdefault(b, set()).add(a)
    for _ in range(12):
        changed = rnd.sample(list(known.loc), rnd.choice([1, 1, 3, 8]))
        expected = dict.fromkeys(changed, "changed")
        for atom in changed:
            for user in users.get(atom, ()):
                expected.setdefault(user, "direct")
        for atom in changed:
            for under in nx.descendants(below, atom) | ({atom} if below.has_edge(atom, atom) else set()):
                for user in users.get(under, ()):
                    expected.setdefault(user, "through a type")
        rows = await read(
            graph,
            "impact/validate",
            plan_id=known.plan_id,
            atom_ids=[known.id(a) for a in changed],
            limit=1000,
        )
        assert {number(row["atom_id"]): row["why"] for row in rows} == expected


async def test_who_needs_most_and_is_needed_most(graph: Graph, known: Known) -> None:
    whole = known.graph()
    whole.remove_edges_from(list(nx.selfloop_edges(whole)))
    needs = await read(graph, "explore/fan_out", plan_id=known.plan_id, limit=1000)
    assert {number(row["atom_id"]): row["needs"] for row in needs} == {
        a: d for a, d in whole.out_degree() if d
    }
    needed = await read(graph, "explore/fan_in", plan_id=known.plan_id, limit=1000)
    assert {number(row["atom_id"]): row["needed_by"] for row in needed} == {
        a: d for a, d in whole.in_degree() if d
    }
