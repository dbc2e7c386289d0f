"""Where the servers come from: ``NEO4J_URI`` and ``DATABASE_URL``, else containers, else the embedded stack.

A plugin, not a conftest, because integration and acceptance tests share one set of servers.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from rich.console import Console

from app.graph.connect import Graph, Login, connect
from app.graph.migrate import list_migrations
from app.graph.migrate import up as migrate
from app.settings import Settings
from app.stack import Endpoints, StackConfig, down, up

HEAP_MB = 2048  # a plan of 100,000 atoms is built in one transaction, which 1 GiB does not hold


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A Neo4j and a Postgres that answer."""
    settings = Settings()
    own_neo4j = settings.neo4j_uri
    own_postgres = settings.database_url.get_secret_value() if settings.database_url else None
    with ExitStack() as started:
        if own_neo4j and own_postgres:
            password = settings.neo4j_password.get_secret_value() if settings.neo4j_password else ""
            yield Endpoints(own_neo4j, settings.neo4j_user, password, own_postgres)
        elif own_neo4j is None and own_postgres is None and docker_runs():
            yield containers(started)
        else:
            stack = StackConfig(
                tmp_path_factory.mktemp("servers") / "home",
                settings.mge_cache,
                heap_mb=HEAP_MB,
                neo4j_uri=own_neo4j,
                neo4j_user=settings.neo4j_user,
                neo4j_password=settings.neo4j_password.get_secret_value()
                if settings.neo4j_password
                else None,
                database_url=own_postgres,
            )
            started.callback(down, stack, report=print)
            yield up(stack, console=Console(file=io.StringIO()))


@pytest.fixture(scope="session")
async def graph(servers: Endpoints) -> AsyncIterator[Graph]:
    """The Neo4j, migrated; tests keep to plans of their own in it."""
    login = Login(servers.neo4j_uri, servers.neo4j_user, servers.neo4j_password, Settings().neo4j_database)
    async with connect(login) as found:
        await migrate(found, list_migrations())
        yield found


@pytest.fixture
def database_url(servers: Endpoints) -> Iterator[str]:
    """The address of a new, empty Postgres database."""
    with new_database(servers) as url:
        yield url


@contextmanager
def new_database(servers: Endpoints) -> Iterator[str]:
    """The address of a new, empty Postgres database, gone when the block ends."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(servers.database_url, autocommit=True) as admin:
        admin.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield urlsplit(servers.database_url)._replace(path=f"/{name}").geturl()
        finally:
            admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def docker_runs() -> bool:
    return (
        shutil.which("docker") is not None
        and not subprocess.run(["docker", "info"], capture_output=True).returncode
    )


def containers(started: ExitStack) -> Endpoints:
    # Slow to import, and unit tests load this file too.
    from testcontainers.community.neo4j import Neo4jContainer
    from testcontainers.community.postgres import PostgresContainer

    neo4j = started.enter_context(Neo4jContainer("neo4j:5.26-community"))
    postgres = started.enter_context(PostgresContainer("postgres:18", driver=None))
    return Endpoints(
        neo4j_uri=neo4j.get_connection_url(),
        neo4j_user=neo4j.username,
        neo4j_password=neo4j.password,
        database_url=postgres.get_connection_url(),
    )
