"""The main job over REST: an archive in, its graph out."""

from __future__ import annotations

import io
import json
import re
import tarfile
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from app.graph.queries import public_queries
from tests.acceptance.conftest import SHOP, packed
from tests.acceptance.service import ServiceProcess, ended


def pages(client: httpx.Client, path: str, **parameters: str | int) -> list[dict[str, Any]]:
    """Every page of a listing."""
    found = []
    cursor: str | None = None
    while True:
        asked = {**parameters, **({"cursor": cursor} if cursor else {})}
        answer = client.get(path, params=asked)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        cursor = found[-1]["next_cursor"]
        if cursor is None:
            return found


def upload(
    client: httpx.Client, content: bytes, filename: str, key: str | None = None, **data: Any
) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(
        "/api/v2/plans/import", files={"file": (filename, content)}, data=data, headers=headers
    )


def test_an_import_tells_every_figure(imported: dict[str, Any]) -> None:
    assert imported["status"] == "succeeded", imported["error"]
    result = imported["result"]
    assert result["files"] == len(SHOP)
    assert result["atoms"] > len(SHOP)
    assert result["dependencies"]["IMPORT_DEP"] > 0
    assert result["waves"] > 1
    assert result["recovered"] + result["opaque"] == 1 == result["total_reasons"]
    assert result["reasons"][0][0].endswith("broken.py")
    assert result["seconds"]["total"] > 0
    stages = {stage["stage"]: stage for stage in imported["progress"]}
    assert stages["files"] == {"stage": "files", "done": len(SHOP), "total": len(SHOP)}
    assert stages["atoms"]["done"] == result["atoms"]
    assert imported["started_at"] <= imported["finished_at"]


def test_every_atom_comes_once_whatever_the_page_size(client: httpx.Client, imported: dict[str, Any]) -> None:
    path = f"/api/v2/atoms/{imported['result']['plan_id']}"
    walks = [
        [atom["atom_id"] for page in pages(client, path, limit=limit) for atom in page["items"]]
        for limit in (1, 2, 1000)
    ]
    assert walks[0] == walks[1] == walks[2]
    assert len(set(walks[0])) == len(walks[0]) == imported["result"]["atoms"]


def test_a_plan_says_what_it_holds(client: httpx.Client, imported: dict[str, Any]) -> None:
    result = imported["result"]
    found = client.get(imported["links"]["plan"]).json()
    assert found["plan"]["project_name"] == "acceptance shop"
    assert found["plan"]["root"] == "shop"
    assert found["plan"]["total_atoms"] == result["atoms"] == found["build"]["total_atoms"]
    assert found["build"]["max_depth"] == result["waves"]
    listed = [plan["plan_id"] for page in pages(client, "/api/v2/plans", limit=1) for plan in page["items"]]
    assert listed.count(result["plan_id"]) == 1
    assert listed == sorted(listed)


def test_an_atom_shows_its_code_and_why_it_needs_what(client: httpx.Client, imported: dict[str, Any]) -> None:
    plan_id = imported["result"]["plan_id"]
    atoms = client.get(f"/api/v2/atoms/{plan_id}", params={"limit": 1000}).json()["items"]
    price = next(atom for atom in atoms if atom["kind"] == "function" and atom["name"] == "price")
    found = client.get(f"/api/v2/atom/{price['atom_id']}").json()
    assert found["plan_id"] == plan_id
    assert "def price" in found["atom"]["code"]
    callers = [need for need in found["needed_by"] if need["type"] == "CONTROL_DEP"]
    assert [need["path"] for need in callers] == ["shop/cart.py"]
    assert callers[0]["kinds"] == ["call"]
    line, column = map(int, callers[0]["evidence"][0].split(":"))
    assert SHOP["shop/cart.py"].splitlines()[line - 1][column - 1 :].startswith("price(")
    caller = client.get(f"/api/v2/atom/{callers[0]['atom_id']}").json()
    assert price["atom_id"] in [need["atom_id"] for need in caller["needs"]]


def test_the_graph_is_the_same_page_by_page(client: httpx.Client, imported: dict[str, Any]) -> None:
    result = imported["result"]
    path = f"/api/v2/dependency-graph/{result['plan_id']}"
    drawn = pages(client, path, limit=3)
    nodes = [node["atom_id"] for page in drawn for node in page["nodes"]]
    edges = [(e["source"], e["target"], e["type"]) for page in drawn for e in page["edges"]]
    assert len(drawn) > 1
    assert len(set(nodes)) == len(nodes) == result["atoms"]
    assert len(set(edges)) == len(edges) == sum(result["dependencies"].values())
    near = client.get(path, params={"atom_id": edges[0][0], "depth": 1}).json()
    assert {edges[0][0], edges[0][1]} <= {node["atom_id"] for node in near["nodes"]}
    few = client.get(path, params={"atom_id": edges[0][0], "depth": 4, "limit": 1}).json()
    assert few["truncated"]
    assert len(few["nodes"]) == 1


