"""Recorded answers with seeded faults: what a run makes of a model that errs, without one, and the same each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from random import Random
from typing import Final

from app.errors import InputError
from app.llm.faults import FaultKind, Faulty, seed_fault
from app.llm.port import Answer, OnProgress
from app.llm.recorded import RecordedProvider
from app.model.prompt import Prompt, StopReason

_KINDS: Final = tuple(FaultKind)


@dataclass(frozen=True, slots=True)
class SeededFault:
    """A fault that an answer was given with; ``line`` counts in its code, ``wanted`` is the kind that did not fit there."""

    label: str
    attempt: int
    kind: FaultKind
    wanted: FaultKind
    line: int
    before: str
    after: str


def faults_of(seed: int, rate: float, label: str, attempt: int) -> FaultKind | None:
    """The kind of fault that an attempt is to have; None for none.

    A share ``rate`` of the first attempts has one, of the second ones its square, and so on; a label whose second attempt has
    one had one in its first.
    """
    drawn = int.from_bytes(_digest(seed, label)[:8], "big") / 2**64
    if drawn >= rate**attempt:
        return None
    return _KINDS[int.from_bytes(_digest(seed, label, attempt)[:8], "big") % len(_KINDS)]


class ReplayProvider(RecordedProvider):
    """Recorded answers, a share ``rate`` of them with a fault; ``seed`` decides which, and which fault.

    ``seeded`` has the fault of each answer that was asked for, by label and attempt.
    """

    def __init__(
        self,
        answers: Mapping[tuple[str, int], str],
        rate: float,
        seed: int = 0,
        *,
        seconds_a_token: float = 0.0,
    ) -> None:
        if not 0 <= rate <= 1:
            raise InputError("the share of faults is not between 0 and 1", hint="such as 0.3", field="faults")
        super().__init__(answers, name="replay", seconds_a_token=seconds_a_token)
        self.rate = rate
        self.seed = seed
        self.seeded: dict[tuple[str, int], SeededFault] = {}
        self._faulty = lru_cache(maxsize=4_096)(self._seed)

    def response(self, label: str, attempt: int) -> str:
        """What a request is answered, with its fault. Raises `InputError` where nothing is recorded."""
        faulty = self._faulty(label, attempt)
        return super().response(label, attempt) if faulty is None else faulty.text

    async def complete(self, prompt: Prompt, on_progress: OnProgress | None = None) -> Answer:
        """The recorded answer, with its fault. Raises `InputError` where none is recorded for the prompt's label."""
        text = self.response(prompt.label, prompt.attempt)
        faulty = self._faulty(prompt.label, prompt.attempt)
        reason = StopReason.END if faulty is None else faulty.stop_reason
        return await self.answer(prompt, text, reason, on_progress)

    def _seed(self, label: str, attempt: int) -> Faulty | None:
        wanted = faults_of(self.seed, self.rate, label, attempt)
        if wanted is None:
            return None
        right = super().response(label, attempt)
        first = _KINDS.index(wanted)
        for kind in (*_KINDS[first:], *_KINDS[:first]):
            dice = Random(_digest(self.seed, label, attempt, kind))  # noqa: S311 (the same each time)
            faulty = seed_fault(right, kind, dice)
            if faulty is not None:
                self.seeded[label, attempt] = SeededFault(
                    label, attempt, kind, wanted, faulty.line, faulty.before, faulty.after
                )
                return faulty
        return None


def _digest(*parts: object) -> bytes:
    return sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).digest()
