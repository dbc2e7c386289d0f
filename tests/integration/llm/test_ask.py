"""Asking over real HTTP with a real Postgres: what is bought once, what it costs, and what is kept where it fails."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from app.errors import BudgetExceeded, InputError, ModelError, NotFound
from app.llm import store
from app.llm.anthropic import AnthropicProvider
from app.llm.ask import ask, take_over
from app.llm.recorded import RecordedProvider
from app.llm.store import Account, Purpose
from app.model.prompt import Completion, Prompt, StopReason
from app.postgres.connect import Pool
from tests.integration.llm.conftest import TENANT, Ledger
from tests.messages_api import Behaviour, Json, MessagesApi, Reply, Reset, Silence, Status, messages_api

MODEL = "claude-sonnet-5-5"
SYSTEM = "You write code. " * 50


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.llm.ask._FIRST_DELAY", 0.01)


def prompt(label: str = "subtask 1.1", user: str = "Write add.", **given: object) -> Prompt:
    values: Json = {"label": label, "system": SYSTEM, "user": user, "max_tokens": 100, **given}
    return Prompt(**values)


def provider(api: MessagesApi, model: str = MODEL) -> AnthropicProvider:
    return AnthropicProvider(api_key="k", base_url=api.base_url, model=model, timeout_seconds=20)


async def asked(
    pool: Pool, api: MessagesApi, plan: UUID | None, what: Prompt | None = None, holder: str = "run 1"
) -> Completion:
    return await ask(
        pool, provider(api), what or prompt(), tenant_id=TENANT, masterplan_id=plan, holder=holder
    )


async def test_an_answer_is_kept_and_charged_before_it_is_used(pool: Pool, ledger: Ledger) -> None:
    plan = await ledger.plan()
    async with messages_api(Reply("def add(a, b): ...")) as api:
        found = await asked(pool, api, plan)
    (row,) = await ledger.rows("SELECT * FROM llm_completions")
    assert (row["completion_key"], row["response"]) == (found.key, found.text)
    assert (row["masterplan_id"], row["purpose"], row["model"]) == (plan, "execution", MODEL)
    assert (row["cache_write_tokens"], row["cost_usd"]) == (200, found.cost_usd)
    assert row["request"]["user"] == "Write add."
    assert await ledger.spent(plan) == (found.cost_usd, Decimal(0), 0)
    assert await ledger.outcomes() == [("answered", 200)]
    assert await ledger.count("llm_reservations") == 0
    assert not found.reused


async def test_the_ledger_is_what_the_server_billed(pool: Pool, ledger: Ledger) -> None:
    """Requests with cached and new prompts, and some that are cut off: to the last of eight decimal places."""
    plan = await ledger.plan()
    dice = random.Random(7)
    async with messages_api() as api:

        def behave(body: Json) -> Reply:
            cut = dice.choice([None, None, None, 5])
            return Reply("x" * dice.randint(1, 300), cut=cut)

        api.usual = behave
        found = await asyncio.gather(
            *(
                asked(pool, api, plan, prompt(user=f"Write {n}.", system=SYSTEM * (1 + n % 2)))
                for n in range(40)
            )
        )
        complete = {len(each.text) for each in found}
    assert len(complete) > 5
    completions = await ledger.rows(
        "SELECT sum(cost_usd) AS usd, sum(cache_read_tokens) AS read FROM llm_completions"
    )
    failures = await ledger.rows("SELECT sum(cost_usd) AS usd FROM llm_requests")
    actual, _, _ = await ledger.spent(plan)
    assert actual == completions[0]["usd"] + failures[0]["usd"]
    assert completions[0]["read"] >= 200 * 30
    # A cut answer is billed for its prompt and for what had come of it, which only we can guess.
    prompts = sum(_usd(each, 0) for each in api.billed)
    answers = Decimal(sum(each.usage.output for each in found)) * 10 / 1_000_000
    assert prompts + answers <= actual
    assert actual - prompts - answers < Decimal("0.00001") * 10 * len(await ledger.outcomes())


def _usd(usage: Json, output: int) -> Decimal:
    """The bill of a request to the model above, reckoned here once more."""
    read, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
    total = 2 * usage["input_tokens"] + Decimal("0.1") * read + Decimal("2.5") * written + 10 * output
    return Decimal(total) / 1_000_000


async def test_nobody_buys_the_same_answer_twice(pool: Pool, ledger: Ledger) -> None:
    plan = await ledger.plan()
    async with messages_api(Reply("def add(a, b): ...", pause=0.05)) as api:
        found = await asyncio.gather(*(asked(pool, api, plan) for _ in range(20)))
        again = await asked(pool, api, None)
    assert len(api.requests) == 1
    assert len({each.text for each in [*found, again]}) == 1
    assert [each.reused for each in [*found, again]].count(False) == 1
    assert (await ledger.spent(plan))[0] == found[0].cost_usd


async def test_another_tenant_does_not_get_it(pool: Pool, ledger: Ledger) -> None:
    async with messages_api() as api:
        await asked(pool, api, None)
        await ask(pool, provider(api), prompt(), tenant_id="other", holder="run")
    assert len(api.requests) == 2


@pytest.mark.parametrize(
    "other",
    [
        prompt(user="Write subtract."),
        prompt(attempt=2),
        prompt(max_tokens=101),
        prompt(temperature=0.5),
        prompt(stop=("x",)),
        prompt(begun="x"),
        prompt(schema={"type": "object"}),
    ],
)
def test_whatever_decides_an_answer_makes_another_key(other: Prompt) -> None:
    assert store.key_of("p", "m", other) != store.key_of("p", "m", prompt())


def test_provider_and_model_are_in_the_key_and_the_label_is_not() -> None:
    keys = {store.key_of(p, m, prompt()) for p in ("a", "b") for m in ("a", "b")}
    assert len(keys) == 4
    assert store.key_of("p", "m", prompt("another")) == store.key_of("p", "m", prompt())


async def test_the_cost_of_making_a_plan_is_told_apart(pool: Pool, ledger: Ledger) -> None:
    plan = await ledger.plan()
    async with messages_api() as api:
        found = await ask(
            pool,
            provider(api),
            prompt(),
            tenant_id=TENANT,
            masterplan_id=plan,
            holder="run",
            purpose=Purpose.GENERATION,
        )
    tokens = found.usage.input + found.usage.output
    assert await ledger.spent(plan) == (Decimal(0), found.cost_usd, tokens)


async def test_fifty_at_once_do_not_get_past_the_budget(pool: Pool, ledger: Ledger) -> None:
    plan = await ledger.plan("0.25")
    usual = Reply("x" * 12, usage={"output_tokens": 2_000}, pause=0.01)
    async with messages_api(usual) as api:
        found = await asyncio.gather(
            *(asked(pool, api, plan, prompt(user=f"Write {n}.")) for n in range(50)), return_exceptions=True
        )
        # What is reserved for others only makes a request wait: the budget is used to its end.
        bought = [each for each in found if isinstance(each, Completion)]
        refused = [each for each in found if isinstance(each, BudgetExceeded)]
        assert len(bought) + len(refused) == 50
        assert len(bought) == len(api.requests) >= 8
        spent, _, _ = await ledger.spent(plan)
        assert spent == sum(each.cost_usd for each in bought)
        worst = provider(api).estimate(prompt()).max_cost_usd
        assert Decimal("0.25") - worst < spent <= Decimal("0.25")
        assert all("0.2500 USD" in str(each) for each in refused)
    assert await ledger.count("llm_reservations") == 0


async def test_tokens_are_counted_where_the_worst_case_does_not_fit(pool: Pool, ledger: Ledger) -> None:
    async with messages_api() as api:
        worst = provider(api).estimate(prompt()).max_cost_usd
        plan = await ledger.plan(str(worst - Decimal("0.0001")))
        await asked(pool, api, plan)
        assert len(api.counted) == 1
        api.counts_tokens = False
        poor = await ledger.plan(str(worst - Decimal("0.0001")))
        with pytest.raises(BudgetExceeded):
            await asked(pool, api, poor, prompt(user="Write sub."))


async def test_what_costs_nothing_needs_no_budget(pool: Pool, ledger: Ledger) -> None:
    plan = await ledger.plan("0")
    async with messages_api() as api:
        await ask(pool, provider(api, "local"), prompt(), tenant_id=TENANT, masterplan_id=plan, holder="r")


async def test_a_plan_that_is_not_there_or_somebody_elses(pool: Pool, ledger: Ledger) -> None:
    others = await ledger.plan(tenant="other")
    async with messages_api() as api:
        for plan in (uuid4(), others):
            with pytest.raises(NotFound):
                await asked(pool, api, plan)
    assert api.requests == []


async def test_failures_are_recorded_and_tried_again(pool: Pool, ledger: Ledger) -> None:
    script: list[Behaviour] = [
        Status(429, "rate_limit_error", headers={"retry-after": "0.2"}),
        Status(529, "overloaded_error"),
        Status(500),
        Reset(),
    ]
    plan = await ledger.plan()
    async with messages_api(script=script) as api:
        found = await asked(pool, api, plan)
    assert found.text == "ok"
    assert await ledger.outcomes() == [
        ("rate_limited", 429),
        ("overloaded", 529),
        ("server_error", 500),
        ("connection", 0),
        ("answered", 200),
    ]
    rows = await ledger.rows("SELECT attempt FROM llm_requests ORDER BY request_id")
    assert [row["attempt"] for row in rows] == [1, 2, 3, 4, 5]


async def test_the_server_says_when_to_come_again(pool: Pool, ledger: Ledger) -> None:
    loop = asyncio.get_running_loop()
    async with messages_api(script=[Status(429, headers={"retry-after": "1"})]) as api:
        began = loop.time()
        await asked(pool, api, None)
        assert 1.0 <= loop.time() - began < 3.0
        api.script = [Status(429, headers={"retry-after": "3600"})]
        began = loop.time()
        with pytest.raises(ModelError) as raised:
            await asked(pool, api, None, prompt(user="another"))
    assert loop.time() - began < 2.0
    assert "3,600 s" in raised.value.hint


@pytest.mark.parametrize(
    ("usual", "requests", "said", "hint"),
    [
        (Status(500), 5, "5 attempts: server error (status 500)", "run it again"),
        (Status(400, "invalid_request_error", "too long"), 1, "rejected (status 400): too long", "llm.md"),
        (Status(401), 1, "(status 401)", "ANTHROPIC_API_KEY"),
        (Status(404), 1, "(status 404)", "MGE_LLM_MODEL"),
        (Reset(), 5, "connection", "mge llm up"),
        (Reply("x" * 60, cut=5), 5, "cut off", "run it again"),
        (Reply("x", "pause_turn"), 5, "malformed", "Messages API"),
    ],
)
async def test_what_stays_wrong_is_told_with_what_to_do(
    pool: Pool, ledger: Ledger, usual: Reply | Status | Reset, requests: int, said: str, hint: str
) -> None:
    async with messages_api(usual) as api:
        with pytest.raises(ModelError) as raised:
            await asked(pool, api, None)
    assert said in str(raised.value)
    assert hint in raised.value.hint
    assert len(api.requests) == requests
    assert await ledger.count("llm_reservations") == 0
    assert await ledger.count("llm_requests") == requests


async def test_what_failed_attempts_cost_counts_against_the_budget(pool: Pool, ledger: Ledger) -> None:
    async with messages_api(Reply("x" * 60, cut=8)) as api:
        worst = provider(api).estimate(prompt()).max_cost_usd
        plan = await ledger.plan(str(worst + Decimal("0.0001")))
        with pytest.raises(BudgetExceeded):
            await asked(pool, api, plan)
    assert len(api.requests) == 1
    assert (await ledger.spent(plan))[0] > 0


async def test_refusals_and_answers_at_their_limit_are_kept_as_they_are(pool: Pool, ledger: Ledger) -> None:
    async with messages_api(script=[Reply("", "refusal"), Reply("def f(", "max_tokens")]) as api:
        refused = await asked(pool, api, None)
        truncated = await asked(pool, api, None, prompt(user="more"))
        assert await asked(pool, api, None) == _as_reused(refused)
    assert (refused.stop_reason, truncated.stop_reason) == (StopReason.REFUSED, StopReason.TRUNCATED)


def _as_reused(completion: Completion) -> Completion:
    return Completion(
        **{name: getattr(completion, name) for name in Completion.__slots__ if name != "reused"}, reused=True
    )


async def test_who_is_cancelled_gives_up_the_claim(pool: Pool, ledger: Ledger) -> None:
    plan = await ledger.plan("1")
    async with messages_api(script=[Silence(30)]) as api:
        task = asyncio.create_task(asked(pool, api, plan))
        while not api.requests:
            await asyncio.sleep(0.01)
        assert await ledger.count("llm_reservations") == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await ledger.count("llm_reservations") == 0
        assert (await asked(pool, api, plan)).text == "ok"


async def test_an_answer_that_came_is_kept_though_the_caller_is_cancelled(
    pool: Pool, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping = asyncio.Event()
    kept = store.keep

    async def slow_keep(*given: object) -> Completion:
        keeping.set()
        await asyncio.sleep(0.3)
        return await kept(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("app.llm.ask.keep", slow_keep)
    async with messages_api() as api:
        task = asyncio.create_task(asked(pool, api, None))
        await keeping.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await asked(pool, api, None)).reused
    assert len(api.requests) == 1


async def test_a_later_run_takes_over_what_an_earlier_one_left(pool: Pool, ledger: Ledger) -> None:
    plan = await ledger.plan("1")
    async with messages_api() as api:
        request = store.request_of(provider(api), prompt())
        estimate = provider(api).estimate(prompt())
        for number in range(3):
            left = store.request_of(provider(api), prompt(user=str(number)))
            assert await store.reserve(pool, left, Account(TENANT, "run 1", plan), estimate)
        assert await store.reserve(pool, request, Account(TENANT, "run 1", plan), estimate)
        waiting = asyncio.create_task(asked(pool, api, plan, holder="run 2"))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        assert await take_over(pool, plan, "run 2", tenant_id=TENANT) == 4
        assert (await waiting).text == "ok"
        assert await take_over(pool, plan, "run 2", tenant_id=TENANT) == 0
    outcomes = [outcome for outcome, _ in await ledger.outcomes()]
    assert outcomes == ["lost"] * 4 + ["answered"]


async def test_a_claim_that_is_not_renewed_expires(
    pool: Pool, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.llm.store.LEASE_SECONDS", 0.5)
    async with messages_api() as api:
        request = store.request_of(provider(api), prompt())
        account = Account(TENANT, "killed")
        claim = await store.reserve(pool, request, account, provider(api).estimate(prompt()))
        assert claim is not None
        assert await store.reserve(pool, request, account, provider(api).estimate(prompt())) is None
        assert (await asked(pool, api, None)).text == "ok"
        assert not await store.renew(pool, claim)
    assert [outcome for outcome, _ in await ledger.outcomes()] == ["lost", "answered"]


async def test_a_claim_is_renewed_while_the_answer_is_written(
    pool: Pool, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.llm.store.LEASE_SECONDS", 0.8)
    monkeypatch.setattr("app.llm.ask.LEASE_SECONDS", 0.8)
    async with messages_api(Reply("x" * 120, pause=0.1)) as api:
        found = await asyncio.gather(asked(pool, api, None), asked(pool, api, None))
    assert len(api.requests) == 1
    assert found[0].text == found[1].text


async def test_who_was_taken_over_stops_and_uses_the_others_answer(
    pool: Pool, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.llm.ask.LEASE_SECONDS", 0.8)
    plan = await ledger.plan("1")
    script = [Reply("x" * 600, pause=0.2)]
    async with messages_api(Reply("new"), script) as api:
        old = asyncio.create_task(asked(pool, api, plan, holder="run 1"))
        while not api.requests:
            await asyncio.sleep(0.01)
        await take_over(pool, plan, "run 2", tenant_id=TENANT)
        new = await asked(pool, api, plan, holder="run 2")
        assert (await old).text == new.text == "new"
    assert len(api.requests) == 2


async def test_two_answers_to_one_request_are_both_charged_and_the_first_is_used(
    pool: Pool, ledger: Ledger
) -> None:
    plan = await ledger.plan()
    async with messages_api() as api:
        one = provider(api)
        account = Account(TENANT, "run", plan)
        request = store.request_of(one, prompt())
        claim = await store.reserve(pool, request, account, one.estimate(prompt()))
        assert claim is not None
        first, second = await one.complete(prompt()), await one.complete(prompt())
        kept = await store.keep(pool, request, account, claim, 1, first)
        again = await store.keep(pool, request, account, claim, 1, second)
    assert (kept.reused, again.reused, kept.text) == (False, True, again.text)
    rows = await ledger.rows("SELECT sum(cost_usd) AS usd FROM llm_requests")
    assert (await ledger.spent(plan))[0] == first.cost_usd + second.cost_usd == kept.cost_usd + rows[0]["usd"]


async def test_an_answer_outlives_the_plan_it_was_bought_for(pool: Pool, ledger: Ledger) -> None:
    plan = await ledger.plan("1")
    async with messages_api(Reply("x" * 30, pause=0.1)) as api:
        task = asyncio.create_task(asked(pool, api, plan))
        while not api.requests:
            await asyncio.sleep(0.01)
        await ledger.run("DELETE FROM masterplans")
        assert (await task).text == "x" * 30
    (row,) = await ledger.rows("SELECT masterplan_id FROM llm_completions")
    assert row["masterplan_id"] is None


async def test_what_postgres_has_no_place_for_is_no_obstacle(pool: Pool, ledger: Ledger) -> None:
    odd = "a\x00b\ud800"
    async with messages_api() as api:
        await asked(pool, api, None, prompt(user="a\x00b", schema={"type": "object", "a\x00": ["\x00"]}))
    recorded = RecordedProvider({("odd", 1): odd})
    found = await ask(pool, recorded, prompt("odd"), tenant_id=TENANT, holder="run")
    assert found.text == "a\ufffdb?"


async def test_recorded_answers_are_simulated_and_cost_what_a_model_would(pool: Pool, ledger: Ledger) -> None:
    plan = await ledger.plan()
    recorded = RecordedProvider({("a", 1): "one", ("a", 3): "three"})
    texts = []
    for attempt in (1, 2, 3, 4):
        found = await ask(
            pool, recorded, prompt("a", attempt=attempt), tenant_id=TENANT, masterplan_id=plan, holder="run"
        )
        texts.append(found.text)
        assert (found.simulated, found.model, found.provider) == (True, "recorded", "recorded")
        assert found.cost_usd > 0
    assert texts == ["one", "one", "three", "three"]
    assert (await ledger.spent(plan))[0] > 0
    with pytest.raises(InputError, match="'b', attempt 1"):
        await ask(pool, recorded, prompt("b"), tenant_id=TENANT, masterplan_id=plan, holder="run")
    assert await ledger.count("llm_reservations") == 0


async def test_the_same_prompt_to_other_recordings_is_another_request(pool: Pool, ledger: Ledger) -> None:
    for text in ("one", "two"):
        found = await ask(pool, RecordedProvider({("a", 1): text}), prompt("a"), tenant_id=TENANT, holder="r")
        assert (found.text, found.reused) == (text, False)
