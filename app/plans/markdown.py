"""A plan as Markdown, for people to read and to review."""

from __future__ import annotations

from app.plans.document import MilestoneDocument, PlanDocument, TaskDocument


def as_markdown(document: PlanDocument) -> str:
    """The plan with its phases, milestones, tasks and subtasks."""
    lines = [f"# {document.project_name}", ""]
    if document.description:
        lines += [document.description, ""]
    if document.tech_stack:
        lines += [", ".join(f"{name}: {value}" for name, value in document.tech_stack.items()), ""]
    for number, phase in enumerate(document.phases, 1):
        lines += [f"## Phase {number}: {phase.name} ({phase.phase_type})", ""]
        if phase.description:
            lines += [phase.description, ""]
        for milestone in phase.milestones:
            lines += _milestone(milestone)
    return "\n".join(lines).rstrip() + "\n"


def _milestone(milestone: MilestoneDocument) -> list[str]:
    lines = [f"### Milestone {milestone.number}: {milestone.name}", ""]
    if milestone.description:
        lines += [milestone.description, ""]
    if milestone.depends_on:
        lines += [f"After milestone {', '.join(map(str, milestone.depends_on))}.", ""]
    for task in milestone.tasks:
        lines += _task(task)
    return [*lines, ""]


def _task(task: TaskDocument) -> list[str]:
    after = f", after {', '.join(map(str, task.depends_on))}" if task.depends_on else ""
    files = ", ".join(f"`{path}`" for path in task.target_files)
    writes = f" → {files}" if files else ""
    lines = [f"- **{task.number}. {task.name}** ({task.task_type}, {task.complexity}{after}){writes}"]
    lines += [f"  {line}" for line in task.description.splitlines() if line.strip()]
    for number, part in enumerate(task.subtasks, 1):
        detail = f": {part.description.strip().splitlines()[0]}" if part.description.strip() else ""
        lines.append(f"  {number}. {part.name}{detail}")
    return lines
