"""Every error of a request as a problem (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Final
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

from app.errors import Busy, MgeError, StoreDown
from app.model.problem import Problem, problem, problem_of, told, unexpected

RETRY_AFTER_SECONDS: Final = 5

_BY_STATUS: Final[dict[int, tuple[str, str]]] = {
    400: ("bad-request", "The request cannot be read"),
    403: ("forbidden", "The request is not allowed"),
    404: ("no-such-route", "Nothing is there"),
    405: ("method-not-allowed", "The route does not take that method"),
    413: ("body-too-large", "The request is too large"),
    415: ("unsupported-media-type", "The request's body is of another kind"),
}

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error that is foreseen with a problem; `Guard` answers the others."""

    @app.exception_handler(MgeError)
    async def of_ours(request: Request, error: MgeError) -> JSONResponse:
        if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return answer_unexpected(request, error)
        return answer(request, problem_of(error), retry=isinstance(error, StoreDown | Busy))

    @app.exception_handler(RequestValidationError)
    async def of_validation(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(request, *invalid(error.errors()))

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> JSONResponse:
        return answer(request, _of_status(error.status_code, str(error.detail)), headers=error.headers)


def invalid(errors: Sequence[ErrorDetails]) -> tuple[Problem, list[dict[str, str]]]:
    """The problem of a request that does not have the form it should, and all that is wrong with it."""
    found = [{"field": ".".join(map(str, each["loc"][1:])), "detail": each["msg"]} for each in errors]
    shown = problem("invalid-input", "The request cannot be used", 422, found[0]["detail"])
    return Problem(**{**asdict(shown), "field": found[0]["field"]}), found


def answer(
    request: Request,
    shown: Problem,
    errors: Sequence[Mapping[str, str]] = (),
    *,
    retry: bool = False,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem as a response; empty parts are left out.

    After a body that is too large the connection is closed, or its sender could go on for ever.
    """
    content = told(shown)
    content["instance"] = request.url.path
    content["request_id"] = request.scope.get("request_id", "")
    if errors:
        content["errors"] = list(errors)
    sent = dict(headers or {})
    if retry:
        sent["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if shown.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        sent["Connection"] = "close"
    return JSONResponse(content, shown.status, sent, media_type="application/problem+json")


def _of_status(status: int, detail: str) -> Problem:
    name, title = _BY_STATUS.get(status, (f"http-{status}", HTTPStatus(status).phrase))
    return problem(name, title, status, detail)


def answer_unexpected(request: Request, error: Exception) -> JSONResponse:
    """A fault of ours: the log has it, the answer says where in the log."""
    incident = uuid4().hex
    log.error("request failed", incident=incident, path=request.url.path, exc_info=error)
    return answer(request, unexpected(incident))
