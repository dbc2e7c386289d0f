"""Starting, stopping and asking after the stack: Neo4j, PostgreSQL and what runs beside them."""

from __future__ import annotations

import shlex
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console

from app.errors import StackError, StoreDown, UnknownName
from app.stack import llm_process, neo4j_server, ports, postgres_server, probe, process, services, state
from app.stack.config import BrowserPages, Companion, Endpoints, Report, ServiceStatus, StackConfig, Stopped
from app.stack.services import LLM, NEO4J, POSTGRES, STOP_SECONDS, DataClosed, Service
from app.stack.state import Running

START_SECONDS: Final = 180.0  # after a kill, Neo4j replays its logs before it answers
_FREE_BYTES: Final = 512 * 2**20
_TAIL_BYTES: Final = 64 * 1024
_TELLING: Final = ("ERROR", "FATAL", "PANIC", "Exception", "Caused by", "No space left", "Error:")


def up(
    config: StackConfig,
    companions: Sequence[Companion] = (),
    *,
    console: Console,
    start_seconds: float = START_SECONDS,
) -> Endpoints:
    """Starts what is not running, waits until all of it answers, and says where.

    The first start fetches Neo4j, showing a progress bar on ``console``. What this call started is stopped
    again where the call fails or is interrupted.

    Raises `StackError` with what to do where something does not answer within ``start_seconds``,
    `ArtifactRefused` where a fetched jar is not the locked one, `StoreDown` where a store of the user's
    own does not answer.
    """
    config = _absolute(config)
    _check_own_stores(config)
    with state.exclusive(config.home, console.print):
        started: list[str] = []
        try:
            stores = [_start(config, store, started) for store in _embedded(config, console)]
            _wait(config, stores, started, start_seconds)
            for wanted in companions:
                service = services.companion(config, wanted, _endpoints(config))
                _wait(config, [_start(config, service, started)], started, start_seconds)
            return _endpoints(config)
        except BaseException as error:
            for name in reversed(started):
                _stop(config, name, console.print)
            if isinstance(error, OSError):
                raise StackError(
                    f"cannot start the stack: {error}",
                    hint=f"make room in {config.home}, and make it writable",
                ) from error
            raise


def up_alone(config: StackConfig, wanted: Companion, *, console: Console, start_seconds: float) -> bool:
    """Starts a service that needs no store, in place of one launched in another way; whether it had to.

    Stopped again where the call fails or is interrupted. Raises `StackError` as `up`.
    """
    config = _absolute(config)
    with state.exclusive(config.home, console.print):
        services.adopt(config.home, wanted.name, _markers(config).get(wanted.name, ()))
        started: list[str] = []
        try:
            service = services.companion(config, wanted, Endpoints("", "", "", ""))
            _wait(config, [_start(config, service, started)], started, start_seconds)
        except BaseException:
            for name in started:
                _stop(config, name, console.print)
            raise
        return bool(started)


def down_alone(config: StackConfig, name: str, *, report: Report) -> Stopped:
    """Stops one service, and nothing else."""
    config = _absolute(config)
    if not config.home.exists():
        return Stopped(name, "not running")
    with state.exclusive(config.home, report):
        services.adopt(config.home, name, _markers(config).get(name, ()))
        return (
            _stop(config, name, report) if name in state.load(config.home) else Stopped(name, "not running")
        )


def down(config: StackConfig, *, report: Report) -> tuple[Stopped, ...]:
    """Stops what runs, the stores last; a store of the user's own is left alone."""
    config = _absolute(config)
    if not config.home.exists():
        return ()
    with state.exclusive(config.home, report):
        for name, marker in _markers(config).items():
            services.adopt(config.home, name, marker)
        names = sorted(state.load(config.home), key=lambda name: name in (NEO4J, POSTGRES))
        return tuple(_stop(config, name, report) for name in names)


def status(config: StackConfig) -> tuple[ServiceStatus, ...]:
    """Every service of the stack, asked now."""
    config = _absolute(config)
    known = {**{name: Running() for name in _stores(config)}, **state.load(config.home)}
    return tuple(_status(config, name, running) for name, running in known.items())


def endpoints(config: StackConfig, needed: Sequence[str] | None = None) -> Endpoints:
    """How to reach the stack that runs. Raises `StackError` where a store of it, or of those needed, does not run."""
    config = _absolute(config)
    for each in status(config):
        required = each.name in (_stores(config) if needed is None else needed)
        if required and each.state not in ("running", "external"):
            raise StackError(f"{each.name} is {each.state}", hint="start the stack with `mge up`")
    return _endpoints(config)


