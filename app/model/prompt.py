"""What a language model is asked and what it answers, whoever the provider is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Complexity(StrEnum):
    """How hard a piece of work is: what the model and the budget are chosen by."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class StopReason(StrEnum):
    """Why an answer ended. ``TRUNCATED``: it reached its limit of tokens and is incomplete."""

    END = "end"
    STOP_SEQUENCE = "stop_sequence"
    TRUNCATED = "truncated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request to a model.

    ``label`` names the request within its plan (``subtask 3.2``): recorded answers are found by it. ``system`` is the same
    for all requests of a kind and plan, so that prompt caches hit. ``begun`` is the start of the answer, where the provider
    can continue one (else it is asked for in words); it is not repeated in the answer's text. ``schema`` is a JSON Schema
    that the answer is held to. ``attempt`` counts from 1; ``temperature`` is used where the provider takes one.
    """

    label: str
    system: str
    user: str
    max_tokens: int
    complexity: Complexity = Complexity.MEDIUM
    begun: str = ""
    stop: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = field(default=None)
    attempt: int = 1
    temperature: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a request. ``input`` counts what was neither read from a cache nor written to one."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer, as it is kept. ``text`` does not repeat what was begun. ``reused``: it was bought before."""

    key: str
    provider: str
    model: str
    text: str
    stop_reason: StopReason
    usage: Usage
    cost_usd: Decimal
    simulated: bool
    seconds: float
    reused: bool = False
