"""The composition root: from the settings to the stores, the service and its worker."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from app.errors import InputError, ModelError, StackError
from app.graph import connect as neo4j
from app.graph import migrate as graph_migrate
from app.graph.connect import Graph, Login
from app.indexes.port import Indexer
from app.indexes.typescript import LOCK, TypeScriptIndexer
from app.model.plan import ExecutionMode
from app.model.tenant import TENANT
from app.modes.choose import Flag
from app.modes.config import ModeConfig, ModeLimits, Strictness
from app.parse.languages import LANGUAGES
from app.settings import Settings
from app.sources import ReadRules
from app.stack import Companion, Endpoints, Launch, StackConfig, endpoints
from app.stack.artifacts import fetch, locked
from app.stack.llm_server import local_model
from app.stack.services import NEO4J, POSTGRES

if TYPE_CHECKING:
    from app.llm.port import Provider
    from app.postgres.connect import Pool

# Postgres's driver and SCIP's reader are imported where they are needed: most commands need neither, and their
# start would take half as long again.

__all__ = [
    "TENANT",
    "Stores",
    "api_companion",
    "indexers",
    "migrate_stores",
    "mode_environment",
    "open_graph",
    "open_pool",
    "open_postgres",
    "open_provider",
    "open_stores",
    "read_recordings",
    "read_rules",
    "stack_config",
    "store_migrations",
    "workspaces",
]


@dataclass(frozen=True, slots=True)
class Stores:
    """The two stores, migrated. ``pool`` is None where only the graph was asked for."""

    graph: Graph
    pool: Pool | None


def stack_config(settings: Settings) -> StackConfig:
    """What the embedded stack is told."""
    return StackConfig(
        home=settings.mge_home,
        cache=settings.mge_cache,
        bolt_port=settings.mge_bolt_port,
        http_port=settings.mge_http_port,
        heap_mb=settings.mge_neo4j_heap_mb,
        neo4j_uri=settings.neo4j_uri,
        neo4j_user=settings.neo4j_user,
        neo4j_password=settings.neo4j_password.get_secret_value() if settings.neo4j_password else None,
        database_url=settings.database_url.get_secret_value() if settings.database_url else None,
    )


def api_companion(settings: Settings) -> Companion:
    """The service as a part of the stack."""

    def launch(found: Endpoints, port: int) -> Launch:
        return Launch(
            [sys.executable, "-m", "app", "serve", "--port", str(port)],
            {
                "NEO4J_URI": found.neo4j_uri,
                "NEO4J_USER": found.neo4j_user,
                "NEO4J_PASSWORD": found.neo4j_password,
                "DATABASE_URL": found.database_url,
            },
        )

    return Companion(
        "api",
        8000,
        settings.mge_api_port,
        launch,
        "/api/health",
        guide_path="/browser/guide.html",
        style_path="/browser/style.grass",
    )


def indexers(settings: Settings, *, types: bool = True, scip: Sequence[Path] = ()) -> tuple[Indexer, ...]:
    """Who is asked what names mean, before the service's own resolver: ``scip`` files, then compilers."""

    def compiler() -> Path:
        console = Console(stderr=True)
        return fetch(locked(LOCK), settings.mge_cache / "jars", console, what="TypeScript")[0]

    given: list[Indexer] = []
    if scip:
        from app.indexes.scip import ScipIndexer

        given += [ScipIndexer(path) for path in scip]
    if types:
        given.append(TypeScriptIndexer(compiler, settings.mge_cache / "typescript"))
    return tuple(given)


