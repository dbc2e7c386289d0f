"""What the routes of plans, tasks and their progress take and answer; the fields are columns of the plans' tables."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue, StringConstraints

from app.api.schemas import example, taken
from app.model.plan import (
    ExecutionMode,
    PhaseType,
    PlanSource,
    PlanStatus,
    SubtaskStatus,
    TaskStatus,
    TaskType,
)
from app.model.prompt import Complexity

Request: TypeAlias = Annotated[str, StringConstraints(max_length=1_000_000, pattern=r"^[^\x00]*$")]
ProviderChoice: TypeAlias = Literal["auto", "anthropic", "local", "recorded"]
Budget: TypeAlias = Annotated[Decimal, Field(ge=0, lt=1_000_000, max_digits=14, decimal_places=8)]

_PLAN_ID = "3f0c8a52-4b56-4a07-9a6e-f3a1d1c5c001"
_TASK_ID = "8c1d2a10-07b5-4c66-8f0f-5d7a54a6c002"
_DISCOVERY_ID = "1b9a77c4-63a5-4e0b-a1c9-0c5f6b9dc003"


class DiscoveryStart(BaseModel):
    """A request in words."""

    model_config = taken(
        user_request="A function that makes URL slugs of titles, with tests", provider="auto"
    )

    user_request: Request = Field(description="what the software should do; at most 20,000 characters")
    provider: ProviderChoice = Field("auto", description="which language model answers")
    session_id: UUID | None = Field(None, description="groups requests; a new one if left out")


class MasterplanGenerate(BaseModel):
    """Which discovery document to plan."""

    model_config = taken(discovery_id=_DISCOVERY_ID, budget_usd="2.50", provider="auto")

    discovery_id: UUID
    budget_usd: Budget | None = Field(
        None, description="what executing the plan may cost; no limit if left out"
    )
    provider: ProviderChoice = Field("auto", description="which language model answers")


class MasterplanExecute(BaseModel):
    """Which plan to execute, and how."""

    model_config = taken(masterplan_id=_PLAN_ID, mode="mvp", provider="auto")

    masterplan_id: UUID
    mode: ExecutionMode | None = Field(
        None, description="the rules of `POST /api/v2/mode` decide if left out"
    )
    provider: ProviderChoice = Field("auto", description="which language model answers")


class Reason(BaseModel):
    """Why a person does something."""

    model_config = taken(reason="the tests do not cover the empty title")

    reason: Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")] = ""


class PlanEdit(BaseModel):
    """The next version of a plan."""

    model_config = taken(document={"project_name": "slugs", "phases": []}, change="another test")

    document: dict[str, JsonValue] = Field(description="as docs/plan.schema.json describes it")
    change: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*$")] = "edited"


class DiscoveryModel(BaseModel):
    """A discovery document."""

    model_config = example(
        discovery_id=_DISCOVERY_ID,
        session_id="5e7d7c1e-1a0b-4d0e-8b69-7b1fca60c004",
        user_id="0d7f3b52-66d1-5d0f-a4f1-3a51c8c0c005",
        user_request="A function that makes URL slugs of titles, with tests",
        domain="text processing",
        bounded_contexts=["slugs"],
        aggregates=[],
        value_objects=["Slug"],
        domain_events=[],
        services=[],
        assumptions=["titles are Unicode text"],
        clarifications_needed=["how long may a slug be?"],
        risk_factors=["accented letters"],
        llm_model="qwen2.5-coder-1.5b-instruct",
        llm_cost_usd="0",
        simulated=False,
        created_at="2026-11-25T10:00:00Z",
    )

    discovery_id: UUID
    session_id: UUID
    user_id: UUID
    user_request: str
    domain: str
    bounded_contexts: list[str]
    aggregates: list[str]
    value_objects: list[str]
    domain_events: list[str]
    services: list[str]
    assumptions: list[str]
    clarifications_needed: list[str]
    risk_factors: list[str]
    llm_model: str
    llm_cost_usd: Decimal
    simulated: bool
    created_at: datetime


class MasterplanSummary(BaseModel):
    """A plan's own row; money is in US dollars, ``simulated`` where recorded answers made some of it."""

    model_config = example(
        masterplan_id=_PLAN_ID,
        discovery_id=_DISCOVERY_ID,
        project_name="slugs",
        description="Turns titles into URL slugs.",
        status="in_progress",
        source="generated",
        derived_from=None,
        tech_stack={"language": "python"},
        architecture_style="",
        execution_mode="mvp",
        total_phases=1,
        total_milestones=1,
        total_tasks=2,
        total_subtasks=2,
        completed_tasks=1,
        failed_tasks=0,
        skipped_tasks=0,
        progress_percent="50.00",
        parallelization_level=1,
        calculation_rationale="One small module and its tests.",
        estimated_cost_usd=None,
        actual_cost_usd="0",
        budget_usd="2.5",
        estimated_duration_minutes=None,
        actual_duration_minutes=None,
        llm_model="qwen2.5-coder-1.5b-instruct",
        provider="local",
        simulated=False,
        generation_cost_usd="0",
        generation_tokens=1800,
        workspace_path=_PLAN_ID,
        version=1,
        created_at="2026-11-25T10:00:00Z",
        updated_at="2026-11-25T10:02:00Z",
        started_at="2026-11-25T10:01:00Z",
        completed_at=None,
    )

    masterplan_id: UUID
    discovery_id: UUID | None
    project_name: str
    description: str
    status: PlanStatus
    source: PlanSource
    derived_from: str | None
    tech_stack: dict[str, str]
    architecture_style: str
    execution_mode: ExecutionMode
    total_phases: int
    total_milestones: int
    total_tasks: int
    total_subtasks: int
    completed_tasks: int
    failed_tasks: int
    skipped_tasks: int
    progress_percent: Decimal
    parallelization_level: int | None
    calculation_rationale: str
    estimated_cost_usd: Decimal | None
    actual_cost_usd: Decimal
    budget_usd: Decimal | None
    estimated_duration_minutes: Decimal | None
    actual_duration_minutes: Decimal | None
    llm_model: str
    provider: str
    simulated: bool
    generation_cost_usd: Decimal
    generation_tokens: int
    workspace_path: str | None = Field(description="relative to the folder of workspaces")
    version: int
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class SubtaskModel(BaseModel):
    """A part of a task; `code` is what it wrote of its file."""

    model_config = example(
        subtask_id="aa0f6a50-7c38-4a8e-8d40-63a5b1c0c006",
        subtask_number=1,
        name="Write slugify",
        description="",
        target_file="slugs.py",
        status="completed",
        code="def slugify(title: str) -> str: ...",
    )

    subtask_id: UUID
    subtask_number: int
    name: str
    description: str
    target_file: str
    status: SubtaskStatus
    code: str | None


