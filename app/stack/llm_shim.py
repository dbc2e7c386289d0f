"""What stands before llama.cpp's server: passes everything through, and gives the Messages API structured output."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from app.errors import InputError
from app.stack import llm_messages
from app.stack.llm_messages import FIGURES_PATH, Json
from app.stack.ports import LOOPBACK

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LAST_REQUESTS: Final = 20

_BODY_BYTES: Final = 32 * 2**20
_MESSAGES_PATH: Final = "/v1/messages"
_COUNT_PATH: Final = "/v1/messages/count_tokens"
_NOT_PASSED: Final = {b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server"}
_NAMES: Final = (LOOPBACK, "localhost", "::1")
_COUNTERS: Final = (
    "prompt_tokens_total",
    "prompt_seconds_total",
    "tokens_predicted_total",
    "tokens_predicted_seconds_total",
)


class Shim:
    """The application. As many requests as there are ``slots`` are with the server, the rest wait in order.

    ``transport`` reaches the server. A client that leaves takes its request with it.
    """

    def __init__(self, transport: httpx2.AsyncBaseTransport, slots: int) -> None:
        limits = httpx2.Timeout(None, connect=10.0)
        self.client = httpx2.AsyncClient(
            transport=transport, base_url="http://llm", timeout=limits, trust_env=False
        )
        self.slots = asyncio.Semaphore(slots)
        self.counted: deque[tuple[float, ...]] = deque(maxlen=LAST_REQUESTS + 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        if urlsplit(f"//{headers.get(b'host', b'').decode('latin-1')}").hostname not in _NAMES:
            # A page whose name was made to point here must not speak to the model.
            await _refuse(send, 403, "permission_error", "this server answers on loopback names only")
            return
        body = await _read(receive)
        if body is None:
            await _refuse(send, 413, "request_too_large", f"a request has at most {_BODY_BYTES} bytes")
            return
        answer = asyncio.create_task(self._answer(scope, body, send))
        gone = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (answer, gone):
                task.cancel()
        outcome, _ = await asyncio.gather(answer, gone, return_exceptions=True)
        if _generates(scope):
            await self._note_counters()
        if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
            raise outcome

    async def _answer(self, scope: Scope, body: bytes, send: Send) -> None:
        path = scope["path"]
        try:
            if path == FIGURES_PATH:
                await _send_json(send, 200, self.figures())
            elif _generates(scope):
                async with self.slots:
                    await self._generate(scope, body, send)
            elif path == _COUNT_PATH:
                await self._pass(scope, _with_schema_told(body), send)
            else:
                await self._pass(scope, body, send)
        except InputError as error:
            await _refuse(send, 400, "invalid_request_error", str(error))
        except httpx2.TransportError as error:
            await _refuse(send, 502, "api_error", f"the model server does not answer: {error}")

    async def _generate(self, scope: Scope, body: bytes, send: Send) -> None:
        if not self.counted:
            await self._note_counters()
        request = _parse(body) if scope["path"] == _MESSAGES_PATH else {}
        schema = llm_messages.schema_of(request)
        if schema is not None:
            chat = self._post("/v1/chat/completions", llm_messages.to_chat(request, schema))
            await self._message(chat, llm_messages.to_events, bool(request.get("stream")), send)
        elif request and not request.get("stream"):
            streamed = self._post(_MESSAGES_PATH, {**request, "stream": True})
            await self._message(streamed, llm_messages.read_events, False, send)
        else:
            await self._pass(scope, body, send)

    async def _pass(self, scope: Scope, body: bytes, send: Send) -> None:
        url = scope["raw_path"].decode("latin-1") + ("?" if scope["query_string"] else "")
        headers = [
            (name, value)
            for name, value in scope["headers"]
            if name not in _NOT_PASSED and name not in (b"host", b"content-length", b"origin")
        ]
        request = self.client.build_request(
            scope["method"], url + scope["query_string"].decode("latin-1"), headers=headers, content=body
        )
        async with self._sent(request) as response:
            passed = [
                (name.lower(), value)
                for name, value in response.headers.raw
                if name.lower() not in _NOT_PASSED and not name.lower().startswith(b"access-control-")
            ]
            await send({"type": "http.response.start", "status": response.status_code, "headers": passed})
            async for chunk in response.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body"})

    async def _message(
        self,
        request: httpx2.Request,
        read: Callable[[AsyncIterator[str]], AsyncIterator[Json]],
        streamed: bool,
        send: Send,
    ) -> None:
        """Answers with a message. The server is always asked for a stream: what is not one it goes on with, client or none."""
        async with self._sent(request) as response:
            if response.status_code != 200:
                error = llm_messages.to_error(response.status_code, await response.aread())
                await _send_json(send, response.status_code, error)
                return
            events = read(response.aiter_lines())
            if not streamed:
                message = await llm_messages.to_message(events)
                await _send_json(send, 500 if message["type"] == "error" else 200, message)
                return
            start = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
            await send({"type": "http.response.start", "status": 200, "headers": start})
            async for event in events:
                await send(
                    {"type": "http.response.body", "body": llm_messages.to_wire(event), "more_body": True}
                )
            await send({"type": "http.response.body"})

    def _post(self, path: str, document: Json) -> httpx2.Request:
        headers = {"content-type": "application/json"}
        return self.client.build_request("POST", path, headers=headers, content=json.dumps(document).encode())

    @asynccontextmanager
    async def _sent(self, request: httpx2.Request) -> AsyncIterator[httpx2.Response]:
        response = await self.client.send(request, stream=True)
        try:
            yield response
        finally:
            await response.aclose()

    async def _note_counters(self) -> None:
        """Keeps the server's counters as they are now, in the order of their names above."""
        try:
            metrics = await self.client.get("/metrics")
        except httpx2.TransportError:
            return  # nobody waits for them
        values = dict(line.split() for line in metrics.text.splitlines() if line.startswith("llamacpp:"))
        self.counted.append(tuple(float(values.get(f"llamacpp:{name}", 0)) for name in _COUNTERS))

    def figures(self) -> Json:
        """Tokens a second of the last requests, without those read from the cache; None before there was one."""
        if len(self.counted) < 2:
            return {"requests": 0, "prompt_per_second": None, "answer_per_second": None}
        first, last = self.counted[0], self.counted[-1]
        prompt, prompt_seconds, answer, answer_seconds = (b - a for a, b in zip(first, last, strict=True))
        return {
            "requests": len(self.counted) - 1,
            "prompt_per_second": prompt / prompt_seconds if prompt_seconds else None,
            "answer_per_second": answer / answer_seconds if answer_seconds else None,
        }


def _generates(scope: Scope) -> bool:
    return bool(
        scope["method"] == "POST" and scope["path"].startswith("/v1/") and scope["path"] != _COUNT_PATH
    )


def _with_schema_told(body: bytes) -> bytes:
    request = _parse(body)
    schema = llm_messages.schema_of(request)
    return body if schema is None else json.dumps(llm_messages.with_schema_told(request, schema)).encode()


def _parse(body: bytes) -> Json:
    """The request as JSON; an empty one where it is none, which the server itself refuses."""
    try:
        request = json.loads(body)
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


async def _read(receive: Receive) -> bytes | None:
    chunks, size = [], 0
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > _BODY_BYTES:
            return None
        if not message.get("more_body"):
            return b"".join(chunks)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int, kind: str, message: str) -> None:
    await _send_json(send, status, llm_messages.error_document(kind, message))


async def _send_json(send: Send, status: int, document: Json) -> None:
    body = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
