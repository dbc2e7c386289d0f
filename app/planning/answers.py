"""The shapes that a model is asked to answer in: flat lists, which small models fill in without losing their place."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from app.model.plan import PhaseType, TaskType
from app.model.prompt import Complexity
from app.plans.document import MilestoneDocument, PhaseDocument, PlanDocument, SubtaskDocument, TaskDocument

Answer = TypeVar("Answer", bound=BaseModel)
Line: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Sentence: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, max_length=600)]
Lines: TypeAlias = Annotated[list[Sentence], Field(max_length=8)]

_PHASE_NAMES = {PhaseType.SETUP: "Setup", PhaseType.CORE: "Core", PhaseType.POLISH: "Polish"}


class DiscoveryAnswer(BaseModel):
    """A discovery document as a model writes it."""

    model_config = ConfigDict(extra="ignore")

    domain: Line
    bounded_contexts: Lines = []
    aggregates: Lines = []
    value_objects: Lines = []
    domain_events: Lines = []
    services: Lines = []
    assumptions: Lines = []
    clarifications_needed: Lines = []
    risk_factors: Lines = []


class SubtaskAnswer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: Line
    description: Sentence = ""


class TaskAnswer(BaseModel):
    """A task as a model writes it; ``defines`` are the signatures of what it defines for others."""

    model_config = ConfigDict(extra="ignore")

    number: Annotated[int, Field(ge=1, le=1000)]
    phase: PhaseType
    milestone: Line
    name: Line
    task_type: TaskType
    complexity: Complexity
    target_file: Line
    defines: Lines = []
    description: Sentence
    depends_on: Annotated[list[int], Field(max_length=20)] = []
    subtasks: Annotated[list[SubtaskAnswer], Field(max_length=6)] = []


class PlanAnswer(BaseModel):
    """A masterplan as a model writes it: its tasks in one list."""

    model_config = ConfigDict(extra="ignore")

    project_name: Line
    description: Sentence
    language: Line
    calculation_rationale: Sentence = ""
    tasks: list[TaskAnswer]


def schema_of(shape: type[BaseModel]) -> dict[str, Any]:
    """The shape's JSON Schema with every property required, since a grammar leaves out what is optional."""
    schema: dict[str, Any] = _require_all(shape.model_json_schema())
    return schema


def _require_all(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_require_all(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _require_all(value) for name, value in schema.items() if name not in ("title", "default")}
    if kept.get("type") == "object" and "properties" in kept:
        kept["required"] = list(kept["properties"])
        kept["additionalProperties"] = False
    return kept


def faults_of(error: ValidationError) -> list[str]:
    """What is wrong with an answer, a line each, with its place."""
    return [
        f"{'.'.join(map(str, each['loc'])) or 'the answer'}: {each['msg']}"
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def document_from(answer: PlanAnswer) -> PlanDocument:
    """The plan that an answer describes: milestones are the names that its tasks give, in their order."""
    phases: dict[PhaseType, dict[str, list[TaskDocument]]] = {}
    for task in answer.tasks:
        phases.setdefault(task.phase, {}).setdefault(task.milestone, []).append(_task_document(task))
    number = 0
    made: list[PhaseDocument] = []
    for phase_type in PhaseType:
        milestones: list[MilestoneDocument] = []
        for name, tasks in phases.get(phase_type, {}).items():
            number += 1
            milestones.append(MilestoneDocument(number=number, name=name, tasks=tuple(tasks)))
        if milestones:
            made.append(
                PhaseDocument(
                    phase_type=phase_type, name=_PHASE_NAMES[phase_type], milestones=tuple(milestones)
                )
            )
    return PlanDocument(
        project_name=answer.project_name,
        description=answer.description,
        tech_stack={"language": answer.language},
        calculation_rationale=answer.calculation_rationale,
        phases=tuple(made),
    )


def _task_document(task: TaskAnswer) -> TaskDocument:
    defines = "".join(f"\nDefines: {each}" for each in task.defines)
    return TaskDocument(
        number=task.number,
        name=task.name,
        description=f"{task.description}{defines}",
        complexity=task.complexity,
        task_type=task.task_type,
        depends_on=tuple(dict.fromkeys(number for number in task.depends_on if number >= 1)),
        target_files=(task.target_file,),
        subtasks=tuple(
            SubtaskDocument(name=part.name, description=part.description, target_file=task.target_file)
            for part in task.subtasks
        ),
    )
