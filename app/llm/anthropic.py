"""Language models over the Messages API: Anthropic's own, or any server at another address, such as the local one.

The only module that uses the SDK, which is imported when the first request is sent: that takes most of a second.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from app.errors import InputError
from app.llm.messages import AnswerReader, Json, malformed, max_output_tokens, to_request
from app.llm.port import Answer, Estimate, FailureKind, OnProgress, Progress, ProviderFailed
from app.llm.prices import FREE, MODEL_OF, MODELS, Model, cost_of, max_cost_of
from app.llm.tokens import bound_tokens, guess_tokens
from app.model.prompt import Complexity, Prompt

if TYPE_CHECKING:
    from anthropic import APIStatusError, AsyncAnthropic

ANTHROPIC_URL: Final = "https://api.anthropic.com"
DEFAULT_TIMEOUT_SECONDS: Final = 600.0

_CONNECT_SECONDS: Final = 10.0
_COUNT_SECONDS: Final = 30.0
_SLOWEST_TOKEN_SECONDS: Final = 1.0
_DETAIL_CHARACTERS: Final = 300
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class AnthropicProvider:
    """Answers by a model's server. ``model`` is asked for everything; without it, each complexity has its own.

    A request is given up after ``timeout_seconds`` without a sign of life, or after as many and a second for each token that
    it may be answered with. Raises `InputError` for an address or key that cannot be used, and for a model whose price at
    Anthropic is not known.
    """

    simulated = False

    def __init__(
        self,
        *,
        api_key: str = "",
        base_url: str = ANTHROPIC_URL,
        model: str = "",
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.host = _host_of(base_url)
        self.is_anthropics = self.host == "anthropic.com" or self.host.endswith(".anthropic.com")
        self.timeout_seconds = timeout_seconds
        self._api_key = _checked_key(api_key, required=self.is_anthropics)
        self._models = {each: self._model(model or MODEL_OF[each]) for each in Complexity}

    @property
    def name(self) -> str:
        """``anthropic``, ``local`` for a server on this machine, else the server's name."""
        if self.is_anthropics:
            return "anthropic"
        return "local" if self.host in _LOOPBACK else self.host

    @property
    def continues(self) -> bool:
        """Whether every model that it uses goes on from a begun answer."""
        return all(model.continues for model in self._models.values())

    @property
    def price_notice(self) -> str:
        """What is to be said about prices; empty where they are all known."""
        free = sorted({model.name for model in self._models.values() if model.price.is_free})
        if not free:
            return ""
        if self.host in _LOOPBACK:
            return f"{', '.join(free)} runs on this machine and costs 0 USD"
        return f"the price of {', '.join(free)} at {self.host} is not known: it counts as 0 USD"

    def model_for(self, complexity: Complexity) -> str:
        """The model that work of a complexity is given to."""
        return self._models[complexity].name

    def fingerprint(self, prompt: Prompt) -> str:
        """Empty: the model and the prompt decide."""
        return ""

    def estimate(self, prompt: Prompt) -> Estimate:
        """The guessed tokens of a prompt, and what its request costs at most, whatever its tokens are."""
        return self._estimate(prompt, guess_tokens(prompt), bound_tokens(prompt))

    async def measure(self, prompt: Prompt) -> Estimate:
        """The tokens of a prompt as the server counts them, or else its estimate."""
        model = self._models[prompt.complexity]
        if model.price.is_free:
            return self.estimate(prompt)
        counted = await self.count_tokens(prompt)
        if counted is None:
            return self.estimate(prompt)
        # The server calls its count an estimate.
        most = min(counted + counted // 50 + 16, bound_tokens(prompt))
        return self._estimate(prompt, counted, most)

    async def count_tokens(self, prompt: Prompt) -> int | None:
        """The tokens of a prompt as the server counts them; None where it does not say."""
        import anthropic
        import httpx2

        request = self._request(prompt)
        named = {
            name: request[name]
            for name in ("model", "messages", "system", "output_config")
            if name in request
        }
        try:
            async with asyncio.timeout(_COUNT_SECONDS):
                counted = await self._client.messages.count_tokens(**named)
        except (anthropic.AnthropicError, httpx2.HTTPError, TimeoutError, ValueError, TypeError):
            return None
        tokens: object = getattr(counted, "input_tokens", None)
        return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and tokens >= 0 else None

    async def complete(self, prompt: Prompt, on_progress: OnProgress | None = None) -> Answer:
        """Send one request and read its answer as it comes. Raises `ProviderFailed`."""
        model = self._models[prompt.complexity]
        request = self._request(prompt)
        reader = AnswerReader()
        began = time.monotonic()
        try:
            async with aclosing(self._events(request, reader)) as events:
                async for event in events:
                    reader.feed(event)
                    if on_progress is not None and reader.guessed_tokens:
                        seconds = time.monotonic() - began
                        on_progress(Progress(prompt.label, reader.guessed_tokens, seconds))
            text, reason = reader.finish(prompt, model)
            usage = reader.usage()
            self._check_usage(reader, prompt, model)
        except ProviderFailed as failed:
            if reader.started and not model.price.is_free:
                failed.cost_usd = self._billed(reader, prompt, model)
            raise
        return Answer(text, reason, usage, model.name, cost_of(model, usage), time.monotonic() - began)

    async def close(self) -> None:
        """Close the connections to the server."""
        if "_client" in self.__dict__:
            await self._client.close()

    def _estimate(self, prompt: Prompt, tokens: int, most: int) -> Estimate:
        model = self._models[prompt.complexity]
        output = max_output_tokens(prompt, model)
        return Estimate(tokens, output, max_cost_of(model, most, output))

    def _check_usage(self, reader: AnswerReader, prompt: Prompt, model: Model) -> None:
        """Refuse a bill that cannot be: it would take a plan beyond its budget."""
        if model.price.is_free:
            return
        usage, most = reader.usage(), bound_tokens(prompt)
        read = usage.input + usage.cache_read + usage.cache_write
        if usage.output > max_output_tokens(prompt, model) or read > most:
            raise malformed(
                f"it bills {read} tokens of prompt and {usage.output} of answer, more than there are"
            )

    def _billed(self, reader: AnswerReader, prompt: Prompt, model: Model) -> Decimal:
        return min(cost_of(model, reader.usage()), self.estimate(prompt).max_cost_usd)

    def _model(self, name: str) -> Model:
        known = MODELS.get(name)
        if known is not None:
            return known
        if self.is_anthropics:
            raise InputError(
                f"the price of the model {name!r} is not known",
                hint=f"set MGE_LLM_MODEL to one of: {', '.join(MODELS)}",
                field="MGE_LLM_MODEL",
            )
        return Model(name, FREE, continues=True, effort=False)

    def _request(self, prompt: Prompt) -> Json:
        model = self._models[prompt.complexity]
        return to_request(
            prompt,
            model,
            takes_temperature=model.price.is_free,
            to_schema=dict if model.price.is_free else _strict_schema,
        )

    @cached_property
    def _client(self) -> AsyncAnthropic:
        import anthropic
        import httpx2

        return anthropic.AsyncAnthropic(
            api_key=self._api_key or "none",
            base_url=self.base_url,
            max_retries=0,
            timeout=httpx2.Timeout(self.timeout_seconds, connect=_CONNECT_SECONDS),
            # A proxy of the environment does not lead to this machine.
            http_client=anthropic.DefaultAsyncHttpxClient(trust_env=self.host not in _LOOPBACK),
        )

    async def _events(self, request: Json, reader: AnswerReader) -> AsyncGenerator[Json, None]:
        async with (
            self._failures(reader, request["max_tokens"]),
            await self._client.messages.create(**request, stream=True) as stream,
        ):
            async for event in stream:
                yield _as_json(event)

    @asynccontextmanager
    async def _failures(self, reader: AnswerReader, max_tokens: int) -> AsyncIterator[None]:
        """Raise whatever goes wrong with a request as `ProviderFailed`."""
        import anthropic
        import httpx2

        seconds = self.timeout_seconds + max_tokens * _SLOWEST_TOKEN_SECONDS
        try:
            async with asyncio.timeout(seconds):
                yield
        except anthropic.APIStatusError as error:
            raise self._refused(error) from error
        except (anthropic.APITimeoutError, httpx2.TimeoutException, TimeoutError) as error:
            detail = f"it did not answer within {self.timeout_seconds:g} s"
            if isinstance(error, TimeoutError):
                detail = f"it was not done after {seconds:g} s"
            raise ProviderFailed(FailureKind.TIMEOUT, 0, None, detail) from error
        except (anthropic.APIConnectionError, httpx2.HTTPError) as error:
            kind = FailureKind.CUT_OFF if reader.started else FailureKind.CONNECTION
            raise ProviderFailed(kind, 0, None, self._told(error.__cause__ or error)) from error
        except (anthropic.AnthropicError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise malformed(f"its answer cannot be read: {self._told(error)}") from error

    def _refused(self, error: APIStatusError) -> ProviderFailed:
        kind = _kind_of(error.status_code, str(error.type or ""))
        retry_after = _seconds_of(error.response.headers.get)
        detail = self._told(error.api_message or error.message)
        return ProviderFailed(kind, error.status_code, retry_after, detail)

    def _told(self, said: object) -> str:
        """What a server or the SDK said, without the key, in a line."""
        text = str(said) or type(said).__name__
        if self._api_key:
            text = text.replace(self._api_key, "(the key)")
        text = "".join(char if char.isprintable() else " " for char in text)
        return " ".join(text.split())[:_DETAIL_CHARACTERS]


def _host_of(base_url: str) -> str:
    try:
        parts = urlsplit(base_url)
        host = parts.hostname or ""
        valid = parts.scheme in ("http", "https") and bool(host) and parts.port != 0
    except ValueError:
        valid, host = False, ""
    if not valid:
        raise InputError(
            "the address of the model's server cannot be read",
            hint="give one such as http://127.0.0.1:8080",
            field="ANTHROPIC_BASE_URL",
        )
    return host


def _checked_key(api_key: str, *, required: bool) -> str:
    if not api_key and required:
        raise InputError(
            "there is no key for Anthropic's models",
            hint="set ANTHROPIC_API_KEY, or start a model on this machine with `mge llm up`",
            field="ANTHROPIC_API_KEY",
        )
    if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
        raise InputError(
            "the key has characters that no key has", hint="copy it again", field="ANTHROPIC_API_KEY"
        )
    return api_key


def _strict_schema(schema: Json) -> Json:
    from anthropic import transform_schema

    return transform_schema(schema)


def _as_json(event: object) -> Json:
    to_dict: Callable[..., Any] | None = getattr(event, "to_dict", None)
    found = to_dict(warnings=False) if to_dict is not None else event
    if not isinstance(found, dict):
        raise malformed(f"it sent {str(found)[:40]!r} as an event")
    return found


def _kind_of(status: int, error_type: str) -> FailureKind:
    if status == 429 or error_type == "rate_limit_error":
        return FailureKind.RATE_LIMITED
    if status == 529 or error_type == "overloaded_error":
        return FailureKind.OVERLOADED
    if status in (408, 504) or error_type == "timeout_error":
        return FailureKind.TIMEOUT
    # Within a stream, an error comes with status 200.
    if status >= 500 or (status < 300 and error_type != "invalid_request_error"):
        return FailureKind.SERVER_ERROR
    return FailureKind.REJECTED


def _seconds_of(header: Callable[[str], str | None]) -> float | None:
    """The seconds of a retry-after header, which may also be a date; None where there is none that makes sense."""
    milliseconds, value = header("retry-after-ms"), header("retry-after")
    seconds = math.nan
    with suppress(ValueError, TypeError):
        seconds = float(milliseconds) / 1000 if milliseconds else float(value or "nan")
    if math.isnan(seconds) and value:
        with suppress(ValueError, TypeError):
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else None
