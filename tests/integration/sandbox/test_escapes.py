"""Nothing gets out: each program of `escapes` is tried while what it looks for is really there on the host."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.sandbox import Limits, Outcome, run
from tests.integration.sandbox import escapes


@dataclass(frozen=True)
class Host:
    """What there is to be had: a canary in our environment, arguments and files, servers, a process."""

    canary: str
    secret: str
    shared: str
    socket: str
    abstract: str
    address: str
    port: int
    pid: int


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    canary = f"canary-{uuid.uuid4().hex}"
    secret = tmp_path_factory.mktemp("host") / "secret"
    secret.write_text(canary)
    shared = Path("/dev/shm", canary)
    shared.write_text(canary)
    path = Path("/tmp", canary)  # pytest's own folders are too long for a socket's name
    servers = [socket.create_server(("0.0.0.0", 0))]
    for name in (str(path), f"\0{canary}"):
        server = socket.socket(socket.AF_UNIX)
        server.bind(name)
        server.listen()
        servers.append(server)
    for server in servers:
        threading.Thread(target=_answer, args=(server, canary), daemon=True).start()
    victim = subprocess.Popen(["sleep", "3600", canary][:2], env={"CANARY": canary})
    os.environ["MGE_CANARY"] = canary
    port = servers[0].getsockname()[1]
    made = Host(canary, str(secret), str(shared), str(path), canary, _address(), port, victim.pid)
    _assert_there(made)
    try:
        yield made
        assert victim.poll() is None, "the process of the host was ended"
        assert secret.read_text() == canary
    finally:
        del os.environ["MGE_CANARY"]
        victim.kill()
        victim.wait(10)
        for server in servers:
            server.close()
        shared.unlink()
        path.unlink()


def _answer(server: socket.socket, canary: str) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.sendall(canary.encode())


def _address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.2"


def _assert_there(host: Host) -> None:
    """What the programs look for can be had from outside, so that not finding it means something."""
    for address in ("127.0.0.1", host.address):
        with socket.create_connection((address, host.port), 5) as connection:
            assert connection.recv(100).decode() == host.canary
    for name in (host.socket, f"\0{host.abstract}"):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(name)
            assert client.recv(100).decode() == host.canary
    assert Path(host.secret).read_text() == Path(host.shared).read_text() == host.canary
    os.kill(host.pid, 0)


@pytest.mark.parametrize("program", escapes.ALL.values(), ids=escapes.ALL)
async def test_the_way_is_closed(folder: Path, host: Host, program: str) -> None:
    (folder / "host.json").write_text(
        json.dumps({name: getattr(host, name) for name in Host.__annotations__})
    )
    (folder / "program.py").write_text(f"{escapes.PRELUDE}\n{program}\n")
    (folder / "link").symlink_to(host.secret)
    (folder / "root").symlink_to("/")
    report = await run(folder, ["python", "program.py"], limits=Limits(seconds=20))
    assert report.outcome is Outcome.PASSED, report
    lines = report.stdout.splitlines()
    assert lines, report
    assert [line for line in lines if not line.startswith("refused")] == []
    assert Path(host.secret).read_text() == host.canary
    assert json.loads((folder / "host.json").read_text())["canary"] == host.canary
    os.kill(host.pid, 0)


def test_there_are_enough_ways() -> None:
    assert len(escapes.ALL) >= 60
