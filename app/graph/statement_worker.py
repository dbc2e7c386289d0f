"""Runs one statement of an analyst and ends: a process of its own, so that no answer can fill another one's memory.

Reads a JSON object from standard input, writes one JSON value a line: the columns, then a row each, then how it ended.
"""

from __future__ import annotations

import json
import math
import os
import re
import resource
import sys
from collections.abc import Mapping
from typing import Final, TypeAlias

import neo4j
from neo4j.exceptions import DriverError, Neo4jError
from neo4j.graph import Node, Path, Relationship

from app.errors import InputError
from app.graph.statement_gate import refuse_what_does_more_than_read

_UNKNOWN: Final = 3
_EXPLAIN: Final = "EXPLAIN\n"
_PLACE: Final = re.compile(r"\s*\(line (\d+), column (\d+) \(offset: \d+\)\).*", re.DOTALL)

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def main() -> None:
    """Run what standard input says."""
    asked = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (asked["memory_bytes"], asked["memory_bytes"]))
    try:
        end = _run(asked)
    except InputError as error:
        end = {"error": str(error), "hint": error.hint}
    except Neo4jError as error:
        end = _told(error)
    except DriverError as error:
        end = {"error": str(error), "code": "driver"}
    except BaseException:  # noqa: BLE001 - see below
        # Memory ran out, here or in the driver's native part: nothing that is left can be relied on.
        os._exit(_UNKNOWN)
    sys.stdout.write(json.dumps(end) + "\n")


def _run(asked: dict[str, object]) -> dict[str, object]:
    text, parameters = str(asked["query"]), asked["parameters"]
    assert isinstance(parameters, dict)
    metadata = {"mge_statement": asked["statement_id"]}
    auth = (str(asked["user"]), str(asked["password"]))
    with (
        neo4j.GraphDatabase.driver(str(asked["uri"]), auth=auth, notifications_min_severity="OFF") as driver,
        driver.session(
            database=str(asked["database"]), default_access_mode=neo4j.READ_ACCESS, fetch_size=200
        ) as session,
    ):
        timeout = float(str(asked["seconds"]))
        # The text comes from an analyst: that is what this process is for, and what the gate is about.
        explain = neo4j.Query(_EXPLAIN + text, metadata, timeout)
        summary = session.run(explain, parameters).consume()
        refuse_what_does_more_than_read(summary.query_type, summary.plan, parameters)
        result = session.run(neo4j.Query("\n" + text, metadata, timeout), parameters)
        sys.stdout.write(json.dumps({"columns": list(result.keys())}) + "\n")
        rows = written = 0
        for record in result:
            line = json.dumps([as_json(value) for value in record.values()])
            written += len(line)
            if rows >= int(str(asked["most_rows"])) or written > int(str(asked["most_bytes"])):
                return {"rows": rows, "truncated": True}
            sys.stdout.write(line + "\n")
            rows += 1
        return {"rows": rows, "truncated": False}


def _told(error: Neo4jError) -> dict[str, object]:
    """An error of the server, whose places count the line that stands before the statement."""
    message = error.message or "the database refused the statement"
    end: dict[str, object] = {"error": message, "code": error.code or ""}
    place = _PLACE.search(message)
    if place is not None:
        line = int(place[1]) - 1
        end |= {
            "error": f"{message[: place.start()]} (line {line}, column {place[2]})",
            "line": line,
            "column": int(place[2]),
        }
    return end


def as_json(value: object) -> Json:
    """A value of the graph as JSON has it: nodes and relationships as their properties with what they are."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Node):
        return {"_labels": as_json(sorted(value.labels)), **_properties(value)}
    if isinstance(value, Relationship):
        return {"_type": value.type, **_properties(value)}
    if isinstance(value, Path):
        return [
            as_json(part)
            for pair in zip(value.nodes, (*value.relationships, None), strict=True)
            for part in pair
        ][:-1]
    if isinstance(value, Mapping):
        return {str(name): as_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(each) for each in value]
    return str(value)


def _properties(of: Node | Relationship) -> dict[str, Json]:
    return {name: as_json(each) for name, each in sorted(of.items())}


if __name__ == "__main__":
    main()
