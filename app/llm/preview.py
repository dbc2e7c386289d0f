"""What a list of prompts would cost, before any of them is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.llm.port import Provider
from app.llm.store import kept_among, request_of
from app.model.prompt import Prompt
from app.postgres.connect import Pool


@dataclass(frozen=True, slots=True)
class CostPreview:
    """Requests to send, those whose answers are there already (``reused``), and what they cost at most in USD.

    ``input_tokens`` is a guess; ``requests_by_model`` counts those to send.
    """

    requests: int
    reused: int
    input_tokens: int
    max_output_tokens: int
    max_cost_usd: Decimal
    requests_by_model: dict[str, int]
    simulated: bool


async def preview_costs(
    pool: Pool, provider: Provider, prompts: Sequence[Prompt], *, tenant_id: str
) -> CostPreview:
    """What a tenant's prompts would cost, each request once; nothing is sent. Raises `StoreDown`."""
    requests = {request.key: request for request in (request_of(provider, prompt) for prompt in prompts)}
    kept = await kept_among(pool, tenant_id, requests)
    to_send = [request for key, request in requests.items() if key not in kept]
    estimates = [provider.estimate(request.prompt) for request in to_send]
    return CostPreview(
        requests=len(to_send),
        reused=len(prompts) - len(to_send),
        input_tokens=sum(each.input_tokens for each in estimates),
        max_output_tokens=sum(each.max_output_tokens for each in estimates),
        max_cost_usd=sum((each.max_cost_usd for each in estimates), Decimal(0)),
        requests_by_model=dict(Counter(request.model for request in to_send)),
        simulated=provider.simulated,
    )
