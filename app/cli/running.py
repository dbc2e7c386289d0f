"""From a command to what it awaits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Result = TypeVar("Result")


def run(work: Callable[[], Awaitable[Result]]) -> Result:
    """Await the work to its end; KeyboardInterrupt on Ctrl-C, whatever the work made of it."""

    async def whole() -> Result:
        task = asyncio.current_task()
        assert task is not None
        try:
            return await work()
        finally:
            # A child process that the terminal interrupted as well may have failed first, and the error be its.
            if task.cancelling():
                raise asyncio.CancelledError

    try:
        return asyncio.run(whole())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
