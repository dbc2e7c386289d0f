"""The services of the stack: for each, the ports it gets, how it is started and how it shows that it is ready."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import signal
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rich.console import Console

from app.errors import StackError
from app.stack import artifacts, neo4j_server, ports, postgres_server, probe, process, state
from app.stack.config import Companion, Endpoints, Launch, StackConfig
from app.stack.process import Process
from app.stack.state import Running

NEO4J = "neo4j"
POSTGRES = "postgres"
LLM = "llm"
STOP_SECONDS = 60.0  # the first stop of Neo4j also writes its start-up cache


@dataclass(frozen=True, slots=True)
class Service:
    """One process of the stack. ``process`` is there where it runs already; ``logs`` say why it failed."""

    name: str
    process: Process | None
    ports: Mapping[str, int]
    prepare: Callable[[], Launch]
    ready: Callable[[], bool]
    logs: tuple[Path, ...]
    health_url: str = ""
    digest: str = ""
    """Of how a companion is launched."""
    prepare_again: Callable[[], Launch] | None = None
    """How it is started a second time where it ran but could not open its data."""


class DataClosed(StackError):
    """A server runs, but could not open its data."""


def neo4j(config: StackConfig, console: Console) -> Service:
    """The embedded Neo4j; preparing it fetches the jars that are missing."""
    home = config.home / NEO4J
    known = adopt(config.home, NEO4J, neo4j_server.marker(home))
    if known.process is not None and _query(config.home, known.ports["http"]) in (
        "broken",
        "offline",
    ):
        console.print("Neo4j met a critical error, such as a full disk, and is started anew")
        process.stop(known.process, signal.SIGTERM, STOP_SECONDS)
        known = replace(known, process=None)
    given = _assign(
        known,
        {
            "bolt": ("MGE_BOLT_PORT", config.bolt_port, 7687),
            "http": ("MGE_HTTP_PORT", config.http_port, 7474),
        },
    )
    heap_mb = config.heap_mb or neo4j_server.default_heap_mb()

    def prepare(heap_mb_at_most: int = heap_mb) -> Launch:
        jars = artifacts.fetch(artifacts.locked(), config.cache / "jars", console)
        neo4j_server.configure(
            home, given["bolt"], given["http"], heap_mb, read_only=config.read_only, pages=config.pages
        )
        password = _ensure_password(config.home, NEO4J, store_exists=neo4j_server.has_store(home))
        neo4j_server.set_first_password(home, password)
        neo4j_server.recorded_cache(home).unlink(missing_ok=True)
        startup_cache = neo4j_server.startup_cache(config.cache)
        return Launch(neo4j_server.command(home, jars, heap_mb_at_most, startup_cache))

    def prepare_again() -> Launch:
        # Where a full disk cut a record off, recovery makes room for the length that it reads there.
        return prepare(max(heap_mb, neo4j_server.most_heap_mb()))

    def ready() -> bool:
        state = _query(config.home, given["http"])
        if state == "offline":
            raise DataClosed(
                "Neo4j runs, but cannot open its database",
                hint=f"{home / 'logs' / 'debug.log'} tells why; the data is as it was",
            )
        return state == "answers" and probe.bolt(f"bolt://{ports.LOOPBACK}:{given['bolt']}")

    files = logs(config.home, NEO4J)
    return Service(NEO4J, known.process, given, prepare, ready, files, prepare_again=prepare_again)


def _query(home: Path, http_port: int) -> Literal["answers", "broken", "offline", "silent"]:
    return probe.query(f"http://{ports.LOOPBACK}:{http_port}", neo4j_server.USER, read_password(home, NEO4J))


def postgres(config: StackConfig, taken: Collection[int]) -> Service:
    """The embedded PostgreSQL, on a port not among ``taken``; preparing it makes its cluster."""
    data = config.home / POSTGRES
    known = adopt(config.home, POSTGRES, postgres_server.marker(data))
    given = _assign(known, {"postgres": ("", None, 5432)}, taken)

    def prepare() -> Launch:
        _ensure_password(config.home, POSTGRES, store_exists=postgres_server.has_store(data))
        postgres_server.initialise(data, password_file(config.home, POSTGRES))
        postgres_server.clear_the_way(data)
        return Launch(postgres_server.command(data, given["postgres"]))

    def ready() -> bool:
        return probe.postgres(postgres_address(given["postgres"]))

    return Service(POSTGRES, known.process, given, prepare, ready, logs(config.home, POSTGRES))


def reserve(config: StackConfig, wanted: Companion) -> int:
    """The port that a companion runs on or will be started on, noted for then."""
    known = adopt(config.home, wanted.name)
    port = known.ports.get("http", -1)
    if known.process is None or wanted.chosen_port not in (None, port):
        setting = wanted.port_setting or f"MGE_{wanted.name.upper()}_PORT"
        port = ports.choose(setting, wanted.chosen_port, known.ports.get("http"), wanted.default_port)
        if known.process is None:
            state.save(config.home, wanted.name, replace(known, ports={"http": port}))
    return port


def companion(config: StackConfig, wanted: Companion, endpoints: Endpoints) -> Service:
    """A service beside the stores; stops its process where that was launched in another way."""
    port = reserve(config, wanted)
    known = adopt(config.home, wanted.name)
    launch = wanted.launch(endpoints, port)
    digest = hashlib.sha256(json.dumps([list(launch.command), dict(launch.env)]).encode()).hexdigest()
    running = known.process
    if running is not None and (known.launch, known.ports.get("http")) != (digest, port):
        process.stop(running, signal.SIGTERM, STOP_SECONDS)
        running = None
    health_url = f"http://{ports.LOOPBACK}:{port}{wanted.health_path}"
    return Service(
        wanted.name,
        running,
        {"http": port},
        lambda: launch,
        lambda: probe.http(health_url),
        logs(config.home, wanted.name),
        health_url,
        digest,
    )


def adopt(home: Path, name: str, marker: tuple[str, ...] = ()) -> Running:
    """What runs and on which ports, also where the command that started it was killed before noting it.

    A process whose ports nobody remembers is stopped.
    """
    known = state.load(home).get(name, Running())
    if known.process is not None and process.is_running(known.process):
        return known
    found = process.find(marker) if marker else None
    if found is not None and not known.ports:
        process.stop(found, signal.SIGTERM, STOP_SECONDS)
        found = None
    known = replace(known, process=found)
    if found is not None:
        state.save(home, name, known)
    return known


def logs(home: Path, name: str) -> tuple[Path, ...]:
    """Where a service writes, the most telling file first."""
    console = home / "logs" / f"{name}.log"
    return (home / NEO4J / "logs" / "neo4j.log", console) if name == NEO4J else (console,)


def postgres_address(port: int) -> str:
    return f"postgresql://{postgres_server.USER}@{ports.LOOPBACK}:{port}/{postgres_server.DATABASE}"


def password_file(home: Path, name: str) -> Path:
    return home / f"{name}.password"


def read_password(home: Path, name: str) -> str:
    """The password of an embedded store; raises `StackError` where it is gone."""
    file = password_file(home, name)
    try:
        return file.read_text().strip()
    except FileNotFoundError as error:
        raise StackError(
            f"{file} is missing, so nobody can log in to the embedded {name}",
            hint=f"put the file back, or delete {home} to begin with empty stores",
        ) from error


def _ensure_password(home: Path, name: str, *, store_exists: bool) -> str:
    if not store_exists and not password_file(home, name).exists():
        handle = os.open(password_file(home, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(24) + "\n")
    return read_password(home, name)


def _assign(
    known: Running, wishes: Mapping[str, tuple[str, int | None, int]], taken: Collection[int] = ()
) -> Mapping[str, int]:
    """A port for each wish (setting, chosen port, usual port); those in use where the service runs."""
    given: dict[str, int] = {}
    for kind, (setting, chosen, usual) in wishes.items():
        earlier = known.ports.get(kind)
        if known.process is None or earlier is None:
            given[kind] = ports.choose(setting, chosen, earlier, usual, {*taken, *given.values()})
        elif chosen in (None, earlier):
            given[kind] = earlier
        else:
            raise StackError(
                f"it already runs on port {earlier}, not on {chosen}",
                hint=f"run `mge down` first, or unset {setting}",
                field=setting,
            )
    return given
