"""Invariant 2 on programs that nobody wrote: waves are those of networkx, and a cut is never outside a cycle."""

from __future__ import annotations

import os
from pathlib import Path

import networkx as nx
from hypothesis import given, settings

from app.graph.connect import Graph, read
from app.graph.publish import delete_plan
from app.graph.staging import sweep
from tests.integration.graph.plans import ask
from tests.integration.pipeline.test_updating import imported
from tests.unit.programs import javascript_programs, python_programs, typescript_programs

CASES = 1_000 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 100
"""Of four programs each."""


def random_programs() -> dict[str, str]:
    """Programs by path, four a folder."""
    found: dict[str, str] = {}

    @settings(max_examples=CASES)
    @given(python_programs(), python_programs(), javascript_programs(), typescript_programs())
    def draw(first: str, second: str, script: str, typed: str) -> None:
        folder = f"case{len(found) // 4:05}"
        for name, text in (("a.py", first), ("b.py", second), ("a.js", script), ("b.ts", typed)):
            found[f"{folder}/{name}"] = text

    draw()
    return found


async def test_waves_of_random_programs_are_sound(graph: Graph, tmp_path: Path) -> None:
    root = tmp_path / "code"
    programs = random_programs()
    assert len(programs) >= 4 * CASES
    for path, text in programs.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    result = await imported(graph, root, tmp_path / "memory", "random programs", whole=True)
    assert await read(graph, "waves/check", plan_id=result.plan_id, limit=5) == []
    atoms = await ask(
        graph,
        "MATCH (a:Atom {plan_id: $plan_id}) RETURN id(a) AS id, a.wave AS wave, a.cycle_id AS cycle",
        plan_id=result.plan_id,
    )
    edges = await ask(
        graph,
        "MATCH (a:Atom {plan_id: $plan_id})-[d:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(b) "
        "RETURN id(a) AS a, id(b) AS b, d.cut AS cut",
        plan_id=result.plan_id,
    )
    whole: nx.DiGraph[int] = nx.DiGraph()
    whole.add_nodes_from(row["id"] for row in atoms)
    whole.add_edges_from((row["b"], row["a"]) for row in edges)
    component = {
        atom: number for number, its in enumerate(nx.strongly_connected_components(whole)) for atom in its
    }
    assert all(component[row["a"]] == component[row["b"]] for row in edges if row["cut"])
    kept: nx.DiGraph[int] = nx.DiGraph()
    kept.add_nodes_from(whole)
    kept.add_edges_from((row["b"], row["a"]) for row in edges if not row["cut"])
    waves = {atom: wave for wave, layer in enumerate(nx.topological_generations(kept), 1) for atom in layer}
    assert {row["id"]: row["wave"] for row in atoms} == waves
    assert len(edges) > len(programs)
    assert max(waves.values()) > 2
    await delete_plan(graph, result.plan_id, "default")
    await sweep(graph)
