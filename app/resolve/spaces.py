"""TypeScript's two spaces of names: an interface and a constant may share one, and a use means one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.model.facts import Context
from app.resolve.summary import Bound

_TYPES: Final = frozenset(("interface", "type"))
_TYPE_USES: Final = frozenset(("annotation", "type_argument", "cast"))


def in_space(bounds: Sequence[Bound], context: Context) -> Sequence[Bound]:
    """The bindings of a name that a use of it means; all of them where only one space has any.

    What is a type alone (interface, alias) is left out for values; what is a value alone (constant, function) is
    left out for types. Classes, enums and namespaces are both. What a class extends may be of either space.
    """
    types = [bound for bound in bounds if bound.kind in _TYPES]
    if not types or len(types) == len(bounds) or context in ("base", "export"):
        return bounds
    if context in _TYPE_USES:
        return [bound for bound in bounds if bound.kind not in ("variable", "function", "parameter")]
    return [bound for bound in bounds if bound.kind not in _TYPES]
