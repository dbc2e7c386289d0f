"""Asking a provider: never twice for the same request, never beyond a plan's budget, and again where that may help.

Look into the completion store; else claim the request and reserve what it costs at most; send it, with attempts of our own;
keep the answer, charge it and end the claim in one transaction, before anybody uses it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar
from uuid import UUID

from app.errors import BudgetExceeded, ModelError, StoreDown
from app.llm.port import Answer, Estimate, FailureKind, OnProgress, Provider, ProviderFailed
from app.llm.store import (
    LEASE_SECONDS,
    Account,
    BudgetInUse,
    Claim,
    Purpose,
    Request,
    check_budget,
    find,
    keep,
    note_request,
    release,
    renew,
    request_of,
    reserve,
    take_over,
)
from app.model.prompt import Completion, Prompt
from app.postgres.connect import Pool

__all__ = ["Purpose", "ask", "take_over"]

MAX_ATTEMPTS: Final = 5

_FIRST_DELAY: Final = 1.0
_MAX_DELAY: Final = 30.0
_MAX_RETRY_AFTER: Final = 120.0
_FIRST_POLL: Final = 0.05
_MAX_POLL: Final = 1.0
_STORE_RETRIES: Final = 12
_STORE_DELAY: Final = 5.0
_HINTS: Final = {
    FailureKind.RATE_LIMITED: "wait, or let fewer requests run at once, and run it again: it goes on where it stopped",
    FailureKind.OVERLOADED: "try again later: it goes on where it stopped",
    FailureKind.SERVER_ERROR: "see the log of the model's server, and run it again: it goes on where it stopped",
    FailureKind.TIMEOUT: "raise MGE_LLM_TIMEOUT_SECONDS, or use a faster model",
    FailureKind.CONNECTION: "start it: `mge llm up` for the model on this machine, or check ANTHROPIC_BASE_URL",
    FailureKind.CUT_OFF: "see the log of the model's server, and run it again: it goes on where it stopped",
    FailureKind.MALFORMED: "check that ANTHROPIC_BASE_URL leads to a server that speaks Anthropic's Messages API",
}
_STATUS_HINTS: Final = {
    401: "check ANTHROPIC_API_KEY",
    402: "the account at the model's provider has no credit left",
    403: "the key may not use this model: check ANTHROPIC_API_KEY and MGE_LLM_MODEL",
    404: "check MGE_LLM_MODEL and ANTHROPIC_BASE_URL",
    413: "the prompt is too long for this server: use a model with a larger context",
}
_REJECTED_HINT: Final = "the request does not suit this model or server: see docs/llm.md for what they take"

Done = TypeVar("Done")


class _ClaimLost(Exception):
    """The claim was taken over while its request was under way."""


async def ask(
    pool: Pool,
    provider: Provider,
    prompt: Prompt,
    *,
    tenant_id: str,
    masterplan_id: UUID | None = None,
    task_id: UUID | None = None,
    holder: str,
    purpose: Purpose | None = None,
    max_attempts: int = MAX_ATTEMPTS,
    on_progress: OnProgress | None = None,
) -> Completion:
    """The completion of a prompt: one that was paid for before, or a new one, kept before it is returned.

    What it costs goes to the plan, as generation where that is the purpose. Without a purpose it is execution for a plan, and
    generation for none. Raises `BudgetExceeded`, `ModelError`, `NotFound` for the plan, `InputError` for a prompt that cannot
    be sent, `StoreDown`. A caller that is cancelled gives its claim up.
    """
    if purpose is None:
        purpose = Purpose.GENERATION if masterplan_id is None else Purpose.EXECUTION
    account = Account(tenant_id, holder, masterplan_id, task_id, purpose)
    request = request_of(provider, prompt)
    estimates = _estimates(request)
    estimate = await anext(estimates)
    poll = _FIRST_POLL
    while True:
        completion = await find(pool, tenant_id, request.key)
        if completion is not None:
            return completion
        try:
            claim = await reserve(pool, request, account, estimate)
        except BudgetExceeded as error:
            tighter = await anext(estimates, None)
            if tighter is not None:
                estimate = tighter
                continue
            if not isinstance(error, BudgetInUse):
                raise
            claim = None
        if claim is None:
            await asyncio.sleep(poll)
            poll = min(poll * 1.5, _MAX_POLL)
            continue
        with suppress(_ClaimLost):
            return await _buy(pool, request, account, claim, max_attempts, on_progress)


async def _estimates(request: Request) -> AsyncIterator[Estimate]:
    """What a request may cost: at a guess first, and with its tokens counted where that is too much."""
    guessed = request.provider.estimate(request.prompt)
    yield guessed
    counted = await request.provider.measure(request.prompt)
    if counted.max_cost_usd < guessed.max_cost_usd:
        yield counted


async def _buy(
    pool: Pool,
    request: Request,
    account: Account,
    claim: Claim,
    max_attempts: int,
    on_progress: OnProgress | None,
) -> Completion:
    try:
        # Somebody may have kept an answer between our look into the store and our claim.
        completion = await find(pool, account.tenant_id, request.key)
        if completion is not None:
            return completion
        async with _held(pool, claim):
            attempt, answer = await _send(pool, request, account, max_attempts, on_progress)
        return await _finish(_retried(lambda: keep(pool, request, account, claim, attempt, answer)))
    finally:
        # Ended already where the answer was kept; where the store is down, it expires.
        with suppress(StoreDown):
            await _finish(release(pool, claim))


async def _send(
    pool: Pool, request: Request, account: Account, max_attempts: int, on_progress: OnProgress | None
) -> tuple[int, Answer]:
    """Send a request, again where that may help; the attempt that was answered, and its answer."""
    attempt = 1
    while True:
        began = time.monotonic()
        try:
            return attempt, await request.provider.complete(request.prompt, on_progress)
        except ProviderFailed as failed:
            await note_request(pool, request, account, attempt, failed, time.monotonic() - began)
            delay = _delay(failed, attempt)
            if delay is None or attempt >= max_attempts:
                raise _model_error(request, failed, attempt) from failed
            if failed.cost_usd:
                estimate: Estimate = request.provider.estimate(request.prompt)
                await check_budget(pool, request, account, estimate.max_cost_usd)
        await asyncio.sleep(delay)
        attempt += 1


def _delay(failed: ProviderFailed, attempt: int) -> float | None:
    """Seconds until a failed request is sent again, spread so that many do not come at once; None: it is not."""
    if failed.kind is FailureKind.REJECTED:
        return None
    if failed.retry_after is not None:
        if failed.retry_after > _MAX_RETRY_AFTER:
            return None
        return failed.retry_after + random.uniform(0, 0.5)  # noqa: S311 (no secret)
    seconds: float = min(_FIRST_DELAY * 2.0 ** (attempt - 1), _MAX_DELAY)
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311


def _model_error(request: Request, failed: ProviderFailed, attempts: int) -> ModelError:
    tried = f" in {attempts} attempts" if attempts > 1 else ""
    status = f" (status {failed.status})" if failed.status else ""
    hint = _HINTS.get(failed.kind) or _STATUS_HINTS.get(failed.status) or _REJECTED_HINT
    if failed.retry_after is not None and failed.retry_after > _MAX_RETRY_AFTER:
        hint = f"the server asks to wait for {failed.retry_after:,.0f} s: run it again then"
    return ModelError(
        f"the model {request.model} ({request.provider.name}) gave no answer to {request.prompt.label!r}{tried}: "
        f"{failed.kind.value.replace('_', ' ')}{status}: {failed.detail}",
        hint=hint,
    )


@asynccontextmanager
async def _held(pool: Pool, claim: Claim) -> AsyncIterator[None]:
    """Keep a claim from expiring. Raises `_ClaimLost`, ending the block, where somebody else took it over."""
    block = asyncio.current_task()
    assert block is not None
    lost = False

    async def keep_renewing() -> None:
        nonlocal lost
        while not lost:
            await asyncio.sleep(LEASE_SECONDS / 4)
            with suppress(StoreDown):  # the claim holds for a while yet
                lost = not await renew(pool, claim)
        block.cancel()

    renewing = asyncio.create_task(keep_renewing())
    try:
        yield
    except asyncio.CancelledError:
        if lost and block.uncancel() == 0:
            raise _ClaimLost from None
        raise
    finally:
        renewing.cancel()


async def _retried(act: Callable[[], Awaitable[Done]]) -> Done:
    """Do something that must not be lost, also where the store is away for a while."""
    for _ in range(_STORE_RETRIES):
        with suppress(StoreDown):
            return await act()
        await asyncio.sleep(_STORE_DELAY)
    return await act()


async def _finish(act: Awaitable[Done]) -> Done:
    """Do something to its end even where the caller is cancelled in the meantime."""
    task = asyncio.ensure_future(act)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
