"""What the service says to requests before a store is asked: here none is there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.api.guard import UPLOAD_PATH
from app.serve import create_app
from app.settings import Settings

STATIC = Path(__file__).parents[3] / "app" / "api" / "static"


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return create_app(
        Settings(mge_home=tmp_path, mge_allowed_hosts="mge.example, Other", mge_max_upload_bytes=3_000_000)
    )


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        yield client


def is_problem(answer: httpx.Response, status: int, name: str) -> bool:
    body = answer.json()
    return (
        answer.status_code == status == body["status"]
        and answer.headers["content-type"] == "application/problem+json"
        and body["type"] == f"urn:mge:problem:{name}"
        and body["request_id"] == answer.headers["x-request-id"]
        and bool(body["title"])
        and bool(body["detail"])
    )


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:8000", "[::1]:9", "mge.example", "other:80"]
)
async def test_a_name_of_this_service_is_let_in(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/docs", headers={"Host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "localhost@evil.example",
        "",
        "localhost:x",
        "a/b",
    ],
)
async def test_another_name_is_not(client: httpx.AsyncClient, host: str) -> None:
    assert is_problem(await client.get("/docs", headers={"Host": host}), 403, "forbidden")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8001"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:8000"},
    ],
)
async def test_another_site_changes_nothing(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for method, path in (("POST", UPLOAD_PATH), ("DELETE", "/api/v2/plans/x")):
        assert is_problem(await client.request(method, path, headers=headers), 403, "forbidden")


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://localhost:8000"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
)
async def test_our_own_pages_and_programs_do(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert is_problem(await client.delete("/api/v2/plans/x", headers=headers), 503, "store-down")


async def test_a_store_that_is_down_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v2/plans")
    assert is_problem(answer, 503, "store-down")
    assert int(answer.headers["retry-after"]) > 0
    health = await client.get("/api/health")
    assert health.status_code == 503
    assert health.json()["neo4j"]["status"] == health.json()["postgres"]["status"] == "down"


async def test_routes_and_methods_that_are_not_there(client: httpx.AsyncClient) -> None:
    assert is_problem(await client.get("/nothing"), 404, "no-such-route")
    assert is_problem(await client.get("/static/../../main.py"), 404, "no-such-route")
    answer = await client.put("/api/v2/plans")
    assert is_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


async def test_large_bodies_are_refused_declared_or_not(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    big = {"Content-Type": "application/json"}
    declared = await client.post("/api/v2/queries/plans/list", content=b" " * 1_100_000, headers=big)
    chunked = await client.post("/api/v2/queries/plans/list", content=endless(), headers=big)
    assert is_problem(declared, 413, "body-too-large")
    assert is_problem(chunked, 413, "body-too-large")


async def test_a_fault_of_ours_tells_no_secret(app: FastAPI, client: httpx.AsyncClient) -> None:
    async def broken() -> None:
        raise RuntimeError("the password is swordfish")

    app.add_api_route("/broken", broken)
    answer = await client.get("/broken")
    assert is_problem(answer, 500, "internal-error")
    assert "swordfish" not in answer.text
    assert "Traceback" not in answer.text
    assert re.search(r"incident [0-9a-f]{32}", answer.json()["hint"])


@pytest.mark.parametrize("path", ["/docs", "/nothing", "/api/v2/plans", "/openapi.json", "/broken"])
async def test_every_answer_is_armoured(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


async def test_the_documentation_needs_no_network(client: httpx.AsyncClient) -> None:
    home = await client.get("/", follow_redirects=False)
    assert home.headers["location"] == "/docs"
    page = (await client.get("/docs")).text
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(links) == 4
    for link in links:
        assert (await client.get(link)).status_code == 200
    assert "<script>" not in page
    assert (STATIC / "swagger-ui.LICENSE.txt").read_text().strip().startswith("Apache License")
