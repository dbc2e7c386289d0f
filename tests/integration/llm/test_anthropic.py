"""The SDK against a server over real HTTP: what it sends, what it reads, and how each failure is told."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from app.errors import InputError
from app.llm.anthropic import AnthropicProvider
from app.llm.port import FailureKind, Progress, ProviderFailed
from app.model.prompt import Complexity, Prompt, StopReason, Usage
from tests.messages_api import Json, MessagesApi, Raw, Reply, Reset, Silence, Status, messages_api

SONNET = "claude-sonnet-5-5"
OLDER = "claude-haiku-4-5"
KEY = "sk-ant-canary-4711"
SYSTEM = "You write code. " * 50


def prompt(**given: object) -> Prompt:
    values: Json = {"label": "a", "system": SYSTEM, "user": "Write add.", "max_tokens": 100, **given}
    return Prompt(**values)


def provider(api: MessagesApi, model: str = SONNET, timeout_seconds: float = 20.0) -> AnthropicProvider:
    return AnthropicProvider(api_key=KEY, base_url=api.base_url, model=model, timeout_seconds=timeout_seconds)


async def failure(api: MessagesApi, timeout_seconds: float = 20.0) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as raised:
        await provider(api, timeout_seconds=timeout_seconds).complete(prompt())
    return raised.value


async def test_the_stable_part_is_marked_for_the_cache_and_billed_as_read_from_it() -> None:
    async with messages_api(Reply("def add(a, b): ...")) as api:
        asked = provider(api)
        first = await asked.complete(prompt())
        second = await asked.complete(prompt(user="Write subtract."))
    assert [each["system"] for each in api.requests] == [
        [{"type": "text", "text": SYSTEM, "cache_control": {"type": "ephemeral"}}]
    ] * 2
    assert (first.usage, second.usage) == (
        Usage(input=3, output=3, cache_write=200),
        Usage(input=4, output=3, cache_read=200),
    )
    # 2 USD input, 10 output, 0.1 read and 2.5 written, a million tokens
    assert first.cost_usd == Decimal("0.000536")
    assert second.cost_usd == Decimal("0.000058")
    assert api.headers[0]["authorization"] == f"Bearer {KEY}"


async def test_a_newer_model_is_told_in_words_how_to_begin() -> None:
    async with messages_api(Reply("```python\nx = 1\n", "stop_sequence", "\n```")) as api:
        answer = await provider(api).complete(prompt(begun="```python\n", stop=("\n```",)))
    assert [turn["role"] for turn in api.requests[0]["messages"]] == ["user"]
    assert "```python\n" in api.requests[0]["messages"][0]["content"]
    assert api.requests[0]["stop_sequences"] == ["\n```"]
    assert (answer.text, answer.stop_reason) == ("x = 1\n", StopReason.STOP_SEQUENCE)


async def test_an_answer_that_a_newer_model_begins_in_its_own_way_keeps_its_end() -> None:
    async with messages_api(Reply("Sure:\n```py\nx = 1", "stop_sequence", "\n```")) as api:
        answer = await provider(api).complete(prompt(begun="```python\n", stop=("\n```",)))
    assert answer.text == "Sure:\n```py\nx = 1\n```"


@pytest.mark.parametrize("text", ["x = 1\n", "\nx = 1\n", "```python\nx = 1\n"])
@pytest.mark.parametrize("model", [OLDER, "qwen2.5-coder-1.5b-instruct"])
async def test_a_model_that_continues_is_given_the_begun_answer(model: str, text: str) -> None:
    async with messages_api(Reply(text)) as api:
        asked = provider(api, model)
        answer = await asked.complete(prompt(begun="```python\n"))
    assert asked.continues
    assert api.requests[0]["messages"][1:] == [{"role": "assistant", "content": "```python"}]
    assert answer.text.removeprefix("\n") == "x = 1\n"


async def test_a_schema_goes_as_structured_output_without_what_anthropic_refuses() -> None:
    schema = {
        "type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"],
    }  # fmt: skip
    async with messages_api(Reply('{"n": 1}')) as api:
        await provider(api).complete(prompt(schema=schema))
        await provider(api, "local-model").complete(prompt(schema=schema))
    strict, own = (each["output_config"]["format"] for each in api.requests)
    assert strict["type"] == own["type"] == "json_schema"
    assert "minimum" not in strict["schema"]["properties"]["n"]
    assert strict["schema"]["additionalProperties"] is False
    assert own["schema"] == schema


async def test_only_a_server_of_ones_own_is_given_a_temperature() -> None:
    async with messages_api() as api:
        await provider(api).complete(prompt(temperature=0.4))
        await provider(api, "local-model").complete(prompt(temperature=0.4))
    assert "temperature" not in api.requests[0]
    assert api.requests[1]["temperature"] == 0.4


async def test_each_attempt_is_worth_more_effort_and_room_to_think() -> None:
    async with messages_api() as api:
        for attempt in (1, 2, 3, 4):
            await provider(api).complete(prompt(attempt=attempt))
        await provider(api, OLDER).complete(prompt())
    assert [each["output_config"]["effort"] for each in api.requests[:4]] == ["low", "medium", "high", "high"]
    assert [each["max_tokens"] for each in api.requests] == [2_100, 6_100, 16_100, 16_100, 100]
    assert "output_config" not in api.requests[4]


async def test_without_a_model_each_complexity_has_its_own() -> None:
    async with messages_api() as api:
        asked = AnthropicProvider(api_key=KEY, base_url=api.base_url)
        for complexity in Complexity:
            await asked.complete(prompt(complexity=complexity))
    assert [each["model"] for each in api.requests] == [asked.model_for(each) for each in Complexity]
    assert asked.model_for(Complexity.LOW) != asked.model_for(Complexity.HIGH)


async def test_a_model_whose_price_is_not_known_costs_nothing_and_that_is_said() -> None:
    async with messages_api() as api:
        asked = provider(api, "my-model")
        answer = await asked.complete(prompt())
    assert (answer.cost_usd, asked.name, asked.simulated) == (Decimal(0), "local", False)
    assert "my-model runs on this machine and costs 0 USD" in asked.price_notice
    elsewhere = AnthropicProvider(api_key=KEY, base_url="https://gateway.example/v1", model="my-model")
    assert "not known" in elsewhere.price_notice
    assert elsewhere.name == "gateway.example"
    assert provider(api).price_notice == ""


def test_a_model_of_anthropic_whose_price_is_not_known_is_refused() -> None:
    with pytest.raises(InputError, match="'claude-9' is not known") as raised:
        AnthropicProvider(api_key=KEY, model="claude-9")
    assert raised.value.field == "MGE_LLM_MODEL"


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:80", "ftp://host", "http://", "http://[::1", "http://h:99999"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InputError) as raised:
        AnthropicProvider(api_key=KEY, base_url=url)
    assert raised.value.field == "ANTHROPIC_BASE_URL"


@pytest.mark.parametrize("key", ["", "with blank", "with\nline", "schlüssel"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(InputError) as raised:
        AnthropicProvider(api_key=key)
    assert raised.value.field == "ANTHROPIC_API_KEY"
    assert not key or key not in str(raised.value)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply("x", "end_turn"), StopReason.END),
        (Reply("x", "end_turn", "\n```"), StopReason.STOP_SEQUENCE),
        (Reply("x", "stop_sequence", "\n```"), StopReason.STOP_SEQUENCE),
        (Reply("x", "max_tokens"), StopReason.TRUNCATED),
        (Reply("x", "model_context_window_exceeded"), StopReason.TRUNCATED),
        (Reply("", "refusal"), StopReason.REFUSED),
    ],
)
async def test_why_an_answer_ended(reply: Reply, reason: StopReason) -> None:
    async with messages_api(reply) as api:
        answer = await provider(api).complete(prompt())
    assert (answer.text, answer.stop_reason) == (reply.text, reason)


@pytest.mark.parametrize(
    ("behaviour", "kind", "status", "retry_after"),
    [
        (Status(429, "rate_limit_error", headers={"retry-after": "7"}), FailureKind.RATE_LIMITED, 429, 7.0),
        (Status(429, headers={"retry-after-ms": "250"}), FailureKind.RATE_LIMITED, 429, 0.25),
        (Status(429, headers={"retry-after": "soon"}), FailureKind.RATE_LIMITED, 429, None),
        (Status(429, headers={"retry-after": "nan"}), FailureKind.RATE_LIMITED, 429, None),
        (Status(429, headers={"retry-after": "-5"}), FailureKind.RATE_LIMITED, 429, 0.0),
        (
            Status(429, headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}),
            FailureKind.RATE_LIMITED,
            429,
            0.0,
        ),
        (Status(500), FailureKind.SERVER_ERROR, 500, None),
        (Status(502, "x" * 5_000, "y" * 5_000), FailureKind.SERVER_ERROR, 502, None),
        (Status(504), FailureKind.TIMEOUT, 504, None),
        (Status(529, "overloaded_error"), FailureKind.OVERLOADED, 529, None),
        (Status(400, "invalid_request_error", f"no {KEY}!"), FailureKind.REJECTED, 400, None),
        (Status(401, "authentication_error"), FailureKind.REJECTED, 401, None),
        (Status(404, "not_found_error"), FailureKind.REJECTED, 404, None),
        (Status(413, "request_too_large"), FailureKind.REJECTED, 413, None),
    ],
)
async def test_an_error_is_told_by_its_kind(
    behaviour: Status, kind: FailureKind, status: int, retry_after: float | None
) -> None:
    async with messages_api(behaviour) as api:
        failed = await failure(api)
    assert (failed.kind, failed.status, failed.retry_after) == (kind, status, retry_after)
    assert len(failed.detail) <= 300
    assert KEY not in failed.detail
    assert len(api.requests) == 1  # the SDK does not try again behind our back


def sse(*events: str) -> Raw:
    return Raw("".join(f"event: {each}\n\n" for each in events).encode())


START = (
    'message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":3,"output_tokens":1}}}'
)
TEXT = 'content_block_delta\ndata: {"type":"content_block_delta","delta":{"type":"text_delta","text":"x"}}'
END = 'message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}'
STOP = 'message_stop\ndata: {"type":"message_stop"}'


async def test_the_least_that_is_an_answer_is_read() -> None:
    async with messages_api(sse(START, TEXT, END, STOP)) as api:
        answer = await provider(api).complete(prompt())
    assert (answer.text, answer.usage) == ("x", Usage(3, 2))


@pytest.mark.parametrize(
    "behaviour",
    [
        Raw(b""),
        Raw(b"<html>Welcome</html>", "text/html"),
        Raw(b'{"type": "message"}', "application/json"),
        Raw(b"event: message_start\ndata: {not json}\n\n"),
        Raw(b"event: message_start\ndata: [1, 2]\n\n"),
        Raw(b"event: message_start\ndata: 7\n\n"),
        Raw(b"event: message_start\ndata: null\n\n"),
        Raw(b"event: message_start\ndata: \xff\xfe\n\n"),
        Raw(b"event: message_start\ndata: " + b"[" * 200_000 + b"\n\n"),
        sse('message_start\ndata: {"type":"message_start"}'),
        sse('message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":-5}}}'),
        sse('message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":"many"}}}'),
        sse('message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":1e300}}}'),
        sse(START, TEXT, END.replace("end_turn", "tool_use"), STOP),
        sse(START, TEXT, END.replace('{"output_tokens":2}', '{"output_tokens":99999999}'), STOP),
        sse(START.replace(":3", ":9999999"), TEXT, END, STOP),
    ],
)
async def test_nonsense_is_told_as_such(behaviour: Raw) -> None:
    async with messages_api(behaviour) as api:
        failed = await failure(api)
    assert failed.kind is FailureKind.MALFORMED
    assert failed.detail


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("after", [1, 2, 3, 4, 5, 6, 7, 8])
async def test_an_answer_that_is_cut_off_is_none_and_costs_what_it_came_to(after: int, reset: bool) -> None:
    async with messages_api(Reply("x" * 18, cut=after, reset=reset)) as api:
        failed = await failure(api)
    assert failed.kind is FailureKind.CUT_OFF
    # the prompt at least: 200 tokens written to the cache and 3 beside
    assert Decimal("0.000506") < failed.cost_usd < Decimal("0.0008")


async def test_an_error_within_the_stream_is_told_by_its_kind() -> None:
    overloaded = 'error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    async with messages_api(sse(START, TEXT, overloaded)) as api:
        failed = await failure(api)
    assert (failed.kind, failed.detail) == (FailureKind.OVERLOADED, "Overloaded")


async def test_a_connection_that_breaks_or_is_refused() -> None:
    async with messages_api(Reset()) as api:
        assert (await failure(api)).kind is FailureKind.CONNECTION
    failed = await failure(api)  # the server is gone
    assert (failed.kind, failed.cost_usd) == (FailureKind.CONNECTION, Decimal(0))


async def test_a_silent_server_is_given_up() -> None:
    async with messages_api(Silence(5)) as api:
        began = time.monotonic()
        failed = await failure(api, timeout_seconds=0.3)
    assert failed.kind is FailureKind.TIMEOUT
    assert time.monotonic() - began < 3


async def test_a_server_that_drips_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.llm.anthropic._SLOWEST_TOKEN_SECONDS", 0.0001)
    async with messages_api(Reply("x" * 600, pause=0.1)) as api:
        began = time.monotonic()
        failed = await failure(api, timeout_seconds=0.5)
    assert failed.kind is FailureKind.TIMEOUT
    assert time.monotonic() - began < 4


async def test_progress_is_told_while_the_answer_is_written() -> None:
    told: list[Progress] = []
    async with messages_api(Reply("x" * 60, pause=0.01)) as api:
        await provider(api).complete(prompt(), told.append)
    assert [each.output_tokens for each in told] == sorted(each.output_tokens for each in told)
    assert told[0].output_tokens < told[-1].output_tokens <= 25
    assert told[0].seconds < told[-1].seconds


async def test_what_a_callback_raises_is_not_taken_for_the_servers_fault() -> None:
    def broken(progress: Progress) -> None:
        raise ValueError("mine")

    async with messages_api() as api:
        with pytest.raises(ValueError, match="mine"):
            await provider(api).complete(prompt(), broken)


async def test_tokens_are_counted_by_the_server_where_it_can() -> None:
    async with messages_api() as api:
        counted = await provider(api).measure(prompt())
        api.counts_tokens = False
        guessed = await provider(api).measure(prompt())
    assert counted.input_tokens == 203
    assert guessed == provider(api).estimate(prompt())
    assert counted.max_cost_usd < guessed.max_cost_usd


async def test_what_cannot_be_stored_does_not_get_into_an_answer() -> None:
    async with messages_api(Reply("a\x00b\ud800c")) as api:
        answer = await provider(api).complete(prompt())
    assert answer.text == "a\ufffdb\ufffdc"


async def test_a_prompt_with_both_a_begun_answer_and_a_schema_is_refused() -> None:
    async with messages_api() as api:
        with pytest.raises(InputError, match="both"):
            await provider(api).complete(prompt(begun="{", schema={"type": "object"}))
    assert api.requests == []
