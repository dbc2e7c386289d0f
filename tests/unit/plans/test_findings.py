from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.model.paths import path_problem
from app.model.plan import TaskType
from app.planning.mend import mend
from app.plans.document import PlanDocument, TaskDocument, read_document
from app.plans.findings import Fault, find_faults
from app.plans.write import refuse_faults
from tests.documents import document, task


def faults(plan: PlanDocument) -> list[Fault]:
    return [finding.fault for finding in find_faults(plan)]


def test_a_sound_plan_has_no_faults() -> None:
    assert faults(document(task(1, "a.py"), task(2, "test_a.py", [1], task_type=TaskType.TEST))) == []


@pytest.mark.parametrize(
    ("plan", "fault", "where"),
    [
        (document(), Fault.NO_TASKS, "plan"),
        (document(*(task(n, f"f{n}.py") for n in range(1, 122))), Fault.TOO_MANY_TASKS, "plan"),
        (document(task(1, "a.py"), task(1, "b.py")), Fault.REPEATED_NUMBER, "task 1"),
        (document(task(1, "a.py", [7])), Fault.DANGLING_DEPENDENCY, "task 1"),
        (document(task(1, "a.py", [2]), task(2, "b.py", [1])), Fault.CYCLE, "task 1"),
        (document(task(1, "a.py", [1])), Fault.CYCLE, "task 1"),
        (document(TaskDocument(number=1, name="x", target_files=("a.py",))), Fault.EMPTY_TASK, "task 1"),
        (document(TaskDocument(number=1, name="x", description="y")), Fault.EMPTY_TASK, "task 1"),
        (document(task(1, "../a.py")), Fault.UNSAFE_PATH, "task 1"),
        (document(task(1, "a.py"), task(2, "a.py")), Fault.UNORDERED_WRITERS, "task 2"),
    ],
)
def test_each_fault_is_found_at_its_place(plan: PlanDocument, fault: Fault, where: str) -> None:
    found = find_faults(plan)
    assert (fault, where) in [(finding.fault, finding.where) for finding in found]
    with pytest.raises(InputError, match=where):
        refuse_faults(plan)


def test_writers_of_a_file_in_an_order_through_others_are_no_fault() -> None:
    assert faults(document(task(1, "a.py"), task(2, "b.py", [1]), task(3, "a.py", [2]))) == []


@pytest.mark.parametrize(
    "path",
    [
        "/a.py",
        "../a.py",
        "a/../../b",
        ".git/hooks/x",
        "a/.GIT/x",
        "a\\b",
        "a//b",
        "./a",
        "c:x",
        "a\n",
        "a. ",
        "",
        "x" * 300,
    ],
)
def test_paths_that_could_leave_the_workspace_are_refused(path: str) -> None:
    assert path_problem(path)


@pytest.mark.parametrize("path", ["a.py", "src/pkg/mod.py", "tests/données.py", ".gitignore", "a b/c.py"])
def test_plain_paths_are_taken(path: str) -> None:
    assert path_problem(path) == ""


@given(
    st.lists(
        st.tuples(st.sampled_from(["a.py", "b.py", "c.py"]), st.lists(st.integers(1, 9), max_size=3)),
        min_size=1,
        max_size=8,
    )
)
def test_mended_plans_have_neither_dangling_nor_unordered_tasks(shape: list[tuple[str, list[int]]]) -> None:
    plan, said = mend(document(*(task(n, path, needs) for n, (path, needs) in enumerate(shape, 1))))
    left = set(faults(plan))
    assert left <= {Fault.CYCLE}
    assert Fault.DANGLING_DEPENDENCY not in left
    if not said:
        assert plan.tasks() == tuple(task(n, path, needs) for n, (path, needs) in enumerate(shape, 1))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"project_name": ""}, "project_name"),
        ({"phases": [{"phase_type": "middle", "name": "x"}]}, "phases.0.phase_type"),
        ({"phases": "none"}, "phases"),
    ],
)
def test_a_wrong_plan_file_is_refused_with_the_place(change: dict[str, object], field: str) -> None:
    written = {**document(task(1, "a.py")).model_dump(mode="json"), **change}
    with pytest.raises(InputError) as refused:
        read_document(json.dumps(written))
    assert refused.value.field == field


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000])
def test_what_is_no_plan_at_all_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_document(text)
