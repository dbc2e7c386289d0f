from __future__ import annotations

import asyncio
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest

from app.errors import Conflict, InputError, NotFound
from app.model.plan import PlanSource, PlanStatus, SubtaskStatus, TaskFinding, TaskStatus
from app.model.prompt import Completion, Prompt, StopReason, Usage
from app.plans import read, tasks
from app.plans.events import EventType
from app.plans.search import index_files, search
from app.plans.states import PlanMove, move_plan, set_budget
from app.plans.tasks import PlanKey
from app.plans.write import Origin, Owner, create_plan, delete_plan, replace_plan
from app.postgres.connect import Pool, transaction
from tests.documents import document, task

OWNER = Owner("default", uuid4(), uuid4(), "user:test")
PLAN = document(
    task(1, "a.py", parts=["first", "second"]),
    task(2, "b.py", [1]),
    task(3, "c.py", [2]),
    answers={"subtask 1.1": "x = 1\n", "subtask 1.1#2": "x = 2\n"},
)


async def made(pool: Pool) -> UUID:
    return await create_plan(pool, PLAN, OWNER, Origin(PlanSource.GENERATED, budget_usd=Decimal("2.5")))


async def running(pool: Pool) -> tuple[UUID, PlanKey]:
    plan_id = await made(pool)
    await move_plan(pool, plan_id, "default", PlanMove.APPROVE, actor="user:test")
    await move_plan(pool, plan_id, "default", PlanMove.START, actor="user:test")
    return plan_id, PlanKey(plan_id, "default", "worker")


def answered(cost: str = "0.01") -> tuple[Prompt, Completion]:
    prompt = Prompt("subtask 1.1", "system", "user", 100)
    usage = Usage(100, 20)
    return prompt, Completion(
        "0" * 64, "recorded", "recorded", "x = 1\n", StopReason.END, usage, Decimal(cost), True, 0.5
    )


async def test_a_plan_comes_back_as_it_was_given(pool: Pool) -> None:
    plan_id = await made(pool)
    full = await read.show_full_plan(pool, plan_id, "default")
    assert (full.plan.status, full.plan.total_tasks, full.plan.total_subtasks) == (PlanStatus.DRAFT, 3, 4)
    assert (full.plan.total_phases, full.plan.total_milestones, full.plan.progress_percent) == (
        1,
        1,
        Decimal(0),
    )
    assert [each.target_files for each in full.tasks] == [("a.py",), ("b.py",), ("c.py",)]
    assert full.tasks[1].depends_on_tasks == (full.tasks[0].task_id,)
    assert [part.name for part in full.tasks[0].subtasks] == ["first", "second"]
    assert await read.show_version(pool, plan_id, "default") == PLAN
    assert await read.recorded_answers(pool, plan_id, "default") == {
        ("subtask 1.1", 1): "x = 1\n",
        ("subtask 1.1", 2): "x = 2\n",
    }
    assert await read.find_plan(pool, "default", "shop") == plan_id
    assert await read.find_plan(pool, "default", str(plan_id)[:8]) == plan_id


async def test_another_tenant_sees_nothing_of_it(pool: Pool) -> None:
    plan_id = await made(pool)
    for reading in (read.show_plan, read.show_full_plan, read.show_version):
        with pytest.raises(NotFound):
            await reading(pool, plan_id, "other")
    with pytest.raises(NotFound):
        await read.find_plan(pool, "other", "shop")
    with pytest.raises(NotFound):
        await move_plan(pool, plan_id, "other", PlanMove.APPROVE, actor="x")
    with pytest.raises(NotFound):
        await delete_plan(pool, plan_id, "other")
    assert await read.list_plans(pool, "other") == ()
    assert await read.events_after(pool, plan_id, "other", 0) == ()


async def test_an_edit_is_the_next_version_and_a_draft_again(pool: Pool) -> None:
    plan_id = await made(pool)
    await move_plan(pool, plan_id, "default", PlanMove.APPROVE, actor="user:test")
    edited = document(task(1, "only.py"))
    assert await replace_plan(pool, plan_id, edited, OWNER, "smaller") == 2
    full = await read.show_full_plan(pool, plan_id, "default")
    assert (full.plan.status, full.plan.version, full.plan.total_tasks) == (PlanStatus.DRAFT, 2, 1)
    assert await read.show_version(pool, plan_id, "default", 1) == PLAN
    assert [each.change_description for each in await read.list_versions(pool, plan_id, "default")] == [
        "first version",
        "smaller",
    ]
    with pytest.raises(InputError):
        await replace_plan(pool, plan_id, document(task(1, "a.py", [1])), OWNER, "broken")
    assert (await read.show_plan(pool, plan_id, "default")).version == 2


@pytest.mark.parametrize(
    "moves", [["START"], ["APPROVE", "REJECT", "START"], ["PAUSE"], ["COMPLETE"], ["APPROVE", "APPROVE"]]
)
async def test_a_status_that_does_not_allow_it_is_a_conflict(pool: Pool, moves: list[str]) -> None:
    plan_id = await made(pool)
    *before, last = moves
    for move in before:
        await move_plan(pool, plan_id, "default", PlanMove[move], actor="user:test")
    with pytest.raises(Conflict):
        await move_plan(pool, plan_id, "default", PlanMove[last], actor="user:test")


