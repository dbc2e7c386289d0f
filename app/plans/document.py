"""A plan as a document: what a plan file holds, what a model answers with, and what a version keeps.

Tasks and milestones are named by their numbers, which count through the whole plan. The JSON Schema of `PlanDocument` is
published as ``docs/plan.schema.json``.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from app.errors import InputError
from app.model.plan import PhaseType, TaskType
from app.model.prompt import Complexity

MAX_BYTES: Final = 64 * 2**20
_SHOWN_ERRORS: Final = 5

# Postgres keeps no NUL; names are one line and free of control characters.
Name: TypeAlias = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$"
    ),
]
Text: TypeAlias = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]
PathText: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Number: TypeAlias = Annotated[int, Field(ge=1, le=100_000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SubtaskDocument(_Part):
    """A part of a task: about 25 code lines of one file."""

    name: Name
    description: Text = ""
    target_file: Annotated[str, StringConstraints(max_length=500)] = Field(
        "", description="the file that it writes to; the task's first target file if left out"
    )


class TaskDocument(_Part):
    """About 80 code lines of work."""

    number: Number = Field(description="counts through the whole plan")
    name: Name
    description: Text = ""
    complexity: Complexity = Complexity.MEDIUM
    task_type: TaskType = TaskType.IMPLEMENTATION
    depends_on: tuple[Number, ...] = Field((), description="numbers of the tasks that have to be done before")
    target_files: tuple[PathText, ...] = Field((), description="paths in the workspace that it writes")
    subtasks: tuple[SubtaskDocument, ...] = ()


class MilestoneDocument(_Part):
    """Tasks that reach something together."""

    number: Number = Field(description="counts through the whole plan")
    name: Name
    description: Text = ""
    depends_on: tuple[Number, ...] = Field((), description="numbers of the milestones before it")
    tasks: tuple[TaskDocument, ...] = ()


class PhaseDocument(_Part):
    """Setup, core or polish."""

    phase_type: PhaseType
    name: Name
    description: Text = ""
    milestones: tuple[MilestoneDocument, ...] = ()


class RecordedAnswer(_Part):
    """An answer that the plan brings along, for the providers `recorded` and `replay`."""

    label: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    attempt: Number = 1
    response: str


_EXAMPLE: Final[JsonValue] = {
    "project_name": "slugs",
    "description": "Turns titles into URL slugs.",
    "tech_stack": {"language": "python"},
    "phases": [
        {
            "phase_type": "core",
            "name": "Core",
            "milestones": [
                {
                    "number": 1,
                    "name": "Slugs",
                    "tasks": [
                        {
                            "number": 1,
                            "name": "Write slugify",
                            "description": "Lower case; runs of other characters become one hyphen.",
                            "target_files": ["slugs.py"],
                        },
                        {
                            "number": 2,
                            "name": "Test slugify",
                            "task_type": "test",
                            "description": "Test plain titles, punctuation and the empty title.",
                            "depends_on": [1],
                            "target_files": ["test_slugs.py"],
                        },
                    ],
                }
            ],
        }
    ],
}


class PlanDocument(_Part):
    """A whole plan."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_EXAMPLE]})

    project_name: Name
    description: Text = ""
    tech_stack: dict[str, str] = Field({}, description="such as {'language': 'python'}")
    architecture_style: Annotated[str, StringConstraints(max_length=200)] = ""
    calculation_rationale: Text = Field("", description="why there are as many tasks as there are")
    phases: tuple[PhaseDocument, ...] = ()
    recorded_answers: tuple[RecordedAnswer, ...] = ()

    def milestones(self) -> tuple[MilestoneDocument, ...]:
        return tuple(milestone for phase in self.phases for milestone in phase.milestones)

    def tasks(self) -> tuple[TaskDocument, ...]:
        return tuple(task for milestone in self.milestones() for task in milestone.tasks)


def read_document(text: str | bytes) -> PlanDocument:
    """A plan file's document; `InputError` with the place of each fault."""
    if len(text) > MAX_BYTES:
        raise InputError(
            f"the plan file has {len(text):,} bytes",
            hint=f"at most {MAX_BYTES:,} are read",
            field="file",
        )
    try:
        written = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"the plan file is not JSON: {error}",
            hint="`mge plan export` writes a file of the right form",
            field="file",
        ) from error
    return document_of(written)


def document_of(written: Any) -> PlanDocument:
    """The document that parsed JSON is; `InputError` with the place of each fault."""
    try:
        return PlanDocument.model_validate(written)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        said = [f"{_place(each['loc'])}: {each['msg']}" for each in found[:_SHOWN_ERRORS]]
        more = f" (and {len(found) - _SHOWN_ERRORS} more)" if len(found) > _SHOWN_ERRORS else ""
        raise InputError(
            f"not a plan: {'; '.join(said)}{more}",
            hint="docs/plan.schema.json describes a plan file",
            field=_place(found[0]["loc"]),
        ) from error


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "the document"
