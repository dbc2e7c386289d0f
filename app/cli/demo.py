"""`mge demo`: the main job on a real package, from nothing to a graph to look at."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from app.cli import output, plans, stack
from app.errors import InputError
from app.settings import Settings

PACKAGE: Final = "networkx"

_QUERIES: Final = (
    (
        "What is needed most?",
        'MATCH (a:Atom {plan_id: "PLAN"})<-[d:CONTROL_DEP]-() RETURN a.qualified_name, count(d) AS needed_by ORDER BY needed_by DESC LIMIT 20',
    ),
    (
        "What does one function depend on, two steps deep? (a picture)",
        'MATCH p = (a:Atom {plan_id: "PLAN", qualified_name: "networkx.algorithms.dag.topological_sort"})-[:CONTROL_DEP|DATA_DEP|TYPE_DEP|IMPORT_DEP*1..2]->(:Atom) RETURN p LIMIT 60',
    ),
    (
        "The cycles, the biggest first, with what was cut",
        'MATCH (c:Cycle {plan_id: "PLAN"})<-[:IN_CYCLE]-(a:Atom) OPTIONAL MATCH (a)-[d {cut: true}]->(b:Atom) RETURN c.size, a.qualified_name, type(d), b.qualified_name ORDER BY c.size DESC LIMIT 50',
    ),
)


def demo() -> None:
    """Start the stack, import a package of several hundred files, and say where to look at it."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise InputError(f"{PACKAGE} is not installed", hint="run `make demo`, which installs what it needs")
    settings = Settings()
    endpoints = stack.start(settings)
    result = plans.run_import(
        settings, str(Path(found.origin).parent), PACKAGE, (), (), shown=True, whole=True
    )
    output.import_summary(result)
    stack.print_addresses(endpoints)
    output.OUT.print("Paste these into Neo4j Browser:", style="bold")
    for question, query in _QUERIES:
        output.OUT.print(f"\n// {question}\n{query.replace('PLAN', result.plan_id)}", markup=False)
    output.OUT.print("\nEverything keeps running. Stop it with: make stop   (or: mge down)", markup=False)
