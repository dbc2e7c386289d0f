"""Plans over REST: made elsewhere, edited, approved, executed by the worker, watched live; the model is a local HTTP server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from app.stack import Endpoints
from tests.acceptance.messages_server import MessagesServer
from tests.acceptance.service import ServiceProcess, ended
from tests.documents import document, task
from tests.servers import new_database


def answer(number: int) -> str:
    return f"```python\ndef f{number}() -> int:\n    return {number}\n```"


@pytest.fixture(scope="module")
def model() -> Iterator[MessagesServer]:
    with MessagesServer(answer, 0.05) as server:
        yield server


@pytest.fixture(scope="module")
def service(
    servers: Endpoints, model: MessagesServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcess]:
    folder = tmp_path_factory.mktemp("plans")
    environment = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "x"}
    with new_database(servers) as url:
        process = ServiceProcess(servers, url, folder / "home", folder, environment)
        process.start()
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def api(service: ServiceProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=60) as client:
        yield client


def imported(api: httpx.Client, tasks: int = 3) -> str:
    made = document(*(task(n, f"f{n}.py", [n - 1] if n > 1 else []) for n in range(1, tasks + 1)))
    found = api.post("/api/v1/masterplan/import", json={"document": made.model_dump(mode="json")})
    assert found.status_code == 201, found.text
    return str(found.json()["plan"]["masterplan_id"])


def executed(api: httpx.Client, plan_id: str) -> dict[str, Any]:
    assert api.post(f"/api/v1/masterplan/{plan_id}/approve", json={}).status_code == 200
    job = api.post("/api/v1/masterplan/execute", json={"masterplan_id": plan_id, "provider": "anthropic"})
    assert job.status_code == 202, job.text
    return ended(api, job.json())


def test_a_plan_is_approved_executed_and_has_its_files(api: httpx.Client, service: ServiceProcess) -> None:
    plan_id = imported(api)
    refused = api.post("/api/v1/masterplan/execute", json={"masterplan_id": plan_id})
    assert refused.status_code == 409
    assert "approve" in refused.json()["hint"]
    job = executed(api, plan_id)
    assert job["status"] == "succeeded", job
    assert job["result"]["completed"] == 3
    found = api.get(f"/api/v1/masterplan/{plan_id}").json()
    assert (found["plan"]["status"], found["plan"]["progress_percent"]) == ("completed", "100.00")
    assert found["plan"]["simulated"] is False
    for each in found["tasks"]:
        path = service.home / "workspaces" / plan_id / each["target_files"][0]
        assert path.read_text() == f"def f{each['task_number']}() -> int:\n    return {each['task_number']}\n"
        detail = api.get(f"/api/v1/task/{each['task_id']}").json()
        assert detail["llm_response"]
        assert detail["validation_passed"] is True
    assert "plan_completed" in [e["event_type"] for e in _history(api, plan_id)]


def test_a_task_that_is_over_can_be_done_again(api: httpx.Client) -> None:
    plan_id = imported(api, 1)
    executed(api, plan_id)
    before = api.get(f"/api/v1/masterplan/{plan_id}").json()["tasks"][0]
    assert api.post(f"/api/v1/task/{before['task_id']}/retry").status_code == 200
    job = api.post(
        "/api/masterplan/execute?mode=mvp", json={"masterplan_id": plan_id, "provider": "anthropic"}
    )
    assert ended(api, job.json())["status"] == "succeeded"
    after = api.get(f"/api/v1/masterplan/{plan_id}").json()["tasks"][0]
    assert (after["status"], after["retry_count"]) == ("completed", before["retry_count"] + 1)


def test_v2_is_refused_with_what_to_do(api: httpx.Client) -> None:
    plan_id = imported(api, 1)
    api.post(f"/api/v1/masterplan/{plan_id}/approve", json={})
    refused = api.post("/api/masterplan/execute?mode=v2_atoms", json={"masterplan_id": plan_id})
    assert refused.status_code == 409, refused.text
    assert api.get(f"/api/v1/masterplan/{plan_id}").json()["plan"]["status"] == "approved"


def test_progress_comes_over_a_websocket_and_goes_on_after_a_break(
    api: httpx.Client, service: ServiceProcess
) -> None:
    plan_id = imported(api, 4)
    address = f"{service.url.replace('http', 'ws')}/ws/masterplan/{plan_id}"
    with connect(address) as socket:
        first = json.loads(socket.recv(timeout=20))
        assert (first["sequence"], first["event_type"]) == (1, "plan_created")
        executed(api, plan_id)
        second = json.loads(socket.recv(timeout=20))
    seen = [first, second]
    with connect(f"{address}?after=2") as socket:
        while seen[-1]["event_type"] != "plan_completed":
            seen.append(json.loads(socket.recv(timeout=20)))
    assert [each["sequence"] for each in seen] == list(range(1, len(seen) + 1))
    assert seen == _history(api, plan_id)


def test_progress_comes_as_server_sent_events_from_any_place(api: httpx.Client) -> None:
    plan_id = imported(api, 2)
    executed(api, plan_id)
    with api.stream(
        "GET", f"/api/v1/masterplan/{plan_id}/events", headers={"Last-Event-ID": "2"}
    ) as answered:
        assert answered.headers["content-type"].startswith("text/event-stream")
        text = "".join(answered.iter_text())
    ids = [int(line[4:]) for line in text.splitlines() if line.startswith("id: ")]
    assert ids == [each["sequence"] for each in _history(api, plan_id) if each["sequence"] > 2]


def test_a_websocket_of_another_site_or_plan_is_closed(service: ServiceProcess) -> None:
    address = f"{service.url.replace('http', 'ws')}/ws/masterplan/{uuid4()}"
    with connect(address) as socket, pytest.raises(ConnectionClosed, match="4404"):
        socket.recv(timeout=20)
    elsewhere = Origin("http://evil.example")
    with pytest.raises(InvalidStatus, match="403"), connect(address, origin=elsewhere):
        pass


@pytest.mark.parametrize(
    ("route", "body", "field"),
    [
        ("/api/v1/discovery/start", {"user_request": ""}, "user_request"),
        ("/api/v1/discovery/start", {"user_request": "x" * 900_000}, "user_request"),
        ("/api/v1/discovery/start", {"user_request": "\u0001\u0002 binary"}, "user_request"),
        ("/api/v1/discovery/start", {"user_request": "!!! 123"}, "user_request"),
        ("/api/v1/masterplan/import", {"document": {"project_name": "x", "colour": "red"}}, "colour"),
        ("/api/v1/masterplan/import", {"document": {"project_name": "x"}}, "phases"),
    ],
)
def test_bad_input_is_refused_with_the_field_and_leaves_nothing(
    api: httpx.Client, route: str, body: dict[str, Any], field: str
) -> None:
    before = len(api.get("/api/v1/masterplans?limit=500").json()["items"])
    refused = api.post(route, json=body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["field"].endswith(field)
    assert refused.json()["hint"]
    assert len(api.get("/api/v1/masterplans?limit=500").json()["items"]) == before


@pytest.mark.parametrize("faulty", [{"depends_on": [1]}, {"target_files": ["../out.py"]}])
def test_a_plan_with_faults_is_refused_with_each(api: httpx.Client, faulty: dict[str, Any]) -> None:
    made = document(task(1, "a.py")).model_dump(mode="json")
    made["phases"][0]["milestones"][0]["tasks"][0].update(faulty)
    refused = api.post("/api/v1/masterplan/import", json={"document": made})
    assert refused.status_code == 422
    assert "task 1" in refused.json()["detail"]


def test_one_key_starts_one_run(api: httpx.Client) -> None:
    plan_id = imported(api, 2)
    api.post(f"/api/v1/masterplan/{plan_id}/approve", json={})
    headers = {"Idempotency-Key": str(uuid4())}
    body = {"masterplan_id": plan_id, "provider": "anthropic"}
    jobs = [api.post("/api/v1/masterplan/execute", json=body, headers=headers).json() for _ in range(3)]
    assert len({job["job_id"] for job in jobs}) == 1
    assert ended(api, jobs[0])["status"] == "succeeded"


def test_a_paused_plan_goes_on_and_a_deleted_one_is_gone(api: httpx.Client, service: ServiceProcess) -> None:
    plan_id = imported(api, 12)
    api.post(f"/api/v1/masterplan/{plan_id}/approve", json={})
    body = {"masterplan_id": plan_id, "provider": "anthropic"}
    job = api.post("/api/v1/masterplan/execute", json=body).json()
    assert api.post(f"/api/v1/masterplan/{plan_id}/pause", json={"reason": "lunch"}).status_code == 200
    ended(api, job)
    assert api.get(f"/api/v1/masterplan/{plan_id}").json()["plan"]["status"] == "paused"
    again = api.post("/api/v1/masterplan/execute", json=body).json()
    assert ended(api, again)["result"]["completed"] == 12
    assert api.delete(f"/api/v1/masterplan/{plan_id}").status_code == 204
    assert api.get(f"/api/v1/masterplan/{plan_id}").status_code == 404
    assert not Path(service.home / "workspaces" / plan_id).exists()


def _history(api: httpx.Client, plan_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = api.get(
            f"/api/v1/masterplan/{plan_id}/history", params={"cursor": cursor} if cursor else {}
        ).json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = page["next_cursor"]
