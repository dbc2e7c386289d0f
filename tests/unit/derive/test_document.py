"""A code base becomes a plan without faults, whose recorded answers are its source."""

from __future__ import annotations

from graphlib import TopologicalSorter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.derive.code import CodeBase, CodeFile, Module, Need
from app.derive.document import derive_document
from app.llm.fences import unfence
from app.model.plan import PhaseType, TaskType
from app.model.prompt import Complexity
from app.plans.document import PlanDocument, document_of
from app.plans.findings import find_faults
from tests.unit.derive.code import a_code_base, a_file, plain_file
from tests.unit.programs import javascript_programs, python_programs


def rebuilt(document: PlanDocument) -> dict[str, str]:
    """The files as an execution joins them: parts by task and subtask number."""
    answers = {each.label: unfence(each.response) for each in document.recorded_answers}
    files: dict[str, str] = {}
    for task in sorted(document.tasks(), key=lambda each: each.number):
        for number, part in enumerate(task.subtasks, 1):
            code = answers[f"subtask {task.number}.{number}"]
            assert code is not None
            files[part.target_file] = files.get(part.target_file, "") + code
    return files


def assert_a_plan_of(code: CodeBase) -> PlanDocument:
    """What holds of every derived plan."""
    document = derive_document(code, "shop")
    assert document_of(document.model_dump(mode="json")) == document
    assert find_faults(document, max_tasks=None) == ()
    assert rebuilt(document) == {file.path: file.text for file in code.files}
    assert sorted(task.number for task in document.tasks()) == list(range(1, len(document.tasks()) + 1))
    assert all(other < task.number for task in document.tasks() for other in task.depends_on)
    assert all(other < each.number for each in document.milestones() for other in each.depends_on)
    return document


@st.composite
def code_bases(draw: st.DrawFn) -> CodeBase:
    """Files of functions that need any others, in circles as well, in modules or not."""
    paths = draw(
        st.lists(
            st.sampled_from(
                [
                    "setup.py",
                    "a/__init__.py",
                    "a/b.py",
                    "a/c/d.py",
                    "e.py",
                    "tests/test_e.py",
                    "docs/conf.py",
                    "f.js",
                ]
            ),
            unique=True,
            min_size=1,
        )
    )
    sizes = {path: draw(st.lists(st.integers(1, 60), min_size=1, max_size=12)) for path in paths}
    with_modules = draw(st.booleans())
    files = []
    for path in paths:
        needs = []
        for _ in range(draw(st.integers(0, 6))):
            other = draw(st.sampled_from(paths))
            at = draw(st.integers(0, len(sizes[path]) - 1))
            to = draw(st.integers(0, len(sizes[other]) - 1))
            needs.append(Need(at, other, to, 1.0, draw(st.booleans())))
        module = draw(st.sampled_from(["m1", "m2"])) if with_modules else ""
        files.append(plain_file(path, sizes[path], needs, module))
    modules = {"m1": Module("first", "c1", "one"), "m2": Module("second", "c1", "one")}
    return a_code_base(*files, modules=modules if with_modules else None)


@given(code_bases())
def test_any_code_base_becomes_a_plan_without_faults(code: CodeBase) -> None:
    assert_a_plan_of(code)


@given(st.lists(python_programs(), min_size=1, max_size=4), st.lists(javascript_programs(), max_size=2))
def test_the_parts_of_random_programs_join_to_their_files(python: list[str], javascript: list[str]) -> None:
    files = [a_file(f"p{n}.py", text) for n, text in enumerate(python)]
    files += [a_file(f"j{n}.js", text) for n, text in enumerate(javascript)]
    assert_a_plan_of(a_code_base(*files))


def test_odd_texts_come_back() -> None:
    texts = {
        "bom.py": "\ufeffx = 1\n",
        "crlf.py": "def f():\r\n    return 1\r\n",
        "empty.py": "",
        "blank.py": "\n\n\n",
        "no_end.py": "x = 1",
        "fences.py": '"""Use it:\n\n```python\nx = 1\n```\n````\n"""\n',
        "comment.py": "# only a comment",
        "name'\"`.py": "x = 1\n",
        "broken.py": "def f(:\n",
    }
    assert_a_plan_of(a_code_base(*(a_file(path, text) for path, text in texts.items())))


def by_path(document: PlanDocument) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for task in document.tasks():
        for path in task.target_files:
            found.setdefault(path, []).append(task.number)
    return found


