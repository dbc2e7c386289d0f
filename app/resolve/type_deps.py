"""TYPE_DEP: what is named as a type."""

from __future__ import annotations

from typing import Final

from app.model.facts import Context
from app.resolve.summary import Entity

_NAMED: Final[dict[str, str]] = {
    "base": "base",
    "annotation": "annotation",
    "type_argument": "type_argument",
    "cast": "cast",
    "check": "check",
}


def kind_of(context: Context, entity: Entity) -> str | None:
    """How a reference in ``context`` uses ``entity`` as a type; None where it does not."""
    if context == "decorate" and entity.kind == "class":
        return "decorator_type"
    return _NAMED.get(context)
