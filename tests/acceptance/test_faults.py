"""What ends early is done all the same, or leaves nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import neo4j
import pytest

from app.model.plan_id import plan_id_for
from app.stack import Endpoints
from tests.acceptance.conftest import packed
from tests.acceptance.service import ServiceProcess, ended, until
from tests.servers import new_database

# Enough files that an import that is killed has staged some of them.
LARGE = {
    f"large/m{n}.py": "".join(
        f"def f{n}_{k}(x: int) -> int:\n    return f{n}_{k - 1}(x) + {k}\n\n\n" for k in range(1, 40)
    )
    for n in range(60)
}


@pytest.fixture
def service(servers: Endpoints, tmp_path: Path) -> Iterator[ServiceProcess]:
    """A service of the test's own, to be killed."""
    root = tmp_path / "root"
    root.mkdir()
    with new_database(servers) as database_url:
        process = ServiceProcess(servers, database_url, tmp_path / "home", root)
        process.start()
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def held(servers: Endpoints, name: str) -> Iterator[None]:
    """Keep imports from publishing the plan, so that they last as long as a test needs them to."""
    with (
        neo4j.GraphDatabase.driver(
            servers.neo4j_uri, auth=(servers.neo4j_user, servers.neo4j_password)
        ) as driver,
        driver.session() as session,
        session.begin_transaction() as transaction,
    ):
        transaction.run("MERGE (:Plan {plan_id: $plan_id})", plan_id=plan_id_for("default", name)).consume()
        yield
        transaction.rollback()


def begun(client: httpx.Client, name: str) -> dict[str, object]:
    """A large import that has read some of its files."""
    job = client.post(
        "/api/v2/plans/import", files={"file": (f"{name}.tgz", packed(LARGE))}, data={"name": name}
    ).json()
    until(
        lambda: any(
            stage["stage"] == "atoms" for stage in client.get(job["links"]["self"]).json()["progress"]
        ),
        "the import to begin",
    )
    found: dict[str, object] = client.get(job["links"]["self"]).json()
    assert found["status"] == "running"
    return found


def test_an_import_survives_the_service_being_killed(service: ServiceProcess) -> None:
    with httpx.Client(base_url=service.url, timeout=60) as client:
        with held(service.servers, "killed"):
            job = begun(client, "killed")
            service.kill()
            service.start()
        done = ended(client, job)
        assert done["status"] == "succeeded", done["error"]
        assert done["attempt"] == 2
        assert done["result"]["files"] == len(LARGE)
        plan = client.get(done["links"]["plan"]).json()["plan"]
        assert plan["total_atoms"] == done["result"]["atoms"]
        assert list((service.home / "uploads").iterdir()) == []
        client.delete(done["links"]["plan"])


def test_an_import_goes_on_at_once_where_the_service_was_stopped(service: ServiceProcess) -> None:
    with httpx.Client(base_url=service.url, timeout=60) as client:
        with held(service.servers, "stopped"):
            job = begun(client, "stopped")
            assert service.stop() in (0, -signal.SIGTERM)
            service.start()
        done = ended(client, job)
        assert (done["status"], done["attempt"]) == ("succeeded", 2)
        client.delete(done["links"]["plan"])


def test_a_cancelled_import_leaves_nothing_and_the_next_one_runs(service: ServiceProcess) -> None:
    with httpx.Client(base_url=service.url, timeout=60) as client:
        with held(service.servers, "cancelled"):
            job = begun(client, "cancelled")
            links = job["links"]
            assert isinstance(links, dict)
            assert client.post(links["cancel"]).json()["status"] == "cancelled"
        again = client.post(
            "/api/v2/plans/import", files={"file": ("small.tgz", packed({"a.py": "x = 1\n"}))}
        ).json()
        assert ended(client, again)["status"] == "succeeded"
        assert client.get(links["plan"]).status_code == 404
        client.delete(again["links"]["plan"])


def test_the_service_waits_for_a_store_that_is_down(servers: Endpoints, tmp_path: Path) -> None:
    service = ServiceProcess(servers, "postgresql://127.0.0.1:1/nothing", tmp_path / "home", tmp_path)
    service.start(health=503)
    try:
        with httpx.Client(base_url=service.url) as client:
            health = client.get("/api/health").json()
            assert (health["neo4j"]["status"], health["postgres"]["status"]) == ("up", "down")
            assert client.get("/api/v2/plans").status_code == 200
            job = client.get("/api/v2/jobs/00000000-0000-0000-0000-000000000000")
            assert job.status_code == 503
            assert job.headers["retry-after"]
    finally:
        service.kill()
