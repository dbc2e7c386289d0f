"""From an import in Neo4j to a plan in Postgres, whose answers are the files that were imported."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from app.derive.derive import derive
from app.errors import InputError, NotFound
from app.graph.boundaries import find_boundaries
from app.graph.connect import Graph
from app.graph.publish import delete_plan
from app.llm.fences import unfence
from app.main import TENANT, read_rules
from app.model.plan import PlanSource, PlanStatus, TaskType
from app.pipeline.importing import import_source
from app.plans.read import recorded_answers, show_full_plan
from app.plans.write import Owner
from app.postgres.connect import Pool
from app.settings import Settings
from app.sources.opening import open_source

OWNER = Owner(TENANT, uuid4(), uuid4(), "user:test")

FILES: dict[str, bytes] = {
    "shop/__init__.py": b"",
    "shop/prices.py": b'"""Prices."""\n\n\ndef total(prices: list[int]) -> int:\n    return sum(prices)\n',
    "shop/cart.py": (
        b"from shop.prices import total\n\n\nclass Cart:\n    def __init__(self) -> None:\n        self.items: list[int] = []\n"
        + b"".join(
            b"\n    def add_%d(self) -> int:\n        self.items.append(%d)\n        return total(self.items)\n"
            % (n, n)
            for n in range(40)
        )
    ),
    "tests/test_cart.py": b"from shop.cart import Cart\n\n\ndef test_cart() -> None:\n    assert Cart().add_1() == 1\n",
    "shop/crlf.py": b"\xef\xbb\xbfx = 1\r\ny = '```'",
    "shop/old.py": b"# -*- coding: latin-1 -*-\nname = '\xe9'\n",
    "shop/nul.py": b"x = '\0'\n",
}


@pytest.fixture
async def imported(graph: Graph, tmp_path: Path) -> AsyncIterator[str]:
    """The id of a plan of those files."""
    for path, data in FILES.items():
        (tmp_path / "code" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "code" / path).write_bytes(data)
    with open_source(str(tmp_path / "code"), read_rules(Settings()), tmp_path / "work") as source:
        result = await import_source(
            graph, source, name=f"derive {uuid4()}", tenant_id=TENANT, workers=1, progress=lambda *_: None
        )
    yield result.plan_id
    await delete_plan(graph, result.plan_id, TENANT)


async def files_of(pool: Pool, masterplan_id: object) -> dict[str, bytes]:
    """What the answers of a plan join to."""
    full = await show_full_plan(pool, masterplan_id, TENANT)  # type: ignore[arg-type]
    answers = await recorded_answers(pool, full.plan.masterplan_id, TENANT)
    files: dict[str, bytes] = {}
    for task in full.tasks:
        for part in task.subtasks:
            code = unfence(answers[f"subtask {task.task_number}.{part.subtask_number}", 1])
            assert code is not None
            files[part.target_file] = files.get(part.target_file, b"") + code.encode()
    return files


async def test_a_plan_is_derived_whose_answers_are_the_files(graph: Graph, pool: Pool, imported: str) -> None:
    made = await derive(pool, graph, imported, OWNER, "the shop")
    assert {each.path: each.reason for each in made.left_out} == {
        "shop/old.py": "is not UTF-8 but iso8859-1",
        "shop/nul.py": "holds a NUL character",
    }
    planned = {path: data for path, data in FILES.items() if path not in ("shop/old.py", "shop/nul.py")}
    assert await files_of(pool, made.masterplan_id) == planned
    full = await show_full_plan(pool, made.masterplan_id, TENANT)
    assert (full.plan.source, full.plan.status) == (PlanSource.DERIVED, PlanStatus.DRAFT)
    assert (full.plan.derived_from, full.plan.project_name) == (imported, "the shop")
    assert (made.files, made.tasks, made.subtasks) == (
        5,
        len(full.tasks),
        sum(len(t.subtasks) for t in full.tasks),
    )
    tasks = {path: [t for t in full.tasks if path in t.target_files] for path in planned}
    prices, cart, test = tasks["shop/prices.py"], tasks["shop/cart.py"], tasks["tests/test_cart.py"]
    assert prices[0].task_id in cart[0].depends_on_tasks
    assert cart[0].task_id in cart[1].depends_on_tasks
    assert any(each.task_id in test[0].depends_on_tasks for each in cart)
    assert test[0].task_type is TaskType.TEST
    assert [each.name for each in full.phases] == ["Code", "Tests and documentation"]


async def test_boundaries_become_phases_and_milestones(graph: Graph, pool: Pool, imported: str) -> None:
    await find_boundaries(graph, imported, TENANT)
    made = await derive(pool, graph, imported, OWNER)
    full = await show_full_plan(pool, made.masterplan_id, TENANT)
    assert full.plan.project_name.startswith("derive ")
    assert {each.name for each in full.phases} & {"Code", "Tests and documentation"} == set()
    assert len(full.milestones) >= 2


async def test_another_tenants_plan_is_not_there(graph: Graph, pool: Pool, imported: str) -> None:
    with pytest.raises(NotFound):
        await derive(pool, graph, imported, Owner("other", uuid4(), uuid4(), "user:test"))


async def test_a_plan_without_a_file_that_can_be_planned_is_refused(
    graph: Graph, pool: Pool, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_bytes(b"# coding: latin-1\nx = '\xe9'\n")
    with open_source(str(tmp_path / "a.py"), read_rules(Settings()), tmp_path / "work") as source:
        result = await import_source(
            graph, source, name=f"derive {uuid4()}", tenant_id=TENANT, workers=1, progress=lambda *_: None
        )
    with pytest.raises(InputError, match=r"a\.py is not UTF-8"):
        await derive(pool, graph, result.plan_id, OWNER)
    await delete_plan(graph, result.plan_id, TENANT)
