"""Values of the graph as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

from neo4j.graph import Node, Path, Relationship

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


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
