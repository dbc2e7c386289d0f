"""The service as a process, on a port of its own and with a Postgres database of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.stack import Endpoints

REPOSITORY = Path(__file__).parents[2]
PATIENCE_SECONDS = 120.0


@dataclass(slots=True)
class ServiceProcess:
    """`mge serve`, started and killed as often as a test needs it."""

    servers: Endpoints
    database_url: str
    home: Path
    import_root: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.home / "service.log"

    def start(self, health: int = 200) -> None:
        """Start it and wait until its health says so."""
        self.port = self.port or free_port()
        environment = {
            **os.environ,
            "NEO4J_URI": self.servers.neo4j_uri,
            "NEO4J_USER": self.servers.neo4j_user,
            "NEO4J_PASSWORD": self.servers.neo4j_password,
            "DATABASE_URL": self.database_url,
            "MGE_HOME": str(self.home),
            "MGE_IMPORT_ROOT": str(self.import_root),
            "MGE_WORKERS": "1",
            **self.settings,
        }
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", "serve", "--port", str(self.port)],
                cwd=REPOSITORY,
                env=environment,
                stderr=log,
                start_new_session=True,
            )
        until(lambda: self.health() == health, "the service to start")

    def health(self) -> int:
        try:
            return httpx.get(f"{self.url}/api/health").status_code
        except httpx.TransportError:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            return 0

    def kill(self) -> None:
        """End it and all of its children at once, as a loss of power would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


def ended(client: httpx.Client, job: Mapping[str, Any]) -> dict[str, Any]:
    """The job once it is over."""
    found: dict[str, Any] = {}

    def over() -> bool:
        nonlocal found
        found = client.get(job["links"]["self"]).json()
        return found["status"] in ("succeeded", "failed", "cancelled")

    until(over, f"job {job['job_id']}")
    return found
