"""The embedded stack itself, started once, then hurt in every way that we say it survives."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import neo4j
import psutil
import psycopg
import pytest
from neo4j.exceptions import ClientError
from rich.console import Console

from app.errors import StackError
from app.settings import Settings
from app.stack import (
    BrowserPages,
    Companion,
    Endpoints,
    Launch,
    ServiceStatus,
    StackConfig,
    browser_pages,
    down,
    endpoints,
    env_lines,
    logs,
    neo4j_server,
    process,
    status,
    up,
)

QUIET = Console(file=io.StringIO())

# A parent that runs in the background may have handed down that Ctrl-C is ignored.
STARTER = """
import io, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from rich.console import Console
from app.stack import StackConfig, up
up(StackConfig(Path(sys.argv[1]), Path(sys.argv[2]), heap_mb=512), console=Console(file=io.StringIO()))
"""

SERVER = """
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(os.environ["WORD"].encode())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackConfig]:
    """A stack whose starters are gone: two at once, in processes of their own."""
    found = StackConfig(tmp_path_factory.mktemp("stack") / "home", Settings().mge_cache, heap_mb=512)
    command = [sys.executable, "-c", STARTER, str(found.home), str(found.cache)]
    starters = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for starter in starters:
            _, problem = starter.communicate(timeout=600)
            assert starter.returncode == 0, problem
        yield found
    finally:
        down(found, report=print)


def by_name(config: StackConfig) -> dict[str, ServiceStatus]:
    return {each.name: each for each in status(config)}


def pid(config: StackConfig, name: str) -> int:
    found = by_name(config)[name].pid
    assert found is not None
    return found


def kill(number: int) -> None:
    victim = psutil.Process(number)
    victim.kill()
    victim.wait(10)


def count(found: Endpoints, statement: str) -> int:
    with neo4j.GraphDatabase.driver(found.neo4j_uri, auth=(found.neo4j_user, found.neo4j_password)) as driver:
        return int(driver.execute_query(statement, database_="neo4j").records[0][0])


def test_two_starts_at_once_give_one_stack_that_outlives_them(config: StackConfig) -> None:
    found = by_name(config)
    assert {name: each.state for name, each in found.items()} == {"neo4j": "running", "postgres": "running"}
    servers = [
        each.pid
        for each in psutil.process_iter(["cmdline"])
        if any(str(config.home) in word for word in each.info["cmdline"] or ())
    ]
    assert sorted(servers) == sorted([pid(config, "neo4j"), pid(config, "postgres")])
    before = time.monotonic()
    up(config, console=QUIET)
    assert time.monotonic() - before < 5
    assert {each.name: each.pid for each in status(config)} == {
        name: each.pid for name, each in found.items()
    }


def test_both_stores_answer_at_the_endpoints(config: StackConfig) -> None:
    found = endpoints(config)
    assert count(found, "RETURN 1") == 1
    with psycopg.connect(found.database_url) as connection:
        row = connection.execute(
            "SELECT current_database(), current_setting('server_version_num')::int"
        ).fetchone()
    assert row is not None
    assert row[0] == "mge"
    assert row[1] >= 180000
    with urllib.request.urlopen(found.browser_url) as browser:
        assert b"Neo4j Browser" in browser.read()
    assert found.neo4j_uri in "\n".join(env_lines(found))


