"""A process that watches the settings of modes and prints each change with the moment it saw it.

python -m tests.integration.modes.watcher DATABASE_URL
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import structlog

from app.main import mode_environment
from app.model.tenant import TENANT
from app.modes.watch import ModeHolder, watch
from app.postgres.connect import connect
from app.settings import Settings

_LOOK_SECONDS = 0.001


async def tell(database_url: str) -> None:
    holder = ModeHolder(mode_environment(Settings(mge_home=Path("home"))))
    async with connect(database_url) as pool:
        watching = asyncio.create_task(watch(pool, holder))
        shown = None
        while not watching.done():
            values = holder.current(TENANT).values()
            if values != shown:
                shown = values
                # This clock is the machine's: other processes may compare with it.
                print(json.dumps({"seen": time.clock_gettime(time.CLOCK_MONOTONIC), **values}), flush=True)
            await asyncio.sleep(_LOOK_SECONDS)
        await watching


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(tell(sys.argv[1]))
