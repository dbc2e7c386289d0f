"""What the checks find in the very code that a plan was derived from: nobody who writes that code again is blamed for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from app.execution.checks import CheckFinding, modules_of, part_findings, static_findings
from app.execution.parts import Part, join_parts
from app.execution.prompts import label_of
from app.llm.code import extract_code
from app.model.plan import Task

Known: TypeAlias = frozenset[tuple[str, str]]
"""Paths with the beginning of what is wrong in them."""


async def known_findings(tasks: Iterable[Task], answers: Mapping[tuple[str, int], str]) -> Known:
    """What is found in the code that a derived plan brings along as the answers of its subtasks."""
    parts: dict[str, list[Part]] = {}
    found: list[CheckFinding] = []
    for task in sorted(tasks, key=lambda each: each.task_number):
        for subtask in task.subtasks:
            code = extract_code(answers.get((label_of(task, subtask), 1), ""), subtask.target_file).code
            found += part_findings(subtask.target_file, code)
            parts.setdefault(subtask.target_file, []).append(Part(task.task_id, subtask.subtask_id, code))
    files = {path: join_parts(path, of_file) for path, of_file in parts.items()}
    found += await static_findings(
        list(files.values()), modules_of(files), lambda path: files[path].text, externals=True
    )
    return frozenset(map(known_as, found))


def known_as(finding: CheckFinding) -> tuple[str, str]:
    """What tells a finding from others wherever it is; what follows a semicolon tells of other files."""
    return finding.path, finding.message.partition(";")[0]
