"""Runs code that nobody has read: in namespaces of its own, without network, within limits, and gone afterwards."""

from __future__ import annotations

from app.sandbox.imports import ImportReport, ImportResult, check_imports
from app.sandbox.run import available, run
from app.sandbox.suite import Failure, SuiteOutcome, TestReport, run_tests
from app.sandbox.values import DEFAULT_LIMITS, Availability, Frame, Limits, Outcome, Report

__all__ = [
    "DEFAULT_LIMITS",
    "Availability",
    "Failure",
    "Frame",
    "ImportReport",
    "ImportResult",
    "Limits",
    "Outcome",
    "Report",
    "SuiteOutcome",
    "TestReport",
    "available",
    "check_imports",
    "run",
    "run_tests",
]
