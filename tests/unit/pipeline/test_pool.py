"""The pool of parser processes, where one of them ends all at once."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from app.errors import InputError, MgeError
from app.pipeline.importing import in_order
from app.pipeline.worker import Chunk, analyse_chunk, open_pool
from app.sources.source import Entry


def die(at: int) -> int:
    if at == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return at


async def test_results_come_in_order() -> None:
    with open_pool(2) as pool:
        assert [found async for found in in_order(pool, abs, [(-n,) for n in range(20)], 2)] == list(
            range(20)
        )


async def test_a_process_that_dies_is_an_error_that_says_what_to_do() -> None:
    with open_pool(1) as pool, pytest.raises(MgeError, match="ended all at once") as refused:
        async for _ in in_order(pool, die, [(n,) for n in range(9)], 1):
            pass
    assert "MGE_WORKERS" in refused.value.hint


async def test_a_file_that_vanished_since_it_was_listed_is_named(tmp_path: Path) -> None:
    gone = Entry("gone.py", 5, str(tmp_path), b"gone.py", -1, 100)
    chunk = Chunk("p", 0, (gone,), ("gone",), tmp_path)
    with open_pool(1) as pool, pytest.raises(InputError, match=r"gone\.py was listed"):
        async for _ in in_order(pool, analyse_chunk, [(chunk,)], 1):
            pass
