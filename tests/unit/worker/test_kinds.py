"""Kinds of jobs that can be asked for, and kinds that are done."""

from __future__ import annotations

from app.jobs.requests import JOB_KINDS
from app.worker.kinds import HANDLERS


def test_every_kind_of_job_that_is_declared_has_a_handler_and_no_other() -> None:
    assert sorted(JOB_KINDS) == sorted(HANDLERS)
