"""The tests of a code base on its original, which is what they are held against afterwards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.execution.testing import TestRun
from app.sandbox.suite import SuiteOutcome, TestReport, run_tests
from app.sandbox.values import Limits

_NO_MODULE: Final = re.compile(r"No module named '([\w.]+)'")


@dataclass(frozen=True, slots=True)
class Suite:
    """A run of tests: ``failures`` are tests, and files that could not be collected; ``advice`` is for a person."""

    outcome: SuiteOutcome
    passed: int
    failed: int
    skipped: int
    failures: tuple[str, ...]
    reason: str
    seconds: float
    advice: str = ""

    def as_json(self) -> dict[str, object]:
        return {
            "outcome": self.outcome.value,
            "passed": self.passed,
            "failed": self.failed,
            "skipped": self.skipped,
            "reason": self.reason,
            "seconds": round(self.seconds, 2),
        }


NO_SUITE: Final = Suite(SuiteOutcome.NO_TESTS, 0, 0, 0, (), "no tests were found", 0.0)


async def run_suite(root: Path, paths: Sequence[str], limits: Limits) -> Suite:
    """Run the tests at some paths of a folder in the sandbox; none where there is no path."""
    if not paths:
        return NO_SUITE
    report = await run_tests(root, paths, limits=limits)
    return Suite(
        report.outcome,
        report.passed,
        report.failed + report.errors,
        report.skipped,
        tuple(dict.fromkeys(each.test for each in report.failures)),
        report.reason,
        report.run.seconds,
        _advice(report),
    )


def suite_of(run: TestRun | None, paths: Sequence[str]) -> Suite:
    """The tests that an execution ran at its end."""
    if run is None or not paths:
        return NO_SUITE
    return Suite(
        run.outcome,
        run.passed,
        run.failed_tests,
        run.skipped,
        (*run.failures, *run.known),
        run.reason,
        run.seconds,
    )


def _advice(report: TestReport) -> str:
    missing = {
        found.group(1).partition(".")[0]
        for failure in report.failures
        for found in _NO_MODULE.finditer(failure.message)
    }
    if not missing:
        return ""
    return (
        f"tests fail on the original for lack of {', '.join(sorted(missing))}: install it into a folder with "
        "`pip install --target FOLDER`, and give that with --site-packages FOLDER"
    )
