from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from app.graph.queries import public_queries
from app.serve import create_app
from app.settings import Settings


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return create_app(Settings(mge_home=Path("home"))).openapi()


def operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_route_of_the_product_is_there(described: dict[str, Any]) -> None:
    assert {name for name, _ in operations(described)} >= {
        "POST /api/v2/plans/import",
        "GET /api/v2/plans",
        "GET /api/v2/plans/{plan_id}",
        "DELETE /api/v2/plans/{plan_id}",
        "GET /api/v2/atoms/{plan_id}",
        "GET /api/v2/atom/{atom_id}",
        "GET /api/v2/dependency-graph/{plan_id}",
        "POST /api/v2/dependency-graph/build",
        "GET /api/v2/execution-waves/{plan_id}",
        "GET /api/v2/jobs/{job_id}",
        "GET /api/v2/queries",
        "POST /api/v2/queries/{group}/{verb}",
        "GET /api/health",
    }


def test_every_route_says_what_it_does_and_how_it_fails(described: dict[str, Any]) -> None:
    for name, operation in operations(described):
        assert operation["summary"], name
        assert operation["description"], name
        if not name.endswith("/api/health"):
            for status in ("404", "409", "422", "503"):
                assert set(operation["responses"][status]["content"]) == {"application/problem+json"}, name


def test_every_body_and_answer_has_an_example(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]

    def has_example(schema: dict[str, Any]) -> bool:
        found = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        return bool(found.get("examples")) or any(
            has_example(inner.get("items", inner))
            for inner in found.get("properties", {}).values()
            if "$ref" in inner.get("items", inner)
        )

    for name, operation in operations(described):
        bodies = [operation.get("requestBody", {})]
        answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        for part in (*bodies, *answers):
            for content in part.get("content", {}).values():
                # A stream's items are described by what it sends: EventModel.
                assert "itemSchema" in content or has_example(content["schema"]), name


def test_no_reference_leads_nowhere(described: dict[str, Any]) -> None:
    def references(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    for reference in set(references(described)):
        target: Any = described
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_every_query_is_a_path_with_typed_parameters(described: dict[str, Any]) -> None:
    paths = {name: item for name, item in described["paths"].items() if name.startswith("/api/v2/queries/")}
    named = {name.removeprefix("/api/v2/queries/") for name in paths if "{" not in name}
    assert named == {query.name for query in public_queries()}
    body = paths["/api/v2/queries/explore/callers"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    parameters = body["properties"]["parameters"]
    assert parameters["properties"]["plan_id"]["type"] == "string"
    assert parameters["properties"]["limit"]["type"] == "integer"
    assert "tenant_id" not in parameters["properties"]
    assert sorted(parameters["required"]) == sorted(parameters["properties"])
    ids = [operation["operationId"] for item in described["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))


def test_the_example_of_every_query_fits_its_types(described: dict[str, Any]) -> None:
    for name, item in described["paths"].items():
        if name.startswith("/api/v2/queries/") and "{" not in name:
            schema = item["post"]["requestBody"]["content"]["application/json"]["schema"]
            jsonschema.validate(schema["examples"][0], schema)
