"""The shim between the real SDK and a server that plays llama.cpp, over real HTTP."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import anthropic
import httpx2
import pytest
import uvicorn
from pydantic import BaseModel
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from app.stack.llm_messages import FIGURES_PATH
from app.stack.llm_shim import Shim

CHAT = "/v1/chat/completions"
METRICS = """# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total {}
llamacpp:prompt_seconds_total {}
llamacpp:tokens_predicted_total {}
llamacpp:tokens_predicted_seconds_total {}
"""


class Task(BaseModel):
    name: str
    size: Literal["small", "large"]


class Plan(BaseModel):
    tasks: list[Task]


ANSWER = Plan(tasks=[Task(name="größer", size="small")]).model_dump_json()
SCHEMA = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
HELLO: list[anthropic.types.MessageParam] = [{"role": "user", "content": "Plan a stack."}]


class ToLlama(httpx2.AsyncHTTPTransport):
    """Reaches the played server where the real one has its Unix socket."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(host="127.0.0.1", port=self.port)
        return await super().handle_async_request(request)


@dataclass
class Bench:
    """The shim's port, the played server behind it, the SDK in front of it."""

    port: int
    llama: HTTPServer
    seen: list[Request] = field(default_factory=list)

    @property
    def sdk(self) -> anthropic.Anthropic:
        return anthropic.Anthropic(
            base_url=f"http://127.0.0.1:{self.port}", api_key="local", max_retries=0, timeout=20
        )

    def plays(self, path: str, answer: dict[str, Any] | bytes, status: int = 200, kind: str = "") -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()

        def play(request: Request) -> Response:
            request.get_data()
            self.seen.append(request)
            return Response(body, status, content_type=kind or "application/json; charset=utf-8")

        self.llama.expect_request(path).respond_with_handler(play)

    def sent(self) -> dict[str, Any]:
        return dict(self.seen[-1].get_json())

    def raw(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, {name.replace("_", "-"): v for name, v in headers.items()})
        response = connection.getresponse()
        return response.status, response.read(), {k.lower(): v for k, v in response.getheaders()}


@pytest.fixture
def llama() -> Iterator[HTTPServer]:
    with HTTPServer(threaded=True) as server:
        yield server


@pytest.fixture
def bench(llama: HTTPServer) -> Iterator[Bench]:
    served = [0, 0.0, 0, 0.0]

    def metrics(_: Request) -> Response:
        for index, step in enumerate((100, 2.0, 30, 3.0)):
            served[index] += step
        return Response(METRICS.format(*served), 200)

    llama.expect_request("/metrics").respond_with_handler(metrics)
    config = uvicorn.Config(
        Shim(ToLlama(llama.port), 2),
        port=0,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield Bench(server.servers[0].sockets[0].getsockname()[1], llama)
    server.should_exit = True
    thread.join()


USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 30,
    "prompt_tokens_details": {"cached_tokens": 100},
}


def stream(chunks: list[dict[str, Any]]) -> bytes:
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode() + b"data: [DONE]\n\n"


