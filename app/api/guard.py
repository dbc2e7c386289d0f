"""What every request passes before any route: who it is meant for, where it comes from, how large it is.

The service has no login and listens on the loopback address, so the browser of the person at the machine is the
way in for others: a page elsewhere that posts to it, or a name elsewhere that resolves to it (DNS rebinding).
"""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import answer, answer_unexpected
from app.api.service import Rules
from app.model.problem import Problem, problem

UPLOAD_PATH: Final = "/api/v2/plans/import"
CYPHER_PATH: Final = "/api/v2/cypher"
EVENTS_SUFFIX: Final = "/events"

_LOOPBACK: Final = frozenset(("localhost", "127.0.0.1", "::1"))
_SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_BODY_BYTES: Final = 2**20
_FORM_BYTES: Final = 2**20
_ANSWER_SECONDS: Final = 25.0
_POLICY_VIOLATION: Final = 1008
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = uuid4().hex
        request = Request(scope, receive)
        began = asyncio.get_running_loop().time()
        status = 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = scope["request_id"]
                headers.setdefault("Cache-Control", "no-store")
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=scope["request_id"]):
            try:
                refused = _refusal(request.method, request.headers, self.rules) or _too_large(
                    request.headers, self._most(request)
                )
                if refused is not None:
                    await answer(request, refused)(scope, receive, sent)
                else:
                    await self._answer(request, _limited(receive, self._most(request)), sent)
            finally:
                log.info(
                    "request",
                    method=request.method,
                    path=request.url.path,
                    status=status,
                    milliseconds=round((asyncio.get_running_loop().time() - began) * 1000),
                )

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a WebSocket in, or close it: browsers send one to any site, so its origin is held to the rules of a write."""
        if _refusal("CONNECT", Headers(scope=scope), self.rules) is not None:
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        scope["request_id"] = uuid4().hex
        with structlog.contextvars.bound_contextvars(request_id=scope["request_id"]):
            await self.app(scope, receive, send)

    def _most(self, request: Request) -> int:
        upload = request.method == "POST" and request.url.path == UPLOAD_PATH
        return self.rules.max_upload_bytes + _FORM_BYTES if upload else _BODY_BYTES

    async def _answer(self, request: Request, receive: Receive, send: Send) -> None:
        started = False

        async def started_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        # An upload takes as long as it takes, a statement says itself how long, and events come as long as a run lasts;
        # everything else is a read or a short write of the stores.
        path = request.url.path
        endless = path in (UPLOAD_PATH, CYPHER_PATH) or path.endswith(EVENTS_SUFFIX)
        seconds = None if endless else _ANSWER_SECONDS
        try:
            async with asyncio.timeout(seconds) as deadline:
                await self.app(request.scope, receive, started_send)
        except ClientDisconnect:
            log.info("client left")
        except Exception as error:
            if started:
                raise
            if deadline.expired():
                await answer(request, _late(), retry=True)(request.scope, receive, send)
            else:
                await answer_unexpected(request, error)(request.scope, receive, send)


def _late() -> Problem:
    return problem(
        "store-down",
        "A store does not answer",
        503,
        f"the stores gave no answer within {_ANSWER_SECONDS:.0f} s",
        "GET /api/health says which one is down; else ask for less at a time",
    )


def _refusal(method: str, headers: Headers, rules: Rules) -> Problem | None:
    """Why the request is not let in, if it is not."""
    hosts = headers.getlist("host")
    name = _host_name(hosts[0]) if len(hosts) == 1 else None
    if name is None or name not in _LOOPBACK | rules.hosts:
        return _forbidden(
            "the request is meant for a host that this service does not answer for",
            "use http://localhost:PORT, or add the host's name to MGE_ALLOWED_HOSTS",
        )
    if method in _SAFE:
        return None
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin")
    if site not in ("same-origin", "none") or (
        origin is not None and urlsplit(origin).netloc.lower() != hosts[0].lower()
    ):
        return _forbidden(
            "another site may not change anything here",
            "send the request from the service's own pages, or from a program without an Origin header",
        )
    return None


def _host_name(host: str) -> str | None:
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        return None
    return parts.hostname if parts.username is None and not parts.path else None


def _too_large(headers: Headers, most: int) -> Problem | None:
    declared = headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:20]) <= most:
        return None
    return problem("body-too-large", "The request is too large", 413, f"at most {most} bytes are taken")


def _limited(receive: Receive, most: int) -> Receive:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(413, f"at most {most} bytes are taken")
        return message

    return counted


def _forbidden(detail: str, hint: str) -> Problem:
    return problem("forbidden", "The request is not allowed", 403, detail, hint)
