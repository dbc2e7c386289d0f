"""The Messages API's structured output in terms of chat completions, whose JSON Schema llama.cpp enforces."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from app.errors import InputError

Json = dict[str, Any]

FIGURES_PATH: Final = "/mge/figures"
"""Where the shim says how fast the last requests were."""

_PASSED: Final = ("model", "max_tokens", "temperature", "top_p", "top_k")
_TOOL_INPUT: Final = "partial_json"
_DELTAS: Final = {"text": "text", "thinking": "thinking", "signature": "signature", _TOOL_INPUT: _TOOL_INPUT}
"""Which key of a block a key of its deltas adds to."""

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
    """The streamed chat completion that a Messages request with a schema stands for.

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
    if body.get("stop_sequences"):
        chat["stop"] = body["stop_sequences"]
    chat["stream"] = True
    chat["stream_options"] = {"include_usage": True}
    chat["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    return chat


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


async def to_events(lines: AsyncIterator[str]) -> AsyncIterator[Json]:
    """A streamed chat completion as the events of a streamed message."""
    begun, finish, usage = False, "stop", Json()
    async for chunk in read_events(lines):
        if "error" in chunk:
            yield error_document("api_error", str(chunk["error"].get("message", "")))
            return
        if not begun:
            begun = True
            message = {**_opening(chunk), "content": [], "stop_reason": None, "usage": _usage({})}
            yield {"type": "message_start", "message": message}
            yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            finish = choice["finish_reason"] or finish
            if text := choice["delta"].get("content"):
                delta = {"type": "text_delta", "text": text}
                yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    ended = {"stop_reason": _STOP_REASONS.get(finish, "end_turn"), "stop_sequence": None}
    yield {"type": "message_delta", "delta": ended, "usage": _usage(usage)}
    yield {"type": "message_stop"}


async def read_events(lines: AsyncIterator[str]) -> AsyncIterator[Json]:
    """The JSON documents of a stream of server-sent events."""
    async for line in lines:
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line.removeprefix("data: "))


def to_wire(event: Json) -> bytes:
    """An event as it is sent."""
    data = json.dumps(event, separators=(",", ":"))
    return f"event: {event['type']}\ndata: {data}\n\n".encode()


async def to_message(events: AsyncIterator[Json]) -> Json:
    """The message that a stream of events makes, or the error that ended it."""
    message: Json = {}
    blocks: dict[int, Json] = {}
    async for event in events:
        match event["type"]:
            case "error":
                return event
            case "message_start":
                message = event["message"]
            case "content_block_start":
                blocks[event["index"]] = {**event["content_block"]}
            case "content_block_delta":
                _extend(blocks[event["index"]], event["delta"])
            case "message_delta":
                message = {**message, **event["delta"], "usage": {**message["usage"], **event["usage"]}}
    if message.get("stop_reason") is None:
        return error_document("api_error", "the model server ended its answer before it was finished")
    return {**message, "content": [_finished(blocks[index]) for index in sorted(blocks)]}


def _extend(block: Json, delta: Json) -> None:
    for kind, target in _DELTAS.items():
        if kind in delta:
            block[target] = block.get(target, "") + delta[kind]


def _finished(block: Json) -> Json:
    """A block with the input of its tool read, which arrives as text."""
    whole = {name: value for name, value in block.items() if name != _TOOL_INPUT}
    return {**whole, "input": json.loads(block[_TOOL_INPUT] or "{}")} if _TOOL_INPUT in block else whole


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
