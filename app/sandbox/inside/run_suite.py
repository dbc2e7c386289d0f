"""Runs pytest inside the sandbox with our configuration alone, and reports each test over the channel.

A line of JSON each: what is being collected or run, each result, each failure with the lines it went through, the end.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Generator, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

WORK = "/work/"
MOST_CHARACTERS = 4000
MOST_FRAMES = 30
ASYNCIO = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function")
CHANNEL = int(os.environ.pop("SANDBOX_CHANNEL"))
os.set_inheritable(CHANNEL, False)
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"

import pytest  # noqa: E402
from _pytest.config import ConftestImportFailure  # noqa: E402


def tell(kind: str, **fields: object) -> None:
    data = json.dumps({"kind": kind, **fields}).encode() + b"\n"
    while data:
        data = data[os.write(CHANNEL, data) :]


class Reporter:
    """Sends what pytest finds out while it finds it out, so that a run that is stopped has told what it did."""

    def __init__(self) -> None:
        self.told: set[tuple[str, str]] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_load_initial_conftests(self) -> Generator[None, Any, Any]:
        try:
            return (yield)
        except ConftestImportFailure as failure:
            name = str(failure.path).removeprefix(WORK)
            tell("failure", test=name, phase="collect", **described(failure.cause))
            raise

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        tell("collecting", test=collector.nodeid)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        try:
            return (yield)
        except SystemExit as error:  # would end the whole session, and with it the other files' tests
            self.failure(collector.nodeid, "collect", error)
            return pytest.CollectReport(collector.nodeid, "failed", summary(error), [])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.unexplained(report.nodeid, "collect", report.longreprtext)
        if report.skipped and report.nodeid:
            tell("result", test=report.nodeid, phase="collect", outcome="skipped")

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any], report: Any
    ) -> None:
        if isinstance(node, pytest.Collector) and call.excinfo is not None:
            value = call.excinfo.value
            cause = value.__cause__ if isinstance(value, pytest.Collector.CollectError) else value
            self.failure(node.nodeid, "collect", cause or value)

    def pytest_collection_finish(self) -> None:
        tell("collected")

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        tell("start", test=nodeid)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed and call.excinfo is not None:
            self.failure(item.nodeid, call.when, call.excinfo.value)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        phase = report.when or "call"
        if report.failed:
            self.unexplained(report.nodeid, phase, report.longreprtext)
        tell("result", test=report.nodeid, phase=phase, outcome=report.outcome)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        tell("finish", test=nodeid)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        tell("end", status=int(exitstatus))

    def failure(self, test: str, phase: str, error: BaseException) -> None:
        self.told.add((test, phase))
        tell("failure", test=test, phase=phase, **described(error))

    def unexplained(self, test: str, phase: str, text: str) -> None:
        """Reports a failure that had no exception, such as a test that was expected to fail and did not."""
        if (test, phase) not in self.told:
            tell("failure", test=test, phase=phase, message=text.strip()[:MOST_CHARACTERS], frames=[])


def described(error: BaseException) -> dict[str, object]:
    lines = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    found = list(inside(lines))
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(WORK):
        found.append(
            {"path": error.filename.removeprefix(WORK), "line": error.lineno or 1, "function": "<module>"}
        )
    return {"message": summary(error), "frames": found[-MOST_FRAMES:]}


def inside(lines: Iterable[tuple[FrameType, int]]) -> Iterable[dict[str, object]]:
    for frame, line in lines:
        if frame.f_code.co_filename.startswith(WORK):
            path = frame.f_code.co_filename.removeprefix(WORK)
            yield {"path": path, "line": line, "function": frame.f_code.co_qualname}


def summary(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception_only(error)).strip()[:MOST_CHARACTERS]
    except Exception:  # noqa: BLE001 - the text is made by the code under test
        return type(error).__name__


def tell_where_it_hangs(moment: float) -> None:
    """Shortly before the time limit, sends the lines that the main thread is at; ``moment`` is monotonic time."""
    main = threading.main_thread().ident
    time.sleep(max(moment - time.monotonic(), 0.0))
    frame = sys._current_frames().get(main or 0)
    if frame is not None:
        tell("stuck", frames=list(inside(traceback.walk_stack(frame)))[::-1][-MOST_FRAMES:])


def main() -> int:
    plan: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    threading.Thread(target=tell_where_it_hangs, args=(plan["stuck_at"],), daemon=True).start()
    sys.path[:0] = plan["python_path"]
    options: list[str] = plan["options"]
    plugins: list[object] = [Reporter()]
    if importlib.util.find_spec("pytest_asyncio") is not None:
        # As an object: by its name, pytest would rewrite its assertions again at each start.
        plugins.append(importlib.import_module("pytest_asyncio.plugin"))
        options = [*ASYNCIO, *options]
    return int(pytest.main(options, plugins=plugins))


if __name__ == "__main__":
    sys.exit(main())
