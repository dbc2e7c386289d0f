from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.llm.code import Extracted, extract_code, extract_json, fence

ADD = "def add(a, b):\n    return a + b\n"
DOC = '''def f():
    """Use it so:

    ```
    f()
    ```
    """
    return 1
'''


@pytest.mark.parametrize(
    ("text", "code", "chatter", "complete"),
    [
        (f"```python\n{ADD}```", ADD, False, True),
        (f"```python\n{ADD}```\n", ADD, False, True),
        (f"```py\n{ADD}```", ADD, False, True),
        (f"```\n{ADD}```", ADD, False, True),
        (f"~~~python\n{ADD}~~~", ADD, False, True),
        (f"\n\n```python\n{ADD}```\n\n", ADD, False, True),
        (f"Here you are:\n\n```python\n{ADD}```\n", ADD, True, True),
        (f"```python\n{ADD}```\nIt adds a and b.", ADD, True, True),
        (f"Sure!\n```\n{ADD}```\nDone.", ADD, True, True),
        (f"```python title='add.py'\n{ADD}```", ADD, False, True),
        (f"```{{.python}}\n{ADD}```", ADD, False, True),
        (
            f"First:\n```bash\npip install x\npip install y\npip install z\n```\n```python\n{ADD}```",
            ADD,
            True,
            True,
        ),
        (f"```python\n{ADD}```\nUse:\n```python\nadd(1, 2)\n```", ADD, True, True),
        (f"  ```python\n  def add(a, b):\n      return a + b\n  ```\n", ADD, False, True),  # noqa: F541
        # cut off
        (f"```python\n{ADD}", ADD, False, False),
        (f"Here:\n```python\n{ADD}    ret", f"{ADD}    ret", True, False),
        # fences within the code
        (f"```python\n{DOC}```", DOC, False, True),
        (f"Here:\n```python\n{DOC}```\nDone.", DOC, True, True),
        (DOC, DOC, False, True),
        # the fence was begun for the model
        (f"{ADD}```", ADD, False, True),
        (f"{ADD}```\nIt adds.", ADD, True, True),
        # no fence at all
        (ADD, ADD, False, True),
        (f"Here is the code:\n\n{ADD}", ADD, True, True),
        (f"{ADD}\nThis function adds two numbers.\nIt is simple.", ADD, True, True),
        (f"Sure, here it is.\n\n{ADD}\nI hope this helps!", ADD, True, True),
        ("I cannot help with that.", "I cannot help with that.", False, True),
        ("def f(:\n  broken", "def f(:\n  broken", False, True),
        ("", "", False, True),
        ("```python\n```", "", False, True),
        ("```", "", False, False),
    ],
)
def test_code_is_taken_out_of_an_answer(text: str, code: str, chatter: bool, complete: bool) -> None:
    assert extract_code(text, "pkg/add.py") == Extracted(code, chatter, complete)


TS = "export const add = (a: number, b: number) => a + b;\n"


@pytest.mark.parametrize(
    ("text", "hint", "code"),
    [
        (f"Here:\n```ts\n{TS}```\n", "src/add.ts", TS),
        (f"Here:\n```\n{TS}```\n", "src/add.ts", TS),
        (f"{TS}```\nDone.", "src/add.ts", TS),
        (TS, "src/add.ts", TS),
        (f"```tsx\n{TS}```\n```css\nbody {{ color: red }}\n\n\n```", "App.tsx", TS),
        (f"See:\n```python\n{ADD}```", "typescript", ADD),
    ],
)
def test_other_languages(text: str, hint: str, code: str) -> None:
    assert extract_code(text, hint).code == code


README = "# Add\n\n```python\nadd(1, 2)\n```\n\nThat is all.\n"


@pytest.mark.parametrize(
    "text",
    [
        README,
        f"```markdown\n{README}```",
        f"Here:\n```md\n{README}```\n",
        f"```\n{README}```",
        fence(README, "markdown"),
    ],
)
def test_a_document_keeps_its_own_blocks(text: str) -> None:
    assert extract_code(text, "README.md").code == README


codes = st.lists(
    st.sampled_from(["x = 1", "\n", "\r\n", "```", "```python\n", "~~~\n", "    ", "'''", "# é\n"])
    | st.text(max_size=6),
    max_size=10,
).map("".join)


@given(codes, st.sampled_from(["python", "typescript", "markdown", ""]))
def test_what_was_fenced_comes_back_byte_for_byte(code: str, language: str) -> None:
    assert extract_code(fence(code, language), language) == Extracted(code, False, True)


@given(codes, st.sampled_from(["a.py", "a.ts", "README.md", ""]))
def test_any_text_is_read(text: str, hint: str) -> None:
    found = extract_code(text, hint)
    assert all(line.strip() in text for line in found.code.split("\n"))


VALUE = '{"tasks": [{"name": "a {b}", "n": [1, 2]}], "ok": true}'


@pytest.mark.parametrize(
    "text",
    [
        VALUE,
        f"\n  {VALUE}\n",
        f"```json\n{VALUE}\n```",
        f"Here is the plan:\n\n```json\n{VALUE}\n```\nI hope it helps {{you}}.",
        f"Sure! {VALUE} Done.",
        f"As in [1], {{so}}: {VALUE} and [2].",
        f"```\n{VALUE}\n```",
        f"{{not json}} {VALUE}",
    ],
)
def test_json_is_taken_out_of_an_answer(text: str) -> None:
    assert json.loads(extract_json(text)) == json.loads(VALUE)


@pytest.mark.parametrize("end", range(1, len(VALUE)))
def test_json_that_is_cut_off_is_not_taken_for_one_of_its_parts(end: int) -> None:
    with pytest.raises(ValueError):
        json.loads(extract_json(f"Here: {VALUE[:end]}"))


@pytest.mark.parametrize("text", ["", "no json", "[" * 100_000, "{" * 100_000, "}{", '{"a": ' * 5_000])
def test_what_is_no_json_is_handed_on(text: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        json.loads(extract_json(text))


@given(
    st.recursive(st.none() | st.booleans() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s))
)
def test_any_object_comes_back(value: object) -> None:
    wrapped = {"value": value}
    assert json.loads(extract_json(f"Here:\n```json\n{json.dumps(wrapped, indent=1)}\n```\nDone.")) == wrapped
