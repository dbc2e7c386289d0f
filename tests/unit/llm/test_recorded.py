from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from app.errors import InputError
from app.llm.port import Progress
from app.llm.recorded import RecordedProvider, read_answers
from app.model.prompt import Prompt


def prompt(label: str, attempt: int = 1) -> Prompt:
    return Prompt(label, "system", "user", 100, attempt=attempt)


async def test_the_answer_of_the_attempt_or_the_last_before_it() -> None:
    provider = RecordedProvider({("a", 2): "two", ("a", 1): "one", ("a", 5): "five"})
    texts = [(await provider.complete(prompt("a", attempt))).text for attempt in range(1, 7)]
    assert texts == ["one", "two", "two", "two", "five", "five"]


@pytest.mark.parametrize("key", [("b", 1), ("a", 1)])
async def test_an_answer_that_is_missing_is_told_by_its_label(key: tuple[str, int]) -> None:
    provider = RecordedProvider({("a", 2): "two"})
    with pytest.raises(InputError, match=f"'{key[0]}', attempt 1"):
        await provider.complete(prompt(*key))


async def test_it_can_be_as_slow_as_a_model() -> None:
    provider = RecordedProvider({("a", 1): "x" * 60}, seconds_a_token=0.01)
    told: list[Progress] = []
    began = time.monotonic()
    answer = await provider.complete(prompt("a"), told.append)
    assert time.monotonic() - began >= 0.2
    assert answer.seconds >= 0.2
    assert [each.output_tokens for each in told] == [answer.usage.output] == [20]


def test_the_worst_case_covers_an_answer_that_is_longer_than_asked_for() -> None:
    provider = RecordedProvider({("a", 1): "x" * 60_000})
    assert provider.estimate(prompt("a")).max_output_tokens == 20_000


def test_answers_are_read_from_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    lines = [{"label": "a", "response": "one\u2028two"}, {"label": "a", "attempt": 2, "response": ""}]
    file.write_text("\n".join(json.dumps(each, ensure_ascii=False) for each in lines) + "\n\n")
    assert read_answers(file) == {("a", 1): "one\u2028two", ("a", 2): ""}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{}", "line 1: label"),
        (b'{"label": "a", "response": "x"}\nnot json', "line 2"),
        (b'{"label": "a", "response": "x", "attempt": 0}', "line 1: attempt"),
        (b'{"label": "", "response": "x"}', "line 1: label"),
        (b'{"label": "a", "response": "x", "more": 1}', "line 1: more"),
        (b'{"label": "a", "response": 7}', "line 1: response"),
        (b'[1]', "line 1"),
        (b'{"label": "a", "response": "x"}\n{"label": "a", "response": "y"}', "line 2 records 'a', attempt 1, again"),
        (b"\xff\xfe", "not text in UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_bytes(content)
    with pytest.raises(InputError) as raised:
        read_answers(file)
    assert said in str(raised.value)
    assert raised.value.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_answers(tmp_path / "none")
    with pytest.raises(InputError, match="directory"):
        read_answers(tmp_path)
