"""Imports a plan again and again until it is killed: ``... importer PLAN_ID ATOMS FIRST``.

Every atom's code is ``import FIRST``, then one more with each import. Neo4j is that of ``TEST_NEO4J``: a URI,
user, password and database in JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from app.graph.connect import Login, connect
from app.graph.staging import PlanRecord, sweep
from tests.integration.graph.plans import published


async def main(plan_id: str, atoms: int, first: int) -> None:
    uri, user, password, database = json.loads(os.environ["TEST_NEO4J"])
    plan = PlanRecord(plan_id, "test", "test")
    async with connect(Login(uri, user, password, database)) as graph:
        for number in range(first, first + 1000):
            await published(
                graph, plan, atoms, [(a, a + 1, "DATA_DEP") for a in range(atoms - 1)], f"import {number}"
            )
            print(number, flush=True)
            await sweep(graph)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
