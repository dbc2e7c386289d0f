"""Every query of `docs/queries.md`, pasted unchanged into Neo4j Browser and run over REST: whether the rows are the same.

    python -m benchmarks.browser PLAN SYMBOL --modules FOLDER [--shots FOLDER]

Needs a running stack (`mge up`), Chromium, and Node.js with `playwright-core` installed in FOLDER.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from app.export.query_docs import documented
from app.main import stack_config
from app.settings import Settings
from app.stack import endpoints

SCRIPT = Path(__file__).with_name("browser.cjs")


def main() -> None:
    """Print a line for each query, and fail where one differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan")
    parser.add_argument("symbol")
    parser.add_argument("--modules", type=Path, required=True)
    parser.add_argument("--shots", type=Path, default=Path(tempfile.gettempdir()))
    given = parser.parse_args()
    found = endpoints(stack_config(Settings()))
    api = httpx.Client(base_url=found.companions["api"], timeout=120)
    plan_id = next(
        plan["plan_id"]
        for plan in api.get("/api/v2/plans", params={"limit": 100}).json()["items"]
        if plan["project_name"] == given.plan
    )
    jobs = asked(api, plan_id, given.symbol)
    over_rest = {job["name"]: rest(api, job) for job in jobs}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(jobs, file)
        file.flush()
        run = subprocess.run(
            ["node", str(SCRIPT), found.browser_url, found.neo4j_uri, file.name, str(given.shots)],
            env={
                **os.environ,
                "NODE_PATH": str(given.modules / "node_modules"),
                "NEO4J_USER": found.neo4j_user,
                "NEO4J_PASSWORD": found.neo4j_password,
            },
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    same = 0
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    for answer in answers:
        here = over_rest[answer["name"]]
        equal = answer["rows"] is not None and normal(exported(answer["rows"])) == normal(here)
        same += equal
        print(
            f"{'same' if equal else 'DIFFERENT':9}  {len(here):5} rows  {answer['name']}  {answer.get('error', '')}"
        )
    print(f"{same} of {len(jobs)} queries give the same rows in Neo4j Browser and over REST")
    sys.exit(same != len(jobs))


def asked(api: httpx.Client, plan_id: str, symbol: str) -> list[dict[str, Any]]:
    """Every query with parameters with which it has something to say of the plan."""
    start = {
        "name": "impact/atoms",
        "parameters": {"plan_id": plan_id, "names": [symbol], "paths": [], "atom_ids": []},
    }
    atoms = [row["atom_id"] for row in rest(api, start)]
    known = {
        "plan_id": plan_id,
        "tenant_id": "default",
        "atom_id": atoms[0],
        "atom_ids": atoms[:1],
        "among": atoms,
        "names": [symbol],
        "name": symbol,
    }
    return [
        {
            "name": query.name,
            "text": query.text,
            "parameters": {each.name: known.get(each.name, each.example) for each in query.parameters},
        }
        for query in documented()
        # Browser draws these: benchmarks/guide.cjs looks at what it draws.
        if not query.name.startswith("guide/")
    ]


def rest(api: httpx.Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows over REST, which fills in the tenant itself."""
    parameters = {name: value for name, value in job["parameters"].items() if name != "tenant_id"}
    answer = api.post(f"/api/v2/queries/{job['name']}", json={"parameters": parameters})
    answer.raise_for_status()
    said = answer.json()
    assert not said["truncated"]
    return [dict(zip(said["columns"], row, strict=True)) for row in said["rows"]]


def exported(text: str) -> list[dict[str, Any]]:
    """The rows of an export of Browser's, which writes line ends, and in places backslashes, without escaping them."""
    try:
        rows = json.loads(text, strict=False)
    except json.JSONDecodeError:
        rows = json.loads(re.sub(r'\\(?!")', r"\\\\", text), strict=False)
    assert isinstance(rows, list)
    return rows


def normal(rows: list[dict[str, Any]]) -> list[str]:
    """Rows as text; a float that is whole is an integer in JavaScript, and a time is written in another form."""
    return [json.dumps(_plain(row), sort_keys=True) for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if not name.endswith("_at")}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


if __name__ == "__main__":
    main()
