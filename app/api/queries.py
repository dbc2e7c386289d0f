"""The named read queries of ``cypher/``, for analysts."""

from __future__ import annotations

from dataclasses import asdict
from json import dumps
from typing import Any, Final

from fastapi import APIRouter

from app.api.schemas import ParameterModel, QueryList, QueryModel, QueryRows, QueryRun
from app.api.service import Tenant, TheGraph
from app.errors import InputError, UnknownName
from app.graph.queries import Query, Value, public_queries
from app.graph.read import run_named
from app.graph.values import as_json

router = APIRouter(prefix="/api/v2/queries", tags=["queries"])

_ROWS: Final = 1_000
_PATH: Final = f"{router.prefix}/{{group}}/{{verb}}"
_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "string": {"type": "string"},
    "pattern": {"type": "string", "format": "regex"},
    "integer": {"type": "integer", "format": "int64"},
    "float": {"type": "number"},
    "boolean": {"type": "boolean"},
    "list": {"type": "array", "items": {}},
    "list<string>": {"type": "array", "items": {"type": "string"}},
    "list<integer>": {"type": "array", "items": {"type": "integer", "format": "int64"}},
    "list<float>": {"type": "array", "items": {"type": "number"}},
}


@router.get("")
async def queries() -> QueryList:
    """Every query that can be run by name, with its text."""
    return QueryList(items=[_model(query) for query in public_queries()])


@router.post("/{group}/{verb}")
async def run_query(group: str, verb: str, body: QueryRun, graph: TheGraph, tenant: Tenant) -> QueryRows:
    """Run a query; it sees the caller's plans only."""
    name = f"{group}/{verb}"
    query = next((each for each in public_queries() if each.name == name), None)
    if query is None:
        raise UnknownName(
            f"no query named {name!r} can be run", hint="GET /api/v2/queries lists them", field="name"
        )
    parameters: dict[str, Value] = dict(body.parameters)
    declared = {parameter.name for parameter in query.parameters}
    if not _is_text(parameters):
        raise InputError("a parameter holds half a character", hint="send text as UTF-8", field="parameters")
    if "tenant_id" in parameters:
        raise InputError("the tenant is the caller's", hint="leave tenant_id out", field="tenant_id")
    if "tenant_id" in declared:
        parameters["tenant_id"] = tenant
    limit = parameters.get("limit", _ROWS)
    if "limit" in declared and isinstance(limit, int) and not 0 <= limit <= _ROWS:
        raise InputError(f"the limit is not within 0 and {_ROWS}", hint="ask for less", field="limit")
    columns, rows = await run_named(graph, tenant, name, parameters)
    return QueryRows(
        columns=columns,
        rows=[[as_json(value) for value in row] for row in rows[:_ROWS]],
        truncated=len(rows) > _ROWS,
    )


def describe(paths: dict[str, Any]) -> None:
    """Add each query to OpenAPI's paths with its own parameters and their types; the one route answers them all."""
    of_any = paths[_PATH]["post"]
    for query in public_queries():
        own = [parameter for parameter in query.parameters if parameter.name != "tenant_id"]
        parameters = {
            "type": "object",
            "properties": {each.name: {**_SCHEMAS[each.type], "description": each.meaning} for each in own},
            "required": [each.name for each in own],
            "additionalProperties": False,
        }
        body = {
            "type": "object",
            "properties": {"parameters": parameters},
            "required": ["parameters"],
            "additionalProperties": False,
            "examples": [{"parameters": {each.name: each.example for each in own}}],
        }
        paths[f"{router.prefix}/{query.name}"] = {
            "post": {
                **{name: value for name, value in of_any.items() if name != "parameters"},
                "summary": query.answers,
                "description": f"Returns {query.returns}. Cost: {query.cost}.",
                "operationId": f"query_{query.name.replace('/', '_')}",
                "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            }
        }


def _model(query: Query) -> QueryModel:
    return QueryModel(
        name=query.name,
        answers=query.answers,
        parameters=[
            ParameterModel.model_validate(asdict(parameter))
            for parameter in query.parameters
            if parameter.name != "tenant_id"
        ],
        returns=query.returns,
        cost=query.cost,
        text=query.text,
    )


def _is_text(parameters: dict[str, Value]) -> bool:
    """Whether the strings in it can be sent: JSON lets half of a surrogate pair through."""
    try:
        dumps(parameters, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
