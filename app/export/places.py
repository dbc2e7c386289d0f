"""Where the atoms of a file begin and its code binds names, as lines and columns of the joined text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.atoms.cut import line_starts
from app.parse.languages import parse
from app.parse.text import decode
from app.resolve.local import Place, Places


@dataclass(frozen=True, slots=True)
class NamedPlaces:
    """``bound``: bindings in file order, then attributes that are stored; ``imported``: place, name, and the
    name that the import takes.
    """

    bound: tuple[tuple[Place, str], ...]
    imported: tuple[tuple[Place, str, str], ...]


def named_places(source: str, language: str) -> NamedPlaces:
    """Where a file's text binds names."""
    data = source.encode("utf-8")
    facts = parse(decode(data, pep263=False), language)
    place = Places(data, line_starts(data)).at
    bindings = sorted((binding.pos, binding.name) for binding in facts.bindings if binding.how != "import")
    targets = [facts.expressions[store.target] for store in facts.attribute_stores]
    return NamedPlaces(
        tuple((place(pos), name) for pos, name in (*bindings, *((at.pos, at.name) for at in targets))),
        tuple(
            (place(binding.pos), binding.name, binding.key)
            for binding in facts.bindings
            if binding.how == "import"
        ),
    )


def atom_starts(codes: Iterable[str]) -> tuple[Place, ...]:
    """Where each atom begins, from the code of a file's atoms in order."""
    starts: list[Place] = []
    line = column = 1
    for code in codes:
        starts.append((line, column))
        breaks = code.count("\n")
        line += breaks
        column = len(code) - code.rfind("\n") if breaks else column + len(code)
    return tuple(starts)
