"""A process that asks for a plan's answers, to be killed: DATABASE_URL, the server's address, the plan, the holder, a count."""

from __future__ import annotations

import asyncio
import sys
from uuid import UUID

from app.llm.anthropic import AnthropicProvider
from app.llm.ask import ask, take_over
from app.model.prompt import Prompt
from app.postgres.connect import connect


async def main(database_url: str, base_url: str, plan: UUID, holder: str, count: int) -> None:
    provider = AnthropicProvider(api_key="k", base_url=base_url, model="claude-sonnet-5-5")
    at_once = asyncio.Semaphore(3)
    async with connect(database_url) as pool:
        await take_over(pool, plan, holder, tenant_id="default")

        async def one(number: int) -> None:
            prompt = Prompt(f"subtask {number}", "You write code. " * 50, f"Write {number}.", 100)
            async with at_once:
                await ask(pool, provider, prompt, tenant_id="default", masterplan_id=plan, holder=holder)

        await asyncio.gather(*(one(number) for number in range(count)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], UUID(sys.argv[3]), sys.argv[4], int(sys.argv[5])))
