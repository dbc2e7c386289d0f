"""An analyst's own statements.

JSON, CSV and Arrow have no place for an error or a word about more rows after the first of them, so those answers are
sent once they are whole, within the bounds. NDJSON is sent row by row.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from app.api.schemas import CypherRun, QueryRows
from app.api.service import STATEMENTS_AT_ONCE, TheGraph, TheService
from app.errors import Busy, MgeError
from app.export.rows import arrow_stream, csv_line
from app.graph.statements import Bounds, Columns, End, Said, gathered, run_statement
from app.model.problem import problem_of, told

router = APIRouter(prefix="/api/v2/cypher", tags=["queries"])

_PATIENCE_SECONDS: Final = 5.0
_TRUNCATED: Final = "MGE-Truncated"
_TYPES: Final = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
}
_CONTENT: Final[dict[str, Any]] = {
    _TYPES["ndjson"]: {"schema": {"type": "string", "examples": ['{"name": "price"}\n{"name": "total"}\n']}},
    _TYPES["csv"]: {"schema": {"type": "string", "examples": ["name\nprice\ntotal\n"]}},
    _TYPES["arrow"]: {"schema": {"type": "string", "format": "binary", "examples": ["(an IPC stream)"]}},
}
_HEADERS: Final[dict[str, Any]] = {
    _TRUNCATED: {
        "description": "`true` where there were more rows than the bounds allow; an NDJSON answer says so in its last line",
        "schema": {"type": "string"},
    }
}

Result = TypeVar("Result")


@router.post("", response_model=QueryRows, responses={200: {"content": _CONTENT, "headers": _HEADERS}})
async def run_cypher(
    request: Request, body: Annotated[CypherRun, Body()], graph: TheGraph, service: TheService
) -> Response:
    """Run a statement that reads the graph and does nothing else.

    It sees everything in the database. In NDJSON a last line `{"_truncated": true}` says that there was more than the bounds
    allow, `{"_error": …}` that the statement failed after its first rows.
    """
    bounds = Bounds(seconds=body.seconds, rows=body.limit)
    said = run_statement(graph, body.query, body.parameters, bounds)
    if body.format == "ndjson":
        return await _streamed(request, service.statements, said)
    async with aclosing(said), _place(service.statements):
        answer = await _unless_left(request, gathered(said))
    headers = {_TRUNCATED: str(answer.end.truncated).lower()}
    match body.format:
        case "csv":
            text = "".join(csv_line(cells) for cells in (answer.names, *answer.rows))
            return Response(text, headers=headers, media_type=_TYPES["csv"])
        case "arrow":
            content = await asyncio.to_thread(arrow_stream, answer.names, answer.rows)
            return Response(content, headers=headers, media_type=_TYPES["arrow"])
        case _:
            return JSONResponse(
                {"columns": answer.names, "rows": answer.rows, "truncated": answer.end.truncated},
                headers=headers,
            )


class _Rows(StreamingResponse):
    """Rows as they come; what makes them ends with the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lines = self.body_iterator
        assert isinstance(lines, AsyncGenerator)
        async with aclosing(lines):
            await super().__call__(scope, receive, send)


async def _streamed(request: Request, places: asyncio.Semaphore, said: Said) -> Response:
    """Rows a line each, once the statement is known to be one that runs."""
    lines = _lines(said, places)
    try:
        await _unless_left(request, anext(lines))
    except BaseException:
        await lines.aclose()
        raise
    return _Rows(lines, media_type=_TYPES["ndjson"])


async def _lines(said: Said, places: asyncio.Semaphore) -> AsyncGenerator[str]:
    """Nothing once the statement began, then a line for each row."""
    async with aclosing(said), _place(places):
        first = await anext(said)
        assert isinstance(first, Columns)
        yield ""
        try:
            async for each in said:
                if isinstance(each, End):
                    if each.truncated:
                        yield json.dumps({"_truncated": True}) + "\n"
                elif not isinstance(each, Columns):
                    yield json.dumps(dict(zip(first.names, each, strict=True))) + "\n"
        except MgeError as error:
            yield json.dumps({"_error": told(problem_of(error))}) + "\n"


@asynccontextmanager
async def _place(places: asyncio.Semaphore) -> AsyncIterator[None]:
    """Wait for one of the places that there are; raises `Busy`."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await places.acquire()
    except TimeoutError as error:
        raise Busy(
            f"{STATEMENTS_AT_ONCE} statements are running", hint="try again in a few seconds"
        ) from error
    try:
        yield
    finally:
        places.release()


async def _unless_left(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """What the work gives; ended, and `ClientDisconnect` raised, where nobody waits for it any longer."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
