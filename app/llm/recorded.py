"""Answers from a file or a plan, by the label and attempt of the request: for the offline demo, replays and tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import InputError
from app.llm.port import Answer, Estimate, OnProgress, Progress
from app.llm.prices import MODEL_OF, MODELS, Model, cost_of, max_cost_of
from app.llm.tokens import bound_tokens, guess_text_tokens, guess_tokens
from app.model.prompt import Complexity, Prompt, StopReason, Usage

MODEL: Final = "recorded"

_MAX_BYTES: Final = 256 * 2**20


class RecordedProvider:
    """Gives the answer that is recorded for a prompt's label: that of its attempt, or else of the last one before it.

    ``seconds_a_token`` makes it as slow as a model. Costs are simulated: those of the same tokens, guessed, of the model that
    would be asked at Anthropic.
    """

    simulated = True
    continues = False

    def __init__(
        self, answers: Mapping[tuple[str, int], str], *, name: str = "recorded", seconds_a_token: float = 0.0
    ) -> None:
        self.answers = answers
        self.name = name
        self.seconds_a_token = seconds_a_token

    @cached_property
    def _attempts(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for label, attempt in sorted(self.answers):
            found.setdefault(label, []).append(attempt)
        return found

    def model_for(self, complexity: Complexity) -> str:
        """No model: the answers are recorded."""
        return MODEL

    def fingerprint(self, prompt: Prompt) -> str:
        """The digest of the answer: the prompt does not decide it."""
        return sha256(
            self.response(prompt.label, prompt.attempt).encode("utf-8", "surrogatepass")
        ).hexdigest()

    def estimate(self, prompt: Prompt) -> Estimate:
        """What the request would cost at most at Anthropic."""
        output = self._most(prompt)
        return Estimate(
            guess_tokens(prompt), output, max_cost_of(_priced(prompt), bound_tokens(prompt), output)
        )

    async def measure(self, prompt: Prompt) -> Estimate:
        """As `estimate`: nobody counts."""
        return self.estimate(prompt)

    async def complete(self, prompt: Prompt, on_progress: OnProgress | None = None) -> Answer:
        """The recorded answer. Raises `InputError` where none is recorded for the prompt's label."""
        text = self.response(prompt.label, prompt.attempt)
        return await self.answer(prompt, text, StopReason.END, on_progress)

    def response(self, label: str, attempt: int) -> str:
        """What is recorded for a request. Raises `InputError` where nothing is."""
        attempts = [each for each in self._attempts.get(label, ()) if each <= attempt]
        if not attempts:
            raise InputError(
                f"no answer is recorded for {label!r}, attempt {attempt}",
                hint="record one, or let a language model answer: `--provider` (docs/llm.md)",
                field="recorded_answers",
            )
        return self.answers[label, attempts[-1]]

    async def answer(
        self, prompt: Prompt, text: str, reason: StopReason, on_progress: OnProgress | None
    ) -> Answer:
        """A text as the answer, after as long as it would take to write."""
        began = time.monotonic()
        tokens = guess_text_tokens(text)
        if self.seconds_a_token:
            await asyncio.sleep(tokens * self.seconds_a_token)
        seconds = time.monotonic() - began
        if on_progress is not None:
            on_progress(Progress(prompt.label, tokens, seconds))
        usage = Usage(input=guess_tokens(prompt), output=tokens)
        cost: Decimal = cost_of(_priced(prompt), usage)
        return Answer(text, reason, usage, MODEL, cost, seconds)

    def _most(self, prompt: Prompt) -> int:
        """The tokens of the longest answer: a recorded one does not keep to the limit of the request."""
        recorded = guess_text_tokens(self.response(prompt.label, prompt.attempt))
        return max(prompt.max_tokens, recorded)


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    label: Annotated[str, Field(min_length=1)]
    attempt: Annotated[int, Field(ge=1)] = 1
    response: str


def read_answers(file: Path) -> dict[tuple[str, int], str]:
    """The answers of a file of JSON lines, each with a label, a response and an attempt (1 where it is not given).

    Raises `InputError` for a file that cannot be read, and for a line that is no such answer or records one again.
    """
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise _unreadable(file, f"it has more than {_MAX_BYTES // 2**20} MiB", "split it")
        lines = file.read_text("utf-8").split("\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise _unreadable(file, str(reason), "give a file of JSON lines") from error
    found: dict[tuple[str, int], str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            read = _Line.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            said = f"line {number}{': ' + place if place else ''}: {first['msg']}"
            raise _unreadable(file, said, "each line has label, response and perhaps attempt") from error
        if (read.label, read.attempt) in found:
            said = f"line {number} records {read.label!r}, attempt {read.attempt}, again"
            raise _unreadable(file, said, "remove one of the two")
        found[read.label, read.attempt] = read.response
    return found


def _unreadable(file: Path, reason: str, hint: str) -> InputError:
    return InputError(f"the recorded answers in {file} cannot be used: {reason}", hint=hint, field="recorded")


def _priced(prompt: Prompt) -> Model:
    return MODELS[MODEL_OF[prompt.complexity]]
