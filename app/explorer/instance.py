"""The explorer instance: filled, then served read only.

Community edition cannot keep a user from another one's plans, from other users or from the server's own affairs. So who may
not see everything gets a server that has nothing else to see, and nothing that would be missed.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from app import stack
from app.errors import StackError
from app.graph import connect as neo4j
from app.graph import migrate as graph_migrate
from app.graph.connect import Graph, Login
from app.graph.copying import copy_plan
from app.stack import BrowserPages, Endpoints, ServiceStatus, StackConfig, Stopped
from app.stack.config import Report

_HEAP_MB: Final = 1024
_RECORD: Final = "explorer.json"


@dataclass(frozen=True, slots=True)
class CopiedPlan:
    """A plan as it was copied."""

    plan_id: str
    name: str
    build_id: str
    nodes: int
    relationships: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What the instance holds since when. ``asked``: the plans by which it was asked for; none for all of the tenant's."""

    tenant_id: str
    asked: tuple[str, ...]
    copied_at: datetime
    plans: tuple[CopiedPlan, ...]


def explorer_config(main: StackConfig, pages: BrowserPages | None = None) -> StackConfig:
    """The instance beside a stack: a home of its own, so a login of its own, and any free ports; the same pages in Browser."""
    return StackConfig(
        home=main.home / "explorer",
        cache=main.cache,
        heap_mb=min(main.heap_mb or _HEAP_MB, _HEAP_MB),
        postgres=False,
        read_only=True,
        pages=pages,
    )


def contents(config: StackConfig) -> Contents | None:
    """What the instance holds; none where it was never filled to the end."""
    try:
        document = json.loads(_record(config).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return Contents(
        document["tenant_id"],
        tuple(document["asked"]),
        datetime.fromisoformat(document["copied_at"]),
        tuple(CopiedPlan(**plan) for plan in document["plans"]),
    )


async def fill(
    source: Graph,
    config: StackConfig,
    tenant_id: str,
    asked: Sequence[str],
    plans: Sequence[tuple[str, str]],
    *,
    console: Console,
) -> Contents:
    """Make the instance anew with copies of ``plans`` (id and name); what it held is gone, also users and favourites.

    Raises `NotFound` where the tenant has no such plan, `StackError` and `StoreDown`. An instance that was not filled to
    the end is not served.
    """
    filling = replace(config, read_only=False)
    await asyncio.to_thread(remove, config, report=console.print)
    found = await asyncio.to_thread(stack.up, filling, console=console)
    try:
        copied_at = datetime.now(UTC)
        copied = await _copied(source, found, tenant_id, plans)
    finally:
        await asyncio.to_thread(stack.down, filling, report=console.print)
    held = Contents(tenant_id, tuple(asked), copied_at, tuple(copied))
    _record(config).write_text(json.dumps({**asdict(held), "copied_at": copied_at.isoformat()}, indent=2))
    return held


def serve(config: StackConfig, *, console: Console) -> Endpoints:
    """Start the filled instance, read only, where it does not run; `StackError` where it was never filled."""
    if contents(config) is None:
        raise StackError("the explorer holds no plans", hint="`mge explorer up` copies them")
    return stack.up(config, console=console)


def state(config: StackConfig) -> ServiceStatus:
    """The instance as it is now."""
    return stack.status(config)[0]


def stop(config: StackConfig, *, report: Report) -> tuple[Stopped, ...]:
    """Stop the instance; its copies stay."""
    return stack.down(config, report=report)


def remove(config: StackConfig, *, report: Report) -> None:
    """Stop the instance and delete all that it holds."""
    stop(config, report=report)
    _record(config).unlink(missing_ok=True)
    for folder in ("data", "import", "logs"):
        shutil.rmtree(config.home / "neo4j" / folder, ignore_errors=True)


async def _copied(
    source: Graph, found: Endpoints, tenant_id: str, plans: Sequence[tuple[str, str]]
) -> list[CopiedPlan]:
    login = Login(found.neo4j_uri, found.neo4j_user, found.neo4j_password, "neo4j")
    async with neo4j.connect(login) as target:
        await graph_migrate.up(target, graph_migrate.list_migrations())
        copied: list[CopiedPlan] = []
        for plan_id, name in plans:
            copy = await copy_plan(source, target, plan_id, tenant_id)
            copied.append(CopiedPlan(plan_id, name, copy.build_id, copy.nodes, copy.relationships))
    return copied


def _record(config: StackConfig) -> Path:
    return config.home / _RECORD
