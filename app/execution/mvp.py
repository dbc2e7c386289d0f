"""The MVP's way: tasks are written subtask by subtask, and checked as whole files."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Final
from uuid import UUID

from app.execution.baseline import known_as
from app.execution.checks import (
    CheckFinding,
    FindingKind,
    modules_of,
    part_findings,
    static_findings,
)
from app.execution.parts import AssembledFile
from app.execution.prompts import Excerpt, Feedback, SubtaskContext, subtask_prompt, test_imports
from app.execution.run import PlanRun, TestPolicy
from app.execution.strategy import Verdict
from app.execution.testing import test_findings
from app.llm.code import extract_code
from app.model.plan import Subtask, SubtaskStatus, Task, TaskFinding, TaskType
from app.model.prompt import Completion, Prompt, StopReason
from app.plans.search import search
from app.plans.tasks import keep_part
from app.workspace.repository import write_files

_SEARCHED: Final = 3
_FENCE: Final = re.compile(r"^`{3,}\w+$", re.MULTILINE)


class Stopped(Exception):
    """The run was paused or cancelled while a unit was being written."""


class MvpStrategy:
    """Executes the tasks of one run."""

    def __init__(self, run: PlanRun) -> None:
        self.run = run

    @cached_property
    def _modules(self) -> dict[str, str]:
        return modules_of(self.run.planned_paths())

    async def atomize_plan(self) -> int:
        """Tasks are the MVP's units: nothing is cut."""
        return len(self.run.tasks)

    async def build_execution_order(self) -> Sequence[Sequence[UUID]]:
        """The tasks in layers of their dependencies."""
        sorter = TopologicalSorter({task.task_id: task.depends_on_tasks for task in self.run.tasks.values()})
        sorter.prepare()
        layers: list[tuple[UUID, ...]] = []
        while sorter.is_active():
            layer = sorter.get_ready()
            layers.append(layer)
            sorter.done(*layer)
        return layers

    async def execute_unit(self, task: Task) -> Sequence[TaskFinding]:
        """Write the subtasks of a task that are not written, and those of others that have to be written again for it."""
        findings: list[TaskFinding] = []
        for owner in [task, *self._reopened(task)]:
            for subtask in owner.subtasks:
                if subtask.status is SubtaskStatus.COMPLETED:
                    continue
                if self.run.stopping:
                    raise Stopped
                # The other parts are written all the same: a task is tried again once, with all that is wrong.
                findings += await self._write(self.run.tasks[owner.task_id], subtask, task)
        return findings

    async def validate_unit(self, task: Task) -> Verdict:
        """Write the task's files into the workspace, and check syntax, names, imports and, where they are whole, tests."""
        task = self.run.tasks[task.task_id]
        paths = dict.fromkeys(
            part.target_file
            for each in (task, *self._reopened(task, also_written=True))
            for part in each.subtasks
            if part.target_file
        )
        files = [self.run.file(path, task.task_id) for path in paths]
        content = {file.path: file.text.encode("utf-8", errors="surrogatepass") for file in files}
        await asyncio.to_thread(write_files, self.run.workspace, content)
        found = await self._static_findings(task, files)
        logs = ""
        test_files = self._tests_of(task) if self.run.options.tests is TestPolicy.EACH_TASK else []
        if not found and test_files:
            tests = await test_findings(self.run.workspace.root, test_files)
            found, logs = list(tests.findings), tests.logs
        by_path = {file.path: file for file in files}
        return Verdict(tuple(self._placed(task, each, by_path) for each in found), tuple(paths), logs)

    async def _static_findings(self, task: Task, files: Sequence[AssembledFile]) -> list[CheckFinding]:
        whole = [file for file in files if self.run.is_complete(file.path, task.task_id)]
        found = await static_findings(
            whole,
            self._modules,
            lambda path: self.run.complete_text(path, task.task_id),
            externals=self.run.verbatim,
        )
        return [each for each in found if known_as(each) not in self.run.known]

    async def _write(self, task: Task, subtask: Subtask, unit: Task) -> Sequence[TaskFinding]:
        """Ask for a subtask's code and keep it; what keeps it from being code."""
        context = await self._context(task, subtask, unit)
        blamed = [each for each in unit.validation_errors if each.subtask_id == subtask.subtask_id]
        # The same fault on many lines is said once.
        findings = [str(each) for each in {each.message: each for each in reversed(blamed)}.values()]
        feedback = Feedback(subtask.code or "", findings) if findings else None
        prompt = subtask_prompt(context, task.retry_count + 1, feedback)
        completion = await self.run.ask(prompt, task.task_id)
        path = subtask.target_file
        extracted = extract_code(_whole_text(prompt, completion), path)
        await keep_part(self.run.pool, self.run.key, task, subtask, extracted.code, prompt, completion)
        self.run.replace_subtask(task.task_id, subtask.subtask_id, SubtaskStatus.COMPLETED, extracted.code)
        if completion.stop_reason is StopReason.REFUSED:
            return (_finding(subtask, FindingKind.NO_CODE, 0, "the model refused to answer"),)
        ended = completion.stop_reason in (StopReason.END, StopReason.STOP_SEQUENCE)
        if not ended or (completion.simulated and not extracted.complete):
            said = "the answer was cut off before its end: write less, or in fewer words"
            return (_finding(subtask, FindingKind.CUT_OFF, 0, said),)
        if not extracted.code.strip() and not self.run.verbatim:
            return (_finding(subtask, FindingKind.NO_CODE, 0, "the answer holds no code"),)
        return [
            _finding(subtask, each.kind, each.line, each.message)
            for each in part_findings(path, extracted.code)
            if known_as(each) not in self.run.known
        ]

    async def _context(self, task: Task, subtask: Subtask, unit: Task) -> SubtaskContext:
        run = self.run
        path = subtask.target_file
        excerpts: list[Excerpt] = []
        files: dict[str, str] = {}
        if not run.plan.simulated or not run.verbatim:
            needed = [
                target
                for other in task.depends_on_tasks
                if other in run.tasks
                for target in run.tasks[other].target_files
                if target != path
            ]
            files = {each: run.file(each).text for each in dict.fromkeys(needed)}
            excerpts = [Excerpt(each, text) for each, text in files.items()]
            words = f"{task.name} {task.description} {subtask.name} {subtask.description}"
            hits = await search(run.pool, run.key, words, without=[path, *needed], limit=_SEARCHED)
            excerpts += [Excerpt(f"{each.path}, line {each.start_line}", each.content) for each in hits]
        so_far = run.file(path, unit.task_id, before=subtask).text
        is_new_test = task.task_type is TaskType.TEST and path.endswith(".py") and not so_far
        return SubtaskContext(
            run.plan,
            run.ordered(),
            task,
            subtask,
            so_far,
            [each for each in excerpts if each.text.strip()],
            run.options.token_budget,
            run.request,
            test_imports(files) if is_new_test and files and not run.verbatim else "",
        )

    def _tests_of(self, task: Task) -> list[str]:
        """The test files of completed tasks and of the task itself."""
        paths = {
            path
            for each in self.run.tasks.values()
            if each.task_type is TaskType.TEST
            and self.run.is_complete(next(iter(each.target_files), ""), task.task_id)
            for path in each.target_files
        }
        return sorted(paths)

    def _reopened(self, task: Task, *, also_written: bool = False) -> list[Task]:
        """Other tasks with parts that have to be written again for the checks of this one to pass."""
        named = {finding.subtask_id for finding in self.run.tasks[task.task_id].validation_errors}
        return [
            other
            for other in self.run.ordered()
            if other.task_id != task.task_id
            and any(
                part.subtask_id in named and (also_written or part.status is SubtaskStatus.PENDING)
                for part in other.subtasks
            )
        ]

    def _placed(self, task: Task, found: CheckFinding, files: dict[str, AssembledFile]) -> TaskFinding:
        """A finding with the subtask that wrote the line; the task's last one where nobody is known to have."""
        file = files.get(found.path)
        owner = file.owner_of(found.line) if file else None
        if owner is None and found.path in self.run.planned_paths():
            owner = self.run.file(found.path, task.task_id).owner_of(found.line)
        subtask_id = owner.subtask_id if owner else task.subtasks[-1].subtask_id
        return TaskFinding(subtask_id, found.kind.value, found.path, found.line, found.message)


def _finding(subtask: Subtask, kind: FindingKind, line: int, message: str) -> TaskFinding:
    return TaskFinding(subtask.subtask_id, kind.value, subtask.target_file, line, message)


def _whole_text(prompt: Prompt, completion: Completion) -> str:
    """The answer with the block that was begun for it, unless it begins one itself."""
    text = completion.text
    if completion.simulated or _FENCE.search(text):
        return text
    closing = f"{prompt.stop[0]}\n" if completion.stop_reason is StopReason.STOP_SEQUENCE else ""
    return f"{prompt.begun}{text}{closing}"
