"""The use case: read a code base, derive its plan, execute that, and hold what comes out against the original."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from app.derive.derive import Derived, derive
from app.errors import InputError
from app.execution.execute import Execution, execute_plan
from app.execution.orchestrator import RunResult
from app.execution.prompts import label_of
from app.execution.run import RunOptions
from app.graph.connect import Graph
from app.indexes.port import Indexer
from app.llm.code import extract_code
from app.llm.port import Provider
from app.llm.recorded import RecordedProvider
from app.llm.replay import ReplayProvider, SeededFault
from app.model.plan import ExecutionMode, FullPlan, PlanEvent
from app.pipeline.importing import import_source
from app.plans.read import events_after, plan_usage, recorded_answers, show_full_plan
from app.plans.states import PlanMove, move_plan
from app.plans.tasks import PlanKey
from app.plans.write import Owner
from app.postgres.connect import Pool
from app.replay.account import Written, account_for
from app.replay.report import FileComparison, ReplayReport, task_figures
from app.replay.suite import Suite, run_suite, suite_of
from app.replay.tree import Tree, read_tree
from app.replay.witness import Witness
from app.sandbox.values import Limits
from app.sources.opening import open_source
from app.sources.source import ReadRules
from app.workspace.repository import commit, open_workspace, write_files

TEST_LIMITS: Final = Limits(seconds=600.0, memory_mb=2048, processes=256)
WORKSPACE: Final = "workspace"
"""The folder below ``out`` that has the files."""

OnStage = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What is to be replayed: ``tests`` is empty for the code base's own, ``faults`` the share of answers with a fault."""

    location: str
    mode: ExecutionMode
    tests: str
    faults: float
    seed: int
    out: Path


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a replay works with. ``started`` is told the masterplan once its execution begins."""

    pool: Pool
    graph: Graph
    owner: Owner
    rules: ReadRules
    workspaces: Path
    workers: int
    parallel_tasks: int
    indexers: Sequence[Indexer] = ()
    on_stage: OnStage = lambda stage: None
    started: Callable[[UUID, int], None] = lambda masterplan_id, tasks: None


@dataclass(slots=True)
class _Clock:
    """Seconds by stage."""

    on_stage: OnStage
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.on_stage(name)
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = time.perf_counter() - began


def check_request(request: ReplayRequest) -> None:
    """Refuse what cannot be replayed, with `InputError`, before anything is begun."""
    if request.mode is not ExecutionMode.MVP:
        raise InputError(
            f"plans are not executed in the mode {request.mode} yet",
            hint="give --mode mvp",
            field="mode",
        )
    if not 0.0 <= request.faults <= 1.0:
        raise InputError("--faults is a share from 0 to 1", hint="give one such as 0.3", field="faults")
    out = request.out
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} exists and is not empty", hint="give a new folder", field="out")


async def replay(request: ReplayRequest, using: Surroundings) -> ReplayReport:
    """Replay a code base; what came out, which is also written below ``out`` with a ``report.json``.

    Raises `InputError` and `SourceRefused` for what cannot be replayed, and as `import_source`, `derive` and `execute_plan`.
    """
    check_request(request)
    clock = _Clock(using.on_stage)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="mge-replay-") as folder:
        scratch = Path(folder)
        with clock.stage("read"):
            tree = await asyncio.to_thread(
                read_tree, request.location, using.rules, request.tests, scratch / "tree", scratch / "packed"
            )
        with clock.stage("tests_before"):
            before = await run_suite(tree.root, tree.tests, TEST_LIMITS)
        with clock.stage("import"):
            plan_id = await _import(request, using, tree, scratch / "packed")
        with clock.stage("derive"):
            derived = await derive(using.pool, using.graph, plan_id, using.owner)
        done = await _execute(request, using, clock, tree, derived, before)
        with clock.stage("compare"):
            files = await asyncio.to_thread(_compare, tree, done.root, done.planned)
            await asyncio.to_thread(_write_out, done.root, request.out)
    seconds = {**clock.seconds, "total": time.perf_counter() - began}
    report = await _report(request, using, tree, derived, before, done, files, seconds)
    text = json.dumps(report.as_json(), indent=2, ensure_ascii=False) + "\n"
    await asyncio.to_thread((request.out / "report.json").write_text, text, "utf-8")
    return report


@dataclass(frozen=True, slots=True)
class _Done:
    """An execution that has ended."""

    root: Path
    planned: frozenset[str]
    not_copied: tuple[tuple[str, str], ...]
    answers: Mapping[tuple[str, int], str]
    provider: Provider
    witness: Witness
    run: RunResult


async def _import(request: ReplayRequest, using: Surroundings, tree: Tree, workdir: Path) -> str:
    """Import the code base without the tests that are given; the plan's id in the graph."""
    exclude = (*using.rules.exclude, *([f"/{tree.given}"] if tree.given else []))
    with open_source(request.location, replace(using.rules, exclude=exclude), workdir) as source:
        result = await import_source(
            using.graph,
            source,
            name=f"replay of {tree.name}",
            tenant_id=using.owner.tenant_id,
            workers=using.workers,
            progress=lambda stage, done, total: None,
            indexers=using.indexers,
        )
    return result.plan_id


