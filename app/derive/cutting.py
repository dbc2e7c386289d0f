"""From a file's atoms to tasks of about 80 code lines and subtasks of about 25."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.derive.borders import cut_costs
from app.derive.code import CodeFile

TASK_LOC: Final = 80
SUBTASK_LOC: Final = 25
# A group further above its aim is not worth looking at.
_WIDEST: Final = 3


@dataclass(frozen=True, slots=True)
class Range:
    """Neighbouring atoms of a file, from ``first`` to before ``end``, counted from 0."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class _Block:
    """Atoms that stay together; ``cost`` is that of a cut before them."""

    first: int
    end: int
    loc: int
    cost: float


def cut_file(file: CodeFile) -> tuple[tuple[Range, ...], ...]:
    """A file's tasks, each as its subtasks; all of them one after the other are all of the file's atoms."""
    blocks = _blocks(file)
    return tuple(
        tuple(_range(part) for part in _grouped(task, SUBTASK_LOC)) for task in _grouped(blocks, TASK_LOC)
    )


def _blocks(file: CodeFile) -> list[_Block]:
    costs = cut_costs(file)
    firsts = [at for at, cost in enumerate(costs) if at == 0 or cost is not None]
    return [
        _Block(first, end, sum(atom.loc for atom in file.atoms[first:end]), costs[first] or 0.0)
        for first, end in zip(firsts, [*firsts[1:], len(file.atoms)], strict=True)
    ]


def _range(blocks: Sequence[_Block]) -> Range:
    return Range(blocks[0].first, blocks[-1].end)


def _grouped(blocks: Sequence[_Block], aim: int) -> list[Sequence[_Block]]:
    """The cheapest way to group neighbours: far from the aim costs, and so does a cut where a reader would mind."""
    best = [0.0]
    begin = [0]
    for last in range(len(blocks)):
        loc = 0
        cheapest, chosen = float("inf"), last
        for first in range(last, -1, -1):
            loc += blocks[first].loc
            if first < last and loc > _WIDEST * aim:
                break
            cost = best[first] + ((loc - aim) / aim) ** 2 + (blocks[first].cost if first else 0.0)
            if cost < cheapest:
                cheapest, chosen = cost, first
        best.append(cheapest)
        begin.append(chosen)
    groups: list[Sequence[_Block]] = []
    end = len(blocks)
    while end:
        groups.append(blocks[begin[end] : end])
        end = begin[end]
    return groups[::-1]
