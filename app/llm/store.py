"""The completion store: answers that were paid for, claims on requests under way, and every request that was sent.

A claim is held by one caller at a time and counts against its plan's budget until its answer is kept. It expires unless it
is renewed, by the database's clock.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid4

from app.errors import BudgetExceeded, NotFound
from app.llm.port import Answer, Estimate, Provider, ProviderFailed
from app.model.prompt import Completion, Prompt, StopReason, Usage
from app.postgres.connect import Connection, Pool, transaction
from app.postgres.queries import statements_beside
from app.postgres.rows import Row, as_jsonb, execute, fetch_one, query_all, query_one

LEASE_SECONDS: Final = 30.0

sql: Final = statements_beside(__file__)

_NUL: Final = "\x00"


class Purpose(StrEnum):
    """What a request is made for: the plan itself, or carrying it out."""

    GENERATION = "generation"
    EXECUTION = "execution"


class BudgetInUse(BudgetExceeded):
    """A plan's budget covers the request, but not as long as others may need it: wait, and try again."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who a request is made for, and whose budget it counts against. ``holder`` names the run that makes it."""

    tenant_id: str
    holder: str
    masterplan_id: UUID | None = None
    task_id: UUID | None = None
    purpose: Purpose = Purpose.EXECUTION


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt on its way to a provider, and its key in the store."""

    key: str
    provider: Provider
    prompt: Prompt

    @property
    def model(self) -> str:
        return self.provider.model_for(self.prompt.complexity)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send a request, which one caller has at a time."""

    claim_id: UUID
    key: str
    tenant_id: str


def request_of(provider: Provider, prompt: Prompt) -> Request:
    """The request that a prompt is to a provider."""
    model = provider.model_for(prompt.complexity)
    fingerprint = provider.fingerprint(prompt)
    named = f"{provider.name}:{fingerprint}" if fingerprint else provider.name
    return Request(key_of(named, model, prompt), provider, prompt)


