"""Programs that take all they can get: each is held to its limits, ends in time and leaves nothing behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import psutil
import pytest

from app.sandbox import Limits, Outcome, run

LIMITS: Final = Limits(seconds=1.5, memory_mb=256, processes=32, file_mb=16, output_bytes=10_000)
PATIENT: Final = Limits(seconds=30, memory_mb=256, processes=32, file_mb=16, output_bytes=10_000)

FOR_EVER: Final = {
    "loop": "while True: pass",
    "sleep": "import time; time.sleep(1e6)",
    "loop in C, which holds the interpreter": "import re; re.match('(a+)+b', 'a' * 64)",
    "signals ignored": "import signal, time\nfor s in set(range(1, 65)) - {9, 19, 32, 33}: signal.signal(s, signal.SIG_IGN)\nwhile True: time.sleep(1)",
    "stopped": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "outputs closed": "import os, time; os.closerange(0, 256)\nwhile True: time.sleep(1)",
    "every core": "import os\nfor _ in range(4): os.fork()\nwhile True: pass",
    "fork bomb": "import os\nwhile True:\n try: os.fork()\n except OSError: pass",
    "fork bomb in sessions": "import os\nwhile True:\n try:\n  if os.fork() == 0: os.setsid()\n except OSError: pass",
    "bomb of changing processes": "import os, time\nif os.fork() == 0:\n os.setsid()\n while True:\n  try:\n   if os.fork(): os._exit(0)\n  except OSError: pass\ntime.sleep(1e6)",
    "a number that is too big": "x = 10 ** 10 ** 10",
    "waits for a lock": "import threading; l = threading.Lock(); l.acquire(); l.acquire()",
    "reads what never comes": "import os; r, w = os.pipe(); os.read(r, 1)",
    "waits at exit": "import atexit, time; atexit.register(time.sleep, 1e6)",
    "does not let itself be ended": "import time\nwhile True:\n try: time.sleep(1e6)\n except BaseException: pass",
    "waits for a child that was traced": "import os, time\np = os.fork()\nif p == 0: time.sleep(1e6)\nos.waitpid(p, 0)",
}  # fmt: skip

MEMORY: Final = {
    "one object": "x = bytearray(1 << 30)",
    "many objects": "x = []\nwhile True: x.append(bytes(100_000))",
    "a string that doubles": "x = 'x'\nwhile True: x += x",
    "a number": "x = 1 << (1 << 35)",
    "many processes": "import os, time\nfor _ in range(6):\n if os.fork() == 0: x = bytearray(os.urandom(1 << 20)) * 100; time.sleep(1e6)\ntime.sleep(1e6)",
    "shared between processes": "import mmap, os, time\nfor _ in range(6):\n if os.fork() == 0:\n  m = mmap.mmap(-1, 100 << 20)\n  m.write(b'x' * (100 << 20)); time.sleep(1e6)\ntime.sleep(1e6)",
}  # fmt: skip

# A program prints what it got; the number after it is the most that it may be.
BOUNDED: Final = {
    "threads": ("import threading, time\nn = 0\ntry:\n while True: threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start(); n += 1\nexcept RuntimeError: print(n, flush=True); import os; os._exit(0)", 32),
    "processes": ("import os, time\nn = 0\ntry:\n while True:\n  if os.fork() == 0: time.sleep(1e6)\n  n += 1\nexcept OSError: print(n)", 32),
    "descriptors": ("import os\nf = []\ntry:\n while True: f.append(os.open('/dev/null', os.O_RDONLY))\nexcept OSError: print(len(f))", 256),
    "pipes, filled": ("import os\nn = 0\ntry:\n while True:\n  r, w = os.pipe(); os.set_blocking(w, False)\n  try:\n   while True: n += os.write(w, bytes(65536))\n  except BlockingIOError: pass\nexcept OSError: print(n >> 20)", 16),
    "sockets, filled": ("import socket\nn = 0\nk = []\ntry:\n while True:\n  a, b = socket.socketpair(); k += [a, b]; a.setblocking(False)\n  try:\n   while True: n += a.send(bytes(65536))\n  except BlockingIOError: pass\nexcept OSError: print(n >> 20)", 64),
    "one file": ("f = open('/tmp/f', 'wb', buffering=0); n = 0\ntry:\n while True: n += f.write(bytes(1 << 20))\nexcept OSError: print(n >> 20)", 16),
    "one file with a hole": ("import os; f = os.open('/tmp/f', os.O_RDWR | os.O_CREAT)\ntry: os.truncate(f, 1 << 40)\nexcept OSError: pass\nprint(os.fstat(f).st_size >> 20)", 0),
    "one file reserved": ("import os; f = os.open('/tmp/f', os.O_RDWR | os.O_CREAT)\ntry: os.posix_fallocate(f, 0, 1 << 34)\nexcept OSError: pass\nprint(os.fstat(f).st_size >> 20)", 0),
    "many files": ("import os; n = 0\nfor i in range(40):\n try: n += os.write(os.open(f'/tmp/{i}', os.O_RDWR | os.O_CREAT), bytes(4 << 20))\n except OSError: pass\nprint(n >> 20)", 16),
    "shared memory": ("import os; n = 0\nfor i in range(40):\n try: n += os.write(os.open(f'/dev/shm/{i}', os.O_RDWR | os.O_CREAT), bytes(4 << 20))\n except OSError: pass\nprint(n >> 20)", 16),
    "the writable folder": ("import os; n = 0\nfor i in range(200):\n try: n += os.write(os.open(f'/work/{i}', os.O_RDWR | os.O_CREAT), bytes(4 << 20))\n except OSError: pass\nprint(n >> 20)", 272),
    "deep folders": ("import os; os.chdir('/tmp'); n = 0\ntry:\n for n in range(20_000): os.mkdir('d'); os.chdir('d')\nexcept OSError: pass\nprint(n)", 20_000),
    "address space": ("import mmap; n = 0; k = []\ntry:\n while True: k.append(mmap.mmap(-1, 16 << 20, prot=0)); n += 16\nexcept (OSError, MemoryError): print(n)", 1024),
    "core files": ("import os, signal\np = os.fork()\nif p == 0: os.chdir('/tmp'); os.abort()\n_, s = os.waitpid(p, 0)\nprint(int(os.WCOREDUMP(s)) + len([f for f in os.listdir('/tmp') if 'core' in f]))", 0),
}  # fmt: skip

FLOODS: Final = {
    "output": "import os\nwhile True: os.write(1, b'x' * 65536)",
    "errors": "import os\nwhile True: os.write(2, b'x' * 65536)",
    "output of many": "import os\nfor _ in range(3): os.fork()\nwhile True: os.write(1, b'x' * 65536)",
    "lines": "while True: print()",
}  # fmt: skip

FAILING: Final = {
    "shell bomb": "import os; os.execlp('sh', 'sh', '-c', 'b() { b | b & b; }; b; sleep 1000')",
    "endless recursion in C": "import sys; sys.setrecursionlimit(10 ** 9)\nx = []\nfor _ in range(10 ** 5): x = [x]\nrepr(x)",
    "access where nothing is": "import ctypes; ctypes.string_at(0)",
    "many empty files": "for i in range(10 ** 9): open(f'/tmp/{i}', 'x').close()",
    "many empty folders": "import os\nfor i in range(10 ** 9): os.mkdir(f'/dev/shm/{i}')",
}  # fmt: skip


def sandboxed() -> list[psutil.Process]:
    """Processes of any sandbox that we started, bubblewrap's own included."""
    return [each for each in psutil.Process().children(recursive=True) if _is_sandboxed(each)]


