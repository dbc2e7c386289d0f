"""Live progress: a plan's history over a WebSocket or as server-sent events, resumed by sequence number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query, WebSocket, WebSocketDisconnect
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api.plan_schemas import EventModel
from app.api.service import Service, Tenant, ThePool, TheService, require_pool
from app.errors import MgeError, NotFound, StoreDown
from app.model.plan import PlanEvent, PlanStatus
from app.plans.read import show_plan

router = APIRouter(tags=["progress"])

_SEND_SECONDS: Final = 30.0
_NOT_FOUND: Final = 4404
_STORE_DOWN: Final = 4503


@router.get("/api/v1/masterplan/{masterplan_id}/events", response_class=EventSourceResponse)
async def plan_events(
    masterplan_id: UUID,
    service: TheService,
    pool: ThePool,
    tenant: Tenant,
    after: Annotated[int, Query(ge=0, lt=2**53, description="begin after this sequence number")] = 0,
    last_event_id: Annotated[
        str | None, Header(description="as browsers send it when they connect again")
    ] = None,
) -> AsyncIterator[ServerSentEvent]:
    """A plan's history and what comes, as server-sent events whose `id` is the sequence number.

    The stream ends after the event that ends or pauses a run, when nothing else is running.
    """
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdecimal():
        after = max(after, int(last_event_id[:15]))
    await show_plan(pool, masterplan_id, tenant)
    async for event in service.feed.events(pool, masterplan_id, tenant, after):
        if event is None:
            yield ServerSentEvent(comment="waiting")
            if not await _is_running(service, masterplan_id, tenant):
                return
            continue
        yield ServerSentEvent(
            data=_model(event).model_dump(mode="json"), event=event.event_type, id=str(event.sequence)
        )


@router.websocket("/ws/masterplan/{masterplan_id}")
async def plan_socket(socket: WebSocket, masterplan_id: UUID, tenant: Tenant, after: int = 0) -> None:
    """A plan's history after a sequence number and what comes, one JSON object a message."""
    service = socket.app.state.service
    assert isinstance(service, Service)
    await socket.accept()
    sending = asyncio.create_task(_send(socket, service, masterplan_id, tenant, max(after, 0)))
    leaving = asyncio.create_task(_left(socket))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _send(socket: WebSocket, service: Service, masterplan_id: UUID, tenant: str, after: int) -> None:
    try:
        pool = require_pool(service)
        await show_plan(pool, masterplan_id, tenant)
        async for event in service.feed.events(pool, masterplan_id, tenant, after):
            if event is not None:
                # A reader that takes nothing is let go; it comes back with the last sequence number that it has.
                async with asyncio.timeout(_SEND_SECONDS):
                    await socket.send_json(_model(event).model_dump(mode="json"))
    except NotFound as error:
        await socket.close(_NOT_FOUND, str(error)[:120])
    except StoreDown as error:
        await socket.close(_STORE_DOWN, str(error)[:120])
    except (WebSocketDisconnect, TimeoutError, RuntimeError):
        with suppress(RuntimeError):
            await socket.close()


async def _left(socket: WebSocket) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


async def _is_running(service: Service, masterplan_id: UUID, tenant: str) -> bool:
    try:
        plan = await show_plan(require_pool(service), masterplan_id, tenant)
    except MgeError:
        return False
    return plan.status is PlanStatus.IN_PROGRESS


def _model(event: PlanEvent) -> EventModel:
    return EventModel.model_validate(asdict(event))
