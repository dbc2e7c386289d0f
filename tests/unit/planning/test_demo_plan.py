"""The recorded answers of the demo: they make a sound plan and, assembled, files that can be read."""

from __future__ import annotations

import ast
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

import app.cli
from app.execution.checks import import_findings, modules_of, name_findings, part_findings, syntax_findings
from app.execution.parts import AssembledFile, Part, merge_parts
from app.llm.code import extract_code
from app.llm.recorded import RecordedProvider, read_answers
from app.planning.answers import DiscoveryAnswer, PlanAnswer, document_from
from app.planning.generate import check_request
from app.plans.document import PlanDocument
from app.plans.findings import find_faults

RECORDED: Final = Path(app.cli.__file__).with_name("demo_plan.jsonl")
MAX_RETRIES: Final = 1


@pytest.fixture(scope="module")
def answers() -> dict[tuple[str, int], str]:
    return read_answers(RECORDED)


@pytest.fixture(scope="module")
def document(answers: dict[tuple[str, int], str]) -> PlanDocument:
    return document_from(PlanAnswer.model_validate_json(answers["masterplan", 1]))


@pytest.fixture(scope="module")
def files(answers: dict[tuple[str, int], str], document: PlanDocument) -> dict[str, AssembledFile]:
    """The files as the last attempts write them."""
    provider = RecordedProvider(answers)
    parts: dict[str, list[Part]] = defaultdict(list)
    for task in document.tasks():
        task_id = uuid4()
        for number, subtask in enumerate(task.subtasks, 1):
            text = provider.response(f"subtask {task.number}.{number}", MAX_RETRIES + 1)
            extracted = extract_code(text, subtask.target_file)
            assert extracted.complete, f"{task.number}.{number}"
            assert extracted.code.strip(), f"{task.number}.{number}"
            assert part_findings(subtask.target_file, extracted.code) == []
            parts[subtask.target_file].append(Part(task_id, uuid4(), extracted.code))
    return {path: merge_parts(path, written) for path, written in parts.items()}


def test_the_request_and_its_discovery_can_be_used(answers: dict[tuple[str, int], str]) -> None:
    assert check_request(answers["request", 1]) == answers["request", 1]
    assert DiscoveryAnswer.model_validate_json(answers["discovery", 1]).assumptions


def test_the_plan_has_no_faults_and_at_least_fifty_tasks(document: PlanDocument) -> None:
    assert find_faults(document) == ()
    assert len(document.tasks()) >= 50


def test_three_tasks_can_run_at_once(document: PlanDocument) -> None:
    sorter = TopologicalSorter({task.number: task.depends_on for task in document.tasks()})
    sorter.prepare()
    widest = 0
    while sorter.is_active():
        layer = sorter.get_ready()
        widest = max(widest, len(layer))
        sorter.done(*layer)
    assert widest >= 3


def test_each_subtask_has_an_answer_and_each_answer_a_subtask(
    answers: dict[tuple[str, int], str], document: PlanDocument
) -> None:
    planned = {
        f"subtask {task.number}.{number}"
        for task in document.tasks()
        for number, _ in enumerate(task.subtasks, 1)
    }
    assert {label for label, _ in answers} == planned | {"request", "discovery", "masterplan"}


def test_answers_are_put_right_within_the_retries_of_a_task(answers: dict[tuple[str, int], str]) -> None:
    again = [(label, attempt) for label, attempt in answers if attempt > 1]
    assert len(again) >= 6
    assert {attempt for _, attempt in again} == {MAX_RETRIES + 1}
    assert all(answers[label, 1] != answers[label, attempt] for label, attempt in again)


async def test_the_assembled_files_pass_the_checks_before_tests(files: dict[str, AssembledFile]) -> None:
    modules = modules_of(files)

    def text_of(path: str) -> str | None:
        return files[path].text if path in files else None

    found = [each for file in files.values() for each in syntax_findings(file)]
    assert found == []
    found = await name_findings(list(files.values()))
    for file in files.values():
        found += import_findings(file, modules, text_of, externals=False)
    assert found == []


def test_the_assembled_code_has_2500_lines_and_100_test_functions(files: dict[str, AssembledFile]) -> None:
    python = {path: file.text for path, file in files.items() if path.endswith(".py")}
    lines = [line.strip() for text in python.values() for line in text.splitlines()]
    assert sum(bool(line) and not line.startswith("#") for line in lines) >= 2_500
    functions = [
        node.name
        for path, text in python.items()
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and path.rpartition("/")[2].startswith("test_")
    ]
    assert sum(name.startswith("test_") for name in functions) >= 100