def _is_sandboxed(process: psutil.Process) -> bool:
    try:
        return Path(f"/proc/{process.pid}/ns/pid").stat().st_ino != Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return False


@asynccontextmanager
async def counted() -> AsyncIterator[list[int]]:
    """How many sandboxed processes there were, looked at all the time."""
    counts: list[int] = []

    async def look() -> None:
        while True:
            counts.append(len(sandboxed()))
            await asyncio.sleep(0.1)

    looking = asyncio.create_task(look())
    try:
        yield counts
    finally:
        looking.cancel()


@pytest.mark.parametrize("program", FOR_EVER.values(), ids=FOR_EVER)
async def test_what_does_not_end_is_ended(folder: Path, program: str) -> None:
    async with counted() as counts:
        report = await run(folder, ["python", "-c", program], limits=LIMITS)
    assert report.outcome is Outcome.TIMED_OUT
    assert report.exit_code is None
    assert report.seconds < LIMITS.seconds + 3
    assert sandboxed() == []
    assert 0 < max(counts) <= LIMITS.processes + 1  # and bubblewrap's own


@pytest.mark.parametrize("program", MEMORY.values(), ids=MEMORY)
async def test_memory_is_held_to_its_limit(folder: Path, program: str) -> None:
    before = psutil.virtual_memory().available
    report = await run(folder, ["python", "-c", program], limits=PATIENT)
    assert report.outcome is Outcome.OUT_OF_MEMORY, report
    assert "256 MB" in report.reason
    assert sandboxed() == []
    assert before - psutil.virtual_memory().available < 2_000_000_000


