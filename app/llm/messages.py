"""Prompts as requests of the Messages API, and its streamed events as answers. Sends nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.errors import InputError
from app.llm.port import FailureKind, ProviderFailed
from app.llm.prices import Model
from app.llm.tokens import guess_text_tokens
from app.model.prompt import Complexity, Prompt, StopReason, Usage

Json = dict[str, Any]

_EFFORTS: Final = ("low", "medium", "high")
_FIRST_EFFORT: Final = {
    Complexity.LOW: 0,
    Complexity.MEDIUM: 0,
    Complexity.HIGH: 1,
    Complexity.CRITICAL: 2,
}
_THINKING_TOKENS: Final = {"low": 2_000, "medium": 6_000, "high": 16_000}
_BEGIN: Final = "Begin your answer with exactly this text, and go on from there:\n"
_STOP_REASONS: Final = {
    "end_turn": StopReason.END,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "max_tokens": StopReason.TRUNCATED,
    "model_context_window_exceeded": StopReason.TRUNCATED,
    "refusal": StopReason.REFUSED,
}
_COUNTS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)
_UNSTORABLE: Final = {0: "\ufffd", **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}


def effort_of(prompt: Prompt, model: Model) -> str:
    """The effort that a prompt is worth, one level more with each attempt; empty where the model takes none."""
    if not model.effort:
        return ""
    level = _FIRST_EFFORT[prompt.complexity] + prompt.attempt - 1
    return _EFFORTS[min(level, len(_EFFORTS) - 1)]


def max_output_tokens(prompt: Prompt, model: Model) -> int:
    """How many tokens an answer has at most, with the thoughts before it."""
    thoughts = _THINKING_TOKENS[effort_of(prompt, model) or "high"] if model.thinks else 0
    return prompt.max_tokens + thoughts


def to_request(
    prompt: Prompt,
    model: Model,
    *,
    takes_temperature: bool,
    to_schema: Callable[[Json], Json] = dict,
) -> Json:
    """The arguments of ``messages.create`` that a prompt stands for; ``to_schema`` fits its schema to the server.

    Raises `InputError` for a prompt that has both a begun answer and a schema, which no server takes together.
    """
    if prompt.begun and prompt.schema is not None:
        raise InputError(
            f"the prompt {prompt.label!r} has both a begun answer and a schema", hint="give it one of them"
        )
    request: Json = {
        "model": model.name,
        "max_tokens": max_output_tokens(prompt, model),
        "messages": _turns(prompt, model),
    }
    if prompt.system:
        request["system"] = [{"type": "text", "text": prompt.system, "cache_control": {"type": "ephemeral"}}]
    if prompt.stop:
        request["stop_sequences"] = list(prompt.stop)
    config: Json = {}
    if effort := effort_of(prompt, model):
        config["effort"] = effort
    if prompt.schema is not None:
        config["format"] = {"type": "json_schema", "schema": to_schema(dict(prompt.schema))}
    if config:
        request["output_config"] = config
    if takes_temperature:
        request["extra_body"] = {"temperature": prompt.temperature}
    return request


def _turns(prompt: Prompt, model: Model) -> list[Json]:
    if prompt.begun and not model.continues:
        return [{"role": "user", "content": f"{prompt.user}\n\n{_BEGIN}{prompt.begun}"}]
    turns: list[Json] = [{"role": "user", "content": prompt.user}]
    # A begun answer that ends in blanks is refused by some servers and changes nothing on the others.
    if begun := prompt.begun.rstrip():
        turns.append({"role": "assistant", "content": begun})
    return turns


@dataclass(slots=True)
class AnswerReader:
    """Puts an answer together from the events of its stream, which may be anything."""

    started: bool = False
    ended: bool = False
    stop_reason: str = ""
    stop_sequence: str = ""
    guessed_tokens: int = 0
    _text: list[str] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)

    def feed(self, event: Json) -> None:
        """Take the next event. Raises `ProviderFailed` for one that makes no sense."""
        match event:
            case {"type": "message_start", "message": {"usage": dict(usage)}}:
                self.started = True
                self._count(usage)
            case {"type": "content_block_start", "content_block": {"type": "text", "text": str(text)}}:
                self._add(text)
            case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": str(text)}}:
                self._add(text)
            case {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": str(text)}}:
                self.guessed_tokens += guess_text_tokens(text)
            case {"type": "message_delta", "delta": dict(delta)}:
                self.stop_reason = str(delta.get("stop_reason") or self.stop_reason)
                self.stop_sequence = str(delta.get("stop_sequence") or self.stop_sequence)
                if isinstance(counts := event.get("usage"), dict):
                    self._count(counts)
            case {"type": "message_stop"}:
                self.ended = True
            case {"type": "message_start" | "message_delta"}:
                raise malformed(f"an event of type {event['type']} lacks its content")
            case _:
                return  # pings, signatures, and what newer servers send beside

    def _add(self, text: str) -> None:
        self._text.append(text)
        self.guessed_tokens += guess_text_tokens(text)

    def _count(self, usage: Mapping[str, object]) -> None:
        for name in _COUNTS:
            value = usage.get(name)
            if value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**40:
                raise malformed(f"its usage says {name}: {str(value)[:40]}")
            self._counts[name] = value

    def usage(self) -> Usage:
        """The tokens so far; where an answer was cut off, those of the answer are guessed."""
        output = self._counts.get("output_tokens", 0)
        return Usage(
            input=self._counts.get("input_tokens", 0),
            output=output if self.ended else max(output, self.guessed_tokens),
            cache_read=self._counts.get("cache_read_input_tokens", 0),
            cache_write=self._counts.get("cache_creation_input_tokens", 0),
        )

    def finish(self, prompt: Prompt, model: Model) -> tuple[str, StopReason]:
        """The text without what was begun, and why it ended. Raises `ProviderFailed` where it did not end as it should."""
        if not self.started:
            raise malformed("it sent no message")
        if not self.ended or not self.stop_reason:
            raise ProviderFailed(FailureKind.CUT_OFF, 200, None, "the answer ended before it was complete")
        reason = _STOP_REASONS.get(self.stop_reason)
        if reason is None:
            raise malformed(f"it stopped for {self.stop_reason[:40]!r}")
        if reason is StopReason.END and self.stop_sequence:
            reason = StopReason.STOP_SEQUENCE  # llama.cpp's server says end_turn
        text = "".join(self._text).translate(_UNSTORABLE)
        return _without_begun(text, prompt, model, self.stop_sequence), reason


def _without_begun(text: str, prompt: Prompt, model: Model, stop_sequence: str) -> str:
    if not prompt.begun:
        return text
    if text.startswith(prompt.begun):  # some servers repeat it
        return text.removeprefix(prompt.begun)
    begun = prompt.begun.rstrip()
    if text.startswith(begun):
        text = text.removeprefix(begun)
    elif not model.continues:
        # It began in its own way: what stopped it belongs to its text, such as the end of a code block.
        return text + stop_sequence
    # The blanks after the begun text are the model's to write; they count as begun.
    blanks = prompt.begun[len(begun) :]
    return text.removeprefix(blanks)


def malformed(detail: str) -> ProviderFailed:
    """The failure of a server that answers nonsense."""
    return ProviderFailed(FailureKind.MALFORMED, 200, None, detail)
