"""Modes: which one a run would get and why, and what an admin changes about that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints

from app.api import cursor as cursors
from app.api.schemas import example, taken
from app.api.service import Tenant, ThePool, TheService
from app.model.plan import ExecutionMode
from app.modes.choose import Fallback, Flag, Rule
from app.modes.config import Author, ModeConfig, Strictness, describe_settings
from app.modes.decide import ModeQuestion, decide
from app.modes.store import ModeChanges, change_modes, count_overrides, list_history, show_settings
from app.modes.watch import refresh
from app.postgres.connect import Pool

router = APIRouter(prefix="/api/v2/mode", tags=["modes"])

_USER: Final = "5b1f4c3e-2f0e-4d2a-9c52-0d9b9a1de101"
_PLAN: Final = "3f0c8a52-4b56-4a07-9a6e-f3a1d1c5c001"
_MAX_OVERRIDES: Final = 1_000


class ModeAsked(BaseModel):
    """Whose run of which plan it would be; each may be left out."""

    model_config = taken(user_id=_USER, masterplan_id=_PLAN, requested=None)

    user_id: UUID | None = Field(None, description="whose run it is; the plan's user if left out")
    masterplan_id: UUID | None = None
    requested: ExecutionMode | None = Field(None, description="the mode that the run asks for")


class ModeReason(BaseModel):
    """Why it is that mode."""

    rule: Rule = Field(description="the rule that decided")
    wanted: ExecutionMode = Field(description="what that rule asked for")
    fallback: Fallback | None = Field(description="why that could not be; null where it could")
    flags: list[Flag] = Field(description="the flags that are off and would have to be on")
    text: str


class ModeChosen(BaseModel):
    """A mode and why."""

    model_config = example(
        mode="mvp",
        reason={
            "rule": "user_override",
            "wanted": "v2_atoms",
            "fallback": "flag_off",
            "flags": ["ENABLE_V2_EXECUTION"],
            "text": "the user's override is v2_atoms; ENABLE_V2_EXECUTION is off, so the mode is mvp",
        },
    )

    mode: ExecutionMode
    reason: ModeReason


class ModeSetting(BaseModel):
    """A setting as it is now."""

    name: str
    value: str
    source: Literal["environment", "run time"]
    environment: str = Field(description="what the service's environment says")


class ModeLimitsModel(BaseModel):
    """What bounds a run; only the environment sets these."""

    mvp_max_parallel_tasks: int
    v2_max_parallel_atoms: int
    v2_retry_max_attempts: int
    v2_context_completeness_target: float
    v2_validation_strictness: Strictness


class OverrideCountsModel(BaseModel):
    """How many users and plans have a mode of their own."""

    users: int
    plans: int


class ModeChangeModel(BaseModel):
    """A change: of a setting, or of the mode of a user or a plan."""

    history_id: int
    kind: Literal["setting", "user", "plan"]
    subject: str = Field(description="the setting's name, or the user's or plan's id")
    old_value: str | None = Field(description="null: as the environment says, or no mode of its own")
    new_value: str | None
    actor: str
    reason: str
    changed_at: datetime


class ModeState(BaseModel):
    """The settings, and a page of their history, the newest first."""

    model_config = example(
        settings=[
            {"name": "V2_ROLLOUT_PERCENT", "value": "25", "source": "run time", "environment": "0"},
        ],
        limits={
            "mvp_max_parallel_tasks": 3,
            "v2_max_parallel_atoms": 50,
            "v2_retry_max_attempts": 3,
            "v2_context_completeness_target": 0.95,
            "v2_validation_strictness": "medium",
        },
        overrides={"users": 1, "plans": 0},
        history=[
            {
                "history_id": 7,
                "kind": "setting",
                "subject": "V2_ROLLOUT_PERCENT",
                "old_value": "10",
                "new_value": "25",
                "actor": "user:ada",
                "reason": "a week at 10 % without complaints",
                "changed_at": "2026-11-25T10:00:00Z",
            }
        ],
        next_cursor=None,
    )

    settings: list[ModeSetting]
    limits: ModeLimitsModel
    overrides: OverrideCountsModel
    history: list[ModeChangeModel]
    next_cursor: str | None


class SettingsChange(BaseModel):
    """Settings by name; null lets one be as the environment says again, and what is left out stays."""

    model_config = taken(V2_ROLLOUT_PERCENT=25, ENABLE_V2_EXECUTION=True)

    DEVMATRIX_MODE: ExecutionMode | None = None
    V2_ROLLOUT_PERCENT: Annotated[int, Field(strict=True, ge=0, le=100)] | None = None
    ENABLE_V2_ATOMIZATION: Annotated[bool, Field(strict=True)] | None = None
    ENABLE_V2_DEP_GRAPH: Annotated[bool, Field(strict=True)] | None = None
    ENABLE_V2_VALIDATION: Annotated[bool, Field(strict=True)] | None = None
    ENABLE_V2_EXECUTION: Annotated[bool, Field(strict=True)] | None = None
    ENABLE_V2_REVIEW: Annotated[bool, Field(strict=True)] | None = None


class ModeSettingsChange(BaseModel):
    """What to change, all or none, and why."""

    model_config = taken(
        settings={"V2_ROLLOUT_PERCENT": 25}, reason="a week at 10 % without complaints", actor="user:ada"
    )

    settings: SettingsChange = Field(default_factory=SettingsChange)
    users: Annotated[dict[UUID, ExecutionMode | None], Field(max_length=_MAX_OVERRIDES)] = Field(
        default_factory=dict, description="the modes that users are given, by id; null takes one away"
    )
    plans: Annotated[dict[UUID, ExecutionMode | None], Field(max_length=_MAX_OVERRIDES)] = Field(
        default_factory=dict, description="the modes that plans are given, by id; null takes one away"
    )
    reason: Annotated[str, StringConstraints(max_length=2_000)]
    actor: Annotated[str, StringConstraints(max_length=200)] = Field(
        "user:local", description="who changes it, as the history names them: the service has no login yet"
    )


@router.post("")
async def ask_mode(body: ModeAsked, service: TheService, pool: ThePool, tenant: Tenant) -> ModeChosen:
    """Say which mode a run would get, and why; nothing is started. Asking for a mode that is not offered gives 409."""
    question = ModeQuestion(tenant, body.user_id, body.masterplan_id, body.requested)
    choice = await decide(pool, service.modes.current(tenant), question)
    return ModeChosen.model_validate(asdict(choice))


@router.get("")
async def show_modes(
    service: TheService,
    pool: ThePool,
    tenant: Tenant,
    limit: Annotated[int, Query(ge=1, le=500, description="entries of the history at most")] = 50,
    cursor: str | None = None,
) -> ModeState:
    """Show what modes are chosen by, and who changed what and why, the newest first."""
    return await _state(pool, service.modes.environment, tenant, limit, cursors.decode_number(cursor))


@router.patch("/settings")
async def change_settings(
    body: ModeSettingsChange, service: TheService, pool: ThePool, tenant: Tenant
) -> ModeState:
    """Change settings or overrides at run time; every process of the service heeds it within a second."""
    changes = ModeChanges(_written(body.settings), body.users, body.plans)
    await change_modes(pool, tenant, changes, Author(body.actor, body.reason))
    await refresh(pool, service.modes)
    return await _state(pool, service.modes.environment, tenant, 50, 0)


async def _state(pool: Pool, environment: ModeConfig, tenant: str, limit: int, before: int) -> ModeState:
    overrides = await show_settings(pool, tenant)
    found = await list_history(pool, tenant, limit + 1, before or None)
    return ModeState(
        settings=[ModeSetting(**asdict(one)) for one in describe_settings(environment, overrides)],
        limits=ModeLimitsModel(**asdict(environment.limits)),
        overrides=OverrideCountsModel(**asdict(await count_overrides(pool, tenant))),
        history=[ModeChangeModel(**asdict(entry)) for entry in found[:limit]],
        next_cursor=cursors.encode(found[limit - 1].history_id) if len(found) > limit else None,
    )


def _written(settings: SettingsChange) -> Mapping[str, str | None]:
    """The settings that the request names, as they are kept."""
    given = settings.model_dump(mode="json", include=settings.model_fields_set)
    return {name: None if value is None else str(value).lower() for name, value in given.items()}