def test_a_task_depends_on_what_its_atoms_need_and_on_the_one_before_it() -> None:
    core = plain_file("core.py", [40] * 6)
    user = plain_file(
        "user.py", [40] * 4, [Need(0, "core.py", 0), Need(0, "core.py", 3), Need(3, "core.py", 5)]
    )
    document = assert_a_plan_of(a_code_base(core, user))
    tasks = {task.number: task for task in document.tasks()}
    assert by_path(document) == {"core.py": [1, 2, 3], "user.py": [4, 5]}
    assert [tasks[number].depends_on for number in tasks] == [(), (1,), (2,), (2,), (3, 4)]


def test_small_neighbours_share_a_task() -> None:
    files = [plain_file(f"a/m{n}.py", [10]) for n in range(6)] + [plain_file("b/m.py", [10])]
    document = assert_a_plan_of(a_code_base(*files))
    assert [len(task.target_files) for task in document.tasks()] == [6, 1]
    assert [len(task.subtasks) for task in document.tasks()] == [6, 1]


def test_files_without_code_lines_do_not_all_share_one() -> None:
    document = assert_a_plan_of(a_code_base(*(a_file(f"a/m{n:02}.py", "") for n in range(20))))
    assert [len(task.target_files) for task in document.tasks()] == [8, 8, 4]


def test_kinds_of_files_have_phases_of_their_own() -> None:
    code = a_code_base(
        *(
            plain_file(path, [50])
            for path in ("setup.py", "p/a.py", "tests/test_a.py", "p/a_test.py", "docs/x.py")
        )
    )
    document = assert_a_plan_of(code)
    assert [phase.phase_type for phase in document.phases] == [
        PhaseType.SETUP,
        PhaseType.CORE,
        PhaseType.POLISH,
    ]
    types = {task.target_files[0]: task.task_type for task in document.tasks()}
    assert types == {
        "setup.py": TaskType.SETUP,
        "p/a.py": TaskType.IMPLEMENTATION,
        "tests/test_a.py": TaskType.TEST,
        "p/a_test.py": TaskType.TEST,
        "docs/x.py": TaskType.DOCUMENTATION,
    }


def test_modules_that_were_found_are_milestones_in_their_components() -> None:
    modules = {
        "m1": Module("parse", "c1", "reading"),
        "m2": Module("lex", "c1", "reading"),
        "m3": Module("emit", "c2", "writing"),
    }
    files: list[CodeFile] = [
        plain_file("a.py", [60], module_id="m1"),
        plain_file("b.py", [60], module_id="m2"),
        plain_file("c.py", [60], [Need(0, "a.py", 0)], module_id="m3"),
    ]
    document = assert_a_plan_of(a_code_base(*files, modules=modules))
    assert [phase.name for phase in document.phases] == ["reading", "writing"]
    assert [each.name for each in document.milestones()] == ["parse", "lex", "emit"]
    assert [each.depends_on for each in document.milestones()] == [(), (), (1,)]


def test_names_descriptions_and_complexity_tell_what_is_in_it() -> None:
    text = (
        "def total(prices):\n"
        '    """Add up prices.\n\n    More.\n    """\n'
        "    return sum(prices)\n\n\n"
        "class Cart:\n    '''What is bought.'''\n\n    def add(self, item):\n        if item:\n            self.items = [item]\n"
    )
    (task,) = assert_a_plan_of(a_code_base(a_file("shop/cart.py", text))).tasks()
    assert task.name.startswith("shop/cart.py: total, Cart")
    assert "Defines: def total(prices); class Cart" in task.description
    assert "- def total(prices): Add up prices." in task.subtasks[0].description
    assert task.complexity is Complexity.LOW
    branchy = "def f(x):\n" + "".join(f"    if x == {n}:\n        return {n}\n" for n in range(30))
    (task,) = assert_a_plan_of(a_code_base(a_file("b.py", branchy))).tasks()
    assert task.complexity is Complexity.CRITICAL


def test_the_order_of_writing_is_sound() -> None:
    """A chain of modules, given in the wrong order of their names."""
    files = [plain_file(f"m{n}.py", [70], [Need(0, f"m{n + 1}.py", 0)] if n < 9 else []) for n in range(10)]
    document = assert_a_plan_of(a_code_base(*files))
    order = list(TopologicalSorter({t.number: t.depends_on for t in document.tasks()}).static_order())
    assert all(a < b for a, b in pairwise(order))
    assert [task.target_files[0] for task in document.tasks()] == [f"m{n}.py" for n in reversed(range(10))]
