"""Changes of a source text, and the faults that are made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What can be wrong with code, or with the answer around it."""

    WRONG_NAME = "wrong_name"
    MISSING_IMPORT = "missing_import"
    OFF_BY_ONE = "off_by_one"
    DROPPED_BRANCH = "dropped_branch"
    SWAPPED_ARGUMENTS = "swapped_arguments"
    WRONG_TYPE = "wrong_type"
    TRUNCATED = "truncated"
    CHATTER = "chatter"


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters ``start`` to before ``end`` of a text, and what stands there instead."""

    start: int
    end: int
    after: str


@dataclass(frozen=True, slots=True)
class Mutation:
    """A text with one fault, at ``line`` (from 1): ``after`` stands there instead of ``before``."""

    text: str
    line: int
    before: str
    after: str


def edited(text: str, *edits: Edit) -> Mutation:
    """The text with edits that do not overlap; the mutation is told from the first to the last of them."""
    ordered = sorted(edits, key=lambda each: each.start)
    first, last = ordered[0].start, ordered[-1].end
    pieces = list(_pieces(text, ordered))
    changed = "".join(pieces)
    after = changed[first : len(changed) - (len(text) - last)]
    return Mutation(changed, text.count("\n", 0, first) + 1, text[first:last], after)


def _pieces(text: str, ordered: list[Edit]) -> Iterator[str]:
    position = 0
    for edit in ordered:
        yield text[position : edit.start]
        yield edit.after
        position = edit.end
    yield text[position:]


def misspelt(name: str, taken: frozenset[str]) -> str:
    """A name that looks like another one and is none of those that are taken."""
    spellings = [
        name[:-1],
        f"{name}s",
        f"{name[:-2]}{name[-1]}{name[-2:-1]}",
        f"{name}_",
        f"{name}2",
        f"{name}_value",
    ]
    return next(
        (each for each in spellings if each.isidentifier() and each != name and each not in taken),
        f"{name}{len(taken)}x",
    )
