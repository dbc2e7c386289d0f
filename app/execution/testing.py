"""A plan's tests, run in the sandbox, as findings about the lines of the workspace that they lead to."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from app.execution.checks import CheckFinding, FindingKind
from app.sandbox.suite import Failure, SuiteOutcome, TestReport, run_tests
from app.sandbox.values import Limits

TEST_LIMITS: Final = Limits(seconds=120.0)
_MESSAGE_CHARACTERS: Final = 700
_MAX_FINDINGS: Final = 20


@dataclass(frozen=True, slots=True)
class TestRun:
    """What a run of tests came to. ``outcome`` is ``not_run`` where this machine has no sandbox: that is not a pass.

    ``known`` are those of the failed tests that were expected to fail; where there are no others, it is passed.
    """

    __test__ = False

    outcome: SuiteOutcome
    passed: int
    failed_tests: int
    skipped: int
    findings: tuple[CheckFinding, ...]
    reason: str
    logs: str
    seconds: float
    failures: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether tests ran and did not pass."""
        return self.outcome not in (SuiteOutcome.PASSED, SuiteOutcome.NO_TESTS, SuiteOutcome.NOT_RUN)

    def as_event(self) -> dict[str, object]:
        """What a plan's history tells of it."""
        return {
            "outcome": self.outcome.value,
            "passed": self.passed,
            "failed": self.failed_tests,
            "skipped": self.skipped,
            "known_failures": len(self.known),
            "seconds": round(self.seconds, 2),
            "reason": self.reason,
            "findings": [str(each) for each in self.findings],
        }


async def test_findings(
    root: Path,
    paths: Sequence[str],
    limits: Limits = TEST_LIMITS,
    expected: Collection[str] = frozenset(),
) -> TestRun:
    """Run tests (all where no path is given, else those that are there): what failed, at the line that it is blamed on.

    Nobody is blamed for the ``expected`` failures.
    """
    there = await asyncio.to_thread(
        lambda: [each for each in paths if (root / each.partition("::")[0]).exists()]
    )
    if paths and not there:
        reason = f"{', '.join(paths)} were not written"
        return TestRun(SuiteOutcome.NO_TESTS, 0, 0, 0, (), reason, "", 0.0)
    return _as_run(await run_tests(root, there, limits=limits), expected)


test_findings.__test__ = False  # type: ignore[attr-defined]


def _as_run(report: TestReport, expected: Collection[str]) -> TestRun:
    new = [each for each in report.failures if each.test not in expected]
    known = tuple(dict.fromkeys(each.test for each in report.failures if each.test in expected))
    findings = [_finding(each) for each in new[:_MAX_FINDINGS]]
    if report.outcome in (SuiteOutcome.TIMED_OUT, SuiteOutcome.OUT_OF_MEMORY) and not findings:
        findings = [CheckFinding(FindingKind.TEST_TIMEOUT, "", 0, report.reason or report.outcome.value)]
    is_passed = report.outcome is SuiteOutcome.FAILED and known and not new and not report.reason
    return TestRun(
        SuiteOutcome.PASSED if is_passed else report.outcome,
        report.passed,
        report.failed + report.errors,
        report.skipped,
        tuple(findings),
        report.reason,
        (report.run.stdout + report.run.stderr)[-20_000:],
        report.run.seconds,
        tuple(dict.fromkeys(each.test for each in new)),
        known,
    )


def _finding(failure: Failure) -> CheckFinding:
    """Blame the innermost line outside of the tests, or else the test's own."""
    frames = list(reversed(failure.frames))
    blamed = next((each for each in frames if not _is_test(each.path)), frames[0] if frames else None)
    message = f"the test {failure.test} fails: {failure.message}"[:_MESSAGE_CHARACTERS]
    if blamed is None:
        return CheckFinding(FindingKind.TEST, failure.test.partition("::")[0], 0, message)
    return CheckFinding(FindingKind.TEST, blamed.path, blamed.line, message)


def _is_test(path: str) -> bool:
    parts = PurePosixPath(path)
    name = parts.name
    return (
        name.startswith(("test_", "conftest"))
        or name.endswith("_test.py")
        or any(part in ("test", "tests") for part in parts.parts[:-1])
    )
