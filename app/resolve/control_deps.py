"""CONTROL_DEP: what runs because of, or instead of, what another atom defines.

`guard` and `body_of` come from the structure (`app.resolve.local.guard_rows`), `override` from classes.
"""

from __future__ import annotations

from app.model.facts import Context
from app.resolve.summary import Entity

_CLASSES = frozenset(("class", "enum"))


def kind_of(context: Context, entity: Entity) -> str | None:
    """How a reference in ``context`` makes what ``entity`` defines run; None where it does not."""
    if context in ("call", "instantiate"):
        if entity.kind in _CLASSES or context == "instantiate":
            return "instantiate"
        return "call"
    return "decorate" if context == "decorate" else None
