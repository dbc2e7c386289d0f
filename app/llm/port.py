"""What a provider of answers is, whoever it is: a model's server, answers from a file, or those with seeded faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeAlias

from app.model.prompt import Complexity, Prompt, StopReason, Usage


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a request may take. ``input_tokens`` is a guess; its answer has ``max_output_tokens`` at most, thoughts included,
    and it costs ``max_cost_usd`` at most.
    """

    input_tokens: int
    max_output_tokens: int
    max_cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request was answered. ``text`` does not repeat what was begun; ``cost_usd`` is simulated where the provider is."""

    text: str
    stop_reason: StopReason
    usage: Usage
    model: str
    cost_usd: Decimal
    seconds: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an answer is that is being written. ``output_tokens`` is a guess until it ends."""

    label: str
    output_tokens: int
    seconds: float


OnProgress: TypeAlias = Callable[[Progress], None]


class FailureKind(StrEnum):
    """How a request failed."""

    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    CUT_OFF = "cut_off"
    MALFORMED = "malformed"
    REJECTED = "rejected"


class ProviderFailed(Exception):
    """One request failed; whether and when another is sent is for the caller to decide.

    ``status`` is the HTTP status, 0 where there was none; ``retry_after`` is seconds, None where the server named none.
    ``cost_usd`` is what the request is known to have cost all the same. Never leaves `app.llm`.
    """

    def __init__(
        self,
        kind: FailureKind,
        status: int,
        retry_after: float | None,
        detail: str,
        cost_usd: Decimal = Decimal(0),
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.status = status
        self.retry_after = retry_after
        self.detail = detail
        self.cost_usd = cost_usd


class Provider(Protocol):
    """Answers prompts. ``simulated``: no model is behind it. ``continues``: it can go on from a begun answer."""

    @property
    def name(self) -> str: ...

    @property
    def simulated(self) -> bool: ...

    @property
    def continues(self) -> bool: ...

    def model_for(self, complexity: Complexity) -> str:
        """The model that work of a complexity is given to."""
        ...

    def fingerprint(self, prompt: Prompt) -> str:
        """What decides the answer beside model and prompt; empty for a real model."""
        ...

    def estimate(self, prompt: Prompt) -> Estimate:
        """What a request may take, without asking anybody."""
        ...

    async def measure(self, prompt: Prompt) -> Estimate:
        """What a request may take, with its tokens counted by the server where that can count."""
        ...

    async def complete(self, prompt: Prompt, on_progress: OnProgress | None = None) -> Answer:
        """Send one request. Raises `ProviderFailed`, and `InputError` for a prompt that cannot be sent."""
        ...
