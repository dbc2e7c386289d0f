"""Making a plan from a request in words: each step keeps what it found before the next begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from app.llm.ask import ask
from app.llm.port import Provider
from app.model.plan import PlanSource
from app.model.prompt import Completion, Prompt
from app.planning.answers import DiscoveryAnswer
from app.planning.generate import Ask, check_request, discover, plan
from app.plans.read import show_discovery
from app.plans.write import Origin, Owner, create_plan, keep_discovery
from app.postgres.connect import Pool

_LISTS = (
    "bounded_contexts",
    "aggregates",
    "value_objects",
    "domain_events",
    "services",
    "assumptions",
    "clarifications_needed",
    "risk_factors",
)


@dataclass(frozen=True, slots=True)
class MadePlan:
    """A plan that was made; ``mended`` says what was put right without the model."""

    masterplan_id: UUID
    attempts: int
    mended: tuple[str, ...]


async def start_discovery(pool: Pool, provider: Provider, request: str, owner: Owner, holder: str) -> UUID:
    """Find out what a request is about, and keep that; the discovery document's id.

    Raises `InputError` for the request, `ModelError` where the model gives no usable answer, `StoreDown`.
    """
    text = check_request(request)
    found = await discover(_asking(pool, provider, owner, holder), text)
    return await keep_discovery(
        pool,
        owner,
        text,
        found.discovery.model_dump(),
        llm_model=found.spent.model,
        llm_cost_usd=found.spent.cost_usd,
        simulated=found.spent.simulated,
    )


async def generate_masterplan(
    pool: Pool,
    provider: Provider,
    discovery_id: UUID,
    owner: Owner,
    holder: str,
    *,
    budget_usd: Decimal | None = None,
    recorded: Mapping[tuple[str, int], str] | None = None,
) -> MadePlan:
    """Make a masterplan of a discovery document, and keep it as a draft.

    ``recorded`` are answers that the plan brings along for its execution. Raises `NotFound` for the document, `ModelError`
    where the model gives no usable answer, `StoreDown`.
    """
    row = await show_discovery(pool, discovery_id, owner.tenant_id)
    discovery = DiscoveryAnswer.model_validate({name: row[name] for name in ("domain", *_LISTS)})
    made = await plan(_asking(pool, provider, owner, holder), row["user_request"], discovery)
    document = made.document
    if recorded:
        answers = [
            {"label": label, "attempt": attempt, "response": response}
            for (label, attempt), response in recorded.items()
            if label.startswith("subtask ")
        ]
        document = type(document).model_validate({**document.model_dump(), "recorded_answers": answers})
    origin = Origin(
        PlanSource.GENERATED,
        discovery_id=discovery_id,
        llm_model=made.spent.model,
        provider=made.spent.provider,
        simulated=made.spent.simulated,
        generation_cost_usd=made.spent.cost_usd + row["llm_cost_usd"],
        generation_tokens=made.spent.tokens,
        budget_usd=budget_usd,
    )
    return MadePlan(await create_plan(pool, document, owner, origin), made.spent.attempts, made.mended)


def _asking(pool: Pool, provider: Provider, owner: Owner, holder: str) -> Ask:
    async def ask_model(prompt: Prompt) -> Completion:
        return await ask(pool, provider, prompt, tenant_id=owner.tenant_id, holder=holder)

    return ask_model
