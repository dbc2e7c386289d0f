"""The one place where a Neo4j driver is opened, and where its failures become ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from neo4j import (
    READ_ACCESS,
    WRITE_ACCESS,
    AsyncDriver,
    AsyncGraphDatabase,
    AsyncManagedTransaction,
    NotificationMinimumSeverity,
    Record,
)
from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    ConstraintError,
    DatabaseError,
    DriverError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from app.errors import Conflict, InputError, StoreDown
from app.graph.queries import Value, checked, query

_RETRY_SECONDS: Final = 30.0
_CONNECT_SECONDS: Final = 10.0

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Login:
    """How to reach a database."""

    uri: str
    user: str
    password: str = field(repr=False)
    database: str


@dataclass(frozen=True, slots=True)
class Graph:
    """A Neo4j database and the driver that reaches it; ``login`` is for a process that needs a driver of its own."""

    driver: AsyncDriver
    login: Login

    @property
    def database(self) -> str:
        """The database's name."""
        return self.login.database


@asynccontextmanager
async def connect(login: Login) -> AsyncIterator[Graph]:
    """A connection that is known to answer; `StoreDown` where it does not, `InputError` for a bad address."""
    try:
        driver = AsyncGraphDatabase.driver(
            login.uri,
            auth=(login.user, login.password),
            notifications_min_severity=NotificationMinimumSeverity.OFF,
            max_transaction_retry_time=_RETRY_SECONDS,
            connection_timeout=_CONNECT_SECONDS,
        )
    except (ConfigurationError, ValueError) as error:
        raise InputError(
            "the address of Neo4j cannot be read",
            hint="give one such as bolt://localhost:7687",
            field="NEO4J_URI",
        ) from error
    async with driver:
        with store_errors():
            await driver.verify_connectivity()
        yield Graph(driver, login)


@contextmanager
def store_errors() -> Iterator[None]:
    """Raise the driver's failures as `StoreDown`, and a broken uniqueness rule as `Conflict`."""
    try:
        yield
    except AuthError as error:
        raise StoreDown(
            "Neo4j refuses the user or the password", hint="check NEO4J_USER and NEO4J_PASSWORD"
        ) from error
    except (ServiceUnavailable, SessionExpired) as error:
        raise StoreDown("Neo4j does not answer", hint="start it with `mge up`, or check NEO4J_URI") from error
    except TransientError as error:
        hint = (
            "give it more heap (MGE_NEO4J_HEAP_MB)"
            if "OutOfMemory" in str(error.code)
            else "try again in a moment"
        )
        raise StoreDown(f"Neo4j cannot do this now: {error.code}", hint=hint) from error
    except ConstraintError as error:
        raise Conflict("two nodes of the graph would have the same key", hint=str(error.message)) from error
    except DatabaseError as error:
        raise StoreDown(
            f"Neo4j stopped working: {error.message}",
            hint="its disk may be full: make room, then start it anew with `mge up`; its log tells more",
        ) from error
    except DriverError as error:
        raise StoreDown(
            f"the connection to Neo4j failed: {error}", hint="try again; `mge status` tells more"
        ) from error


async def run(transaction: AsyncManagedTransaction, name: str, **parameters: Value) -> list[Record]:
    """Run a named query inside a transaction and fetch all of its rows."""
    asked = query(name)
    result = await transaction.run(asked.text, checked(asked, parameters))
    return [record async for record in result]


async def in_write(graph: Graph, work: Callable[[AsyncManagedTransaction], Awaitable[Result]]) -> Result:
    """Do the work in one write transaction, again where it failed for a passing reason (at most 30 s)."""
    with store_errors():
        async with graph.driver.session(database=graph.database, default_access_mode=WRITE_ACCESS) as session:
            return await session.execute_write(work)


async def in_read(graph: Graph, work: Callable[[AsyncManagedTransaction], Awaitable[Result]]) -> Result:
    """Do the work in one read transaction, again where it failed for a passing reason (at most 30 s)."""
    with store_errors():
        async with graph.driver.session(database=graph.database, default_access_mode=READ_ACCESS) as session:
            return await session.execute_read(work)


async def write(graph: Graph, name: str, **parameters: Value) -> list[Record]:
    """Run a named query in a write transaction of its own."""

    async def work(transaction: AsyncManagedTransaction) -> list[Record]:
        return await run(transaction, name, **parameters)

    return await in_write(graph, work)


async def read(graph: Graph, name: str, **parameters: Value) -> list[Record]:
    """Run a named query in a read transaction of its own."""

    async def work(transaction: AsyncManagedTransaction) -> list[Record]:
        return await run(transaction, name, **parameters)

    return await in_read(graph, work)
