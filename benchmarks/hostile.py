"""What the others feel while somebody sends hostile statements.

    .venv/bin/python -m benchmarks.hostile PLAN [--attackers 4] [--clients 2]

Needs a running stack (`mge up`). Some clients ask named queries over REST without a pause, first by themselves, then while
attackers send every hostile and greedy statement of the tests to `POST /api/v2/cypher`. It prints the latency of the clients'
requests in both phases, and fails where one of theirs failed, a statement that should be refused was not, one ran past its
limit, or the plan's digest changed.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Final

import httpx

from app.cli.plans import find_plan
from app.export.digest import digest
from app.main import TENANT, open_stores, stack_config
from app.settings import Settings
from app.stack import endpoints
from tests.integration.graph.test_statements import ELSEWHERE, GREEDY, HOSTILE, WRITES

ALONE_SECONDS = 20.0
LIMIT_SECONDS = 5
GRACE_SECONDS = 6.0  # a process is started, and the server looks at its clock now and then
CALM: Final[tuple[tuple[str, dict[str, object]], ...]] = (
    ("explore/fan_in", {"limit": 20}),
    ("explore/search", {"words": "path", "limit": 20}),
    ("waves/list", {"after": 0, "limit": 100}),
    ("explore/folder_dependencies", {"depth": 1, "limit": 20}),
)


@dataclass
class Seen:
    """Seconds of each request, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def told(self, what: str) -> str:
        quantiles = statistics.quantiles(self.seconds, n=100)
        p50, p99 = quantiles[49] * 1000, quantiles[98] * 1000
        most = max(self.seconds) * 1000
        return f"{what}: {len(self.seconds)} requests, p50 {p50:.0f} ms, p99 {p99:.0f} ms, most {most:.0f} ms, {len(self.wrong)} wrong"


async def client(api: httpx.AsyncClient, plan_id: str, over: asyncio.Event, seen: Seen) -> None:
    """Ask named queries, one after the other, until it is over."""
    for name, parameters in itertools.cycle(CALM):
        if over.is_set():
            return
        began = time.perf_counter()
        answer = await api.post(
            f"/api/v2/queries/{name}", json={"parameters": {"plan_id": plan_id, **parameters}}
        )
        seen.seconds.append(time.perf_counter() - began)
        if answer.status_code != 200:
            seen.wrong.append(f"{name}: {answer.status_code} {answer.text[:200]}")


async def attacker(api: httpx.AsyncClient, statements: asyncio.Queue[tuple[str, bool]], seen: Seen) -> None:
    """Send statements until there are no more; what is refused may not have run, and nothing may run on."""
    while not statements.empty():
        statement, is_refused = statements.get_nowait()
        body = {"query": statement, "parameters": dict(HOSTILE), "seconds": LIMIT_SECONDS, "limit": 100}
        began = time.perf_counter()
        answer = await api.post("/api/v2/cypher", json=body)
        seen.seconds.append(time.perf_counter() - began)
        if answer.status_code == 429:
            statements.put_nowait((statement, is_refused))
        elif is_refused and answer.status_code != 422:
            seen.wrong.append(f"{answer.status_code}: {statement}")
        elif seen.seconds[-1] > LIMIT_SECONDS + GRACE_SECONDS:
            seen.wrong.append(f"{seen.seconds[-1]:.1f} s: {statement}")


async def main() -> None:
    """Measure both phases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan")
    parser.add_argument("--attackers", type=int, default=4)
    parser.add_argument("--clients", type=int, default=2)
    given = parser.parse_args()
    base = endpoints(stack_config(Settings())).companions["api"]
    async with (
        open_stores(Settings(), postgres=False) as stores,
        httpx.AsyncClient(base_url=base, timeout=60) as api,
    ):
        plan_id = await find_plan(stores.graph, given.plan, TENANT)
        before = await digest(stores.graph, plan_id, TENANT)
        alone, meanwhile, attack = Seen(), Seen(), Seen()

        async def clients(seen: Seen, until: asyncio.Future[object]) -> None:
            over = asyncio.Event()
            until.add_done_callback(lambda _: over.set())
            await asyncio.gather(*(client(api, plan_id, over, seen) for _ in range(given.clients)))

        await clients(Seen(), asyncio.ensure_future(asyncio.sleep(ALONE_SECONDS / 4)))
        await clients(alone, asyncio.ensure_future(asyncio.sleep(ALONE_SECONDS)))
        statements: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
        hostile = [(each, True) for each in (*WRITES, *ELSEWHERE)]
        greedy = [(each, False) for each in GREEDY]
        spread = len(hostile) // len(greedy)
        for at, each in enumerate(hostile):
            statements.put_nowait(each)
            if at % spread == 0 and greedy:
                statements.put_nowait(greedy.pop())
        attackers = (attacker(api, statements, attack) for _ in range(given.attackers))
        await clients(meanwhile, asyncio.ensure_future(asyncio.gather(*attackers)))
        after = await digest(stores.graph, plan_id, TENANT)
    print(alone.told("clients alone"))
    print(meanwhile.told("clients meanwhile"))
    print(attack.told("attackers"))
    for wrong in sorted({*alone.wrong, *meanwhile.wrong, *attack.wrong}):
        print(f"WRONG {wrong}")
    print("the plan's digest is the same" if before == after else "WRONG the plan changed")
    sys.exit(bool(alone.wrong or meanwhile.wrong or attack.wrong or before != after))


if __name__ == "__main__":
    asyncio.run(main())
