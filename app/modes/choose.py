"""Choosing the mode of a run: a pure function of what is asked, the overrides, the rollout and the feature flags."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

from app.errors import Conflict
from app.model.plan import ExecutionMode

BUCKETS: Final = 100
IMPLEMENTED: Final = frozenset({ExecutionMode.MVP})
_NOT_IMPLEMENTED: Final = "V2 execution is not part of this version yet"


class Flag(StrEnum):
    """A part of V2 that can be switched off; the value is its setting's name."""

    ATOMIZATION = "ENABLE_V2_ATOMIZATION"
    DEP_GRAPH = "ENABLE_V2_DEP_GRAPH"
    VALIDATION = "ENABLE_V2_VALIDATION"
    EXECUTION = "ENABLE_V2_EXECUTION"
    REVIEW = "ENABLE_V2_REVIEW"


# Without review nothing is queued for a person, but a run can end; without one of the others it cannot, or its code
# would not be checked.
_V2: Final = (Flag.EXECUTION, Flag.ATOMIZATION, Flag.DEP_GRAPH, Flag.VALIDATION)
REQUIRED_FLAGS: Final[Mapping[ExecutionMode, tuple[Flag, ...]]] = {
    ExecutionMode.MVP: (),
    ExecutionMode.V2_ATOMS: _V2,
    ExecutionMode.HYBRID: _V2,
}


class Rule(StrEnum):
    """Which of the rules decided; the first of them that has something to say does."""

    REQUEST = "request"
    PLAN_OVERRIDE = "plan_override"
    USER_OVERRIDE = "user_override"
    ROLLOUT = "rollout"
    DEFAULT = "default"


class Fallback(StrEnum):
    """Why a run is executed the MVP's way although its rule wanted another mode."""

    NOT_IMPLEMENTED = "not_implemented"
    FLAG_OFF = "flag_off"


@dataclass(frozen=True, slots=True)
class BucketId:
    """Whose id puts a run into its bucket of the rollout."""

    kind: Literal["user", "plan"]
    id: UUID


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a mode was chosen; ``text`` says it in words.

    ``wanted`` is what the rule asked for. Where that could not be, ``fallback`` says why, and ``flags`` names those that
    are off.
    """

    rule: Rule
    wanted: ExecutionMode
    fallback: Fallback | None
    flags: tuple[Flag, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A mode, and why it was chosen."""

    mode: ExecutionMode
    reason: Reason


def choose(
    request: ExecutionMode | None,
    plan_override: ExecutionMode | None,
    user_override: ExecutionMode | None,
    rollout_percent: int,
    default_mode: ExecutionMode,
    flags: Set[Flag],
    bucket_id: BucketId | None,
    *,
    implemented: Set[ExecutionMode] = IMPLEMENTED,
) -> Choice:
    """Choose the mode of a run, and say why.

    ``flags`` are those that are on; ``bucket_id`` is None where a run is nobody's. What a rule wants and cannot get becomes
    ``mvp``; only a request for a mode that is not ``implemented`` is refused, with `Conflict`.
    """
    bucket = None if bucket_id is None else bucket_of(bucket_id.id)
    rule, wanted = _decide(request, plan_override, user_override, rollout_percent, default_mode, bucket)
    text = _words(rule, wanted, rollout_percent, bucket_id, bucket)
    if wanted not in implemented:
        if rule is Rule.REQUEST:
            raise Conflict(
                f"{_NOT_IMPLEMENTED}: a run in the mode {wanted} cannot be started",
                hint="ask for the mode mvp, or for none",
            )
        return _fall_back(rule, wanted, Fallback.NOT_IMPLEMENTED, (), f"{text}; {_NOT_IMPLEMENTED}")
    off = tuple(flag for flag in REQUIRED_FLAGS[wanted] if flag not in flags)
    if off:
        verb = "is" if len(off) == 1 else "are"
        return _fall_back(rule, wanted, Fallback.FLAG_OFF, off, f"{text}; {', '.join(off)} {verb} off")
    return Choice(wanted, Reason(rule, wanted, None, (), text))


def bucket_of(subject_id: UUID) -> int:
    """The bucket of the rollout, 0 to 99, that a user's or a plan's id always falls into.

    A rollout of p percent takes the buckets below p, so that raising it only adds ids and lowering it only removes some.
    """
    # 32 bits, so that analysts get the same number in SQL: docs/modes.md.
    return int.from_bytes(sha256(str(subject_id).encode()).digest()[:4]) % BUCKETS


def _decide(
    request: ExecutionMode | None,
    plan_override: ExecutionMode | None,
    user_override: ExecutionMode | None,
    rollout_percent: int,
    default_mode: ExecutionMode,
    bucket: int | None,
) -> tuple[Rule, ExecutionMode]:
    if request is not None:
        return Rule.REQUEST, request
    if plan_override is not None:
        return Rule.PLAN_OVERRIDE, plan_override
    if user_override is not None:
        return Rule.USER_OVERRIDE, user_override
    if bucket is not None and bucket < rollout_percent:
        return Rule.ROLLOUT, ExecutionMode.V2_ATOMS
    return Rule.DEFAULT, default_mode


def _words(
    rule: Rule, wanted: ExecutionMode, rollout_percent: int, bucket_id: BucketId | None, bucket: int | None
) -> str:
    whose = "" if bucket_id is None else f"bucket {bucket} of the {bucket_id.kind} {bucket_id.id}"
    match rule:
        case Rule.REQUEST:
            return f"the request asks for {wanted}"
        case Rule.PLAN_OVERRIDE:
            return f"the plan's override is {wanted}"
        case Rule.USER_OVERRIDE:
            return f"the user's override is {wanted}"
        case Rule.ROLLOUT:
            return f"{whose} is in the rollout of {rollout_percent} % to {wanted}"
        case Rule.DEFAULT:
            outside = f" ({whose} is outside the rollout of {rollout_percent} %)" if whose else ""
            return f"DEVMATRIX_MODE is {wanted}{outside}"


def _fall_back(
    rule: Rule, wanted: ExecutionMode, fallback: Fallback, flags: tuple[Flag, ...], text: str
) -> Choice:
    mode = ExecutionMode.MVP
    return Choice(mode, Reason(rule, wanted, fallback, flags, f"{text}, so the mode is {mode}"))
