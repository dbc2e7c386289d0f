"""Keeping the settings of modes current in a process: told by Postgres, and looking by itself where that fails."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

import structlog

from app.errors import MgeError
from app.modes.config import ModeConfig, apply_overrides
from app.modes.store import load_settings
from app.postgres.connect import Pool
from app.postgres.queries import statements_beside
from app.postgres.rows import listen

sql: Final = statements_beside(__file__)

_POLL_TICKS: Final = 3  # `listen` ticks once a second
_RETRY_SECONDS: Final = 1.0

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(slots=True)
class ModeHolder:
    """The settings of modes as a process knows them: those of the environment until Postgres was read."""

    environment: ModeConfig
    by_tenant: dict[str, ModeConfig] = field(default_factory=dict)
    # One reader at a time, so that an older answer never comes after a newer one.
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def current(self, tenant_id: str) -> ModeConfig:
        """A tenant's settings."""
        return self.by_tenant.get(tenant_id, self.environment)


async def refresh(pool: Pool, holder: ModeHolder) -> None:
    """Read the settings now; `StoreDown`."""
    async with holder.reading:
        loaded = await load_settings(pool)
        found = {tenant: apply_overrides(holder.environment, values) for tenant, values in loaded.items()}
        if found != holder.by_tenant:
            holder.by_tenant = found
            shown = {tenant: dict(config.values()) for tenant, config in found.items()}
            log.info("settings of modes changed", settings=shown)


async def watch(pool: Pool, holder: ModeHolder) -> None:
    """Keep the settings current until cancelled; where Postgres cannot be read, they stay as they were."""
    while True:
        try:
            async with listen(pool, sql("listen")) as payloads:
                # After LISTEN, so that no change falls between.
                await refresh(pool, holder)
                quiet = 0
                async for payload in payloads:
                    quiet = 0 if payload else quiet + 1
                    if payload or quiet == _POLL_TICKS:
                        await refresh(pool, holder)
                        quiet = 0
        except MgeError as error:
            log.warning("settings of modes cannot be watched", reason=str(error), seconds=_RETRY_SECONDS)
        await asyncio.sleep(_RETRY_SECONDS)