@pytest.mark.parametrize(("program", "most"), BOUNDED.values(), ids=BOUNDED)
async def test_what_it_takes_is_bounded(folder: Path, program: str, most: int) -> None:
    report = await run(folder, ["python", "-c", program], limits=PATIENT, writable="/work" in program)
    assert report.outcome is Outcome.PASSED, report
    assert int(report.stdout) <= most
    assert most == 0 or int(report.stdout) > most // 4  # it did get what it may have
    assert sandboxed() == []


@pytest.mark.parametrize("program", FLOODS.values(), ids=FLOODS)
async def test_a_flood_is_cut_off(folder: Path, program: str) -> None:
    before = psutil.Process().memory_info().rss
    report = await run(folder, ["python", "-c", program], limits=PATIENT)
    assert (report.outcome, report.exit_code, report.truncated) == (Outcome.FAILED, None, True)
    assert "wrote more than" in report.reason
    assert len(report.stdout) + len(report.stderr) < 21_000
    assert psutil.Process().memory_info().rss - before < 50_000_000
    assert sandboxed() == []


@pytest.mark.parametrize("program", FAILING.values(), ids=FAILING)
async def test_it_fails_by_itself(folder: Path, program: str) -> None:
    report = await run(folder, ["python", "-c", program], limits=PATIENT)
    assert report.outcome in (Outcome.FAILED, Outcome.OUT_OF_MEMORY), report
    assert report.exit_code != 0
    assert sandboxed() == []


async def test_an_output_held_open_does_not_hold_us(folder: Path) -> None:
    program = "import os, time\nif os.fork() == 0:\n os.setsid(); time.sleep(1e6)"
    began = time.monotonic()
    report = await run(folder, ["python", "-c", program])
    assert report.outcome is Outcome.PASSED
    assert time.monotonic() - began < 20
    assert sandboxed() == []


async def test_others_go_on_while_it_rages(folder: Path) -> None:
    bomb = asyncio.create_task(run(folder, ["python", "-c", FOR_EVER["fork bomb"]], limits=LIMITS))
    quiet = await run(folder, ["python", "-c", "import os; os.wait() if os.fork() else None; print('fine')"])
    assert (quiet.outcome, quiet.stdout) == (Outcome.PASSED, "fine\n" * 2)
    assert (await bomb).outcome is Outcome.TIMED_OUT
    assert await (await asyncio.create_subprocess_exec("true")).wait() == 0
