"""What the sandbox costs: milliseconds from a call to its report, by what is run in it.

    .venv/bin/python -m benchmarks.sandbox [--runs 30] [--together 4]

Beside each kind of run it prints what the same costs without a sandbox, and for the first kind how many a second are
reached when several run at once.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from app.sandbox import Outcome, SuiteOutcome, available, check_imports, run, run_tests

FILES = 200


async def outside(*command: str, folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert await process.wait() == 0


async def measured(runs: int, once: Callable[[], Awaitable[None]]) -> list[float]:
    await once()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        await once()
        seconds.append(time.perf_counter() - began)
    return sorted(seconds)


async def main(runs: int, together: int) -> None:
    found = available()
    if not found.available:
        sys.exit(found.reason)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(FILES):
            (folder / f"module_{number}.py").write_text("VALUE = 1\n" * 100)
        (folder / "test_one.py").write_text("import module_0\ndef test_one(): assert module_0.VALUE\n")

        modules = [f"module_{number}" for number in range(20)]

        async def command(*words: str, writable: bool = False) -> None:
            report = await run(folder, words, writable=writable)
            assert report.outcome is Outcome.PASSED, report

        async def suite() -> None:
            assert (await run_tests(folder)).outcome is SuiteOutcome.PASSED

        async def imports() -> None:
            report = await check_imports(folder, modules)
            assert report.outcome is Outcome.PASSED

        pytest = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
        kinds: dict[str, tuple[Callable[[], Awaitable[None]], tuple[str, ...]]] = {
            "/bin/true": (lambda: command("/bin/true"), ("/bin/true",)),
            "/bin/true, writable": (lambda: command("/bin/true", writable=True), ("/bin/true",)),
            "python": (lambda: command("python", "-c", ""), (sys.executable, "-c", "")),
            "a test": (suite, pytest),
            "20 imports": (imports, (sys.executable, "-c", f"import {', '.join(modules)}")),
        }
        print(f"a folder of {FILES} files, {runs} runs each; milliseconds\n")
        print(f"{'run':24}{'median':>9}{'95 %':>9}{'without':>9}")
        for kind, (once, same) in kinds.items():
            inside = await measured(runs, once)
            bare = await measured(runs, lambda same=same: outside(*same, folder=folder))  # type: ignore[misc]
            high = inside[int(0.95 * (len(inside) - 1))]
            print(
                f"{kind:24}{1e3 * statistics.median(inside):9.0f}{1e3 * high:9.0f}{1e3 * statistics.median(bare):9.0f}"
            )
        began = time.perf_counter()
        for _ in range(max(runs // together, 1)):
            await asyncio.gather(*(command("/bin/true") for _ in range(together)))
        done = max(runs // together, 1) * together
        print(f"\n{together} at once: {done / (time.perf_counter() - began):.1f} runs of /bin/true a second")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--together", type=int, default=4)
    given = parser.parse_args()
    asyncio.run(main(given.runs, given.together))
