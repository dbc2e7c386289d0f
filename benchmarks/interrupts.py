"""How a command ends when Ctrl-C falls at any moment of its life, on a busy machine.

    .venv/bin/python -m benchmarks.interrupts [--moments 100] [--busy 2] [--group] -- import PATH --name interrupted

Runs `python -m app` with the arguments once, to see how long it takes beside the busy processes; then again for each moment
from 0.02 s to a little past that time, and sends SIGINT at that moment: to the process, or with ``--group`` to its whole
process group, as a terminal does. Prints how often each exit code occurred, the moment and the last line of stderr of each
that is neither 0 nor 130, and of each traceback; fails where there is one after ``--grace`` seconds (Python itself starts).
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

FIRST_SECONDS: Final = 0.02
LONGEST_SECONDS: Final = 120
BUSY: Final = "while True: pass"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended that was interrupted after so many seconds."""

    seconds: float
    code: int
    stderr: str

    @property
    def wrong(self) -> bool:
        return self.code not in (0, 130) or "Traceback" in self.stderr or "Exception ignored" in self.stderr


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep the machine busy."""
    started = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def interruptible() -> None:
    """A parent that runs in the background may have handed down that Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(arguments: Sequence[str], seconds: float | None, *, group: bool) -> Ended:
    """Run the command, and interrupt it after some seconds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=interruptible,
    )
    began = time.monotonic()
    if seconds is not None:
        time.sleep(seconds)
        if process.poll() is None:
            (os.killpg if group else os.kill)(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=LONGEST_SECONDS)
    return Ended(time.monotonic() - began if seconds is None else seconds, process.returncode, stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--moments", type=int, default=100)
    parser.add_argument("--busy", type=int, default=2)
    parser.add_argument("--group", action="store_true")
    parser.add_argument("--grace", type=float, default=0.0)
    parser.add_argument("arguments", nargs="+")
    asked = parser.parse_args()
    with busy(asked.busy):
        alone = run(asked.arguments, None, group=False)
        if alone.code:
            sys.exit(f"the command failed without any interruption: {alone.stderr}")
        last = alone.seconds * 1.1
        step = (last - FIRST_SECONDS) / max(asked.moments - 1, 1)
        ends = [
            run(asked.arguments, FIRST_SECONDS + step * moment, group=asked.group)
            for moment in range(asked.moments)
        ]
    codes = Counter(end.code for end in ends)
    print(f"{alone.seconds:.2f} s uninterrupted, {len(ends)} moments from {FIRST_SECONDS} s to {last:.2f} s")
    print("exit codes: " + ", ".join(f"{code}: {times}" for code, times in sorted(codes.items())))
    wrong = [end for end in ends if end.wrong]
    print(f"other than 0 or 130, or with a traceback: {len(wrong)}")
    for end in wrong:
        said = end.stderr.strip().splitlines() or ["nothing"]
        print(f"  at {end.seconds:.3f} s: {end.code}, {len(said)} lines of stderr, first: {said[0][:110]}")
        for line in said[-4:]:
            print(f"      {line[:140]}")
    if any(end.seconds > asked.grace for end in wrong):
        sys.exit(1)


if __name__ == "__main__":
    main()