def delta(text: str | None, finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": finish, "delta": {} if text is None else {"content": text}}
    return {"id": "chatcmpl-1", "model": "small-model", "choices": [choice]}


def completion(pieces: list[str], finish: str = "stop") -> bytes:
    """A chat completion as llama.cpp streams it."""
    opening = {"index": 0, "finish_reason": None, "delta": {"role": "assistant", "content": None}}
    return stream(
        [
            {"id": "chatcmpl-1", "model": "small-model", "choices": [opening]},
            *(delta(piece) for piece in pieces),
            delta(None, finish),
            {"choices": [], "usage": USAGE, "timings": {"predicted_per_second": 20.0}},
        ]
    )


def message(blocks: list[list[dict[str, Any]]], usage: dict[str, int], ended: dict[str, Any]) -> bytes:
    """A message as llama.cpp streams it; a block is its start and its deltas."""
    opening = {
        "id": "chatcmpl-2",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": "small-model",
    }
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**opening, "stop_reason": None, "usage": usage}}
    ]
    for index, (start, *deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events += [{"type": "content_block_delta", "index": index, "delta": each} for each in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events += [
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events).encode()


def test_structured_output_becomes_a_chat_completion_and_its_answer_a_message(bench: Bench) -> None:
    bench.plays(CHAT, completion([ANSWER]), kind="text/event-stream")

    answer = bench.sdk.messages.parse(
        model="small-model",
        max_tokens=77,
        system=[{"type": "text", "text": "You plan.", "cache_control": {"type": "ephemeral"}}],
        messages=[
            {
                "role": "user",
                "content": [{"type": "text", "text": "Plan "}, {"type": "text", "text": "a queue."}],
            },
            {"role": "assistant", "content": "Which kind?"},
            {"role": "user", "content": "Any."},
        ],
        stop_sequences=["END"],
        output_format=Plan,
        extra_body={"temperature": 0.2, "top_k": 5},
    )

    assert answer.parsed_output == Plan.model_validate_json(ANSWER)
    assert (answer.id, answer.model, answer.stop_reason) == ("chatcmpl-1", "small-model", "end_turn")
    usage = answer.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (20, 100, 30)
    sent = bench.sent()
    schema = sent["response_format"]["json_schema"]["schema"]
    assert sent["response_format"]["type"] == "json_schema"
    assert schema["properties"]["tasks"]["items"] == {"$ref": "#/$defs/Task"}
    system, *turns = sent["messages"]
    assert system["role"] == "system"
    assert system["content"].startswith("You plan.\n\nAnswer with one JSON value")
    assert json.loads(system["content"].splitlines()[-1]) == schema
    assert turns == [
        {"role": "user", "content": "Plan a queue."},
        {"role": "assistant", "content": "Which kind?"},
        {"role": "user", "content": "Any."},
    ]
    rest = {name: value for name, value in sent.items() if name not in ("messages", "response_format")}
    assert rest.pop("stream") is True
    assert rest.pop("stream_options") == {"include_usage": True}
    assert rest == {"model": "small-model", "max_tokens": 77, "stop": ["END"], "temperature": 0.2, "top_k": 5}


def test_an_answer_that_was_cut_off_says_so(bench: Bench) -> None:
    bench.plays(CHAT, completion(['{"tasks":', " ["], "length"), kind="text/event-stream")
    config: anthropic.types.OutputConfigParam = {
        "format": {"type": "json_schema", "schema": Plan.model_json_schema()}
    }
    answer = bench.sdk.messages.create(model="m", max_tokens=5, messages=HELLO, output_config=config)
    assert answer.stop_reason == "max_tokens"
    assert answer.content[0].to_dict()["text"] == '{"tasks": ['


def test_structured_output_is_streamed(bench: Bench) -> None:
    pieces = [ANSWER[start : start + 7] for start in range(0, len(ANSWER), 7)]
    bench.plays(CHAT, completion(pieces), kind="text/event-stream")

    with bench.sdk.messages.stream(model="m", max_tokens=99, messages=HELLO, output_format=Plan) as events:
        assert list(events.text_stream) == pieces
        answer = events.get_final_message()

    assert answer.parsed_output == Plan.model_validate_json(ANSWER)
    assert answer.stop_reason == "end_turn"
    assert (answer.usage.input_tokens, answer.usage.cache_read_input_tokens) == (20, 100)
    assert answer.usage.output_tokens == 30


def test_a_message_is_put_together_from_the_stream_that_can_be_stopped(bench: Bench) -> None:
    blocks: list[list[dict[str, Any]]] = [
        [{"type": "thinking", "thinking": "", "signature": ""}, {"type": "thinking_delta", "thinking": "hm"}],
        [
            {"type": "text", "text": ""},
            {"type": "text_delta", "text": "a"},
            {"type": "text_delta", "text": "ß"},
        ],
        [
            {"type": "tool_use", "id": "t1", "name": "add", "input": {}},
            {"type": "input_json_delta", "partial_json": '{"a":'},
            {"type": "input_json_delta", "partial_json": " 1}"},
        ],
    ]
    ended = {"stop_reason": "stop_sequence", "stop_sequence": "END"}
    usage = {"input_tokens": 6, "cache_read_input_tokens": 31, "output_tokens": 0}
    bench.plays("/v1/messages", message(blocks, usage, ended), kind="text/event-stream")

    answer = bench.sdk.messages.create(model="m", max_tokens=5, messages=HELLO, stop_sequences=["END"])

    thinking, text, tool = (block.to_dict() for block in answer.content)
    assert (thinking["thinking"], text["text"], tool["input"]) == ("hm", "aß", {"a": 1})
    assert (answer.id, answer.stop_reason, answer.stop_sequence) == ("chatcmpl-2", "stop_sequence", "END")
    assert answer.usage.to_dict() == {"input_tokens": 6, "cache_read_input_tokens": 31, "output_tokens": 9}
    assert bench.sent() == {
        "model": "m",
        "max_tokens": 5,
        "messages": HELLO,
        "stop_sequences": ["END"],
        "stream": True,
    }


@pytest.mark.parametrize("events", [1, 3, 0])
def test_a_message_that_ends_too_early_is_an_error(bench: Bench, events: int) -> None:
    whole = message([[{"type": "text", "text": ""}, {"type": "text_delta", "text": "half"}]], {}, {})
    cut = b"".join(each + b"\n\n" for each in whole.split(b"\n\n")[:events])
    bench.plays("/v1/messages", cut, kind="text/event-stream")
    with pytest.raises(anthropic.InternalServerError, match="before it was finished"):
        bench.sdk.messages.create(model="m", max_tokens=5, messages=HELLO)


def test_a_stream_that_fails_midway_is_an_error_not_a_short_answer(bench: Bench) -> None:
    failing = [delta("{"), {"error": {"code": 500, "message": "out of memory", "type": "server_error"}}]
    bench.plays(CHAT, stream(failing), kind="text/event-stream")
    with (
        pytest.raises(anthropic.APIStatusError, match="out of memory"),
        bench.sdk.messages.stream(model="m", max_tokens=9, messages=HELLO, output_format=Plan) as events,
    ):
        events.get_final_message()


@pytest.mark.parametrize("streamed", [False, True])
def test_the_servers_refusal_has_the_form_of_the_messages_api(bench: Bench, streamed: bool) -> None:
    said = "request (9030 tokens) exceeds the available context size (4096 tokens)"
    bench.plays(CHAT, {"error": {"code": 400, "message": said, "type": "exceed_context_size_error"}}, 400)
    body = {"model": "m", "max_tokens": 9, "messages": HELLO, "output_config": SCHEMA, "stream": streamed}

    status, answer, _ = bench.raw("POST", "/v1/messages", json.dumps(body).encode())

    assert status == 400
    assert json.loads(answer) == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": said},
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tools": [{"name": "t"}]}, "tools"),
        ({"messages": []}, "messages"),
        ({"messages": "Plan."}, "messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages.0"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "messages.0.content.0"),
        ({"messages": [*HELLO, {"role": "assistant", "content": "{"}]}, "begun answer"),
        ({"system": 5}, "system"),
        ({"output_config": {"format": {"type": "json_schema", "schema": "Plan"}}}, "schema"),
    ],
)
def test_what_cannot_be_held_to_a_schema_is_refused_with_its_place(
    bench: Bench, change: dict[str, Any], said: str
) -> None:
    body = {"model": "m", "max_tokens": 9, "messages": HELLO, "output_config": SCHEMA, **change}
    status, answer, _ = bench.raw("POST", "/v1/messages", json.dumps(body).encode())
    assert status == 400
    assert said in json.loads(answer)["error"]["message"]
    assert bench.seen == []


