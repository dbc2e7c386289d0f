"""A page about the named queries: what each answers, its parameters, and what it says of one plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from app.graph.queries import Query, public_queries
from app.graph.values import as_json

Answer: TypeAlias = tuple[Sequence[str], Sequence[Sequence[object]]]
"""Columns and rows."""

GROUPS: Final = {
    "explore": "Looking around",
    "cycles": "Cycles",
    "waves": "Waves",
    "boundaries": "Boundaries",
    "impact": "Impact",
    "context": "Context",
    "plans": "Plans, and those that are executed",
    "guide": "Pictures, for Neo4j Browser",
}
ROWS_SHOWN: Final = 4

_NO_ROW: Final = "No row on the demo plan.\n"
_WITHOUT_ROWS: Final = {
    "guide": "Neo4j Browser's guide shows what it answers.\n",
    "plans": "Asked of a plan that `mge plan` made.\n",
}
_WIDEST: Final = 60
_HEAD: Final = """\
# The queries

Every file in `cypher/` is one statement with parameters. These are the ones to ask a plan with (`audience: public` in
their heads; the rest are steps of the service). Each runs unchanged in four ways:

- `mge cypher run explore/fan_in --param plan_id=networkx --param limit=20`
- `POST /api/v2/queries/explore/fan_in` with `{"parameters": {"plan_id": "…", "limit": 20}}`
- in Neo4j Browser: first `:param plan_id => "…"` and `:param limit => 20` (`:params {…}` would make `20.0` of it), then the
  text of the file
- by any driver

This page is written by `make docs` from the head of each file and a run on the demo plan (`make demo`).
"""


def documented() -> tuple[Query, ...]:
    """The queries that the page is about, in its order."""
    order = list(GROUPS)
    return tuple(
        sorted(public_queries(), key=lambda each: (order.index(each.name.partition("/")[0]), each.name))
    )


def entry(query: Query) -> str:
    """What the page says of a query apart from an answer."""
    lines = [f"### {query.name}", "", query.answers, ""]
    lines += [
        f"- `{parameter.name}`: {parameter.type}, such as `{parameter.example!r}`. {parameter.meaning}"
        for parameter in query.parameters
        if parameter.name != "plan_id"
    ]
    return "\n".join([*lines, f"- Returns {query.returns}", f"- Cost {query.cost}", ""])


def page(answers: Mapping[str, Answer]) -> Iterator[str]:
    """The whole page, with an answer to each query."""
    yield _HEAD
    group = ""
    for query in documented():
        if query.name.partition("/")[0] != group:
            group = query.name.partition("/")[0]
            yield f"\n## {GROUPS[group]}\n"
        yield f"\n{entry(query)}\n"
        columns, rows = answers[query.name]
        yield _table(columns, () if group == "guide" else rows, _WITHOUT_ROWS.get(group, _NO_ROW))


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]], without: str) -> str:
    if not rows:
        return without
    lines = [
        columns,
        ["---"] * len(columns),
        *([_cell(as_json(value)) for value in row] for row in rows[:ROWS_SHOWN]),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        text = f"{value:.3g}"
    elif isinstance(value, list):
        text = ", ".join(_cell(each) for each in value)
    elif isinstance(value, dict):
        text = ", ".join(f"{name}: {_cell(each)}" for name, each in sorted(value.items()))
    else:
        text = str(value)
    text = " ".join(text.split()).replace("|", "\\|")
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}…"
