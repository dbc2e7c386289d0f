"""Statements of an analyst over REST: answered in every form, refused with the place, ended with the listener."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pyarrow as pa
import pytest

from app.graph.connect import Graph
from tests.acceptance.service import ServiceProcess
from tests.integration.graph.plans import ask

ATOMS = (
    "MATCH (atom:Atom {plan_id: $plan_id}) WHERE atom.kind = 'function' "
    "RETURN atom.name AS name, atom.loc AS loc, [atom.path] AS paths ORDER BY name, loc"
)
ENDLESS = "UNWIND range(1, 100000000000) AS x RETURN max(x)"
RUNNING = "SHOW TRANSACTIONS YIELD metaData WHERE metaData.mge_statement IS NOT NULL RETURN metaData"


def post(client: httpx.Client, query: str, **more: Any) -> httpx.Response:
    return client.post("/api/v2/cypher", json={"query": query, **more})


@pytest.fixture(scope="module")
def plan(imported: dict[str, Any]) -> dict[str, str]:
    return {"plan_id": imported["result"]["plan_id"]}


def test_every_form_holds_the_same_rows(client: httpx.Client, plan: dict[str, str]) -> None:
    whole = post(client, ATOMS, parameters=plan).json()
    assert whole["columns"] == ["name", "loc", "paths"]
    assert ["price", 2, ["shop/price.py"]] in whole["rows"]
    assert whole["truncated"] is False
    lines = post(client, ATOMS, parameters=plan, format="ndjson")
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    assert [list(json.loads(line).values()) for line in lines.text.splitlines()] == whole["rows"]
    table = post(client, ATOMS, parameters=plan, format="csv")
    assert table.headers["mge-truncated"] == "false"
    names, *rows = csv.reader(io.StringIO(table.text))
    assert names == whole["columns"]
    assert rows == [[name, str(loc), json.dumps(paths)] for name, loc, paths in whole["rows"]]
    arrow = post(client, ATOMS, parameters=plan, format="arrow")
    with pa.ipc.open_stream(arrow.content) as reader:
        found = reader.read_all()
    assert [list(row.values()) for row in found.to_pylist()] == whole["rows"]
    assert str(found.schema.field("loc").type) == "int64"


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "arrow"])
def test_more_rows_than_asked_for_are_told_of(client: httpx.Client, form: str) -> None:
    answer = post(client, "UNWIND range(1, 1000) AS x RETURN x", limit=10, format=form)
    assert answer.status_code == 200
    if form == "ndjson":
        assert [json.loads(line) for line in answer.text.splitlines()][-2:] == [
            {"x": 10},
            {"_truncated": True},
        ]
    else:
        assert answer.headers["mge-truncated"] == "true"


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "arrow"])
@pytest.mark.parametrize(
    ("query", "line", "column"),
    [
        ("MATCH (n RETURN n", 1, 10),
        ("MATCH (n)\nWHERE n.a = 1\nRETURN m", 3, 8),
        ("MATCH (n) SET n.hostile = 1", None, None),
        ("RETURN $missing", None, None),
    ],
)
def test_what_cannot_run_is_a_problem_in_every_form(
    client: httpx.Client, form: str, query: str, line: int | None, column: int | None
) -> None:
    answer = post(client, query, format=form)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    told = answer.json()
    assert (told["field"], told.get("line"), told.get("column")) == ("query", line, column)
    assert "EXPLAIN" not in told["detail"]


def test_a_failure_after_the_first_rows_is_the_last_line(client: httpx.Client) -> None:
    answer = post(
        client, "UNWIND range(1, 5000) AS x RETURN 1 / (4000 - x) AS y", limit=10_000, format="ndjson"
    )
    assert answer.status_code == 200
    *rows, last = [json.loads(line) for line in answer.text.splitlines()]
    assert rows
    assert set(rows[0]) == {"y"}
    assert last["_error"]["status"] == 422
    assert "zero" in last["_error"]["detail"]


async def running(graph: Graph) -> int:
    return len(await ask(graph, RUNNING))


@pytest.mark.parametrize("form", ["json", "ndjson"])
async def test_a_statement_ends_when_the_client_leaves(
    service: ServiceProcess, graph: Graph, form: str
) -> None:
    body = {"query": ENDLESS, "format": form, "seconds": 60}
    async with httpx.AsyncClient(base_url=service.url) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/api/v2/cypher", json=body, timeout=3)
    for _ in range(50):
        if not await running(graph):
            break
        await asyncio.sleep(0.1)
    assert not await running(graph)


async def test_a_client_that_leaves_amid_the_rows_ends_the_statement(
    service: ServiceProcess, graph: Graph
) -> None:
    body = {"query": "UNWIND range(1, 100000000) AS x RETURN x", "format": "ndjson", "limit": 100_000}
    async with (
        httpx.AsyncClient(base_url=service.url) as client,
        client.stream("POST", "/api/v2/cypher", json=body) as answer,
    ):
        async for line in answer.aiter_lines():
            assert json.loads(line) == {"x": 1}
            break
    for _ in range(50):
        if not await running(graph):
            break
        await asyncio.sleep(0.1)
    assert not await running(graph)


def test_a_few_run_at_once_and_the_rest_is_told_to_wait(client: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(post, client, ENDLESS, seconds=8) for _ in range(6)]
        time.sleep(2)
        began = time.perf_counter()
        assert client.get("/api/v2/plans").status_code == 200
        assert time.perf_counter() - began < 2
        answers = [each.result() for each in asked]
    assert sorted(each.status_code for each in answers) == [422] * 4 + [429] * 2
    told = next(each for each in answers if each.status_code == 429)
    assert told.json()["type"] == "urn:mge:problem:busy"
    assert int(told.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"query": "RETURN 1", "seconds": 0},
        {"query": "RETURN 1", "seconds": 3600},
        {"query": "RETURN 1", "limit": 0},
        {"query": "RETURN 1", "format": "xml"},
        {"query": "RETURN 1", "more": 1},
        {"query": "RETURN 1 // " + "x" * 60_000},
        {"query": "RETURN $a", "parameters": {"a": 2**70}},
        {"query": "RETURN $a", "parameters": {"a": "\ud800"}},
        {"query": "RETURN '\ud800'"},
    ],
)
def test_a_body_that_cannot_be_used_is_refused(client: httpx.Client, body: dict[str, Any]) -> None:
    answer = client.post(
        "/api/v2/cypher", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    assert "detail" in answer.json()
