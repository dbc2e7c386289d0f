"""A digest of a plan's graph: equal where two imports gave the same, node for node and edge for edge."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from app.graph.connect import Graph
from app.graph.read import run_named

SECTIONS: Final = ("files", "atoms", "dependencies", "symbols", "externals", "results")


async def section_lines(graph: Graph, plan_id: str, tenant_id: str, section: str) -> list[str]:
    """All that a section of a plan says, a line each, in a fixed order; `NotFound`."""
    _, rows = await run_named(graph, tenant_id, f"digest/{section}", {"plan_id": plan_id})
    return sorted(json.dumps(row[0], ensure_ascii=False) for row in rows)


async def digest(graph: Graph, plan_id: str, tenant_id: str) -> dict[str, str]:
    """SHA-256 of each section of a plan, and of all as ``plan``.

    Ids of atoms depend on the plan's id, so it is the same plan that is compared over time. Times and the
    ids of builds do not count. `NotFound` where the tenant has no such plan.
    """
    whole = hashlib.sha256()
    found: dict[str, str] = {}
    for section in SECTIONS:
        lines = "\n".join(await section_lines(graph, plan_id, tenant_id, section)).encode()
        found[section] = hashlib.sha256(lines).hexdigest()
        whole.update(found[section].encode())
    return {**found, "plan": whole.hexdigest()}