def test_a_plan_is_drawn(client: httpx.Client, imported: dict[str, Any]) -> None:
    plan_id = imported["result"]["plan_id"]
    drawn = client.get(f"/api/v2/dependency-graph/{plan_id}/picture")
    said = drawn.json()
    atoms = [atom for page in pages(client, f"/api/v2/atoms/{plan_id}") for atom in page["items"]]
    assert sorted(said["atoms"]["id"]) == sorted(atom["atom_id"] for atom in atoms)
    assert {len(column) for column in said["atoms"].values()} == {len(atoms)}
    assert {group[0] for group in said["groups"]} == {atom["path"] for atom in atoms}
    again = client.get(
        f"/api/v2/dependency-graph/{plan_id}/picture", headers={"If-None-Match": drawn.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    page = client.get(f"/api/v2/dependency-graph/{plan_id}/view")
    assert page.headers["content-type"].startswith("text/html")
    for file in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert client.get(file).status_code == 200, file
    assert "<script>" not in page.text
    for what in ("picture", "view"):
        assert client.get(f"/api/v2/dependency-graph/nothing/{what}").status_code == 404


def test_waves_hold_every_atom(client: httpx.Client, imported: dict[str, Any]) -> None:
    result = imported["result"]
    found = pages(client, f"/api/v2/execution-waves/{result['plan_id']}", limit=2)
    waves = [wave for page in found for wave in page["items"]]
    assert [wave["number"] for wave in waves] == list(range(1, result["waves"] + 1))
    assert sum(wave["total_atoms"] for wave in waves) == result["atoms"]


def test_a_graph_is_built_anew(client: httpx.Client, imported: dict[str, Any]) -> None:
    plan_id = imported["result"]["plan_id"]
    before = client.get(f"/api/v2/plans/{plan_id}").json()
    key = {"Idempotency-Key": uuid4().hex}
    answers = [
        client.post("/api/v2/dependency-graph/build", json={"plan_id": plan_id}, headers=key)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["job_id"] == answers[1].json()["job_id"]
    assert answers[0].headers["location"] == answers[0].json()["links"]["self"]
    job = ended(client, answers[0].json())
    assert job["status"] == "succeeded", job["error"]
    after = client.get(f"/api/v2/plans/{plan_id}").json()
    assert after["build"]["build_id"] == job["result"]["build_id"] != before["build"]["build_id"]
    assert after["build"]["max_depth"] == before["build"]["max_depth"]


def test_named_queries_run(client: httpx.Client, imported: dict[str, Any]) -> None:
    plan_id = imported["result"]["plan_id"]
    offered = {query["name"]: query for query in client.get("/api/v2/queries").json()["items"]}
    assert offered.keys() == {query.name for query in public_queries()}
    checked = client.post(
        "/api/v2/queries/waves/check", json={"parameters": {"plan_id": plan_id, "limit": 10}}
    )
    assert checked.json() == {
        "columns": ["atom_id", "wave", "earliest", "problem"],
        "rows": [],
        "truncated": False,
    }
    for name in ("publish/retire", "staging/open", "migrations/unlock", "patch/base", "patch/nodes"):
        refused = client.post(f"/api/v2/queries/{name}", json={"parameters": {"plan_id": plan_id}})
        assert refused.status_code == 404
    others = client.post("/api/v2/queries/plans/list", json={"parameters": {"tenant_id": "other"}})
    assert others.status_code == 422
    assert others.json()["field"] == "tenant_id"


def test_one_key_is_one_job(client: httpx.Client) -> None:
    key, content = uuid4().hex, packed({"a.py": "x = 1\n"})
    first, same = (upload(client, content, "keyed.tgz", key) for _ in range(2))
    assert first.status_code == same.status_code == 202
    assert first.json()["job_id"] == same.json()["job_id"]
    for other in (
        upload(client, packed({"a.py": "x = 2\n"}), "keyed.tgz", key),
        upload(client, content, "keyed.tgz", key, include=["*.py"]),
        upload(client, content, "keyed.tgz", key, name="another"),
    ):
        assert other.status_code == 422
        assert other.json()["field"] == "Idempotency-Key"
    assert upload(client, content, "keyed.tgz", "\x7f").status_code == 422
    assert ended(client, first.json())["status"] == "succeeded"


def test_a_path_below_the_root_is_imported(client: httpx.Client) -> None:
    body = {"path": "code", "name": "by path", "exclude": ["*.ts"]}
    answer = client.post("/api/v2/plans/import", json=body)
    assert answer.status_code == 202
    job = ended(client, answer.json())
    assert job["status"] == "succeeded", job["error"]
    assert job["result"]["files"] == sum(name.endswith(".py") for name in SHOP)


@pytest.mark.parametrize(
    "path", ["way-out", "../secret", "way-out/key.py", "/etc", "code/../../secret", "nowhere"]
)
def test_a_path_out_of_the_root_is_refused(client: httpx.Client, path: str) -> None:
    answer = client.post("/api/v2/plans/import", json={"path": path})
    assert answer.status_code == 422
    assert answer.json()["field"] == "path"
    assert "secret" not in answer.json()["detail"]


def test_a_hostile_archive_fails_its_job_and_leaves_nothing(
    client: httpx.Client, service: ServiceProcess
) -> None:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w:gz") as archive:
        entry = tarfile.TarInfo("../../evil.py")
        entry.size = 6
        archive.addfile(entry, io.BytesIO(b"x = 1\n"))
    for content in (into.getvalue(), b"PK\x03\x04 but no more"):
        answer = upload(client, content, "hostile.zip")
        assert answer.status_code == 202
        job = ended(client, answer.json())
        assert job["status"] == "failed"
        assert job["error"]["type"] == "urn:mge:problem:source-refused"
        assert str(service.home) not in str(job["error"])
        assert client.get(job["links"]["plan"]).status_code == 404
    assert list((service.home / "uploads").iterdir()) == []


def test_a_huge_upload_is_refused_while_it_comes(client: httpx.Client, service: ServiceProcess) -> None:
    declared = upload(client, b"PK\x03\x04" + bytes(8 * 2**20), "huge.zip")
    assert declared.status_code == 413
    assert declared.json()["type"] == "urn:mge:problem:body-too-large"

    def endless() -> Any:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="huge.zip"\r\n\r\n'
        while True:
            yield bytes(65536)

    try:
        answer = client.post(
            "/api/v2/plans/import",
            content=endless(),
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
        assert answer.status_code == 413
    except httpx.TransportError:
        pass  # the service hung up before all was sent
    assert list((service.home / "uploads").iterdir()) == []


def test_a_plan_can_be_deleted(client: httpx.Client) -> None:
    job = ended(client, upload(client, packed({"a.py": "x = 1\n"}), "doomed.tgz").json())
    plan = job["links"]["plan"]
    atom = client.get(f"/api/v2/atoms/{job['result']['plan_id']}").json()["items"][0]["atom_id"]
    assert client.delete(plan).status_code == 204
    for gone in (plan, f"/api/v2/atoms/{job['result']['plan_id']}", f"/api/v2/atom/{atom}"):
        assert client.get(gone).status_code == 404
    assert client.delete(plan).status_code == 404


def test_what_is_not_there_is_404_and_what_is_over_409(
    client: httpx.Client, imported: dict[str, Any]
) -> None:
    for path in (
        "plans/none",
        "atoms/none",
        "atom/none",
        "dependency-graph/none",
        "execution-waves/none",
        f"jobs/{uuid4()}",
        f"dependency-graph/{imported['result']['plan_id']}?atom_id=none",
    ):
        answer = client.get(f"/api/v2/{path}")
        assert answer.status_code == 404, path
        assert answer.json()["type"] == "urn:mge:problem:not-found"
    assert client.post("/api/v2/dependency-graph/build", json={"plan_id": "none"}).status_code == 404
    over = client.post(imported["links"]["cancel"])
    assert over.status_code == 409
    assert over.json()["type"] == "urn:mge:problem:conflict"


def test_jobs_go_on_where_every_connection_was_cut(client: httpx.Client, service: ServiceProcess) -> None:
    with psycopg.connect(service.database_url) as admin:
        cut = admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    assert len(cut) >= 2
    answer = upload(client, packed({"a.py": "x = 1\n"}), "cut.tgz")
    assert answer.status_code == 202, answer.text
    assert ended(client, answer.json())["status"] == "succeeded"


def test_the_log_is_json_and_holds_no_secret(client: httpx.Client, service: ServiceProcess) -> None:
    client.get("/api/v2/plans")
    text = service.log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert any(line["event"] == "request" and line["path"] == "/api/v2/plans" for line in lines)
    assert service.servers.neo4j_password not in text
    assert service.database_url not in text


def test_neo4j_browser_may_fetch_its_pages_and_nothing_else(client: httpx.Client) -> None:
    browser = {"Origin": "http://127.0.0.1:7474", "Sec-Fetch-Site": "same-site"}
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "cache-control,pragma"}
    for page, starts in (("guide.html", b"<article"), ("style.grass", b"node {"), ("favourites.zip", b"PK")):
        allowed = client.options(f"/browser/{page}", headers=browser | asked)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == "*"
        assert "pragma" in allowed.headers["access-control-allow-headers"]
        answer = client.get(f"/browser/{page}", headers=browser)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.content.startswith(starts)
    refused = client.get("/api/v2/plans", headers=browser)
    assert "access-control-allow-origin" not in refused.headers
