"""Which statements of an analyst may run: those whose plan reads, and does nothing besides.

Never decided by the text, which can be written in too many ways, but by what the server makes of it: the query type and
every operator of its plan with its details. What a statement reads besides the graph (files, addresses, the server's own
affairs) shows there. What it costs does not: time, rows and memory are bounded where it runs. Two things are refused because
Neo4j cannot end them once they run, or runs out of memory: regular expressions that run away, and a `range` that is a list
(in a predicate, in `reduce`, as a value) and not rows. There may be more of the kind: people who are not trusted need an
instance of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

from app.errors import InputError
from app.graph.patterns import may_run_away

PROCEDURES: Final = frozenset(
    (
        "db.labels",
        "db.relationshipTypes",
        "db.propertyKeys",
        "db.schema.visualization",
        "db.schema.nodeTypeProperties",
        "db.schema.relTypeProperties",
        "db.index.fulltext.queryNodes",
        "db.index.fulltext.queryRelationships",
        "db.index.vector.queryNodes",
        "db.index.vector.queryRelationships",
    )
)
MOST_CHARACTERS: Final = 50_000

_REFUSED_OPERATORS: Final = ("LoadCSV", "Show", "Terminate")
_CALLED: Final = re.compile(r"([A-Za-z_][\w.]*)\s*\(")
_MATCHED: Final = re.compile(r"=~\s*(?:\$`?(\w+)`?(?![\w`]))?")
_RANGE: Final = re.compile(r"\brange\s*\(", re.IGNORECASE)
_INSIDE: Final = re.compile(r"\b(LOAD\s+CSV|TERMINATE|SHOW)\b|\bCALL\s+([\w.`]+)\s*\(", re.IGNORECASE)


def refuse_what_does_more_than_read(
    query_type: str | None, plan: Mapping[str, object] | None, parameters: Mapping[str, object]
) -> None:
    """Raise `InputError` unless a statement with this plan, as `EXPLAIN` gives it, only reads the graph.

    A regular expression that runs away cannot be stopped by the server; so one has to be a parameter, where it is seen.
    """
    if query_type != "r" or plan is None:
        raise InputError("the statement does more than read", hint="write MATCH … RETURN …", field="query")
    for operator, details in _operators(plan):
        if operator.startswith(_REFUSED_OPERATORS):
            raise InputError(
                f"the statement reads more than the graph ({operator})",
                hint="leave that part out",
                field="query",
            )
        if operator.startswith("ProcedureCall"):
            called = _CALLED.search(details)
            _allow(called[1] if called is not None else details)
        for found in _INSIDE.finditer(details):
            if found[1]:
                raise InputError(
                    f"the statement reads more than the graph ({found[1].upper()})",
                    hint="leave that part out",
                    field="query",
                )
            _allow(found[2].replace("`", ""))
        unwound = operator == "Unwind" and details.lstrip().startswith("range(")
        if len(_RANGE.findall(details)) > unwound:
            raise InputError(
                "range is used as a list, which may be larger than the database",
                hint="UNWIND it",
                field="query",
            )
        for found in _MATCHED.finditer(details):
            _check_pattern(parameters.get(found[1]) if found[1] else None)


def _check_pattern(pattern: object) -> None:
    if not isinstance(pattern, str):
        raise InputError(
            "a regular expression is not a parameter",
            hint="write =~ $pattern and give it, or use CONTAINS",
            field="query",
        )
    if may_run_away(pattern):
        raise InputError(
            f"the regular expression {pattern!r} may take for ever",
            hint="repeat no group that repeats or chooses inside",
            field="query",
        )


def _allow(procedure: str) -> None:
    if procedure not in PROCEDURES:
        raise InputError(
            f"the procedure {procedure} is not one that may be called",
            hint=f"these may: {', '.join(sorted(PROCEDURES))}",
            field="query",
        )


def _operators(plan: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    waiting = [plan]
    while waiting:
        each = waiting.pop()
        arguments = cast("Mapping[str, object]", each.get("args", {}))
        yield str(each["operatorType"]).partition("@")[0], str(arguments.get("Details", ""))
        waiting += cast("list[Mapping[str, object]]", each.get("children", []))