async def _execute(
    request: ReplayRequest, using: Surroundings, clock: _Clock, tree: Tree, derived: Derived, before: Suite
) -> _Done:
    pool, tenant_id, masterplan_id = using.pool, using.owner.tenant_id, derived.masterplan_id
    full = await show_full_plan(pool, masterplan_id, tenant_id)
    planned = frozenset(path for task in full.tasks for path in task.target_files)
    root = using.workspaces / str(masterplan_id)
    with clock.stage("workspace"):
        not_copied = await _give(root, tree, planned)
    answers = await recorded_answers(pool, masterplan_id, tenant_id)
    provider = _provider(request, answers)
    witness = Witness(provider, str(masterplan_id))
    for move in (PlanMove.APPROVE, PlanMove.START):
        await move_plan(pool, masterplan_id, tenant_id, move, actor=using.owner.actor)
    execution = Execution(
        PlanKey(masterplan_id, tenant_id, using.owner.actor),
        request.mode,
        f"replay {uuid4()}",
        using.workspaces,
        RunOptions(
            parallel_tasks=using.parallel_tasks,
            test_paths=tree.tests,
            test_limits=TEST_LIMITS,
            known_failures=frozenset(before.failures),
        ),
    )
    with clock.stage("execute"):
        using.started(masterplan_id, derived.tasks)
        run = await execute_plan(pool, witness, execution)
    return _Done(root, planned, not_copied, answers, provider, witness, run)


def _provider(request: ReplayRequest, answers: Mapping[tuple[str, int], str]) -> Provider:
    if request.faults:
        return ReplayProvider(answers, request.faults, request.seed)
    return RecordedProvider(answers)


async def _give(root: Path, tree: Tree, planned: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Put what of a tree is not planned into a new workspace as its first files; what could not be put there."""
    workspace = await open_workspace(root)
    not_copied: list[tuple[str, str]] = []

    def write() -> None:
        for path in tree.paths:
            if path not in planned:
                try:
                    write_files(workspace, {path: tree.data(path)})
                except InputError as error:
                    not_copied.append((path, str(error)))

    await asyncio.to_thread(write)
    await commit(workspace, "What is not in the plan")
    return tuple(not_copied)


def _compare(tree: Tree, root: Path, planned: frozenset[str]) -> FileComparison:
    equal: list[str] = []
    different: list[str] = []
    missing: list[str] = []
    for path in tree.paths:
        written = root / path
        if not written.is_file():
            missing.append(path)
        elif written.read_bytes() == tree.data(path):
            equal.append(path)
        else:
            different.append(path)
    return FileComparison(tuple(sorted(planned)), tuple(equal), tuple(different), tuple(missing))


def _write_out(root: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    shutil.copytree(
        root, out / WORKSPACE, ignore=lambda folder, names: {".git"} if Path(folder) == root else set()
    )


async def _report(
    request: ReplayRequest,
    using: Surroundings,
    tree: Tree,
    derived: Derived,
    before: Suite,
    done: _Done,
    files: FileComparison,
    seconds: Mapping[str, float],
) -> ReplayReport:
    pool, tenant_id, masterplan_id = using.pool, using.owner.tenant_id, derived.masterplan_id
    full = await show_full_plan(pool, masterplan_id, tenant_id)
    return ReplayReport(
        source=request.location,
        name=tree.name,
        mode=request.mode.value,
        provider=done.provider.name,
        fault_rate=request.faults,
        seed=request.seed,
        masterplan_id=masterplan_id,
        plan_id=str(full.plan.derived_from),
        run=done.run,
        code_lines=derived.code_lines,
        tasks=task_figures(full),
        files=files,
        left_out=derived.left_out,
        left_behind=(*tree.left_behind, *done.not_copied),
        before=before,
        after=suite_of(done.run.tests, tree.tests),
        account=account_for(
            _written(done, full), _originals(done.answers, full), full, await _events(pool, full)
        ),
        usage=await plan_usage(pool, masterplan_id, tenant_id),
        requests=done.witness.requests,
        seconds=seconds,
        out=str(request.out),
    )


async def _events(pool: Pool, full: FullPlan) -> list[PlanEvent]:
    """The whole history of a plan."""
    found: list[PlanEvent] = []
    while page := await events_after(
        pool, full.plan.masterplan_id, full.plan.tenant_id, found[-1].sequence if found else 0
    ):
        found += page
    return found


def _parts(full: FullPlan) -> Iterator[tuple[str, str]]:
    """The label and the file of each subtask."""
    for task in full.tasks:
        for part in task.subtasks:
            yield label_of(task, part), part.target_file


def _originals(answers: Mapping[tuple[str, int], str], full: FullPlan) -> dict[str, str]:
    """The right code of each subtask by its label."""
    return {label: extract_code(answers[label, 1], path).code for label, path in _parts(full)}


def _written(done: _Done, full: FullPlan) -> list[Written]:
    """What was taken out of each answer, and which fault it had."""
    path_of = dict(_parts(full))
    seeded = done.provider.seeded if isinstance(done.provider, ReplayProvider) else {}
    return [
        Written(label, attempt, extract_code(text, path_of[label]).code, _fault(seeded.get((label, attempt))))
        for (label, attempt), text in done.witness.answers.items()
    ]


def _fault(seeded: SeededFault | None) -> str:
    return "" if seeded is None else seeded.kind.value
