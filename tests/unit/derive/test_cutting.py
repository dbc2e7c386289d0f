"""Files are cut into tasks and subtasks of the right size, at the right places, and lose nothing."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from statistics import mean

import networkx
from hypothesis import given
from hypothesis import strategies as st

from app.derive.borders import cut_costs
from app.derive.code import CodeFile
from app.derive.cutting import Range, cut_file
from app.execution.checks import part_findings
from tests.unit.derive.code import a_file, plain_file
from tests.unit.programs import javascript_programs, mutations, python_programs, typescript_programs

_REAL = sorted(Path(networkx.__file__).parent.glob("*.py")) + sorted(
    Path(networkx.__file__).parent.glob("classes/*.py")
)


def code_of(file: CodeFile, part: Range) -> str:
    return "".join(atom.code for atom in file.atoms[part.first : part.end])


def loc_of(file: CodeFile, parts: tuple[Range, ...]) -> int:
    return sum(atom.loc for part in parts for atom in file.atoms[part.first : part.end])


def assert_whole(path: str, text: str) -> None:
    """Every atom is in one subtask, in order, and the parts are the file."""
    file = a_file(path, text)
    tasks = cut_file(file)
    parts = [part for task in tasks for part in task]
    assert parts[0].first == 0
    assert parts[-1].end == len(file.atoms)
    assert all(before.end == after.first for before, after in pairwise(parts))
    assert all(part.first < part.end for part in parts)
    assert "".join(code_of(file, part) for part in parts) == text


@given(python_programs())
def test_the_parts_of_random_python_are_the_file(program: str) -> None:
    assert_whole("m.py", program)


@given(javascript_programs())
def test_the_parts_of_random_javascript_are_the_file(program: str) -> None:
    assert_whole("m.js", program)


@given(typescript_programs())
def test_the_parts_of_random_typescript_are_the_file(program: str) -> None:
    assert_whole("m.tsx" if "<div" in program else "m.ts", program)


@given(st.randoms(use_true_random=False))
def test_the_parts_of_a_damaged_file_are_the_file(rng: random.Random) -> None:
    data = mutations(rng, rng.choice(_REAL).read_bytes()[:20_000])
    assert_whole("m.py", data.decode("utf-8", "replace").replace("\0", ""))


@given(st.randoms(use_true_random=False))
def test_a_part_of_real_python_has_its_brackets_closed(rng: random.Random) -> None:
    file = a_file("m.py", rng.choice(_REAL).read_text("utf-8"))
    for task in cut_file(file):
        for part in task:
            assert part_findings("m.py", code_of(file, part)) == []


def test_sizes_of_real_files_are_near_the_aim() -> None:
    files = [a_file("m.py", path.read_text("utf-8")) for path in _REAL]
    long = [file for file in files if file.loc > 160]
    assert len(long) >= 5
    tasks = [loc_of(file, task) for file in long for task in cut_file(file)]
    subtasks = [loc_of(file, (part,)) for file in long for task in cut_file(file) for part in task]
    assert 65 <= mean(tasks) <= 95
    assert 20 <= mean(subtasks) <= 32


def test_a_task_begins_where_a_top_level_definition_does() -> None:
    methods = "\n".join(f"    def m{n}(self):\n" + "        x = 1\n" * 5 for n in range(12))
    text = f"class One:\n{methods}\n\n\nclass Two:\n{methods}\n\n\nclass Three:\n{methods}\n"
    file = a_file("m.py", text)
    firsts = [code_of(file, task[0]).strip().split("(")[0].split(":")[0] for task in cut_file(file)]
    assert firsts == ["class One", "class Two", "class Three"]


def test_the_cheapest_sizes_are_taken() -> None:
    file = plain_file("m.py", [20] * 12)
    tasks = cut_file(file)
    assert [loc_of(file, task) for task in tasks] == [80, 80, 80]
    assert [loc_of(file, (part,)) for part in tasks[0]] == [20, 20, 20, 20]


def test_a_table_larger_than_a_task_stays_whole() -> None:
    rows = "".join(f"    ({n}, 'row {n}'),\n" for n in range(400))
    file = a_file("m.py", f"import os\n\nROWS = [\n{rows}]\n\n\ndef f():\n    return os.getcwd()\n")
    inside = [code_of(file, part) for task in cut_file(file) for part in task]
    assert [text.count("row ") for text in inside if "row " in text] == [400]


def test_no_part_begins_inside_a_statement() -> None:
    file = a_file("m.py", "x = (\n    1,\n    2,\n)\ny = '''\nz = 1\n'''\nif x: a = 1; b = 2\n")
    starts = [0]
    for atom in file.atoms:
        starts.append(starts[-1] + len(atom.code))
    allowed = {
        file.text[start:].split("\n")[0]
        for start, cost in zip(starts, cut_costs(file), strict=False)
        if cost is not None
    }
    assert allowed <= {"x = (", "y = '''", "if x: a = 1; b = 2"}


def test_a_file_without_a_byte_is_one_part() -> None:
    assert cut_file(a_file("m.py", "")) == ((Range(0, 1),),)


def test_a_file_that_python_cannot_read_is_not_cut() -> None:
    text = "def f(:\n    x = (1\n" + "y = 2\n" * 200
    assert [len(task) for task in cut_file(a_file("m.py", text))] == [1]


def test_carriage_returns_alone_are_no_line_ends_to_cut_at() -> None:
    text = "def f():\r    return 1\r" * 60
    assert len(cut_file(a_file("m.py", text))) == 1
    assert len(cut_file(a_file("m.py", text.replace("\r", "\r\n")))) == 2
