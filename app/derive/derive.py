"""From an imported code base in Neo4j to a masterplan in Postgres."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from app.derive.code import LeftOut, read_code
from app.derive.document import derive_document
from app.errors import InputError
from app.graph.connect import Graph
from app.graph.read import show_plan
from app.model.plan import PlanSource
from app.plans.write import Origin, Owner, create_plan
from app.postgres.connect import Pool


@dataclass(frozen=True, slots=True)
class Derived:
    """A plan that was derived, as a draft; ``files`` is how many it writes, ``left_out`` those that it does not."""

    masterplan_id: UUID
    project_name: str
    files: int
    tasks: int
    subtasks: int
    code_lines: int
    left_out: tuple[LeftOut, ...]


async def derive(pool: Pool, graph: Graph, plan_id: str, owner: Owner, name: str = "") -> Derived:
    """Make a masterplan of an imported plan, with the source as its recorded answers.

    Raises `NotFound`, `Conflict` where the plan is replaced on the way, `InputError` where nothing is left to plan,
    `MgeError` where the graph was changed by somebody else, `StoreDown`.
    """
    summary = await show_plan(graph, plan_id, owner.tenant_id)
    code = await read_code(graph, plan_id, owner.tenant_id)
    if not code.files:
        reasons = "; ".join(f"{each.path} {each.reason}" for each in code.left_out[:3])
        raise InputError(
            f"the plan holds no file that can be planned{f': {reasons}' if reasons else ''}",
            hint="import a code base with UTF-8 files first: `mge import PATH`",
            field="plan",
        )
    document = await asyncio.to_thread(derive_document, code, name or str(summary.plan["project_name"]))
    origin = Origin(PlanSource.DERIVED, derived_from=plan_id)
    masterplan_id = await create_plan(pool, document, owner, origin)
    tasks = document.tasks()
    return Derived(
        masterplan_id,
        document.project_name,
        len(code.files),
        len(tasks),
        sum(len(task.subtasks) for task in tasks),
        sum(file.loc for file in code.files),
        code.left_out,
    )