class FindingModel(BaseModel):
    """What a check found in what a subtask wrote; `line` is 0 where there is none."""

    model_config = example(
        subtask_id="aa0f6a50-7c38-4a8e-8d40-63a5b1c0c006",
        kind="undefined_name",
        path="slugs.py",
        line=3,
        message="Undefined name `re`",
    )

    subtask_id: UUID
    kind: str
    path: str
    line: int
    message: str


class TaskModel(BaseModel):
    """A task with its state and what it has cost."""

    model_config = example(
        task_id=_TASK_ID,
        milestone_id="9d2f40f1-6f0f-4c39-8f59-4a1c90d0c007",
        task_number=1,
        name="Write slugify",
        description="Lower case; runs of other characters become one hyphen.",
        complexity="low",
        task_type="implementation",
        depends_on_tasks=[],
        status="completed",
        target_files=["slugs.py"],
        modified_files=["slugs.py"],
        validation_passed=True,
        validation_errors=[],
        retry_count=0,
        max_retries=1,
        last_error="",
        llm_model="qwen2.5-coder-1.5b-instruct",
        llm_cost_usd="0",
        llm_tokens_input=420,
        llm_tokens_output=96,
        llm_cached_tokens=310,
        started_at="2026-11-25T10:01:00Z",
        completed_at="2026-11-25T10:01:20Z",
        subtasks=[],
    )

    task_id: UUID
    milestone_id: UUID
    task_number: int
    name: str
    description: str
    complexity: Complexity
    task_type: TaskType
    depends_on_tasks: list[UUID]
    status: TaskStatus
    target_files: list[str]
    modified_files: list[str]
    validation_passed: bool | None
    validation_errors: list[FindingModel]
    retry_count: int
    max_retries: int
    last_error: str
    llm_model: str
    llm_cost_usd: Decimal
    llm_tokens_input: int
    llm_tokens_output: int
    llm_cached_tokens: int
    started_at: datetime | None
    completed_at: datetime | None
    subtasks: list[SubtaskModel]


class TaskDetail(TaskModel):
    """A task whole: also its last prompt and answer, and the logs of its checks."""

    masterplan_id: UUID
    llm_prompt: str
    llm_response: str
    validation_logs: str


class MilestoneModel(BaseModel):
    """Tasks that reach something together."""

    model_config = example(
        milestone_id="9d2f40f1-6f0f-4c39-8f59-4a1c90d0c007",
        phase_id="c4a2b1d8-5f1c-45ae-95b5-9c3b0e70c008",
        milestone_number=1,
        name="Slugs",
        description="",
        depends_on_milestones=[],
        total_tasks=2,
        completed_tasks=1,
        progress_percent="50.00",
    )

    milestone_id: UUID
    phase_id: UUID
    milestone_number: int
    name: str
    description: str
    depends_on_milestones: list[UUID]
    total_tasks: int
    completed_tasks: int
    progress_percent: Decimal


class PhaseModel(BaseModel):
    """A phase of a plan."""

    model_config = example(
        phase_id="c4a2b1d8-5f1c-45ae-95b5-9c3b0e70c008",
        phase_type="core",
        phase_number=1,
        name="Core",
        description="",
        total_tasks=2,
        completed_tasks=1,
        progress_percent="50.00",
    )

    phase_id: UUID
    phase_type: PhaseType
    phase_number: int
    name: str
    description: str
    total_tasks: int
    completed_tasks: int
    progress_percent: Decimal


class MasterplanModel(BaseModel):
    """A plan with all its parts, each in the order of their numbers."""

    plan: MasterplanSummary
    phases: list[PhaseModel]
    milestones: list[MilestoneModel]
    tasks: list[TaskModel]


class MasterplanPage(BaseModel):
    """Some plans, by id; `next_cursor` is null on the last page."""

    items: list[MasterplanSummary]
    next_cursor: str | None


class EventModel(BaseModel):
    """An entry of a plan's history; `sequence` counts from 1 without gaps."""

    model_config = example(
        masterplan_id=_PLAN_ID,
        sequence=7,
        task_id=_TASK_ID,
        event_type="task_completed",
        event_data={"task_number": 1, "name": "Write slugify", "files": ["slugs.py"]},
        actor="worker",
        created_at="2026-11-25T10:01:20Z",
    )

    masterplan_id: UUID
    sequence: int
    task_id: UUID | None
    event_type: str
    event_data: dict[str, JsonValue]
    actor: str
    created_at: datetime


class EventPage(BaseModel):
    """Some of a plan's history, in order."""

    items: list[EventModel]
    next_cursor: str | None