def logs(config: StackConfig, service: str) -> tuple[Path, ...]:
    """The files that a service writes its log to. Raises `UnknownName` for a service that never ran."""
    known = {NEO4J, POSTGRES, *state.load(config.home)}
    if service not in known:
        raise UnknownName(f"no service is called {service}", hint=f"one of: {', '.join(sorted(known))}")
    return tuple(path for path in services.logs(_absolute(config).home, service) if path.exists())


def env_lines(found: Endpoints) -> tuple[str, ...]:
    """Shell lines that tell other tools how to reach the stores."""
    values = {
        "NEO4J_URI": found.neo4j_uri,
        "NEO4J_USER": found.neo4j_user,
        "NEO4J_PASSWORD": found.neo4j_password,
        "DATABASE_URL": found.database_url,
    }
    return tuple(f"export {name}={shlex.quote(value)}" for name, value in values.items() if value)


def _stores(config: StackConfig) -> tuple[str, ...]:
    return (NEO4J, POSTGRES) if config.postgres else (NEO4J,)


def _absolute(config: StackConfig) -> StackConfig:
    return replace(config, home=config.home.absolute().resolve(), cache=config.cache.absolute().resolve())


def browser_pages(config: StackConfig, wanted: Companion) -> BrowserPages:
    """What Neo4j Browser opens with. Neo4j starts before the companion that has it, so that one's port is chosen here."""
    config = _absolute(config)
    with state.exclusive(config.home, _unheard):
        base = f"http://{ports.LOOPBACK}:{services.reserve(config, wanted)}"
    return BrowserPages(base + wanted.guide_path, base + wanted.style_path)


def _check_own_stores(config: StackConfig) -> None:
    if config.neo4j_uri is not None and not probe.bolt(config.neo4j_uri):
        raise StoreDown(
            f"no Neo4j answers at {config.neo4j_uri}",
            hint="start it, correct NEO4J_URI, or unset it to use the embedded one",
        )
    if config.database_url is not None and not probe.postgres(config.database_url):
        raise StoreDown(
            f"no PostgreSQL answers at {probe.without_password(config.database_url)}",
            hint="start it, correct DATABASE_URL, or unset it to use the embedded one",
        )


def _embedded(config: StackConfig, console: Console) -> tuple[Service, ...]:
    found: list[Service] = []
    if config.neo4j_uri is None:
        found.append(services.neo4j(config, console))
    if config.postgres and config.database_url is None:
        found.append(services.postgres(config, [port for each in found for port in each.ports.values()]))
    return tuple(found)


def _markers(config: StackConfig) -> dict[str, tuple[str, ...]]:
    return {
        NEO4J: neo4j_server.marker(config.home / NEO4J),
        POSTGRES: postgres_server.marker(config.home / POSTGRES),
        LLM: llm_process.marker(config.home),
    }


def _start(config: StackConfig, service: Service, started: list[str]) -> Service:
    if service.process is not None:
        return service
    free = shutil.disk_usage(config.home).free
    if free < _FREE_BYTES:
        raise StackError(
            f"{config.home} has {free // 2**20} MB left, and {service.name} needs {_FREE_BYTES // 2**20}",
            hint="make room, or set MGE_HOME to a folder on another disk",
        )
    launch = service.prepare()
    service.logs[-1].parent.mkdir(parents=True, exist_ok=True)
    for log in service.logs:
        if log.exists():
            log.replace(log.with_name(log.name + ".1"))
    noted = Running(None, service.ports, service.health_url, service.digest)
    state.save(config.home, service.name, noted)
    started.append(service.name)
    running = process.start(launch.command, launch.env, service.logs[-1])
    state.save(config.home, service.name, replace(noted, process=running))
    return replace(service, process=running)


