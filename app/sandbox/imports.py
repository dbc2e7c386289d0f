"""Imports a workspace's modules in the sandbox, to see which of them cannot be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ValidationError

from app.sandbox.bubblewrap import TOOLS, WORK, Invocation
from app.sandbox.run import start
from app.sandbox.values import DEFAULT_LIMITS, Limits, Outcome, Report

_PROGRAM: Final = f"{TOOLS}/import_modules.py"
_PLAN: Final = f"{TOOLS}/import_modules.json"
_INSIDE: Final = Path(__file__).parent / "inside"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """A module, whether it could be imported, and if not, the exception and the workspace's line that raised it.

    ``line`` is 0 where no line of the workspace was involved; ``tried`` is False for modules after one that took
    the whole process down.
    """

    module: str
    ok: bool
    tried: bool = True
    error_type: str = ""
    message: str = ""
    path: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """A result for each module that was asked for, in that order; none where the sandbox cannot run."""

    outcome: Outcome
    results: tuple[ImportResult, ...]
    reason: str
    run: Report


class _Line(BaseModel):
    """A line of the channel, which the modules could have written just as well."""

    kind: Literal["begin", "imported", "raised"]
    module: str
    type: str = ""
    message: str = ""
    path: str = ""
    line: int = 0


async def check_imports(
    root: Path,
    modules: Sequence[str],
    *,
    limits: Limits = DEFAULT_LIMITS,
    python_path: Sequence[str] = ("", "src"),
) -> ImportReport:
    """Imports each module once, all in one process. Raises `InputError` where there is no such folder."""
    plan = {"modules": list(modules), "python_path": [f"{WORK}/{each}".rstrip("/") for each in python_path]}
    ended = await start(
        Invocation(
            root,
            ("python", "-I", _PROGRAM, _PLAN),
            limits,
            files={
                _PLAN: json.dumps(plan).encode(),
                _PROGRAM: (_INSIDE / "import_modules.py").read_bytes(),
            },
            channel=True,
        )
    )
    report = ended.report
    if report.outcome is Outcome.NOT_RUN:
        return ImportReport(Outcome.NOT_RUN, (), report.reason, report)
    found = _read(ended.channel, report)
    results = tuple(found.get(each, ImportResult(each, ok=False, tried=False)) for each in modules)
    if report.outcome is Outcome.PASSED and not all(each.ok for each in results):
        return ImportReport(Outcome.FAILED, results, "", report)
    return ImportReport(report.outcome, results, report.reason, report)


def _read(channel: bytes, report: Report) -> dict[str, ImportResult]:
    found: dict[str, ImportResult] = {}
    for text in channel.splitlines():
        try:
            line = _Line.model_validate_json(text)
        except ValidationError:
            continue
        found[line.module] = _result(line, report)
    return found


def _result(line: _Line, report: Report) -> ImportResult:
    module = line.module
    match line.kind:
        case "imported":
            return ImportResult(module, ok=True)
        case "raised":
            return ImportResult(module, False, True, line.type, line.message, line.path, line.line)
        case "begin":  # replaced by what came of it, if anything did
            ended = report.reason or f"importing it ended the process with exit code {report.exit_code}"
            return ImportResult(module, ok=False, message=ended)
