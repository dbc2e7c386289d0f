"""Plan documents that tests build plans from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.model.plan import PhaseType, TaskType
from app.plans.document import (
    MilestoneDocument,
    PhaseDocument,
    PlanDocument,
    RecordedAnswer,
    SubtaskDocument,
    TaskDocument,
)


def task(
    number: int,
    target: str,
    needs: Sequence[int] = (),
    parts: Sequence[str] = (),
    task_type: TaskType = TaskType.IMPLEMENTATION,
) -> TaskDocument:
    """A task that writes one file, in as many parts as are named."""
    return TaskDocument(
        number=number,
        name=f"Task {number}",
        description=f"Write {target}",
        task_type=task_type,
        depends_on=tuple(needs),
        target_files=(target,),
        subtasks=tuple(SubtaskDocument(name=name, target_file=target) for name in parts),
    )


def document(
    *tasks: TaskDocument, answers: Mapping[str, str] | None = None, name: str = "shop"
) -> PlanDocument:
    """A plan of one milestone; ``answers`` maps labels, such as ``subtask 1.1`` or ``subtask 1.1#2``, to answers."""
    return PlanDocument(
        project_name=name,
        description="Sells things.",
        tech_stack={"language": "python"},
        phases=(
            PhaseDocument(
                phase_type=PhaseType.CORE,
                name="Core",
                milestones=(MilestoneDocument(number=1, name="All", tasks=tasks),),
            ),
        ),
        recorded_answers=tuple(
            RecordedAnswer(
                label=label.partition("#")[0], attempt=int(label.partition("#")[2] or 1), response=response
            )
            for label, response in (answers or {}).items()
        ),
    )
