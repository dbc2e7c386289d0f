"""A plan's history as it grows: readers are woken by the database's notifications, and look by themselves as well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from app.model.plan import PlanEvent
from app.plans.read import events_after
from app.postgres.connect import Pool
from app.postgres.rows import listen

_LOOK_SECONDS: Final = 1.0
_PAGE: Final = 200


class HistoryFeed:
    """Wakes this process's readers of plans' histories. Each reads at its own pace: a slow one keeps nobody waiting."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, set[asyncio.Event]] = {}

    def announce(self, masterplan_id: UUID) -> None:
        """Wake the readers of a plan's history."""
        for each in self._waiting.get(masterplan_id, ()):
            each.set()

    async def events(
        self, pool: Pool, masterplan_id: UUID, tenant_id: str, after: int
    ) -> AsyncIterator[PlanEvent | None]:
        """The events after a sequence number, and those to come; None each second in which there was none.

        Raises `StoreDown`.
        """
        woken = asyncio.Event()
        self._waiting.setdefault(masterplan_id, set()).add(woken)
        try:
            while True:
                woken.clear()
                found = await events_after(pool, masterplan_id, tenant_id, after, _PAGE)
                for event in found:
                    after = event.sequence
                    yield event
                if not found:
                    yield None
                if len(found) < _PAGE:
                    await _wait(woken)
        finally:
            readers = self._waiting[masterplan_id]
            readers.discard(woken)
            if not readers:
                del self._waiting[masterplan_id]


async def feed_history(pool: Pool, feed: HistoryFeed) -> None:
    """Announce what the database notifies of, until cancelled; `StoreDown` where the connection breaks."""
    async with listen(pool, b"LISTEN masterplan_history") as payloads:
        async for payload in payloads:
            if payload:
                feed.announce(UUID(payload))


async def _wait(woken: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            await woken.wait()
    except TimeoutError:
        return
