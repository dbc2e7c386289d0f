"""The one list of routes."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

from app.api import atoms, cypher, docs, graph, health, jobs, masterplans, modes, plans, progress, queries
from app.api.browser import add_browser_pages
from app.api.errors import add_error_handlers
from app.api.guard import Guard
from app.api.schemas import ProblemModel
from app.api.service import Service

_PROBLEM: Final = {
    "application/problem+json": {"schema": {"$ref": f"#/components/schemas/{ProblemModel.__name__}"}}
}
_PROBLEMS: Final[dict[int, str]] = {
    403: "another site, or a host that the service does not answer for",
    404: "no plan, atom, job or query of that name",
    409: "the state of things forbids it",
    413: "the body is too large",
    415: "the body is of another kind",
    422: "a value that cannot be used; `field` names it",
    429: "as much of that runs as may run at once; try again after `Retry-After` seconds",
    500: "a fault of the service; its log tells more",
    503: "a store is down; try again after `Retry-After` seconds",
}


def add_routes(app: FastAPI, service: Service) -> None:
    """Everything that the service answers, and what guards it."""
    app.state.service = service
    add_error_handlers(app)
    for resource in (plans, atoms, graph, jobs, queries, cypher, modes, masterplans, progress):
        app.include_router(resource.router, responses=_responses())
    app.include_router(health.router)
    app.include_router(docs.router)
    docs.add_static_files(app)
    add_browser_pages(app)
    app.add_middleware(Guard, rules=service.rules)
    described = app.openapi()
    # No route answers with a problem by its type, so the framework does not know the schema.
    described["components"]["schemas"][ProblemModel.__name__] = ProblemModel.model_json_schema()
    queries.describe(described["paths"])


def _responses() -> dict[int | str, dict[str, object]]:
    return {status: {"description": text, "content": _PROBLEM} for status, text in _PROBLEMS.items()}
