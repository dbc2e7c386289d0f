"""From a request in words to a discovery document and a masterplan, by a language model.

An answer that does not hold goes back to the model with what is wrong with it, at most `MAX_ATTEMPTS` times in all; what is
left then is told to the person.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from app.errors import InputError, ModelError
from app.llm.code import extract_json
from app.model.prompt import Completion, Prompt, StopReason
from app.planning.answers import DiscoveryAnswer, PlanAnswer, document_from, faults_of
from app.planning.mend import mend
from app.planning.prompts import discovery_prompt, plan_prompt
from app.plans.document import PlanDocument
from app.plans.findings import find_faults

MAX_ATTEMPTS: Final = 3
MAX_REQUEST_CHARACTERS: Final = 20_000

Shape = TypeVar("Shape", bound=BaseModel)
Ask = Callable[[Prompt], Awaitable[Completion]]


@dataclass(frozen=True, slots=True)
class Spent:
    """What generating something took."""

    model: str
    provider: str
    simulated: bool
    cost_usd: Decimal
    tokens: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Discovered:
    """A discovery document and what it took."""

    discovery: DiscoveryAnswer
    spent: Spent


@dataclass(frozen=True, slots=True)
class Planned:
    """A masterplan and what it took; ``mended`` says what was put right without the model."""

    document: PlanDocument
    mended: tuple[str, ...]
    spent: Spent


def check_request(request: str) -> str:
    """The request without blanks around it; `InputError` where it is empty, too long or not text."""
    text = request.strip()
    if not text:
        raise InputError(
            "the request is empty",
            hint="say in words what the software should do, such as 'a CSV summary command, with tests'",
            field="user_request",
        )
    if len(text) > MAX_REQUEST_CHARACTERS:
        raise InputError(
            f"the request has {len(text):,} characters",
            hint=f"say it in at most {MAX_REQUEST_CHARACTERS:,}; plan a large system in several requests",
            field="user_request",
        )
    strange = next((char for char in text if not char.isprintable() and char not in "\n\r\t"), None)
    letters = sum(char.isalpha() for char in text)
    if strange is not None or letters < 3:
        raise InputError(
            "the request is not text"
            + (f": it holds the character U+{ord(strange):04X}" if strange is not None else ""),
            hint="say in words what the software should do",
            field="user_request",
        )
    return text


async def discover(ask: Ask, request: str) -> Discovered:
    """Ask what a request is about. Raises `InputError` for the request, `ModelError` where no answer holds."""
    text = check_request(request)
    findings: list[str] = []
    spent: list[Completion] = []
    for attempt in range(1, MAX_ATTEMPTS + 1):
        completion = await ask(discovery_prompt(text, attempt, findings))
        spent.append(completion)
        answer, findings = _read(completion, DiscoveryAnswer)
        if answer is not None:
            return Discovered(answer, _sum(spent))
    raise _given_up("discovery document", findings)


async def plan(ask: Ask, request: str, discovery: DiscoveryAnswer) -> Planned:
    """Ask for a masterplan. Raises `InputError` for the request, `ModelError` where no answer holds."""
    text = check_request(request)
    findings: list[str] = []
    spent: list[Completion] = []
    document: PlanDocument | None = None
    for attempt in range(1, MAX_ATTEMPTS + 1):
        completion = await ask(plan_prompt(text, discovery, attempt, findings))
        spent.append(completion)
        answer, findings = _read(completion, PlanAnswer)
        if answer is None:
            continue
        document, findings = _document(answer)
        if document is not None and not findings:
            return Planned(document, (), _sum(spent))
    if document is not None:
        document, mended = mend(document)
        findings = [str(finding) for finding in find_faults(document)]
        if not findings:
            return Planned(document, mended, _sum(spent))
    raise _given_up("plan", findings)


def _document(answer: PlanAnswer) -> tuple[PlanDocument | None, list[str]]:
    try:
        document = document_from(answer)
    except ValidationError as error:
        return None, faults_of(error)
    return document, [str(finding) for finding in find_faults(document)]


def _read(completion: Completion, shape: type[Shape]) -> tuple[Shape | None, list[str]]:
    """The answer in its shape, or what keeps it from being one."""
    if completion.stop_reason is StopReason.TRUNCATED:
        return None, ["it was cut off because it was too long: answer more briefly, with fewer tasks"]
    if completion.stop_reason is StopReason.REFUSED:
        return None, ["you refused to answer"]
    try:
        return shape.model_validate(json.loads(extract_json(completion.text))), []
    except ValidationError as error:
        return None, faults_of(error)
    except (ValueError, RecursionError) as error:
        return None, [f"it is not one JSON object: {error}"]


def _sum(completions: list[Completion]) -> Spent:
    last = completions[-1]
    return Spent(
        model=last.model,
        provider=last.provider,
        simulated=any(each.simulated for each in completions),
        cost_usd=sum((each.cost_usd for each in completions), Decimal(0)),
        tokens=sum(each.usage.input + each.usage.output for each in completions),
        attempts=len(completions),
    )


def _given_up(what: str, findings: list[str]) -> ModelError:
    return ModelError(
        f"the model gave no usable {what} in {MAX_ATTEMPTS} tries: {'; '.join(findings[:5])}",
        hint="say the request in other words or in smaller parts, or use a larger model (docs/llm.md)",
    )
