from __future__ import annotations

import ast
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from app.execution.parts import Part, join_parts, merge_parts


def parts(*codes: str) -> list[Part]:
    return [Part(uuid4(), uuid4(), code) for code in codes]


@given(st.lists(st.text(alphabet="ab \n\r\"'", max_size=12), max_size=6))
def test_joined_parts_are_their_texts_and_every_line_has_its_owner(codes: list[str]) -> None:
    given_parts = parts(*codes)
    file = join_parts("a.py", given_parts)
    assert file.text == "".join(codes)
    assert len(file.owners) == len(file.text.splitlines())


def test_a_line_belongs_to_the_part_that_wrote_it() -> None:
    first, second = parts("a = 1\nb = 2\n", "c = 3\n")
    file = join_parts("a.py", [first, second])
    assert [file.owner_of(line) for line in (1, 2, 3, 99)] == [first, first, second, second]


def test_merged_parts_have_each_import_once_and_the_later_definition_in_the_earlier_place() -> None:
    first = '"""Doc."""\nimport os\n\n\ndef f():\n    return 1\n\n\ndef g():\n    return f()\n'
    second = "import os\nimport re\n\n\n# better\ndef f():\n    return re.escape(os.sep)\n"
    file = merge_parts("a.py", parts(first, second))
    assert file.text == (
        '"""Doc."""\n\nimport os\nimport re\n\n\n# better\ndef f():\n    return re.escape(os.sep)\n\n\n'
        "def g():\n    return f()\n"
    )


def test_overloads_and_properties_are_not_taken_for_repetitions() -> None:
    code = "from typing import overload\n\n\n@overload\ndef f(x: int) -> int: ...\n@overload\ndef f(x: str) -> str: ...\ndef f(x):\n    return x\n"
    merged = merge_parts("a.py", parts(code, "y = f(1)\n")).text
    assert merged.count("def f(") == 3


def test_the_main_guard_comes_last_and_once() -> None:
    guard = 'if __name__ == "__main__":\n    main()\n'
    merged = merge_parts("a.py", parts(f"def main(): ...\n\n\n{guard}", f"x = 1\n{guard}")).text
    assert merged.count("__main__") == 1
    assert merged.endswith(guard)


def test_one_part_stays_as_it_is() -> None:
    assert merge_parts("a.py", parts("x = 1\n\n\n\ny = 2\n")).text == "x = 1\n\n\n\ny = 2\n"


def test_what_does_not_parse_is_kept_one_after_the_other() -> None:
    merged = merge_parts("a.py", parts("def f(:\n", "x = 1")).text
    assert merged == "def f(:\n\n\nx = 1\n"


_STATEMENTS = st.sampled_from(
    [
        "import os",
        "import sys",
        "from re import escape",
        "x = 1",
        "y = 2",
        "def f():\n    return 1",
        "class A:\n    pass",
        "print(1)",
        "# note\nz = 3",
    ]
)


@given(st.lists(st.lists(_STATEMENTS, min_size=1, max_size=5), min_size=2, max_size=4))
def test_a_merged_file_parses_and_loses_no_name(shape: list[list[str]]) -> None:
    codes = ["\n".join(each) + "\n" for each in shape]
    file = merge_parts("a.py", parts(*codes))

    def names(text: str) -> set[str]:
        return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)} | {
            node.name
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }

    assert names(file.text) == names("".join(codes))
    assert len(file.owners) == len(file.text.splitlines())