def test_a_count_of_tokens_counts_the_schema_that_is_told(bench: Bench) -> None:
    bench.plays("/v1/messages/count_tokens", {"input_tokens": 181})
    assert bench.sdk.messages.count_tokens(model="m", messages=HELLO, output_format=Plan).input_tokens == 181
    assert "JSON Schema" in bench.sent()["system"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":  "m", "stream":true,"messages":[{"role":"user","content":"hi"}]}',
        b'{"model":"m","output_config":{"effort":"low"},"stream": true, "messages":[]}',
        b'{"output_config": {"format": null}, "stream": true}',
        b'{"output_config": "format", "stream": true}',
        b"[1, 2]",
        b"not json \xff",
        b"",
    ],
)
def test_everything_else_passes_byte_for_byte(bench: Bench, body: bytes) -> None:
    answer = b'{"type":  "message"}\n'
    bench.plays("/v1/messages", answer, 418, "application/json; charset=utf-8")

    status, got, headers = bench.raw(
        "POST", "/v1/messages?beta=true&x=%2F", body, anthropic_version="2026-10-21"
    )

    assert (status, got, headers["content-type"]) == (418, answer, "application/json; charset=utf-8")
    seen = bench.seen[-1]
    assert (seen.get_data(), seen.query_string) == (body, b"beta=true&x=%2F")
    assert seen.headers["anthropic-version"] == "2026-10-21"


@pytest.mark.parametrize("path", ["/health", "/v1/models", "/props", "/v1/models/a%2Fb"])
def test_other_routes_are_reached(bench: Bench, path: str) -> None:
    bench.plays(path.replace("%2F", "/"), b"there")
    assert bench.raw("GET", path)[:2] == (200, b"there")


