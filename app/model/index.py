"""What a type-aware index says of a plan's names, whoever made it: a compiler that was asked, or a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

MODULE: Final = -1
"""In place of a position: the module itself."""


class IndexAnswer(NamedTuple):
    """What the name at ``place`` (``line:column``) means. ``rule`` is the index that says so.

    ``targets`` are files by number and the byte positions of defining names in them (`MODULE`: the file as a
    module). Where there are none, ``outside`` is the package that it comes from, ``""`` for the language itself.
    """

    rule: str
    place: str
    targets: tuple[tuple[int, int], ...]
    outside: str = ""


Answers = Mapping[int, IndexAnswer]
"""By the byte position of the name in its file."""


@dataclass(frozen=True, slots=True)
class Index:
    """``answers`` by file number; ``engine`` is the name and version of what answered, ``problems`` what it could
    not read.
    """

    engine: str
    answers: Mapping[int, Answers] = field(default_factory=dict[int, Answers])
    problems: tuple[str, ...] = ()


def merged(indexes: tuple[Index, ...], file: int) -> dict[int, IndexAnswer]:
    """The answers of all indexes about one file; where two answer, the earlier index is believed."""
    answers: dict[int, IndexAnswer] = {}
    for index in reversed(indexes):
        answers.update(index.answers.get(file, {}))
    return answers
