"""Junk on every route: an answer that says what is wrong, never a fault of the service."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx

from tests.acceptance.service import ServiceProcess

SEED = 20261122
JUNK = [
    "",
    "0",
    "-1",
    "99999999999999999999",
    "1e400",
    "null",
    "true",
    "x" * 3000,
    "\x00",
    "\x1f",
    "' OR 1=1 --",
    "`}) DETACH DELETE n //",
    "../../etc/passwd",
    "ﷺ🏴",
    "%ff%fe",
    "W10",
    "WyIiLDBd",
    "00000000-0000-0000-0000-000000000000",
]
BODIES: list[Any] = [
    None,
    0,
    "x",
    [],
    {},
    {"parameters": {"plan_id": 1}},
    {"parameters": {"plan_id": "none", "limit": -1}},
    {"parameters": {"after": "", "limit": 0.5}},
    {"parameters": {"after": {"a": [1]}, "limit": True}},
    {"parameters": {"after": "", "limit": 10**30}},
    {"plan_id": "\x00"},
    {"plan_id": ["x"]},
    {"path": "\x00", "name": "x"},
    {"path": "code", "name": "\n"},
    {"path": "code", "include": ["["] * 101},
    {"path": "code", "include": [""]},
    {"path": "code", "surprise": 1},
]
RAW = [
    b"",
    b"{",
    b'"\\ud800"',
    b'{"path": "\\ud800"}',
    b'{"parameters": {"after": "\\ud800", "limit": 1}}',
    b"[" * 9999,
    b"\xff\xfe",
    b"NaN",
]


def requests(described: dict[str, Any], plan_id: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    chance = random.Random(SEED)
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            parameters = operation.get("parameters", [])
            for _ in range(25):
                at = path
                query: dict[str, str] = {}
                headers: dict[str, str] = {}
                for parameter in parameters:
                    junk = chance.choice(JUNK)
                    if parameter["in"] == "path":
                        known = parameter["name"] == "plan_id" and method == "get" and chance.random() < 0.6
                        at = at.replace(
                            f"{{{parameter['name']}}}", plan_id if known else quote(junk, safe="")
                        )
                    elif parameter["in"] == "query" and chance.random() < 0.6:
                        query[parameter["name"]] = junk
                    elif parameter["in"] == "header" and chance.random() < 0.3:
                        headers[parameter["name"]] = quote(junk)
                if method == "post":
                    if path.endswith("{verb}") and chance.random() < 0.8:
                        at = f"/api/v2/queries/{chance.choice(('plans/list', 'waves/check', 'explore/around'))}"
                    body: dict[str, Any] = (
                        {"json": chance.choice(BODIES)}
                        if chance.random() < 0.6
                        else {"content": chance.choice(RAW)}
                    )
                    kind = chance.choice(
                        (
                            "application/json",
                            "application/json",
                            "multipart/form-data; boundary=x",
                            "text/plain",
                            "",
                        )
                    )
                    yield method, at, {"params": query, "headers": {**headers, "Content-Type": kind}, **body}
                else:
                    yield method, at, {"params": query, "headers": headers}


def test_no_junk_is_a_fault_of_the_service(
    client: httpx.Client, service: ServiceProcess, imported: dict[str, Any]
) -> None:
    described = client.get("/openapi.json").json()
    statuses: dict[int, int] = {}
    for method, path, asked in requests(described, imported["result"]["plan_id"]):
        answer = client.request(method, path, **asked)
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, (SEED, method, path, asked, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", (method, path, asked)
            problem = answer.json()
            assert problem["type"].startswith("urn:mge:problem:")
            assert problem["status"] == answer.status_code
            assert problem["detail"]
    assert {200, 404, 422} <= statuses.keys(), statuses
    assert "Traceback" not in service.log.read_text()
