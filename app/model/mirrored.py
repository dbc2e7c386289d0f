"""What of a masterplan is mirrored in the graph: its parts as rows, and how they hang together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

Value: TypeAlias = "bool | int | float | str | Sequence[Value] | None"


class Kind(StrEnum):
    """The parts of a masterplan, from the whole to the smallest: a part comes after those that hold it."""

    PLAN = "plan"
    PHASE = "phase"
    MILESTONE = "milestone"
    TASK = "task"
    SUBTASK = "subtask"


LABELS: Final[Mapping[Kind, str]] = {
    Kind.PLAN: "Plan",
    Kind.PHASE: "Phase",
    Kind.MILESTONE: "Milestone",
    Kind.TASK: "Task",
    Kind.SUBTASK: "Subtask",
}
HOLDERS: Final[Mapping[Kind, tuple[Kind, str]]] = {
    Kind.PHASE: (Kind.PLAN, "HAS_PHASE"),
    Kind.MILESTONE: (Kind.PHASE, "HAS_MILESTONE"),
    Kind.TASK: (Kind.MILESTONE, "HAS_TASK"),
    Kind.SUBTASK: (Kind.TASK, "HAS_SUBTASK"),
}
"""What a part of each kind is in, and the relationship that says so."""
DEPENDS_ON: Final = "DEPENDS_ON"


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """A part of a masterplan; ``id`` is its key in both stores."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True)
class MirroredRow:
    """A row as Postgres has it. ``needs`` are the ids of the parts of its kind that it depends on.

    ``properties`` are those of its node; times are text in ISO 8601 there.
    """

    part: Part
    plan_id: str
    tenant_id: str
    parent_id: str
    needs: tuple[str, ...]
    properties: Mapping[str, Value]

    @property
    def row_version(self) -> int:
        """Counts the changes of the row."""
        version = self.properties["row_version"]
        assert isinstance(version, int)
        return version