def test_a_stream_arrives_as_it_is_made(bench: Bench) -> None:
    go_on = threading.Event()

    def play(_: Request) -> Response:
        def body() -> Iterator[bytes]:
            yield b"data: first\n\n"
            assert go_on.wait(10)
            yield b"data: second\n\n"

        return Response(body(), 200, content_type="text/event-stream")

    bench.llama.expect_request(CHAT).respond_with_handler(play)
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=20)
    connection.request("POST", CHAT, b"{}")
    response = connection.getresponse()
    assert response.read1() == b"data: first\n\n"
    go_on.set()
    assert response.read() == b"data: second\n\n"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8079", "10.0.0.5", ""])
def test_other_names_than_loopback_are_refused(bench: Bench, host: str) -> None:
    bench.plays("/v1/models", b"there")
    assert bench.raw("GET", "/v1/models", Host=host)[0] == 403
    assert bench.raw("GET", "/v1/models", Host="localhost:8079")[0] == 200


def test_no_page_is_let_in_by_cors(bench: Bench) -> None:
    def play(_: Request) -> Response:
        return Response(b"there", 200, headers={"Access-Control-Allow-Origin": "*"})

    bench.llama.expect_request("/v1/models").respond_with_handler(play)
    _, _, headers = bench.raw("GET", "/v1/models", Origin="http://evil.example")
    assert not [name for name in headers if name.startswith("access-control-")]


def test_a_body_without_end_is_refused(bench: Bench) -> None:
    assert bench.raw("POST", "/v1/messages", b"x" * (32 * 2**20 + 1))[0] == 413


def test_a_server_that_is_gone_is_said_to_be(bench: Bench) -> None:
    bench.llama.stop()
    try:
        status, answer, _ = bench.raw("POST", "/v1/messages", b"{}")
    finally:
        bench.llama.start()
    assert status == 502
    assert json.loads(answer)["error"]["type"] == "api_error"


def test_as_many_as_there_are_slots_are_answered_at_once_and_health_beside_them(bench: Bench) -> None:
    busy, most, lock, go_on = [0], [0], threading.Lock(), threading.Event()

    def play(_: Request) -> Response:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        go_on.wait(10)
        with lock:
            busy[0] -= 1
        return Response(b"{}", 200)

    bench.llama.expect_request(CHAT).respond_with_handler(play)
    bench.plays("/health", b"ok")
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(bench.raw("POST", CHAT, b"{}")[0])) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    while busy[0] < 2:
        time.sleep(0.01)
    assert bench.raw("GET", "/health")[1] == b"ok"
    time.sleep(0.3)
    go_on.set()
    for thread in threads:
        thread.join()

    assert answers == [200] * 5
    assert most == [2]


@pytest.mark.parametrize(
    ("path", "reached", "body"),
    [
        (CHAT, CHAT, {}),
        ("/v1/messages", "/v1/messages", {"messages": HELLO}),
        ("/v1/messages", "/v1/messages", {"messages": HELLO, "stream": True}),
        ("/v1/messages", CHAT, {"messages": HELLO, "output_config": SCHEMA}),
        ("/v1/messages", CHAT, {"messages": HELLO, "output_config": SCHEMA, "stream": True}),
    ],
)
def test_a_client_that_leaves_takes_its_request_with_it(
    bench: Bench, path: str, reached: str, body: dict[str, Any]
) -> None:
    began, left = threading.Event(), threading.Event()

    def play(_: Request) -> Response:
        began.set()

        def chunks() -> Iterator[bytes]:
            try:
                for _ in range(400):
                    yield b": nothing yet\n\n"
                    time.sleep(0.02)
            except GeneratorExit:
                left.set()
                raise

        return Response(chunks(), 200, content_type="text/event-stream")

    bench.llama.expect_request(reached).respond_with_handler(play)
    for _ in range(3):  # more than there are slots
        began.clear()
        left.clear()
        connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=20)
        connection.request("POST", path, json.dumps(body))
        assert began.wait(5)
        connection.sock.close()
        connection.close()
        assert left.wait(5)


def test_the_last_requests_speed_is_told(bench: Bench) -> None:
    bench.plays(CHAT, b"{}")
    assert json.loads(bench.raw("GET", FIGURES_PATH)[1])["requests"] == 0
    for _ in range(30):
        bench.raw("POST", CHAT, b"{}")
    deadline = time.monotonic() + 5
    while (figures := json.loads(bench.raw("GET", FIGURES_PATH)[1]))["requests"] < 20:
        assert time.monotonic() < deadline
    assert figures == {"requests": 20, "prompt_per_second": 50.0, "answer_per_second": 10.0}
