"""A run that is killed at random moments, and a Postgres that goes away: nothing is bought twice, and the ledger adds up."""

from __future__ import annotations

import asyncio
import random
import sys
from decimal import Decimal

import pytest

from app.errors import StoreDown
from app.llm import store
from app.llm.anthropic import AnthropicProvider
from app.llm.ask import ask
from app.model.prompt import Completion, Prompt
from app.postgres.connect import Pool
from tests.integration.llm.conftest import TENANT, Ledger
from tests.messages_api import Reply, messages_api

SEED = 11


@pytest.mark.parametrize("answers", [12, pytest.param(80, marks=pytest.mark.long)])
async def test_a_run_that_is_killed_again_and_again_ends_with_each_answer_bought_once(
    pool: Pool, ledger: Ledger, database_url: str, answers: int
) -> None:
    dice = random.Random(SEED)
    plan = await ledger.plan("2")
    kills = 0
    async with messages_api(Reply("x" * 60, pause=0.02)) as api:
        for run in range(200):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.integration.llm.asking",
                database_url, api.base_url, str(plan), f"run {run}", str(answers),
            )  # fmt: skip
            asked_before = len(api.requests)
            try:
                # From the first request on, some tenths of a second.
                while len(api.requests) == asked_before and process.returncode is None:
                    await asyncio.sleep(0.01)
                await asyncio.wait_for(process.wait(), dice.uniform(0.0, 0.5))
            except TimeoutError:
                process.kill()
                await process.wait()
                kills += 1
                continue
            assert process.returncode == 0
            break
    rows = await ledger.rows(
        "SELECT count(*) AS n, count(DISTINCT completion_key) AS keys FROM llm_completions"
    )
    outcomes = [outcome for outcome, _ in await ledger.outcomes()]
    assert kills >= 2
    assert rows == [{"n": answers, "keys": answers}]
    assert outcomes.count("answered") == answers
    # What was sent and not kept was under way when its run was killed, at most three a kill, and that is recorded.
    assert answers <= len(api.requests) <= answers + outcomes.count("lost")
    assert outcomes.count("lost") <= 3 * kills
    sums = await ledger.rows("SELECT sum(cost_usd) AS usd FROM llm_completions")
    assert (await ledger.spent(plan))[0] == sums[0]["usd"] <= Decimal(2)
    assert await ledger.count("llm_reservations") == 0


async def test_an_answer_is_kept_once_the_store_is_back(
    pool: Pool, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.llm.ask._STORE_DELAY", 0.05)
    away = 4
    kept = store.keep

    async def keep(*given: object) -> Completion:
        nonlocal away
        if away:
            away -= 1
            raise StoreDown("PostgreSQL does not answer")
        return await kept(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("app.llm.ask.keep", keep)
    plan = await ledger.plan()
    async with messages_api() as api:
        provider = AnthropicProvider(api_key="k", base_url=api.base_url, model="claude-sonnet-5-5")
        prompt = Prompt("a", "s", "u", 100)
        found = await ask(pool, provider, prompt, tenant_id=TENANT, masterplan_id=plan, holder="run")
    assert (found.text, away, len(api.requests)) == ("ok", 0, 1)
    assert (await ledger.spent(plan))[0] == found.cost_usd


async def test_connections_that_break_while_an_answer_is_written_do_no_harm(
    pool: Pool, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.llm.ask._STORE_DELAY", 0.05)
    plan = await ledger.plan()
    async with messages_api(Reply("x" * 60, pause=0.05)) as api:
        provider = AnthropicProvider(api_key="k", base_url=api.base_url, model="claude-sonnet-5-5")
        prompt = Prompt("a", "s", "u", 100)
        asking = asyncio.create_task(
            ask(pool, provider, prompt, tenant_id=TENANT, masterplan_id=plan, holder="run")
        )
        while not api.requests:
            await asyncio.sleep(0.01)
        await ledger.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        found = await asking
    assert found.text == "x" * 60
    assert len(api.requests) == 1
    assert await ledger.count("llm_completions") == 1
