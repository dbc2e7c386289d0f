"""The local model itself, asked through the real SDK; skipped where its weights were not fetched before."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import anthropic
import psutil
import pytest
from pydantic import BaseModel
from rich.console import Console

from app.errors import StackError
from app.settings import Settings
from app.stack import StackConfig, down, llm_server, status
from app.stack.llm_server import local_model
from app.stack.llm_weights import locked

QUIET = Console(file=io.StringIO())


class Book(BaseModel):
    title: str
    year: int
    tags: list[str]


def smallest_in(cache: Path) -> str | None:
    present = [each for each in locked().values() if (cache / "models" / each.file_name).exists()]
    return min(present, key=lambda each: each.size).key if present else None


MODEL = smallest_in(Settings().mge_cache)
pytestmark = pytest.mark.skipif(
    MODEL is None, reason="no weights in the cache: `mge llm up` fetches them (0.5 or 1.1 GB)"
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackConfig]:
    config = StackConfig(tmp_path_factory.mktemp("llm") / "home", Settings().mge_cache)
    yield config
    down(config, report=print)


@pytest.fixture(scope="module")
def running(config: StackConfig) -> llm_server.Started:
    return start(config)


@pytest.fixture
def sdk(running: llm_server.Started) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=running.status.address, api_key="local", max_retries=0, timeout=300)


def test_it_answers_in_words_and_reads_a_stable_prefix_from_its_cache(sdk: anthropic.Anthropic) -> None:
    model = sdk.models.list().data[0].id
    assert model == locked()[MODEL or ""].model
    system = "You answer in one word. " * 20
    for number in (3, 4):
        answer = sdk.messages.create(
            model=model,
            max_tokens=8,
            system=system,
            messages=[{"role": "user", "content": f"Name colour number {number}."}],
        )
        assert answer.content[0].to_dict()["text"]
        assert answer.stop_reason in ("end_turn", "max_tokens")
    assert (answer.usage.cache_read_input_tokens or 0) > 100 > answer.usage.input_tokens


def test_its_answer_fits_the_schema(sdk: anthropic.Anthropic) -> None:
    answer = sdk.messages.parse(
        model="local",
        max_tokens=300,
        messages=[{"role": "user", "content": "Name a famous novel with two tags."}],
        output_format=Book,
        extra_body={"temperature": 0},
    )
    assert answer.parsed_output is not None
    assert answer.parsed_output.title


def test_it_streams_and_counts(sdk: anthropic.Anthropic) -> None:
    asked: list[anthropic.types.MessageParam] = [{"role": "user", "content": "Count from one to five."}]
    with sdk.messages.stream(model="local", max_tokens=12, messages=asked) as events:
        assert len(list(events.text_stream)) > 1
    assert 10 < sdk.messages.count_tokens(model="local", messages=asked).input_tokens < 100


@pytest.mark.parametrize("structured", [False, True])
def test_a_prompt_that_is_too_long_is_refused(sdk: anthropic.Anthropic, structured: bool) -> None:
    asked: list[anthropic.types.MessageParam] = [{"role": "user", "content": "word " * 9000}]
    with pytest.raises(anthropic.BadRequestError, match="exceeds the available context size"):
        if structured:
            sdk.messages.parse(model="local", max_tokens=5, messages=asked, output_format=Book)
        else:
            sdk.messages.create(model="local", max_tokens=5, messages=asked)


def test_it_is_known_to_the_stack_and_found_by_the_rest_of_the_code(
    config: StackConfig, running: llm_server.Started
) -> None:
    address = running.status.address
    assert address.startswith("http://127.0.0.1:")
    assert local_model(config) == llm_server.LocalModel(address, running.status.model, True)
    assert {each.name: each.state for each in status(config)}["llm"] == "running"
    assert running.sample.answer_per_second
    assert (running.status.resident_mb or 0) > 300


def test_down_stops_it_and_nobody_misses_it(config: StackConfig, running: llm_server.Started) -> None:
    assert llm_server.down(config, report=print).how == "graceful"
    assert not psutil.pid_exists(running.status.pid or 0)
    assert "llm" not in {each.name for each in status(config)}
    assert local_model(config) is None
    assert llm_server.status(config).state == "stopped"
    assert llm_server.down(config, report=print).how == "not running"


def start(config: StackConfig) -> llm_server.Started:
    return llm_server.up(config, model=MODEL or "", console=QUIET)


@pytest.mark.long
def test_starting_it_again_changes_nothing_and_another_way_replaces_it(
    config: StackConfig,
) -> None:
    running = start(config)
    again = start(config)
    assert (again.status.pid, again.load_seconds) == (running.status.pid, 0.0)
    assert again.fetched.fetch_seconds == again.fetched.verify_seconds == 0.0

    other = llm_server.up(config, model=MODEL or "", slots=1, context=8192, console=QUIET)
    assert other.status.pid != running.status.pid
    assert (other.status.slots, other.status.context) == (1, 8192)
    assert not psutil.pid_exists(running.status.pid or 0)


@pytest.mark.long
def test_killed_it_is_seen_to_be_gone_and_starts_again(config: StackConfig) -> None:
    running = start(config)
    assert running.status.pid
    os.kill(running.status.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while llm_server.status(config).state != "stopped":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    found = local_model(config)
    assert found is not None
    assert not found.alive
    assert start(config).status.state == "running"


@pytest.mark.long
def test_a_file_that_only_looks_like_a_model_is_an_error_with_its_cause(
    config: StackConfig, tmp_path: Path
) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF" + bytes(range(256)) * 100)
    with pytest.raises(StackError, match="stopped while it was starting"):
        llm_server.up(config, gguf=own, console=QUIET)
    assert local_model(config) is None
