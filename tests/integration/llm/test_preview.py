from __future__ import annotations

from decimal import Decimal

from app.llm.anthropic import AnthropicProvider
from app.llm.ask import ask
from app.llm.preview import preview_costs
from app.model.prompt import Complexity, Prompt
from app.postgres.connect import Pool
from tests.integration.llm.conftest import TENANT
from tests.messages_api import messages_api


async def test_a_preview_covers_what_is_then_spent_and_nothing_that_is_there(pool: Pool) -> None:
    prompts = [
        Prompt(f"{complexity} {n}", "s" * 600, f"Write {n}.", 100, complexity)
        for n in range(5)
        for complexity in Complexity
    ]
    async with messages_api() as api:
        provider = AnthropicProvider(api_key="k", base_url=api.base_url)
        before = await preview_costs(pool, provider, [*prompts, *prompts], tenant_id=TENANT)
        assert api.requests == api.counted == []
        spent = Decimal(0)
        for prompt in prompts[:8]:
            spent += (await ask(pool, provider, prompt, tenant_id=TENANT, holder="run")).cost_usd
        after = await preview_costs(pool, provider, prompts, tenant_id=TENANT)
        elsewhere = await preview_costs(pool, provider, prompts, tenant_id="other")
    assert (before.requests, before.reused) == (20, 20)
    assert sum(before.requests_by_model.values()) == 20
    assert len(before.requests_by_model) == 3
    assert (after.requests, after.reused) == (12, 8)
    assert 0 < spent < before.max_cost_usd - after.max_cost_usd
    assert (elsewhere.requests, elsewhere.simulated) == (20, False)
