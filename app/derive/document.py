"""A plan's document from a code base."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from app.derive.code import CodeBase
from app.derive.cutting import SUBTASK_LOC, TASK_LOC
from app.derive.places import Place, task_type_of
from app.derive.wording import complexity_of, defines, describe, names_of, one_line
from app.derive.work import Part, Work, work_of
from app.llm.fences import fence
from app.plans.document import (
    MilestoneDocument,
    PhaseDocument,
    PlanDocument,
    RecordedAnswer,
    SubtaskDocument,
    TaskDocument,
)

_SHOWN_PATHS: Final = 3


def derive_document(code: CodeBase, name: str) -> PlanDocument:
    """The plan by which a code base would be written again, with its own text as the recorded answers."""
    work = work_of(code)
    languages = Counter({file.language: 0 for file in code.files})
    for file in code.files:
        languages[file.language] += file.loc + 1
    parts = sum(len(each.parts) for each in work)
    loc = sum(file.loc for file in code.files)
    return PlanDocument(
        project_name=one_line(name),
        description=f"{name} as it was imported: {len(code.files)} files, {loc} code lines.",
        tech_stack={"language": ", ".join(language for language, _ in languages.most_common())},
        architecture_style="as found",
        calculation_rationale=(
            f"{loc} code lines in tasks of about {TASK_LOC}, cut where definitions begin, make {len(work)} tasks; "
            f"in subtasks of about {SUBTASK_LOC} they make {parts}."
        ),
        phases=_phases(work),
        recorded_answers=tuple(
            RecordedAnswer(
                label=f"subtask {each.number}.{number}",
                response=fence(part.code, part.file.language),
            )
            for each in work
            for number, part in enumerate(each.parts, 1)
        ),
    )


def _phases(work: Sequence[Work]) -> tuple[PhaseDocument, ...]:
    """Phases and milestones in the order of their first tasks; a milestone needs those before that its tasks need."""
    milestones: dict[Place, list[Work]] = {}
    for each in work:
        milestones.setdefault(each.place, []).append(each)
    phases: dict[str, list[Place]] = {}
    for place in milestones:
        phases.setdefault(place.phase_key, []).append(place)
    numbers = {place: number for number, place in enumerate((p for of in phases.values() for p in of), 1)}
    milestone_of = {each.number: numbers[each.place] for each in work}
    return tuple(
        PhaseDocument(
            phase_type=places[0].phase_type,
            name=one_line(places[0].phase),
            milestones=tuple(
                MilestoneDocument(
                    number=numbers[place],
                    name=one_line(place.milestone),
                    depends_on=_before(milestones[place], milestone_of, numbers[place]),
                    tasks=tuple(_task(each) for each in milestones[place]),
                )
                for place in places
            ),
        )
        for places in phases.values()
    )


def _before(work: Iterable[Work], milestone_of: dict[int, int], number: int) -> tuple[int, ...]:
    needed = {milestone_of[other] for each in work for other in each.depends_on}
    return tuple(sorted(other for other in needed if other < number))


def _task(work: Work) -> TaskDocument:
    atoms = work.atoms
    told = [_what(work), defines(atoms)]
    return TaskDocument(
        number=work.number,
        name=one_line(f"{_where(work)}: {names_of(atoms)}"),
        description="\n".join(line for line in told if line),
        complexity=complexity_of(atoms),
        task_type=task_type_of(work.paths[0]),
        depends_on=work.depends_on,
        target_files=work.paths,
        subtasks=tuple(_subtask(part) for part in work.parts),
    )


def _where(work: Work) -> str:
    paths = ", ".join(work.paths[:_SHOWN_PATHS])
    more = f" and {len(work.paths) - _SHOWN_PATHS} more" if len(work.paths) > _SHOWN_PATHS else ""
    return f"{paths}{more} ({work.turn} of {work.of})" if work.of > 1 else f"{paths}{more}"


def _what(work: Work) -> str:
    if work.of == 1:
        return f"Write {', '.join(work.paths)}."
    first, _ = work.parts[0].lines()
    _, last = work.parts[-1].lines()
    return f"Write lines {first} to {last} of {work.paths[0]}."


def _subtask(part: Part) -> SubtaskDocument:
    first, last = part.lines()
    return SubtaskDocument(
        name=one_line(names_of(part.atoms)) or f"lines {first} to {last}",
        description=f"Lines {first} to {last}.\n{describe(part.atoms)}".rstrip(),
        target_file=part.file.path,
    )
