"""A masterplan as it is stored: phases, milestones, tasks and subtasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from app.model.prompt import Complexity


class ExecutionMode(StrEnum):
    """How a plan, or a unit of it, is executed."""

    MVP = "mvp"
    V2_ATOMS = "v2_atoms"
    HYBRID = "hybrid"


class PlanStatus(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    REJECTED = "rejected"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PlanSource(StrEnum):
    """Where a plan comes from: a request in words, a plan file, or an imported code base."""

    GENERATED = "generated"
    IMPORTED = "imported"
    DERIVED = "derived"


class PhaseType(StrEnum):
    SETUP = "setup"
    CORE = "core"
    POLISH = "polish"


class TaskType(StrEnum):
    SETUP = "setup"
    IMPLEMENTATION = "implementation"
    TEST = "test"
    DOCUMENTATION = "documentation"


class TaskStatus(StrEnum):
    """``blocked``: a task that it depends on failed."""

    PENDING = "pending"
    READY = "ready"
    IN_PROGRESS = "in_progress"
    VALIDATING = "validating"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    BLOCKED = "blocked"


class SubtaskStatus(StrEnum):
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class TaskFinding:
    """What a check found in what a subtask wrote: ``line`` of ``path``, from 1; 0 where there is none."""

    subtask_id: UUID
    kind: str
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


@dataclass(frozen=True, slots=True)
class Subtask:
    """A part of a task (about 25 code lines). ``code`` is the part of ``target_file`` that it wrote."""

    subtask_id: UUID
    subtask_number: int
    name: str
    description: str
    target_file: str
    status: SubtaskStatus
    code: str | None


@dataclass(frozen=True, slots=True)
class Task:
    """A task (about 80 code lines) with its state and what it has cost."""

    task_id: UUID
    milestone_id: UUID
    task_number: int
    name: str
    description: str
    complexity: Complexity
    task_type: TaskType
    depends_on_tasks: tuple[UUID, ...]
    status: TaskStatus
    target_files: tuple[str, ...]
    modified_files: tuple[str, ...]
    validation_passed: bool | None
    validation_errors: tuple[TaskFinding, ...]
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
    subtasks: tuple[Subtask, ...] = ()


@dataclass(frozen=True, slots=True)
class Milestone:
    milestone_id: UUID
    phase_id: UUID
    milestone_number: int
    name: str
    description: str
    depends_on_milestones: tuple[UUID, ...]
    total_tasks: int
    completed_tasks: int
    progress_percent: Decimal


@dataclass(frozen=True, slots=True)
class Phase:
    phase_id: UUID
    phase_type: PhaseType
    phase_number: int
    name: str
    description: str
    total_tasks: int
    completed_tasks: int
    progress_percent: Decimal


@dataclass(frozen=True, slots=True)
class MasterPlan:
    """A plan's own row; the columns are those of ``masterplans``."""

    masterplan_id: UUID
    tenant_id: str
    discovery_id: UUID | None
    user_id: UUID
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
    workspace_path: str | None
    version: int
    row_version: int
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class FullPlan:
    """A plan with all its parts, each in the order of their numbers."""

    plan: MasterPlan
    phases: tuple[Phase, ...]
    milestones: tuple[Milestone, ...]
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class PlanEvent:
    """An entry of a plan's history; ``sequence`` counts from 1 without gaps."""

    masterplan_id: UUID
    sequence: int
    task_id: UUID | None
    event_type: str
    event_data: dict[str, object]
    actor: str
    created_at: datetime
