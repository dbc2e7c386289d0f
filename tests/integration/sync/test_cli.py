"""`mge sync` as a script uses it: exit codes and one JSON document."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from app.graph.connect import Graph
from app.postgres.connect import Pool
from app.stack import Endpoints
from tests.integration.graph.plans import change
from tests.integration.sync.plans import drain, make_plan, sql


def mge(servers: Endpoints, database_url: str, *words: str) -> tuple[int, Any]:
    """The exit code of `mge sync`, and its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "app", "sync", *words, "--json"],
        env={
            **os.environ,
            "NEO4J_URI": servers.neo4j_uri,
            "NEO4J_USER": servers.neo4j_user,
            "NEO4J_PASSWORD": servers.neo4j_password,
            "DATABASE_URL": database_url,
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


async def test_what_a_script_sees(pool: Pool, graph: Graph, servers: Endpoints, database_url: str) -> None:
    plan = await make_plan(pool, "default", name="scripted")
    code, status = mge(servers, database_url, "status")
    assert (code, status["rows"] > 20, status["plans"]) == (0, True, 1)
    await drain(pool, graph)
    code, found = mge(servers, database_url, "verify", "--plan", "scripted")
    assert (code, found["differences"], found["pending"]) == (0, [], [])
    assert found["plans"][0]["postgres"] == found["plans"][0]["graph"]

    await change(graph, "MATCH (n:Task {task_id: $id}) SET n.name = 'mine'", id=str(plan.tasks[0]))
    code, found = mge(servers, database_url, "verify", "--plan", plan.plan_id)
    assert code == 1
    assert [(each["part"], each["what"], each["names"]) for each in found["differences"]] == [
        ({"kind": "task", "id": str(plan.tasks[0])}, "properties differ", ["name"])
    ]
    code, mended = mge(servers, database_url, "repair", "--plan", "scripted")
    assert (code, len(mended["mended"]), mended["remaining"]) == (0, 1, [])
    code, built = mge(servers, database_url, "rebuild", "--plan", "scripted")
    assert (code, built["plans"], built["rows"]) == (0, 1, 24)
    assert mge(servers, database_url, "verify", "--plan", "scripted")[0] == 0

    await sql(
        pool, "UPDATE masterplan_tasks SET target_files = ARRAY[NULL] WHERE task_id = %s", plan.tasks[0]
    )
    await drain(pool, graph)
    code, status = mge(servers, database_url, "status")
    assert (code, [each["entity_id"] for each in status["dead_letters"]]) == (1, [str(plan.tasks[0])])
    assert mge(servers, database_url, "repair", "--plan", "scripted")[0] == 1
    assert mge(servers, database_url, "verify", "--plan", "nobody's")[0] == 3
    await sql(pool, "DELETE FROM masterplans")
    await drain(pool, graph)