def read_rules(settings: Settings, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> ReadRules:
    """What an import may read, and how much."""
    return ReadRules(
        readable=frozenset(LANGUAGES),
        max_files=settings.mge_max_files,
        max_file_bytes=settings.mge_max_file_bytes,
        max_total_bytes=settings.mge_max_total_bytes,
        max_archive_ratio=settings.mge_max_archive_ratio,
        configs=("package.json", "tsconfig*.json", "jsconfig*.json"),
        include=include,
        exclude=exclude,
    )


def mode_environment(settings: Settings) -> ModeConfig:
    """What the environment says about modes; run-time changes in Postgres go on top of it."""
    on = {
        Flag.ATOMIZATION: settings.enable_v2_atomization,
        Flag.DEP_GRAPH: settings.enable_v2_dep_graph,
        Flag.VALIDATION: settings.enable_v2_validation,
        Flag.EXECUTION: settings.enable_v2_execution,
        Flag.REVIEW: settings.enable_v2_review,
    }
    return ModeConfig(
        default_mode=ExecutionMode(settings.devmatrix_mode),
        rollout_percent=settings.v2_rollout_percent,
        flags=frozenset(flag for flag in Flag if on[flag]),
        limits=ModeLimits(
            mvp_max_parallel_tasks=settings.mvp_max_parallel_tasks,
            v2_max_parallel_atoms=settings.v2_max_parallel_atoms,
            v2_retry_max_attempts=settings.v2_retry_max_attempts,
            v2_context_completeness_target=settings.v2_context_completeness_target,
            v2_validation_strictness=Strictness(settings.v2_validation_strictness),
        ),
    )


def open_provider(settings: Settings, name: str, answers: Mapping[tuple[str, int], str]) -> Provider:
    """The provider of a name; ``auto`` takes recorded answers where there are some, then a server that is set, then the local one.

    Raises `InputError` for a name that there is not and for settings that cannot be used, `StackError` where the local model
    does not run, and `ModelError` where ``auto`` finds nobody who could answer.
    """
    from app.llm.anthropic import ANTHROPIC_URL, AnthropicProvider
    from app.llm.recorded import RecordedProvider

    key = settings.anthropic_api_key.get_secret_value() if settings.anthropic_api_key else ""
    running = local_model(stack_config(settings)) if name in ("auto", "local") else None
    if name == "auto":
        is_set = bool(key or settings.anthropic_base_url)
        name = "recorded" if answers else "anthropic" if is_set else "local"
        if name == "local" and (running is None or not running.alive):
            raise ModelError(
                "no language model is there to answer",
                hint="start one on this machine with `mge llm up`, or set ANTHROPIC_API_KEY (docs/llm.md)",
            )
    match name:
        case "recorded":
            if not answers:
                raise InputError(
                    "there are no recorded answers",
                    hint="give --recorded FILE, or another provider",
                    field="provider",
                )
            return RecordedProvider(answers)
        case "local":
            if running is None or not running.alive:
                raise StackError("the local model does not run", hint="start it with `mge llm up`")
            return AnthropicProvider(
                api_key="local",
                base_url=running.base_url,
                model=running.model,
                timeout_seconds=settings.mge_llm_timeout_seconds,
            )
        case "anthropic":
            return AnthropicProvider(
                api_key=key,
                base_url=settings.anthropic_base_url or ANTHROPIC_URL,
                model=settings.mge_llm_model,
                timeout_seconds=settings.mge_llm_timeout_seconds,
            )
    raise InputError(
        f"there is no provider {name!r}", hint="one of auto, anthropic, local and recorded", field="provider"
    )


def read_recordings(file: Path) -> dict[tuple[str, int], str]:
    """The answers of a file of recordings, by label and attempt; `InputError` for one that cannot be read."""
    from app.llm.recorded import read_answers

    return read_answers(file)


def workspaces(settings: Settings) -> Path:
    """The folder that has a workspace for each plan that is executed."""
    return settings.mge_home.absolute() / "workspaces"


@asynccontextmanager
async def open_stores(settings: Settings, *, postgres: bool = True) -> AsyncIterator[Stores]:
    """The stores, up to date: those of the settings, or else of the embedded stack that runs.

    Raises `StackError` where the embedded stack does not run, `StoreDown`, `InputError` for a bad address, and
    what the migrations raise.
    """
    async with AsyncExitStack() as stack:
        graph = await stack.enter_async_context(open_graph(settings))
        await graph_migrate.up(graph, graph_migrate.list_migrations())
        pool: Pool | None = None
        if postgres:
            from app.postgres import migrate as sql_migrate

            pool = await stack.enter_async_context(open_pool(settings))
            await sql_migrate.up(pool, sql_migrate.list_migrations())
        yield Stores(graph, pool)


@asynccontextmanager
async def open_postgres(settings: Settings) -> AsyncIterator[Pool]:
    """Postgres alone, up to date: plans are made and executed without Neo4j. Raises as `open_stores` does."""
    from app.postgres import migrate as sql_migrate

    async with open_pool(settings) as pool:
        await sql_migrate.up(pool, sql_migrate.list_migrations())
        yield pool


async def migrate_stores(settings: Settings) -> int:
    """Apply what is pending in both stores; how many migrations those were. Raises as `open_stores` does."""
    from app.postgres import migrate as sql_migrate

    async with open_graph(settings) as graph, open_pool(settings) as pool:
        applied = [
            *await graph_migrate.up(graph, graph_migrate.list_migrations()),
            *await sql_migrate.up(pool, sql_migrate.list_migrations()),
        ]
    return len(applied)


async def store_migrations(settings: Settings) -> list[dict[str, str]]:
    """The migrations of both stores: store, version, description, source, state. Raises as `open_stores` does."""
    from app.postgres import migrate as sql_migrate

    async with open_graph(settings) as graph, open_pool(settings) as pool:
        of_graph = await graph_migrate.status(graph, graph_migrate.list_migrations())
        of_sql = await sql_migrate.status(pool, sql_migrate.list_migrations())
    return [
        {"store": store, **{name: str(value) for name, value in asdict(one).items()}}
        for store, found in (("neo4j", of_graph), ("postgres", of_sql))
        for one in found
    ]


@asynccontextmanager
async def open_graph(settings: Settings) -> AsyncIterator[Graph]:
    """Neo4j as it is, not migrated; raises as `open_stores` does."""
    config = stack_config(settings)
    uri, user, password = config.neo4j_uri, config.neo4j_user, config.neo4j_password or ""
    if uri is None:
        found = await asyncio.to_thread(endpoints, config, (NEO4J,))
        uri, user, password = found.neo4j_uri, found.neo4j_user, found.neo4j_password
    async with neo4j.connect(Login(uri, user, password, settings.neo4j_database)) as graph:
        yield graph


@asynccontextmanager
async def open_pool(settings: Settings) -> AsyncIterator[Pool]:
    """Postgres as it is, not migrated; raises as `open_stores` does."""
    from app.postgres import connect as sql

    config = stack_config(settings)
    url = config.database_url
    if url is None:
        url = (await asyncio.to_thread(endpoints, config, (POSTGRES,))).database_url
    async with sql.connect(url) as pool:
        yield pool
