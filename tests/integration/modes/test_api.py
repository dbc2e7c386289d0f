from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.model.tenant import TENANT
from app.modes.choose import Rule
from app.postgres.connect import Pool
from app.serve import create_app
from app.settings import Settings
from tests.integration.modes.database import new_plan

MODE = "/api/v2/mode"
SETTINGS = "/api/v2/mode/settings"


@pytest.fixture
async def client(pool: Pool, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The routes over a database, without the rest of the service."""
    app = create_app(Settings(mge_home=tmp_path))
    app.state.service.pool = pool
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def patched(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.patch(SETTINGS, json={"reason": "because", **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def values(state: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in state["settings"] if one["source"] == "run time"}


async def test_a_change_is_heeded_by_the_next_question(pool: Pool, client: httpx.AsyncClient) -> None:
    user, plan = uuid4(), await new_plan(pool, TENANT, uuid4())
    asked = {"user_id": str(user), "masterplan_id": str(plan)}
    before = (await client.post(MODE, json=asked)).json()
    assert (before["mode"], before["reason"]["rule"]) == ("mvp", Rule.DEFAULT)
    await patched(client, settings={"V2_ROLLOUT_PERCENT": 100})
    rolled = (await client.post(MODE, json=asked)).json()
    assert (rolled["mode"], rolled["reason"]["rule"]) == ("mvp", Rule.ROLLOUT)
    assert (rolled["reason"]["wanted"], rolled["reason"]["fallback"]) == ("v2_atoms", "not_implemented")
    await patched(client, users={str(user): "hybrid"})
    assert (await client.post(MODE, json=asked)).json()["reason"]["rule"] == Rule.USER_OVERRIDE
    await patched(client, plans={str(plan): "mvp"})
    assert (await client.post(MODE, json=asked)).json()["reason"]["rule"] == Rule.PLAN_OVERRIDE


async def test_a_mode_that_is_not_offered_is_a_problem(client: httpx.AsyncClient) -> None:
    for mode in ("v2_atoms", "hybrid"):
        answer = await client.post(MODE, json={"requested": mode})
        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/problem+json"
        assert "V2 execution is not part of this version yet" in answer.json()["detail"]
    assert (await client.post(MODE, json={"requested": "mvp"})).json()["mode"] == "mvp"


async def test_the_state_tells_values_their_source_and_the_history_in_pages(
    client: httpx.AsyncClient,
) -> None:
    await patched(client, settings={"V2_ROLLOUT_PERCENT": 5, "ENABLE_V2_EXECUTION": True}, actor="user:ada")
    await patched(client, settings={"V2_ROLLOUT_PERCENT": 0, "DEVMATRIX_MODE": "hybrid"})
    state = await patched(client, settings={"DEVMATRIX_MODE": None})
    assert values(state) == {"V2_ROLLOUT_PERCENT": "0", "ENABLE_V2_EXECUTION": "true"}
    assert state["limits"]["mvp_max_parallel_tasks"] == 3
    seen: list[tuple[str, str | None, str]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = (await client.get(MODE, params={"limit": 2, **cursor})).json()
        seen += [(one["subject"], one["new_value"], one["actor"]) for one in page["history"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [
        ("DEVMATRIX_MODE", None, "user:local"),
        ("V2_ROLLOUT_PERCENT", "0", "user:local"),
        ("DEVMATRIX_MODE", "hybrid", "user:local"),
        ("V2_ROLLOUT_PERCENT", "5", "user:ada"),
        ("ENABLE_V2_EXECUTION", "true", "user:ada"),
    ]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"settings": {"V2_ROLLOUT_PERCENT": 5}}, 422, "reason"),
        ({"settings": {"V2_ROLLOUT_PERCENT": 5}, "reason": " "}, 422, "reason"),
        ({"settings": {"V2_ROLLOUT_PERCENT": 5}, "reason": "a\0"}, 422, "reason"),
        ({"settings": {"V2_ROLLOUT_PERCENT": 5}, "reason": "x", "actor": ""}, 422, "actor"),
        ({"reason": "x"}, 422, None),
        ({"settings": {"V2_ROLLOUT_PERCENT": 101}, "reason": "x"}, 422, "settings.V2_ROLLOUT_PERCENT"),
        ({"settings": {"V2_ROLLOUT_PERCENT": True}, "reason": "x"}, 422, "settings.V2_ROLLOUT_PERCENT"),
        ({"settings": {"ENABLE_V2_REVIEW": 1}, "reason": "x"}, 422, "settings.ENABLE_V2_REVIEW"),
        ({"settings": {"DEVMATRIX_MODE": "v3"}, "reason": "x"}, 422, "settings.DEVMATRIX_MODE"),
        ({"settings": {"ENABLE_V3": True}, "reason": "x"}, 422, "settings.ENABLE_V3"),
        ({"users": {"ada": "mvp"}, "reason": "x"}, 422, "users.ada.[key]"),
        ({"plans": {str(uuid4()): "mvp"}, "reason": "x"}, 404, None),
    ],
)
async def test_a_change_that_cannot_be_is_a_problem_and_changes_nothing(
    client: httpx.AsyncClient, body: dict[str, Any], status: int, field: str | None
) -> None:
    answer = await client.patch(SETTINGS, json=body)
    assert (answer.status_code, answer.json().get("field")) == (status, field), answer.text
    assert (await client.get(MODE)).json()["history"] == []


async def test_questions_about_what_is_not_there_are_problems(client: httpx.AsyncClient) -> None:
    assert (await client.post(MODE, json={"masterplan_id": str(uuid4())})).status_code == 404
    assert (await client.post(MODE, json={"user_id": "ada"})).status_code == 422
    assert (await client.post(MODE, json={"mode": "mvp"})).status_code == 422
    assert (await client.get(MODE, params={"cursor": "nonsense"})).status_code == 422
