"""A local server that plays Anthropic's Messages API, with its prompt cache, its bill and every way in which it can fail."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """An answer, streamed in ``chunks`` with ``pause`` seconds between them; ``cut`` ends the stream after so many."""

    text: str = "ok"
    stop_reason: str = "end_turn"
    stop_sequence: str | None = None
    usage: Mapping[str, object] = field(default_factory=dict)
    pause: float = 0.0
    cut: int | None = None
    reset: bool = False


@dataclass(frozen=True)
class Status:
    """An answer with an error's status."""

    code: int
    kind: str = "api_error"
    message: str = "as scripted"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """Whatever bytes, as a body of status 200."""

    body: bytes
    content_type: str = "text/event-stream"


@dataclass(frozen=True)
class Reset:
    """A connection that breaks before there is an answer."""


@dataclass(frozen=True)
class Silence:
    """Nothing for some seconds, then a broken connection."""

    seconds: float


Behaviour = Reply | Status | Raw | Reset | Silence
Writer = asyncio.StreamWriter


@dataclass
class MessagesApi:
    """The server: it behaves as the next of ``script`` says, and where that is over, as ``usual`` does."""

    usual: Behaviour | Callable[[Json], Behaviour] = Reply()
    script: list[Behaviour] = field(default_factory=list)
    counts_tokens: bool = True
    requests: list[Json] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    counted: list[Json] = field(default_factory=list)
    billed: list[Json] = field(default_factory=list)
    """The usage of each answer that was begun."""
    base_url: str = ""
    _cache: set[str] = field(default_factory=set)

    async def handle(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        try:
            while (request := await _read_request(reader)) is not None:
                path, headers, body = request
                if path == "/v1/messages/count_tokens":
                    self.counted.append(body)
                    await self._count(writer, body)
                else:
                    self.requests.append(body)
                    self.headers.append(headers)
                    await self._act(writer, body)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _count(self, writer: Writer, body: Json) -> None:
        if self.counts_tokens:
            await _send(writer, 200, {"input_tokens": tokens_of(body)})
        else:
            await _send(writer, 404, _error("not_found_error", "no such route"))

    async def _act(self, writer: Writer, body: Json) -> None:
        behaviour = self.script.pop(0) if self.script else self.usual
        if callable(behaviour):
            behaviour = behaviour(body)
        match behaviour:
            case Reply():
                await self._reply(writer, body, behaviour)
            case Status(code, kind, message, headers):
                await _send(writer, code, _error(kind, message), headers)
            case Raw(content, content_type):
                await _send(writer, 200, content, {"content-type": content_type})
            case Reset():
                _reset(writer)
            case Silence(seconds):
                await asyncio.sleep(seconds)
                _reset(writer)

    async def _reply(self, writer: Writer, body: Json, reply: Reply) -> None:
        chunks = [reply.text[i : i + 6] for i in range(0, len(reply.text), 6)] or [""]
        usage: Json = {**self._usage(body, len(chunks)), **reply.usage}
        self.billed.append(usage)
        message = {
            "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": {**usage, "output_tokens": 1},
        }  # fmt: skip
        events: list[Json] = [
            {"type": "message_start", "message": message},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "ping"},
            *(
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": chunk}}
                for chunk in chunks
            ),
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": reply.stop_reason, "stop_sequence": reply.stop_sequence},
                "usage": {"output_tokens": usage["output_tokens"]},
            },
            {"type": "message_stop"},
        ]
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        for number, event in enumerate(events):
            if number == reply.cut:
                if reply.reset:
                    _reset(writer)
                else:
                    await _chunk(writer, b"")
                return
            await _chunk(writer, f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
            if reply.pause:
                await asyncio.sleep(reply.pause)
        await _chunk(writer, b"")

    def _usage(self, body: Json, answer: int) -> Json:
        """The bill: what is marked is written to the cache, or read from it."""
        total = tokens_of(body)
        marked = "".join(
            block["text"]
            for block in body.get("system", ())
            if block.get("cache_control") == {"type": "ephemeral"}
        )
        cached = -(-len(marked) // 4)
        hit = marked in self._cache
        self._cache.add(marked)
        return {
            "input_tokens": total - cached,
            "output_tokens": answer,
            "cache_read_input_tokens": cached if hit else 0,
            "cache_creation_input_tokens": 0 if hit else cached,
        }


def tokens_of(body: Json) -> int:
    """The tokens of a request: a quarter of its characters."""
    texts = [block["text"] for block in body.get("system", ())]
    texts += [turn["content"] for turn in body["messages"]]
    return sum(-(-len(text) // 4) for text in texts)


@asynccontextmanager
async def messages_api(
    usual: Behaviour | Callable[[Json], Behaviour] = Reply(), script: Iterable[Behaviour] = ()
) -> AsyncIterator[MessagesApi]:
    """The server on loopback, until the block ends."""
    api = MessagesApi(usual, list(script))
    server = await asyncio.start_server(api.handle, "127.0.0.1", 0)
    api.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield api
    finally:
        server.close()


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], Json] | None:
    line = await reader.readline()
    if not line:
        return None
    headers: dict[str, str] = {}
    while (header := (await reader.readline()).decode().strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return line.split()[1].decode(), headers, json.loads(body)


async def _send(
    writer: Writer, status: int, body: Json | bytes, headers: Mapping[str, str] | None = None
) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-type": "application/json", **(headers or {}), "content-length": str(len(data))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    writer.write(f"HTTP/1.1 {status} Scripted\r\n{lines}\r\n".encode() + data)
    await writer.drain()


async def _chunk(writer: Writer, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await writer.drain()


def _reset(writer: Writer) -> None:
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _error(kind: str, message: str) -> Json:
    return {"type": "error", "error": {"type": kind, "message": message}}
