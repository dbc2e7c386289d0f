"""A page about the graph: what is in the database, in the words of `schema.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from app.errors import InputError

_MEANINGS: Final = Path(__file__).with_name("schema.toml")
_NOT_PROPERTIES: Final = ("meaning", "key")
_HEAD: Final = """\
# The graph

What a plan is in Neo4j: nodes, relationships, their properties and the types of those. `make docs` writes this page from a
database with the demo plan; a test holds it against one. A change of it is a migration.

Dependencies go from the atom that needs to the atom that is needed. Everything carries `plan_id`, so begin every query with
one: `MATCH (atom:Atom {plan_id: $plan_id})`. [queries.md](queries.md) has some to begin with.
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A property of a label or of a relationship type; ``optional`` where not each has it."""

    owner: str
    property: str
    type: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A relationship type between two labels."""

    type: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Schema:
    """What a plan in a database consists of."""

    nodes: tuple[Column, ...]
    links: tuple[Link, ...]
    properties: tuple[Column, ...]


def schema(nodes: Sequence[Sequence[Any]], relationships: Sequence[Sequence[Any]]) -> Schema:
    """The schema that rows of ``explore/schema_nodes`` and ``explore/schema_relationships`` tell of."""
    links = sorted({(row[0], row[1], row[2]) for row in relationships})
    return Schema(
        tuple(
            Column(label, name, _type(types), holding < total) for label, total, name, types, holding in nodes
        ),
        tuple(Link(*link) for link in links),
        tuple(
            Column(kind, name, _type(types), holding < total)
            for kind, _, _, total, name, types, holding in relationships
            if name is not None
        ),
    )


def meaning(owner: str, property_: str) -> str:
    """What a property means; `InputError` where `schema.toml` does not say."""
    words = _meanings()
    places = [words["nodes"].get(owner, {}), words["shared"]]
    if owner.endswith("_DEP"):
        places.insert(0, words["dependency"])
    for place in places:
        if property_ in place:
            return str(place[property_])
    raise InputError(f"nobody says what {owner}.{property_} means", hint=f"write it into {_MEANINGS.name}")


def declared() -> tuple[set[tuple[str, str]], set[str]]:
    """The properties of nodes (label, property) and the types of relationships that `schema.toml` says something of.

    Those that several nodes share are not among the first.
    """
    words = _meanings()
    own = {
        (label, name)
        for label, properties in words["nodes"].items()
        for name in properties
        if name not in _NOT_PROPERTIES
    }
    return own, set(words["relationships"])


def page(found: Schema, indexes: Sequence[Sequence[Any]]) -> Iterator[str]:
    """The page; ``indexes`` are rows of ``service/indexes``. Raises `InputError` for what has no meaning."""
    words = _meanings()
    yield _HEAD
    yield "\n## Nodes\n"
    columns = {owner: list(group) for owner, group in groupby(found.nodes, key=lambda each: each.owner)}
    for label, said in words["nodes"].items():
        yield f"\n### {label}\n\n{said['meaning']} Key: `{said['key']}`.\n\n"
        yield from _table(columns.get(label, ()))
    yield "\n## Relationships\n\n| type | from | to | means |\n| --- | --- | --- | --- |\n"
    for name, means in words["relationships"].items():
        for link in (link for link in found.links if link.type == name):
            yield f"| `{name}` | {link.source} | {link.target} | {means} |\n"
    yield "\nEach dependency has these properties:\n\n"
    dependencies = [each for each in found.properties if each.owner.endswith("_DEP")]
    merged = {
        each.property: Column(each.owner, each.property, each.type, each.property == "cut_reason")
        for each in dependencies
    }
    yield from _table(sorted(merged.values(), key=lambda each: each.property))
    yield "\n`REFERS_TO` has these:\n\n"
    yield from _table([each for each in found.properties if each.owner == "REFERS_TO"])
    yield "\n## Constraints and indexes\n\n| name | on | kind |\n| --- | --- | --- |\n"
    for name, kind, labels, properties, unique in indexes:
        if not labels[0].startswith("__"):
            on = f"{', '.join(labels)} ({', '.join(properties)})"
            yield f"| `{name}` | {on} | {'unique' if unique else kind.lower()} |\n"


def _table(columns: Sequence[Column]) -> Iterator[str]:
    yield "| property | type | means |\n| --- | --- | --- |\n"
    for each in columns:
        optional = ", or none" if each.optional else ""
        yield f"| `{each.property}` | {each.type}{optional} | {meaning(each.owner, each.property)} |\n"


def _type(types: Sequence[str]) -> str:
    """Types as Cypher writes them, without what is said of null, and without empty lists."""
    plain = {each.replace(" NOT NULL", "") for each in types} - {"LIST<NOTHING>"}
    return " or ".join(sorted(plain)) or "LIST"


@cache
def _meanings() -> Mapping[str, Any]:
    return tomllib.loads(_MEANINGS.read_text(encoding="utf-8"))
