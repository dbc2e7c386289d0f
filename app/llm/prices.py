"""The one table of models: their prices, and which one a piece of work is given to.

Prices are Anthropic's list prices of 2026-11 in USD per million tokens, cache writes those for five minutes.
https://platform.claude.com/docs/en/about-claude/pricing
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from app.model.prompt import Complexity, Usage

_MILLION: Final = Decimal(1_000_000)
_STORED: Final = Decimal("0.00000001")  # as exact as the ledger's columns


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal

    @property
    def is_free(self) -> bool:
        return not (self.input or self.output or self.cache_read or self.cache_write)


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of a model.

    ``long_price`` holds for requests with more than ``long_from`` tokens of prompt. ``continues``: it goes on from a begun
    answer. ``thinks``: it thinks before it answers unless it is told not to, and its thoughts count as answer. ``effort``: it
    takes a level of effort.
    """

    name: str
    price: Price
    continues: bool = False
    thinks: bool = False
    effort: bool = True
    long_price: Price | None = None
    long_from: int = 0

    def price_of(self, prompt_tokens: int) -> Price:
        """The price of a request with so many tokens of prompt, cached ones included."""
        if self.long_price is not None and prompt_tokens > self.long_from:
            return self.long_price
        return self.price


def _price(input_: str, output: str, cache_read: str) -> Price:
    base = Decimal(input_)
    return Price(base, Decimal(output), Decimal(cache_read), base * Decimal("1.25"))


_FABLE: Final = _price("10", "50", "1")
_FABLE_5_1: Final = _price("10", "50", "0.25")
_OPUS: Final = _price("5", "25", "0.5")
_SONNET_4: Final = _price("3", "15", "0.3")
_HAIKU_4: Final = _price("1", "5", "0.1")

FREE: Final = Price(Decimal(0), Decimal(0), Decimal(0), Decimal(0))

MODELS: Final[Mapping[str, Model]] = {
    model.name: model
    for model in (
        Model("claude-fable-5-1", _FABLE_5_1, thinks=True),
        Model("claude-mythos-5-1", _FABLE_5_1, thinks=True),
        Model("claude-fable-5", _FABLE, thinks=True),
        Model("claude-mythos-5", _FABLE, thinks=True),
        Model("claude-opus-5-5", _price("4", "20", "0.2"), thinks=True),
        Model("claude-opus-5", _OPUS, thinks=True),
        Model("claude-sonnet-5-5", _price("2", "10", "0.1"), thinks=True),
        Model("claude-sonnet-5", _price("2", "10", "0.2"), thinks=True),
        Model(
            "claude-haiku-5-5",
            _price("0.1", "0.5", "0.01"),
            thinks=True,
            long_price=_price("0.5", "2.5", "0.05"),
            long_from=100_000,
        ),
        Model("claude-opus-4-8", _OPUS),
        Model("claude-opus-4-7", _OPUS),
        Model("claude-opus-4-6", _OPUS),
        Model("claude-opus-4-5", _OPUS, continues=True),
        Model("claude-opus-4-5-20251101", _OPUS, continues=True),
        Model("claude-sonnet-4-6", _SONNET_4),
        Model("claude-sonnet-4-5", _SONNET_4, continues=True, effort=False),
        Model("claude-sonnet-4-5-20250929", _SONNET_4, continues=True, effort=False),
        Model("claude-haiku-4-5", _HAIKU_4, continues=True, effort=False),
        Model("claude-haiku-4-5-20251001", _HAIKU_4, continues=True, effort=False),
    )
}

MODEL_OF: Final[Mapping[Complexity, str]] = {
    Complexity.LOW: "claude-haiku-5-5",
    Complexity.MEDIUM: "claude-sonnet-5-5",
    Complexity.HIGH: "claude-opus-5-5",
    Complexity.CRITICAL: "claude-opus-5-5",
}


def cost_of(model: Model, usage: Usage) -> Decimal:
    """What a request cost in USD, to eight decimal places."""
    price = model.price_of(usage.input + usage.cache_read + usage.cache_write)
    total = (
        usage.input * price.input
        + usage.output * price.output
        + usage.cache_read * price.cache_read
        + usage.cache_write * price.cache_write
    )
    return (total / _MILLION).quantize(_STORED, ROUND_HALF_EVEN)


def max_cost_of(model: Model, input_tokens: int, output_tokens: int) -> Decimal:
    """What a request costs at most in USD: all of its input is written to the cache, which is dearest."""
    dearest = Usage(input=0, output=output_tokens, cache_write=input_tokens)
    return cost_of(model, dearest)
