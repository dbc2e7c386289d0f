"""DATA_DEP: what is read. Local variables follow reaching definitions (`app.resolve.flow`)."""

from __future__ import annotations

from app.model.facts import Context
from app.resolve.summary import Entity


def kind_of(context: Context, entity: Entity, *, defines: bool) -> str | None:
    """How a reference reads what binds ``entity``; ``defines``: that binding is a function or class.

    Calling a function or naming a class as a type is not a read of it; handing it on is.
    """
    if defines and context not in ("read", "export"):
        return None
    return "attribute" if entity.owner >= 0 else "constant"
