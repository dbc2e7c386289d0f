"""Modules against Leiden under the same limits of size, and how many atoms an edit moves.

    .venv/bin/python -m benchmarks.boundaries NAME=PATH ... --reference PYTHON

Needs a running stack, and a Python with leidenalg 0.12 and scikit-learn for the reference. Works on a copy of PATH. The reference
keeps cycles together as well. Prints modularity of the plan's dependencies, the share of modules and components within size, normalised mutual information with
the folders, and of the atoms that an edit of one in a hundred did not touch the share that stays in its module.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import shutil
import tempfile
from asyncio.subprocess import PIPE
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, LiteralString

from app.graph.boundaries import COMPONENT_ATOMS, MODULE_ATOMS, find_boundaries
from app.graph.connect import Graph
from app.main import TENANT, open_stores
from app.settings import Settings
from benchmarks.incremental import imported

_ATOMS = (
    "MATCH (a:Atom {plan_id: $plan_id})-[:IN_MODULE]->(m)-[:IN_COMPONENT]->(c) RETURN a.atom_id AS atom_id, "
    "a.path AS path, a.cycle_id AS cycle, m.module_id AS module, c.component_id AS component ORDER BY path, a.atom_number"
)
_EDGES = (
    "MATCH (a:Atom {plan_id: $plan_id})-[d:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(b) WHERE a <> b "
    "RETURN a.atom_id AS source, b.atom_id AS target, d.weight * d.confidence AS weight"
)
_DEFINITION = re.compile(r"^( *)def \w+\([^()]*\)[^:\n]*:\n(?= +[a-z])", re.MULTILINE)


async def main() -> None:
    """Measure every package."""
    parser = argparse.ArgumentParser(description="modules against Leiden")
    parser.add_argument("sources", nargs="+", metavar="NAME=PATH")
    parser.add_argument("--reference", required=True, metavar="PYTHON")
    arguments = parser.parse_args()
    async with open_stores(Settings(), postgres=False) as stores:
        for given in arguments.sources:
            name, _, path = given.partition("=")
            with tempfile.TemporaryDirectory() as work:
                root = Path(work) / Path(path).name
                shutil.copytree(path, root)
                print(
                    name,
                    json.dumps(await measured(stores.graph, root, Path(work), arguments.reference)),
                    flush=True,
                )


async def measured(graph: Graph, root: Path, work: Path, reference: str) -> dict[str, object]:
    """All figures of one package."""
    result = await imported(graph, root, f"boundaries {root.name}", work / "memory", whole=True)
    built = await find_boundaries(graph, result.plan_id, TENANT, anew=True)
    atoms = await rows(graph, _ATOMS, result.plan_id)
    numbers = {atom["atom_id"]: at for at, atom in enumerate(atoms)}
    weights: defaultdict[tuple[int, int], float] = defaultdict(float)
    for edge in await rows(graph, _EDGES, result.plan_id):
        pair = sorted((numbers[edge["source"]], numbers[edge["target"]]))
        weights[pair[0], pair[1]] += edge["weight"]
    modules = sorted({atom["module"] for atom in atoms})
    place = {module: at for at, module in enumerate(modules)}
    units: dict[str, int] = {}
    asked = {
        "paths": [atom["path"] for atom in atoms],
        "edges": [[a, b, weight] for (a, b), weight in weights.items()],
        "limits": MODULE_ATOMS,
        "units": [units.setdefault(atom["cycle"] or atom["atom_id"], len(units)) for atom in atoms],
        "own": [place[atom["module"]] for atom in atoms],
    }
    script = Path(__file__).with_name("leiden_reference.py")
    process = await asyncio.create_subprocess_exec(reference, str(script), stdin=PIPE, stdout=PIPE)
    said, _ = await process.communicate(json.dumps(asked).encode())
    answers = json.loads(said)
    own = answers["own"]["modularity"]
    return {
        "atoms": len(atoms),
        "seconds": round(built.seconds, 1),
        "modularity": round(own, 4),
        "of_leiden_within": round(own / answers["within"]["modularity"], 3),
        "of_leiden_at_most": round(own / answers["at most"]["modularity"], 3),
        "modules_within_size": share(Counter(atom["module"] for atom in atoms), MODULE_ATOMS),
        "components_within_size": share(Counter(atom["component"] for atom in atoms), COMPONENT_ATOMS),
        "leiden_within_size": round(answers["within"]["within_size"], 3),
        "folders": round(answers["own"]["folders"], 3),
        "leiden_folders": round(answers["within"]["folders"], 3),
        **await stability(graph, root, work, atoms),
    }


async def stability(graph: Graph, root: Path, work: Path, before: list[dict[str, Any]]) -> dict[str, object]:
    """Edit one function for every hundred atoms, import again, and see which atoms moved."""
    edited = await asyncio.to_thread(edit, root, len(before) // 100)
    result = await imported(graph, root, f"boundaries {root.name}", work / "memory", whole=False)
    again = await find_boundaries(graph, result.plan_id, TENANT)
    after = {atom["atom_id"]: atom["module"] for atom in await rows(graph, _ATOMS, result.plan_id)}
    together: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for atom in before:
        if atom["atom_id"] in after:
            together[atom["module"]][after[atom["atom_id"]]] += 1
    kept = sum(sum(found.values()) for found in together.values())
    return {
        "edited": edited,
        "stayed": round(sum(max(found.values()) for found in together.values()) / kept, 4),
        "seconds_again": round(again.seconds, 1),
    }


def edit(root: Path, most: int) -> int:
    """Add a line to some functions, always the same; how many."""
    places = [
        (path, match.end(), match[1])
        for path in sorted(root.rglob("*.py"))
        for match in _DEFINITION.finditer(path.read_text(encoding="utf-8", errors="surrogateescape"))
    ]
    chosen = random.Random(1).sample(places, min(most, len(places)))
    for path, end, indent in sorted(chosen, reverse=True, key=lambda each: (str(each[0]), each[1])):
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        line = f"{indent}    edited_{end} = len(str({end}))\n"
        path.write_text(text[:end] + line + text[end:], encoding="utf-8", errors="surrogateescape")
    return len(chosen)


def share(sizes: Counter[str], limits: tuple[int, int]) -> float:
    """How many are within limits, of 1."""
    return round(sum(limits[0] <= size <= limits[1] for size in sizes.values()) / len(sizes), 3)


async def rows(graph: Graph, statement: LiteralString, plan_id: str) -> list[dict[str, Any]]:
    """What a statement says of a plan."""
    async with graph.driver.session(database=graph.database) as session:
        result = await session.run(statement, plan_id=plan_id)
        return [dict(row) async for row in result]


if __name__ == "__main__":
    asyncio.run(main())