def test_the_default_login_never_works(config: StackConfig) -> None:
    found = endpoints(config)
    request = urllib.request.Request(
        found.browser_url.replace("/browser/", "/db/neo4j/query/v2"),
        data=json.dumps({"statement": "RETURN 1"}).encode(),
        headers={
            "Authorization": "Basic " + base64.b64encode(b"neo4j:neo4j").decode(),
            "Content-Type": "application/json",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 401
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(found.database_url.replace(":" + found.database_url.split(":")[2].split("@")[0], ""))


def test_nobody_else_reads_the_passwords(config: StackConfig) -> None:
    found = endpoints(config)
    secrets = [found.neo4j_password, found.database_url.split(":")[2].split("@")[0]]
    assert config.home.stat().st_mode & 0o777 == 0o700
    holders = []
    for path in config.home.rglob("*"):
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets):
            holders.append(path.name)
            assert path.stat().st_mode & 0o077 == 0
    assert sorted(holders) == ["neo4j.password", "postgres.password"]
    commands = [word for each in psutil.process_iter(["cmdline"]) for word in each.info["cmdline"] or ()]
    assert not any(secret in word for secret in secrets for word in commands)


def test_only_this_machine_reaches_it(config: StackConfig) -> None:
    addresses = {
        connection.laddr.ip
        for name in ("neo4j", "postgres")
        for connection in psutil.Process(pid(config, name)).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert {address.removeprefix("::ffff:") for address in addresses} == {"127.0.0.1"}


@pytest.mark.parametrize(
    "source", ["file:///etc/passwd", "http://127.0.0.1:{port}/", "http://example.invalid/"]
)
def test_a_query_reads_neither_files_nor_the_network(config: StackConfig, source: str) -> None:
    found = endpoints(config)
    url = source.format(port=found.browser_url.split(":")[2].split("/")[0])
    with pytest.raises(ClientError):
        count(found, f"LOAD CSV FROM '{url}' AS row RETURN count(row)")


def test_a_server_that_was_started_but_not_noted_is_taken_over(config: StackConfig) -> None:
    before = pid(config, "neo4j")
    file = config.home / "state.json"
    known = json.loads(file.read_text())
    known["neo4j"]["process"] = None
    file.write_text(json.dumps(known))
    up(config, console=QUIET)
    assert pid(config, "neo4j") == before


def test_a_process_id_of_an_earlier_boot_is_not_taken_for_the_server(config: StackConfig) -> None:
    file = config.home / "state.json"
    kept = file.read_text()
    known = json.loads(kept)
    known["postgres"]["process"] = {"pid": os.getpid(), "created": 1.0}
    file.write_text(json.dumps(known))
    assert by_name(config)["postgres"].state == "stopped"
    file.write_text(kept)


def test_another_port_than_the_one_in_use_is_refused(config: StackConfig) -> None:
    with pytest.raises(StackError, match="already runs on port") as refused:
        up(replace(config, bolt_port=1), console=QUIET)
    assert "mge down" in refused.value.hint


def companion(word: str, script: str = SERVER) -> Companion:
    def launch(found: Endpoints, port: int) -> Launch:
        assert found.neo4j_uri
        return Launch([sys.executable, "-c", script, str(port)], {"WORD": word})

    return Companion("api", 8000, None, launch, "/api/health")


def test_a_companion_runs_beside_the_stores_and_anew_where_its_launch_changed(config: StackConfig) -> None:
    url = up(config, [companion("first")], console=QUIET).companions["api"]
    first = pid(config, "api")
    up(config, [companion("first")], console=QUIET)
    assert pid(config, "api") == first
    assert up(config, [companion("second")], console=QUIET).companions["api"] == url
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"second"
    assert pid(config, "api") != first
    assert len(logs(config, "api")) == 1


def test_the_pages_of_a_companion_are_known_before_it_starts(config: StackConfig) -> None:
    wanted = replace(companion("first"), guide_path="/guide", style_path="/style")
    pages = browser_pages(config, wanted)
    url = up(config, [wanted], console=QUIET).companions["api"]
    assert pages == BrowserPages(f"{url}/guide", f"{url}/style") == browser_pages(config, wanted)


def test_a_companion_that_fails_says_why_and_leaves_the_stores(config: StackConfig) -> None:
    with pytest.raises(StackError, match="ImportError: no such thing") as refused:
        up(config, [companion("third", "raise ImportError('no such thing')")], console=QUIET)
    assert "api.log" in refused.value.hint
    assert {name: each.state for name, each in by_name(config).items()} == {
        "neo4j": "running",
        "postgres": "running",
        "api": "stopped",
    }


def test_a_companion_that_does_not_answer_in_time_is_stopped(config: StackConfig) -> None:
    with pytest.raises(StackError, match="does not answer after 1 s: still thinking") as refused:
        script = "import time; print('still thinking', flush=True); time.sleep(60)"
        up(config, [companion("fourth", script)], console=QUIET, start_seconds=1)
    assert "mge down" in refused.value.hint
    assert by_name(config)["api"].state == "stopped"


def test_killed_servers_come_back_with_their_data(config: StackConfig) -> None:
    found = endpoints(config)
    count(found, "CREATE (n:Kept) RETURN 1")
    with psycopg.connect(found.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    kill(pid(config, "neo4j"))
    kill(pid(config, "postgres"))
    lock = config.home / "postgres" / "postmaster.pid"
    lines = lock.read_text().split("\n")
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]))  # the id was given to another program since
    assert {each.state for each in status(config)} == {"stopped"}

    again = up(config, console=QUIET)
    assert (again.neo4j_uri, again.database_url) == (found.neo4j_uri, found.database_url)
    assert count(again, "MATCH (n:Kept) RETURN count(n)") == 1
    with psycopg.connect(again.database_url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_a_server_that_dies_while_it_is_waited_for_is_started_anew(config: StackConfig) -> None:
    dying = psutil.Process(pid(config, "neo4j"))
    dying.suspend()  # alive, but not answering
    threading.Timer(1, dying.kill).start()
    found = up(config, console=QUIET)
    assert pid(config, "neo4j") != dying.pid
    assert count(found, "RETURN 1") == 1


def test_half_a_stack_can_be_stopped_and_says_what_is_wrong_when_it_cannot_start(config: StackConfig) -> None:
    kill(pid(config, "neo4j"))
    assert {each.name: each.how for each in down(config, report=print)} == {
        "neo4j": "not running",
        "postgres": "graceful",
        "api": "not running",
    }
    assert {each.state for each in status(config)} == {"stopped"}
    with pytest.raises(StackError, match="is stopped"):
        endpoints(config)

    control = config.home / "postgres" / "global" / "pg_control"
    kept = control.read_bytes()
    control.unlink()
    with pytest.raises(StackError, match="could not find the database system") as refused:
        up(config, console=QUIET)
    assert str(config.home) in refused.value.hint
    assert {each.state for each in status(config)} == {"stopped"}
    control.write_bytes(kept)


def test_an_interrupted_start_leaves_nothing_running(config: StackConfig) -> None:
    command = [sys.executable, "-c", STARTER, str(config.home), str(config.cache)]
    starter = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while by_name(config)["neo4j"].pid is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    starter.send_signal(signal.SIGINT)
    assert starter.wait(60) != 0
    assert {each.state for each in status(config)} == {"stopped"}
    assert process.find(neo4j_server.marker(config.home / "neo4j")) is None
