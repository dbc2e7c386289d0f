"""Plans: importing, listing, showing and deleting them."""

from __future__ import annotations

import json
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException

from app.api import cursor as cursors
from app.api.jobs import IdempotencyHeader, submit
from app.api.schemas import (
    BuildModel,
    Id,
    ImportByPath,
    JobModel,
    Patterns,
    PlanDetail,
    PlanModel,
    PlanName,
    PlanPage,
    example,
)
from app.api.service import Tenant, TheGraph, ThePool, TheQueue, TheService, in_background
from app.api.upload import receive_archive
from app.errors import InputError
from app.graph.publish import delete_plan as take_away
from app.graph.read import Properties, list_plans, show_plan
from app.graph.staging import sweep
from app.jobs.requests import ImportRequest
from app.uploads.paths import below_root
from app.uploads.store import remove_upload

router = APIRouter(prefix="/api/v2/plans", tags=["plans"])


class ImportFields(BaseModel):
    """What a form says beside the archive."""

    model_config = example(name="shop", include=[], exclude=["docs/"])

    name: PlanName | None = Field(None, description="of the plan; the file's name without suffix if left out")
    include: Patterns = Field((), description="read only these; patterns as in .gitignore; repeat the part")
    exclude: Patterns = Field((), description="leave these out; patterns as in .gitignore; repeat the part")


_NAME: Final[TypeAdapter[str]] = TypeAdapter(PlanName)
_BODY: Final = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "examples": [{"file": "shop.tar.gz", "name": "shop"}],
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "zip, or tar in any packing",
                    },
                    **ImportFields.model_json_schema()["properties"],
                },
            },
        },
        "application/json": {"schema": ImportByPath.model_json_schema()},
    },
}


@router.post("/import", status_code=202, openapi_extra={"requestBody": _BODY})
async def import_plan(
    request: Request,
    response: Response,
    service: TheService,
    pool: ThePool,
    queue: TheQueue,
    tenant: Tenant,
    idempotency_key: IdempotencyHeader = None,
) -> JobModel:
    """Import a code base: an uploaded archive, or a path of the server inside MGE_IMPORT_ROOT.

    Importing under a plan's name again replaces the plan, once the import is done.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        asked = await _json_body(request)
        real = below_root(service.rules.import_root, asked.path)
        wanted = ImportRequest(
            name=asked.name or _name(real.name),
            path=str(asked.path),
            include=asked.include,
            exclude=asked.exclude,
        )
        job, _ = await submit(pool, queue, tenant, wanted, key=idempotency_key, content="", response=response)
        return job
    if kind != "multipart/form-data":
        raise HTTPException(
            415, "send multipart/form-data with the part `file`, or application/json with `path`"
        )
    archive = await receive_archive(request, service.rules.uploads)
    new = False
    try:
        fields = _fields(archive.fields)
        wanted = ImportRequest(
            name=fields.name or _name(archive.stem),
            upload=archive.upload,
            root=_printable(archive.stem) or "archive",
            include=fields.include,
            exclude=fields.exclude,
        )
        job, new = await submit(
            pool, queue, tenant, wanted, key=idempotency_key, content=archive.sha256, response=response
        )
        return job
    finally:
        if not new:
            remove_upload(service.rules.uploads, archive.upload)


@router.get("")
async def plans(
    graph: TheGraph,
    tenant: Tenant,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: str | None = None,
) -> PlanPage:
    """The plans, by id."""
    found = await list_plans(graph, tenant, cursors.decode_text(cursor), limit + 1)
    shown = [PlanModel.model_validate(summary.plan) for summary in found[:limit]]
    return PlanPage(
        items=shown, next_cursor=cursors.encode(shown[-1].plan_id) if len(found) > limit else None
    )


@router.get("/{plan_id}")
async def plan(plan_id: Id, graph: TheGraph, tenant: Tenant) -> PlanDetail:
    """What a plan holds, and how its graph was built."""
    found = await show_plan(graph, plan_id, tenant)
    return PlanDetail(
        plan=PlanModel.model_validate(found.plan), build=_build(found.build) if found.build else None
    )


@router.delete("/{plan_id}", status_code=204)
async def delete_plan(plan_id: Id, service: TheService, graph: TheGraph, tenant: Tenant) -> None:
    """Delete a plan and everything in it: no reader sees it any more, and its space is freed soon after."""
    await take_away(graph, plan_id, tenant)
    in_background(service, sweep(graph))


async def _json_body(request: Request) -> ImportByPath:
    try:
        return ImportByPath.model_validate(json.loads(await request.body()))
    except ValidationError as error:
        raise RequestValidationError(
            [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_context=False)]
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            "the body is no JSON", hint='send an object such as {"path": "shop"}', field="body"
        ) from error


def _fields(written: dict[str, list[str]]) -> ImportFields:
    names = written.get("name", [])
    if len(names) > 1:
        raise InputError("the form has more than one name", hint="give one", field="name")
    try:
        return ImportFields(
            name=names[0] if names else None,
            include=tuple(written.get("include", ())),
            exclude=tuple(written.get("exclude", ())),
        )
    except ValidationError as error:
        raise RequestValidationError(
            [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_context=False)]
        ) from error


def _name(given: str) -> str:
    """A plan's name made of a file's."""
    try:
        return _NAME.validate_python(_printable(given)[:200])
    except ValidationError as error:
        raise InputError(
            "the plan needs a name, and the file has none that could be it", hint="give `name`", field="name"
        ) from error


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable()).strip()


def _build(properties: Properties) -> BuildModel:
    stages, seconds = properties["stages"], properties["seconds"]
    assert isinstance(stages, tuple)
    assert isinstance(seconds, tuple)
    return BuildModel.model_validate({**properties, "seconds": dict(zip(stages, seconds, strict=True))})
