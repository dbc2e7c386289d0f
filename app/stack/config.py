"""What the stack is asked for, and what it answers with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Report: TypeAlias = Callable[[str], None]
"""Takes one line that a waiting person should see."""


@dataclass(frozen=True, slots=True)
class BrowserPages:
    """What Neo4j Browser opens with: the addresses of a guide and of a style."""

    guide: str
    style: str


@dataclass(frozen=True, slots=True)
class StackConfig:
    """Where the stack lives and what it must not start because the user runs it elsewhere.

    A port of ``None`` means the usual one, or a free one where that is taken. ``heap_mb`` of ``None``
    means a quarter of the machine's memory, between 1 and 4 GiB. ``postgres``: whether there is one. ``read_only``: Neo4j
    takes no change of its data, and bounds what one query may take. ``pages`` is what Neo4j Browser opens with.
    """

    home: Path
    cache: Path
    bolt_port: int | None = None
    http_port: int | None = None
    heap_mb: int | None = None
    neo4j_uri: str | None = None
    neo4j_user: str = "neo4j"
    neo4j_password: str | None = field(default=None, repr=False)
    database_url: str | None = field(default=None, repr=False)
    postgres: bool = True
    read_only: bool = False
    pages: BrowserPages | None = None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """How to reach what runs. ``browser_url`` is blank where Neo4j is not ours, ``database_url`` where there is none; ``companions`` maps name to URL."""

    neo4j_uri: str
    neo4j_user: str
    neo4j_password: str = field(repr=False)
    database_url: str = field(repr=False)
    browser_url: str = ""
    companions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Launch:
    """A command with what is added to its environment. Secrets go into ``env``: every user can read a command."""

    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Companion:
    """An HTTP service that runs beside the stores, on loopback, started once they answer.

    ``launch`` gets the stores' endpoints and the port to listen on; ``health_path`` answers 200 when
    the service is ready. It is started again where its launch has changed since. ``guide_path`` and ``style_path`` are what
    Neo4j Browser opens with, where it has something for it.
    """

    name: str
    default_port: int
    chosen_port: int | None
    launch: Callable[[Endpoints, int], Launch]
    health_path: str
    guide_path: str = ""
    style_path: str = ""
    port_setting: str = ""
    """What a user chooses the port by; blank: ``MGE_<NAME>_PORT``."""


ServiceState: TypeAlias = Literal["running", "starting", "stopped", "external", "unreachable"]


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service as it is now.

    ``starting``: the process is there but does not answer; ``external`` and ``unreachable``: the user's
    own server, which answers or not. ``latency_ms`` is the time of one readiness check.
    """

    name: str
    state: ServiceState
    pid: int | None
    address: str
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """How a service ended: ``graceful``, ``killed`` (it did not stop in time) or ``not running``."""

    name: str
    how: Literal["graceful", "killed", "not running"]