def key_of(provider: str, model: str, prompt: Prompt) -> str:
    """The SHA-256 of all that decides an answer: provider, model, prompt and parameters, but not the prompt's label.

    The attempt is among them, so that a retry is another request.
    """
    decisive = {"provider": provider, "model": model, **_as_document(replace(prompt, label=""))}
    canonical = json.dumps(decisive, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(canonical.encode()).hexdigest()


async def find(pool: Pool, tenant_id: str, key: str) -> Completion | None:
    """The completion that a request has; None where it has none. Raises `StoreDown`."""
    row = await query_one(pool, sql("find_completion"), {"tenant_id": tenant_id, "completion_key": key})
    return None if row is None else _completion(row)


async def kept_among(pool: Pool, tenant_id: str, keys: Collection[str]) -> set[str]:
    """Which of some requests have a completion. Raises `StoreDown`."""
    values = {"tenant_id": tenant_id, "completion_keys": list(keys)}
    return {row["completion_key"] for row in await query_all(pool, sql("kept_among"), values)}


async def reserve(pool: Pool, request: Request, account: Account, estimate: Estimate) -> Claim | None:
    """Claim a request and reserve what it costs at most; None where somebody else has the claim.

    Raises `BudgetExceeded` where the plan's budget does not cover it, as `BudgetInUse` where it may once others are done,
    `NotFound` for the plan, `StoreDown`.
    """
    claim = Claim(uuid4(), request.key, account.tenant_id)
    values = {
        **_values(request, account),
        "claim_id": claim.claim_id,
        "holder": account.holder,
        "amount_usd": estimate.max_cost_usd,
        "lease_seconds": LEASE_SECONDS,
    }
    async with transaction(pool) as connection:
        await _check_budget(connection, values, account, estimate.max_cost_usd)
        await execute(connection, sql("end_expired_claim"), values)
        row = await fetch_one(connection, sql("claim_request"), values)
    return None if row is None else claim


async def renew(pool: Pool, claim: Claim) -> bool:
    """Hold a claim for longer; False where it is somebody else's by now. Raises `StoreDown`."""
    row = await query_one(pool, sql("renew_claim"), {**_claim_values(claim), "lease_seconds": LEASE_SECONDS})
    return row is not None


async def release(pool: Pool, claim: Claim) -> None:
    """Give up a claim and what it reserved. Raises `StoreDown`."""
    async with transaction(pool) as connection:
        await execute(connection, sql("release_claim"), _claim_values(claim))


async def take_over(pool: Pool, masterplan_id: UUID, holder: str, *, tenant_id: str) -> int:
    """End the claims of a plan's other runs, which have ended; how many there were. Raises `StoreDown`."""
    values = {"masterplan_id": masterplan_id, "tenant_id": tenant_id, "holder": holder}
    async with transaction(pool) as connection:
        return await execute(connection, sql("take_over_claims"), values)


async def note_request(
    pool: Pool, request: Request, account: Account, attempt: int, failed: ProviderFailed, seconds: float
) -> None:
    """Record a request that failed, and charge what it cost all the same. Raises `StoreDown`."""
    values = {
        **_values(request, account),
        "attempt": attempt,
        "outcome": failed.kind.value,
        "status_code": failed.status or None,
        "detail": failed.detail.replace(_NUL, " "),
        "cost_usd": failed.cost_usd,
        "seconds": seconds,
    }
    async with transaction(pool) as connection:
        if failed.cost_usd:
            await _charge(connection, account, failed.cost_usd, 0)
        await execute(connection, sql("insert_request"), values)


async def check_budget(pool: Pool, request: Request, account: Account, amount_usd: Decimal) -> None:
    """Raise `BudgetExceeded` where a plan's budget does not cover one more request beside those under way."""
    async with transaction(pool) as connection:
        await _check_budget(connection, _values(request, account), account, amount_usd)


async def keep(
    pool: Pool, request: Request, account: Account, claim: Claim, attempt: int, answer: Answer
) -> Completion:
    """Keep an answer, charge it and end the claim, in one transaction; what the store has for the request then.

    That is another answer where another caller was faster: this one was paid for all the same. Raises `StoreDown`.
    """
    usage = answer.usage
    values = {
        **_values(request, account),
        "task_id": account.task_id,
        "purpose": account.purpose.value,
        "request": as_jsonb(_storable(_as_document(request.prompt))),
        "response": _storable(answer.text),
        "stop_reason": answer.stop_reason.value,
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write,
        "cost_usd": answer.cost_usd,
        "simulated": request.provider.simulated,
        "seconds": answer.seconds,
    }
    async with transaction(pool) as connection:
        await _charge(connection, account, answer.cost_usd, usage.input + usage.output)
        await execute(connection, sql("release_claim"), _claim_values(claim))
        is_first = await fetch_one(connection, sql("insert_completion"), values)
        noted = {
            "attempt": attempt,
            "outcome": "answered" if is_first else "answered_late",
            "status_code": None if request.provider.simulated else 200,
            "detail": "",
            "cost_usd": Decimal(0) if is_first else answer.cost_usd,
        }
        await execute(connection, sql("insert_request"), {**values, **noted})
        row = await fetch_one(connection, sql("find_completion"), values)
        assert row is not None
    return replace(_completion(row), reused=is_first is None)


async def _check_budget(
    connection: Connection, values: Mapping[str, object], account: Account, amount_usd: Decimal
) -> None:
    if account.masterplan_id is None:
        return
    plan = await fetch_one(connection, sql("lock_budget"), values)
    if plan is None:
        raise NotFound(f"there is no plan {account.masterplan_id}", hint="`mge plan list` shows all plans")
    if plan["budget_usd"] is None:
        return
    row = await fetch_one(connection, sql("reserved_for_others"), values)
    reserved = row["reserved_usd"] if row else Decimal(0)
    left = plan["budget_usd"] - plan["spent_usd"]
    if amount_usd <= left - reserved:
        return
    kind = BudgetInUse if amount_usd <= left else BudgetExceeded
    under_way = f", {_usd(reserved)} are reserved for requests under way" if reserved else ""
    raise kind(
        f"the plan's budget of {_usd(plan['budget_usd'])} does not cover the next request, which costs "
        f"{_usd(amount_usd)} at most: {_usd(plan['spent_usd'])} are spent{under_way}",
        hint="raise the plan's budget, and run it again: it goes on where it stopped",
        field="budget_usd",
    )


async def _charge(connection: Connection, account: Account, cost_usd: Decimal, tokens: int) -> None:
    if account.masterplan_id is None:
        return
    values = {
        "masterplan_id": account.masterplan_id,
        "tenant_id": account.tenant_id,
        "cost_usd": cost_usd,
        "tokens": tokens,
    }
    # The plan's row is locked first, everywhere, so that two transactions do not wait for each other.
    await fetch_one(connection, sql("lock_budget"), values)
    name = "charge_generation" if account.purpose is Purpose.GENERATION else "charge_execution"
    await execute(connection, sql(name), values)


def _values(request: Request, account: Account) -> dict[str, object]:
    return {
        "tenant_id": account.tenant_id,
        "completion_key": request.key,
        "masterplan_id": account.masterplan_id,
        "provider": request.provider.name,
        "model": request.model,
    }


def _claim_values(claim: Claim) -> dict[str, object]:
    return {"tenant_id": claim.tenant_id, "completion_key": claim.key, "claim_id": claim.claim_id}


def _as_document(prompt: Prompt) -> dict[str, Any]:
    schema = None if prompt.schema is None else dict(prompt.schema)
    return {**asdict(replace(prompt, schema=None)), "schema": schema}


def _storable(value: Any) -> Any:
    """The document without what Postgres has no place for: NUL, and half characters."""
    if isinstance(value, str):
        return value.replace(_NUL, "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_storable(name): _storable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(each) for each in value]
    return value


def _completion(row: Row) -> Completion:
    return Completion(
        key=row["completion_key"],
        provider=row["provider"],
        model=row["model"],
        text=row["response"],
        stop_reason=StopReason(row["stop_reason"]),
        usage=Usage(
            row["input_tokens"], row["output_tokens"], row["cache_read_tokens"], row["cache_write_tokens"]
        ),
        cost_usd=row["cost_usd"],
        simulated=row["simulated"],
        seconds=float(row["seconds"]),
        reused=True,
    )


def _usd(amount: Decimal) -> str:
    return f"{amount:.4f} USD"