def _wait(config: StackConfig, services: Sequence[Service], started: list[str], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    pending = services
    while pending := [later for each in pending if (later := _unless_ready(config, each, started))]:
        if time.monotonic() > deadline:
            late = pending[0]
            raise StackError(
                f"{late.name} does not answer after {seconds:.0f} s: {_last_words(late.logs)}",
                hint=f"look into {late.logs[0]}; run `mge down`, then `mge up`, to try again",
            )
        time.sleep(0.05)


def _unless_ready(config: StackConfig, service: Service, started: list[str]) -> Service | None:
    """The service as it is waited for, started again where it has to be; none once it answers."""
    try:
        if service.ready():
            return None
    except DataClosed:
        if service.prepare_again is None:
            raise
        again = replace(service, process=None, prepare=service.prepare_again, prepare_again=None)
        _stop(config, service.name, _unheard)
        return _start(config, again, started)
    if service.process is not None and process.is_running(service.process):
        return service
    if service.name in started:
        raise StackError(
            f"{service.name} stopped while it was starting: {_last_words(service.logs)}",
            hint=f"the whole log is {service.logs[-1]}",
        )
    # It was found alive, but was dying: somebody had killed it a moment ago.
    return _start(config, replace(service, process=None), started)


def _unheard(_: str) -> None:
    """No report: what happens here is not what was asked for."""


def _last_words(logs: Sequence[Path]) -> str:
    """The last lines of a log that tell of an error, or else the very last ones."""
    lines: list[str] = []
    for log in logs:
        if log.exists():
            with log.open("rb") as file:
                file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
                lines += file.read().decode(errors="replace").splitlines()
    lines = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("at ")]
    telling = [line for line in lines if any(word in line for word in _TELLING)]
    return " / ".join(line[:300] for line in (telling or lines)[-4:]) or "it wrote no log"


def _stop(config: StackConfig, name: str, report: Report) -> Stopped:
    running = state.load(config.home)[name]
    if name == LLM:  # an extra, which is not missed where it was stopped
        state.forget(config.home, name)
    if running.process is None:
        return Stopped(name, "not running")
    recording = name == NEO4J and neo4j_server.records_startup(config.cache)
    if recording and process.is_running(running.process):
        report(
            "stopping Neo4j, which this once writes down what makes its next starts quicker (half a minute)"
        )
    how = process.stop(running.process, signal.SIGINT if name == POSTGRES else signal.SIGTERM, STOP_SECONDS)
    if name != LLM:
        state.save(config.home, name, replace(running, process=None))
    if name == NEO4J:
        neo4j_server.keep_startup_cache(config.home / NEO4J, config.cache, complete=how == "graceful")
    return Stopped(name, how)


def _status(config: StackConfig, name: str, running: Running) -> ServiceStatus:
    own = {NEO4J: config.neo4j_uri, POSTGRES: config.database_url}.get(name)
    address = own or _address(name, running)
    check = probe.http if name not in (NEO4J, POSTGRES) else probe.bolt if name == NEO4J else probe.postgres
    shown = probe.without_password(address)
    alive = running.process is not None and process.is_running(running.process)
    if own is None and not alive:
        return ServiceStatus(name, "stopped", None, shown, None)
    before = time.perf_counter()
    answers = check(running.health_url or address)
    latency = (time.perf_counter() - before) * 1000 if answers else None
    if own is not None:
        return ServiceStatus(name, "external" if answers else "unreachable", None, shown, latency)
    pid = running.process.pid if running.process else None
    return ServiceStatus(name, "running" if answers else "starting", pid, shown, latency)


def _address(name: str, running: Running) -> str:
    if not running.ports:
        return ""
    if name == NEO4J:
        return f"bolt://{ports.LOOPBACK}:{running.ports['bolt']}"
    if name == POSTGRES:
        return services.postgres_address(running.ports["postgres"])
    return f"http://{ports.LOOPBACK}:{running.ports['http']}"


def _endpoints(config: StackConfig) -> Endpoints:
    known = state.load(config.home)
    if config.neo4j_uri is not None:
        uri, user, password, browser = config.neo4j_uri, config.neo4j_user, config.neo4j_password or "", ""
    else:
        uri, user = _address(NEO4J, known[NEO4J]), neo4j_server.USER
        password = services.read_password(config.home, NEO4J)
        browser = f"http://{ports.LOOPBACK}:{known[NEO4J].ports['http']}/browser/"
    if config.database_url is not None or not config.postgres:
        database = config.database_url or ""
    else:
        login = f"{postgres_server.USER}:{services.read_password(config.home, POSTGRES)}@"
        database = _address(POSTGRES, known[POSTGRES]).replace(f"{postgres_server.USER}@", login)
    companions = {
        name: _address(name, running)
        for name, running in known.items()
        if name not in (NEO4J, POSTGRES)
        and running.process is not None
        and process.is_running(running.process)
    }
    return Endpoints(uri, user, password, database, browser, companions)
