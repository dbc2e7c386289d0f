"""Runs one statement of an analyst and ends: a process of its own, so that no answer can fill another one's memory.

Reads a JSON object from standard input, writes one JSON value a line: the columns, then a row each, then how it ended.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from typing import Final

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

from app.errors import InputError
from app.graph.statement_gate import refuse_what_does_more_than_read
from app.graph.values import as_json

_UNKNOWN: Final = 3
_EXPLAIN: Final = "EXPLAIN\n"
_PLACE: Final = re.compile(r"\s*\(line (\d+), column (\d+) \(offset: \d+\)\).*", re.DOTALL)


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


if __name__ == "__main__":
    main()
