from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.llm.fences import fence, unfence

codes = st.lists(
    st.sampled_from(
        [
            "x = 1",
            "\n",
            "\r\n",
            "\r",
            "```",
            "````",
            "```python\n",
            "`",
            "~~~",
            " ",
            "\t",
            "\ufeff",
            "é",
            "'''",
            "no-final-newline",
        ]
    )
    | st.text(max_size=8),
    max_size=12,
).map("".join)


@given(codes, st.sampled_from(["python", "typescript", ""]))
def test_code_comes_back_as_it_was(code: str, language: str) -> None:
    block = fence(code, language)
    assert unfence(block) == code
    assert unfence(block.removesuffix("\n")) == code


@pytest.mark.parametrize(
    "text", ["", "x = 1\n", "Here:\n```\nx\n```\n", "```\na\n```\nand\n```\nb\n```\n", "```python\nx = 1\n"]
)
def test_another_text_is_not_a_block(text: str) -> None:
    assert unfence(text) is None
