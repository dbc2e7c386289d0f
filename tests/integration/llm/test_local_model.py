"""The real model of this machine, where `mge llm up` has started it: a smoke test of a few tokens."""

from __future__ import annotations

import ast
import json
from decimal import Decimal
from pathlib import Path

import pytest

from app.llm.anthropic import AnthropicProvider
from app.llm.ask import ask
from app.llm.port import Progress
from app.llm.tokens import guess_tokens
from app.main import stack_config
from app.model.prompt import Prompt, StopReason
from app.postgres.connect import Pool
from app.settings import Settings
from app.stack.llm_server import local_model
from tests.integration.llm.conftest import TENANT, Ledger


@pytest.fixture
def provider() -> AnthropicProvider:
    running = local_model(stack_config(Settings()))
    if running is None or not running.alive:
        pytest.skip("no local model runs: `mge llm up` starts one")
    return AnthropicProvider(base_url=running.base_url, model=running.model)


SOURCE = Path(__file__).read_text()
CODE = Prompt(
    "subtask 1.1",
    "You write Python. Answer with code alone.",
    "Write a function add(a: int, b: int) -> int that returns the sum.",
    40,
    begun="```python\ndef add(a: int, b: int) -> int:\n",
    stop=("\n```", "\ndef "),
)


async def test_it_goes_on_from_a_begun_answer_and_costs_nothing(
    provider: AnthropicProvider, pool: Pool, ledger: Ledger
) -> None:
    plan = await ledger.plan("0")
    told: list[Progress] = []
    found = await ask(
        pool, provider, CODE, tenant_id=TENANT, masterplan_id=plan, holder="run", on_progress=told.append
    )
    body = (CODE.begun + found.text).removeprefix("```python\n")
    assert isinstance(ast.parse(body).body[0], ast.FunctionDef)
    assert found.stop_reason in (StopReason.END, StopReason.STOP_SEQUENCE)
    assert (found.simulated, found.cost_usd, found.provider) == (False, Decimal(0), "local")
    assert 0 < found.usage.output <= 40
    assert told


async def test_it_is_held_to_a_schema(provider: AnthropicProvider) -> None:
    schema = {
        "type": "object",
        "properties": {"color": {"type": "string", "enum": ["red", "blue"]}},
        "required": ["color"],
        "additionalProperties": False,
    }
    answer = await provider.complete(
        Prompt("a", "Answer in JSON.", "Which color has the sky?", 20, schema=schema)
    )
    assert json.loads(answer.text) in ({"color": "red"}, {"color": "blue"})


async def test_guessed_tokens_are_near_those_that_the_server_counts(provider: AnthropicProvider) -> None:
    prompt = Prompt("a", "You are a programmer.", SOURCE, 10)
    counted = await provider.count_tokens(prompt)
    assert counted is not None
    assert 0.8 * counted < guess_tokens(prompt) < 2 * counted
