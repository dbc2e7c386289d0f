"""Runs a workspace's tests in the sandbox and reads their results, whichever way the run ends."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import ClassVar, Final, Literal

from pydantic import BaseModel, ValidationError

from app.errors import InputError
from app.sandbox.bubblewrap import TOOLS, WORK, Invocation
from app.sandbox.run import prepare_pytest, start
from app.sandbox.values import DEFAULT_LIMITS, Frame, Limits, Outcome, Report, not_run

_PROGRAM: Final = f"{TOOLS}/run_suite.py"
_PLAN: Final = f"{TOOLS}/run_suite.json"
_CONFIG: Final = f"{TOOLS}/pytest.ini"
_INSIDE: Final = Path(__file__).parent / "inside"
_SETTINGS: Final = b"[pytest]\npython_files = test*.py *_test.py tests.py\n"
_OPTIONS: Final = ("-c", _CONFIG, f"--rootdir={WORK}", f"--confcutdir={WORK}", "-p", "no:cacheprovider")
_STYLE: Final = ("-q", "--tb=short", "--color=no", "--continue-on-collection-errors")


class SuiteOutcome(StrEnum):
    """How a run of tests ended; only ``PASSED`` says that tests ran and all of them passed or were skipped."""

    PASSED = "passed"
    FAILED = "failed"
    NO_TESTS = "no_tests"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True)
class Failure:
    """A test, or a file that could not be collected, and the workspace's lines that its error went through.

    The last of ``frames`` is where it was raised; lines outside the workspace are left out.
    """

    test: str
    phase: Literal["collect", "setup", "call", "teardown"]
    message: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class TestReport:
    """The results of a run: each test counts once, a fixture or file that fails is one of ``errors``.

    ``reason`` says why it did not run or was stopped; ``run`` has the console's text, which is for people only.
    """

    __test__: ClassVar[bool] = False

    outcome: SuiteOutcome
    passed: int
    failed: int
    errors: int
    skipped: int
    failures: tuple[Failure, ...]
    reason: str
    run: Report


class _Line(BaseModel):
    """A line of the channel, which the code under test could have written just as well."""

    kind: Literal["collecting", "collected", "start", "finish", "result", "failure", "stuck", "end"]
    test: str = ""
    phase: Literal["collect", "setup", "call", "teardown"] = "call"
    outcome: Literal["passed", "failed", "skipped"] = "failed"
    message: str = ""
    frames: tuple[Frame, ...] = ()
    status: int = -1


async def run_tests(
    root: Path,
    paths: Sequence[str] = (),
    *,
    limits: Limits = DEFAULT_LIMITS,
    python_path: Sequence[str] = ("", "src"),
) -> TestReport:
    """Runs the tests of a private copy of a workspace by pytest, configured by us and not by the workspace.

    ``paths`` are files, folders or test ids relative to the root, all tests where empty. Raises `InputError` for a
    path that is not there.
    """
    for each in paths:
        _check(root, each)
    if not await asyncio.to_thread(prepare_pytest):
        return _read(not_run("pytest is not installed beside this service"), b"")
    plan = {
        "options": [*_OPTIONS, *_STYLE, *(f"{WORK}/{each}" for each in paths)],
        "python_path": [f"{WORK}/{each}".rstrip("/") for each in python_path],
        "stuck_at": time.monotonic() + max(limits.seconds - 1.0, limits.seconds * 0.7),
    }
    ended = await start(
        Invocation(
            root,
            ("python", "-I", _PROGRAM, _PLAN),
            limits,
            writable=True,
            files={
                _CONFIG: _SETTINGS,
                _PLAN: json.dumps(plan).encode(),
                _PROGRAM: (_INSIDE / "run_suite.py").read_bytes(),
            },
            channel=True,
        )
    )
    return _read(ended.report, ended.channel)


def _check(root: Path, path: str) -> None:
    file = PurePosixPath(path.partition("::")[0])
    if file.is_absolute() or ".." in file.parts or not (root / file).exists():
        raise InputError(
            f"there is no {str(file)!r} in the workspace",
            hint="give paths relative to its root",
            field="paths",
        )


class _Results:
    """What the lines of the channel add up to."""

    def __init__(self) -> None:
        self.outcomes: dict[str, dict[str, str]] = {}
        self.failures: list[Failure] = []
        self.under_way = ""
        self.collected = False
        self.status: int | None = None
        self.stuck: tuple[Frame, ...] = ()
        self.unreadable = 0

    def add(self, line: _Line) -> None:
        match line.kind:
            case "collecting" | "start":
                self.under_way = line.test
            case "collected" | "finish":
                self.under_way = ""
                self.collected = True
            case "result":
                self._result(line.test, line.phase, line.outcome)
            case "failure":
                self._failure(line)
            case "stuck":
                self.stuck = line.frames
            case "end":
                self.status = line.status

    def _result(self, test: str, phase: str, outcome: str) -> None:
        known = self.outcomes.setdefault(test, {})
        if known.get(phase) != "failed":  # one subtest that failed is enough
            known[phase] = outcome

    def _failure(self, line: _Line) -> None:
        self.failures.append(Failure(line.test, line.phase, line.message, line.frames))
        self._result(line.test, line.phase, "failed")

    def interrupted(self, message: str) -> None:
        """Counts the test or file that was under way when everything ended as failed."""
        phase: Literal["call", "collect"] = "call" if self.collected else "collect"
        if self.under_way:
            self.failures.append(Failure(self.under_way, phase, message, self.stuck))
            self._result(self.under_way, phase, "failed")

    def count(self) -> tuple[int, int, int, int]:
        """Returns how many passed, failed, were in error and were skipped."""
        verdicts = [_verdict(each) for each in self.outcomes.values()]
        passed, failed, errors, skipped = map(verdicts.count, ("passed", "failed", "error", "skipped"))
        return passed, failed, errors, skipped


def _verdict(phases: dict[str, str]) -> str:
    if any(phases.get(phase) == "failed" for phase in ("collect", "setup", "teardown")):
        return "error"
    if "skipped" in phases.values():
        return "skipped"
    return phases.get("call", "unfinished")


def _lines(channel: bytes, results: _Results) -> Iterable[_Line]:
    for text in channel.splitlines():
        try:
            yield _Line.model_validate_json(text)
        except ValidationError:
            results.unreadable += 1


def _read(report: Report, channel: bytes) -> TestReport:
    results = _Results()
    for line in _lines(channel, results):
        results.add(line)
    outcome, reason = _judge(report, results)
    passed, failed, errors, skipped = results.count()
    if outcome is SuiteOutcome.PASSED and not passed:
        outcome = SuiteOutcome.NO_TESTS
        reason = f"all {skipped} tests were skipped"
    return TestReport(outcome, passed, failed, errors, skipped, tuple(results.failures), reason, report)


def _judge(report: Report, results: _Results) -> tuple[SuiteOutcome, str]:
    if report.outcome in (Outcome.NOT_RUN, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY):
        results.interrupted(report.reason)
        return SuiteOutcome(report.outcome.value), report.reason
    if results.status is None or report.exit_code != results.status:
        reason = report.reason or f"the tests' process ended early, with exit code {report.exit_code}"
        if results.status is None:
            results.interrupted(reason)
        return SuiteOutcome.FAILED, reason
    if results.under_way:
        results.interrupted("it never ended")
    if results.unreadable:
        return SuiteOutcome.FAILED, f"{results.unreadable} lines of its results could not be read"
    if report.outcome is Outcome.PASSED and not results.failures:
        return SuiteOutcome.PASSED, ""
    if report.exit_code == 5:
        return SuiteOutcome.NO_TESTS, "no tests were found"
    return SuiteOutcome.FAILED, ""
