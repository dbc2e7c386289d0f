"""The Messages API's structured output in terms of chat completions, whose JSON Schema llama.cpp enforces."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

from app.errors import InputError

Json = dict[str, Any]

FIGURES_PATH: Final = "/mge/figures"
"""Where the shim says how fast the last requests were."""

_PASSED: Final = ("model", "temperature", "top_p", "top_k", "stream")
_STOP_REASONS: Final = {"stop": "end_turn", "length": "max_tokens"}


def schema_of(body: Json) -> Json | None:
    """The JSON Schema that a Messages request wants its answer to fit; None where it wants none."""
    config = body.get("output_config")
    wanted = config.get("format") if isinstance(config, Mapping) else None
    if not isinstance(wanted, Mapping) or wanted.get("type") != "json_schema":
        return None
    schema = wanted.get("schema")
    if not isinstance(schema, dict):
        raise InputError("output_config.format.schema is not an object", field="output_config.format.schema")
    return schema


def with_schema_told(body: Json, schema: Json) -> Json:
    """The request with the schema at the end of its system prompt: the grammar holds the form, not the meaning."""
    told = (
        f"Answer with one JSON value that fits this JSON Schema:\n{json.dumps(schema, separators=(',', ':'))}"
    )
    system = _text(body.get("system", ""), "system")
    return {**body, "system": f"{system}\n\n{told}" if system else told}


def to_chat(body: Json, schema: Json) -> Json:
    """The chat completion that a Messages request with a schema stands for.

    Raises `InputError` for what a model held to a schema cannot have: tools, a begun answer, other content than text.
    """
    if body.get("tools"):
        raise InputError("tools and structured output do not go together on this server", field="tools")
    turns = body.get("messages")
    if not isinstance(turns, list) or not turns:
        raise InputError("messages is not a list with at least one message", field="messages")
    messages = [{"role": "system", "content": with_schema_told(body, schema)["system"]}]
    for index, turn in enumerate(turns):
        field = f"messages.{index}"
        if not isinstance(turn, Mapping) or turn.get("role") not in ("user", "assistant"):
            raise InputError(f"{field} has no role of user or assistant", field=f"{field}.role")
        messages.append({"role": turn["role"], "content": _text(turn.get("content"), f"{field}.content")})
    if messages[-1]["role"] == "assistant":
        raise InputError("a begun answer and structured output do not go together", field="messages")
    chat: Json = {name: body[name] for name in _PASSED if name in body}
    chat["messages"] = messages
    if "max_tokens" in body:
        chat["max_tokens"] = body["max_tokens"]
    if body.get("stop_sequences"):
        chat["stop"] = body["stop_sequences"]
    if body.get("stream"):
        chat["stream_options"] = {"include_usage": True}
    chat["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    return chat


def to_message(completion: Json) -> Json:
    """A finished chat completion as a message."""
    choice = completion["choices"][0]
    return {
        **_opening(completion),
        "content": [{"type": "text", "text": choice["message"]["content"] or ""}],
        "stop_reason": _STOP_REASONS.get(choice["finish_reason"], "end_turn"),
        "usage": _usage(completion.get("usage") or {}),
    }


def to_error(status: int, body: bytes) -> Json:
    """The server's error in the form of the Messages API."""
    try:
        error = json.loads(body)["error"]
        message = str(error["message"])
    except (ValueError, KeyError, TypeError):
        message = body.decode(errors="replace")[:500] or "the model server gave no reason"
    return error_document("invalid_request_error" if status < 500 else "api_error", message)


def error_document(kind: str, message: str) -> Json:
    return {"type": "error", "error": {"type": kind, "message": message}}


async def to_events(lines: AsyncIterator[str]) -> AsyncIterator[bytes]:
    """A streamed chat completion as the events of a streamed message."""
    begun, finish, usage = False, "stop", Json()
    async for line in lines:
        if not line.startswith("data: ") or line == "data: [DONE]":
            continue
        chunk = json.loads(line.removeprefix("data: "))
        if "error" in chunk:
            yield _event("error", error_document("api_error", str(chunk["error"].get("message", ""))))
            return
        if not begun:
            begun = True
            for event in _begin(chunk):
                yield event
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            finish = choice["finish_reason"] or finish
            if text := choice["delta"].get("content"):
                delta = {"type": "text_delta", "text": text}
                yield _event("content_block_delta", {"index": 0, "delta": delta})
    yield _event("content_block_stop", {"index": 0})
    ended = {"stop_reason": _STOP_REASONS.get(finish, "end_turn"), "stop_sequence": None}
    yield _event("message_delta", {"delta": ended, "usage": _usage(usage)})
    yield _event("message_stop", {})


def _begin(chunk: Json) -> Iterator[bytes]:
    message = {**_opening(chunk), "content": [], "stop_reason": None, "usage": _usage({})}
    yield _event("message_start", {"message": message})
    yield _event("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}})


def _event(kind: str, document: Json) -> bytes:
    data = json.dumps({"type": kind, **document}, ensure_ascii=False, separators=(",", ":"))
    return f"event: {kind}\ndata: {data}\n\n".encode()


def _opening(completion: Json) -> Json:
    return {
        "id": completion.get("id", ""),
        "type": "message",
        "role": "assistant",
        "model": completion.get("model", ""),
        "stop_sequence": None,
    }


def _usage(usage: Json) -> Json:
    """Tokens as the Messages API counts them: those read from the cache are not among the input tokens."""
    cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
    return {
        "input_tokens": int(usage.get("prompt_tokens", 0)) - cached,
        "output_tokens": int(usage.get("completion_tokens", 0)),
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": 0,
    }


def _text(content: object, field: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise InputError(f"{field} is neither text nor a list of blocks", field=field)
    for index, block in enumerate(content):
        if (
            not isinstance(block, Mapping)
            or block.get("type") != "text"
            or not isinstance(block.get("text"), str)
        ):
            raise InputError(
                f"{field}.{index} is not a block of text, the only content that goes with structured output here",
                field=f"{field}.{index}",
            )
    return "".join(block["text"] for block in content)
