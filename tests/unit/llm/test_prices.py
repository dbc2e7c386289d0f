from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest
from anthropic.types.model_param import ModelParam

from app.llm.prices import MODEL_OF, MODELS, cost_of, max_cost_of
from app.model.prompt import Complexity, Usage

NAMED = {name for literal in get_args(ModelParam) for name in get_args(literal)}
NO_PRICE_FOUND = {"claude-fable-5-2", "claude-mythos-5-2", "claude-mythos-preview"}


def test_models_are_those_that_the_sdk_names() -> None:
    """One that comes with a new SDK fails here, until its price is in the table or it is said that none is known."""
    assert set(MODELS) == NAMED - NO_PRICE_FOUND


def test_each_complexity_has_a_model_with_a_price() -> None:
    assert set(MODEL_OF) == set(Complexity)
    assert all(not MODELS[name].price.is_free for name in MODEL_OF.values())
    by_price = [MODELS[MODEL_OF[each]].price.output for each in Complexity]
    assert by_price == sorted(by_price)


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: str(model.name))
def test_prices_are_in_the_order_that_worst_cases_rely_on(model: object) -> None:
    price = MODELS[getattr(model, "name", "")].price
    assert 0 < price.cache_read < price.input < price.cache_write < price.output


def test_costs() -> None:
    sonnet = MODELS["claude-sonnet-4-6"]
    million = 1_000_000
    assert cost_of(sonnet, Usage(million, 0)) == Decimal(3)
    assert cost_of(sonnet, Usage(0, million)) == Decimal(15)
    assert cost_of(sonnet, Usage(0, 0, cache_read=million)) == Decimal("0.3")
    assert cost_of(sonnet, Usage(0, 0, cache_write=million)) == Decimal("3.75")
    assert cost_of(sonnet, Usage(1, 1, 1, 1)) == Decimal("0.00002205")
    assert max_cost_of(sonnet, 1_000, 100) >= cost_of(sonnet, Usage(200, 100, 400, 400))


def test_a_long_prompt_has_its_own_price_for_all_of_its_tokens() -> None:
    haiku = MODELS["claude-haiku-5-5"]
    assert cost_of(haiku, Usage(50_000, 1_000, 50_000)) == Decimal("0.006")
    assert cost_of(haiku, Usage(50_001, 1_000, 50_000)) == Decimal("0.0300005")