async def test_a_running_plan_is_neither_edited_nor_deleted(pool: Pool) -> None:
    plan_id, _ = await running(pool)
    with pytest.raises(Conflict):
        await replace_plan(pool, plan_id, PLAN, OWNER, "late")
    with pytest.raises(Conflict):
        await delete_plan(pool, plan_id, "default")
    await move_plan(pool, plan_id, "default", PlanMove.CANCEL, actor="user:test")
    await delete_plan(pool, plan_id, "default")
    with pytest.raises(NotFound):
        await read.show_plan(pool, plan_id, "default")


async def test_tasks_become_ready_are_done_and_block_what_depends_on_them(pool: Pool) -> None:
    plan_id, key = await running(pool)
    full = await read.show_full_plan(pool, plan_id, "default")
    first, second, third = full.tasks
    assert await tasks.mark_ready(pool, key) == (first.task_id,)
    await tasks.start_task(pool, key, first)
    with pytest.raises(Conflict):
        await tasks.start_task(pool, key, first)
    prompt, completion = answered()
    await tasks.keep_part(pool, key, first, first.subtasks[0], "x = 1\n", prompt, completion)
    await tasks.start_validation(pool, key, first)
    finding = TaskFinding(first.subtasks[0].subtask_id, "syntax", "a.py", 1, "no")
    await tasks.retry_parts(pool, key, first, [finding], [first.task_id], "log")
    again = (await read.show_full_plan(pool, plan_id, "default")).tasks[0]
    assert (again.retry_count, again.validation_passed, again.validation_errors) == (1, False, (finding,))
    assert (again.subtasks[0].status, again.subtasks[0].code) == (SubtaskStatus.PENDING, "x = 1\n")
    await tasks.complete_task(pool, key, first, ["a.py"], "c0ffee", "")
    plan = await read.show_plan(pool, plan_id, "default")
    assert (plan.completed_tasks, plan.progress_percent) == (1, Decimal("33.33"))
    assert await tasks.mark_ready(pool, key) == (second.task_id,)
    await tasks.start_task(pool, key, second)
    assert await tasks.fail_task(pool, key, second, [finding], "") == (third.task_id,)
    full = await read.show_full_plan(pool, plan_id, "default")
    assert [each.status for each in full.tasks] == [
        TaskStatus.COMPLETED,
        TaskStatus.FAILED,
        TaskStatus.BLOCKED,
    ]
    assert (full.plan.failed_tasks, full.phases[0].completed_tasks) == (1, 1)
    await move_plan(pool, plan_id, "default", PlanMove.FAIL, actor="worker")
    retried = await tasks.retry_task(pool, "default", second.task_id, actor="user:test")
    assert retried.status is TaskStatus.FAILED
    await tasks.requeue_unfinished(pool, key)
    assert await tasks.mark_ready(pool, key) == (second.task_id,)


async def test_history_has_no_gaps_however_many_write_at_once_and_is_never_edited(pool: Pool) -> None:
    plan_id, key = await running(pool)
    await asyncio.gather(
        *(tasks.note_plan_event(pool, key, EventType.BUDGET_USED, {"n": n}) for n in range(20))
    )
    events = await read.events_after(pool, plan_id, "default", 0)
    assert [each.sequence for each in events] == list(range(1, 24))
    assert [each.sequence for each in await read.events_after(pool, plan_id, "default", 20)] == [21, 22, 23]
    assert await read.last_sequence(pool, plan_id, "default") == 23
    for change in (b"UPDATE masterplan_history SET actor = 'x'", b"DELETE FROM masterplan_history"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            async with transaction(pool) as connection:
                await connection.execute(change)


async def test_a_budget_is_a_number_of_dollars(pool: Pool) -> None:
    plan_id = await made(pool)
    await set_budget(pool, plan_id, "default", Decimal("1.25"), actor="user:test")
    assert (await read.show_plan(pool, plan_id, "default")).budget_usd == Decimal("1.25")
    for wrong in (Decimal(-1), Decimal("NaN"), Decimal("Infinity"), Decimal(10_000_000)):
        with pytest.raises(InputError):
            await set_budget(pool, plan_id, "default", wrong, actor="user:test")


async def test_search_finds_identifiers_by_their_words(pool: Pool) -> None:
    _, key = await running(pool)
    await index_files(
        pool, key, {"cart.py": "class ShoppingCart:\n    def total_price(self): ...\n", "x.py": "y = 1\n"}
    )
    assert [each.path for each in await search(pool, key, "the total of a cart", without=[], limit=5)] == [
        "cart.py"
    ]
    assert await search(pool, key, "cart", without=["cart.py"], limit=5) == ()
    assert await search(pool, key, "' & | !(", without=[], limit=5) == ()
    await index_files(pool, key, {"cart.py": "z = 2\n"})
    assert await search(pool, key, "cart", without=[], limit=5) == ()
