"""In which order a code base's files are written: what a file needs before it, as far as its cycles allow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from heapq import heappop, heappush
from itertools import count
from typing import Final, TypeAlias

from app.derive.code import CodeFile

# Two files that need each other are parted where only types, which nothing waits for, cross.
_TYPE_WEIGHT: Final = 0.05

Needs: TypeAlias = Mapping[str, Mapping[str, float]]
"""For each path, the paths that it needs and how much."""

Place: TypeAlias = tuple[int | str, ...]
"""Where a file belongs, from the coarsest part on; all of one length."""


def file_needs(files: Iterable[CodeFile]) -> dict[str, dict[str, float]]:
    """What files need of each other; needs of files that are not among them are left out."""
    files = tuple(files)
    found: dict[str, dict[str, float]] = {file.path: {} for file in files}
    for file in files:
        needs = found[file.path]
        for need in file.needs:
            if need.path != file.path and need.path in found:
                weight = need.weight * (_TYPE_WEIGHT if need.type_only else 1.0)
                needs[need.path] = needs.get(need.path, 0.0) + weight
    return found


def order_files(needs: Needs, place: Callable[[str], Place]) -> list[str]:
    """All paths, what each needs before it; of files that need each other first those that need the others least.

    ``place`` says where a file belongs, from the coarsest on: of those that could be next, one of the same place as the
    last is taken, else of the place that shares most with it.
    """
    circles = _circles(needs)
    circle_of = {path: number for number, circle in enumerate(circles) for path in circle}
    waits = [
        {circle_of[needed] for path in circle for needed in needs[path]} - {number}
        for number, circle in enumerate(circles)
    ]
    needed_by: list[list[int]] = [[] for _ in circles]
    for number, others in enumerate(waits):
        for other in others:
            needed_by[other].append(number)
    heads = [min((place(path), path) for path in circle) for circle in circles]
    ready: dict[Place, list[tuple[str, int]]] = {}

    def add(number: int) -> None:
        where, path = heads[number]
        heappush(ready.setdefault(where, []), (path, number))

    for number, others in enumerate(waits):
        if not others:
            add(number)
    ordered: list[str] = []
    here: Place = ()
    while ready:
        here = here if here in ready else min(ready, key=lambda each: (-_shared(here, each), each))
        _, chosen = heappop(ready[here])
        if not ready[here]:
            del ready[here]
        ordered += _parted(circles[chosen], needs)
        for number in needed_by[chosen]:
            waits[number].discard(chosen)
            if not waits[number]:
                add(number)
    return ordered


def _shared(one: Place, other: Place) -> int:
    """How many parts two places have in common, from the coarsest on."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _parted(circle: Collection[str], needs: Needs) -> list[str]:
    """Files that need each other: again and again the one that needs least of those that are left."""
    left = set(circle)
    wanted = {path: sum(weight for to, weight in needs[path].items() if to in left) for path in circle}
    users: dict[str, list[str]] = {path: [] for path in circle}
    for path in circle:
        for needed in needs[path]:
            if needed in left:
                users[needed].append(path)
    ordered: list[str] = []
    while left:
        chosen = min(left, key=lambda path: (round(wanted[path], 6), path))
        left.remove(chosen)
        ordered.append(chosen)
        for path in users[chosen]:
            wanted[path] -= needs[path][chosen]
    return ordered


def _circles(needs: Needs) -> list[tuple[str, ...]]:
    """The strongly connected components (Tarjan's algorithm, without recursion)."""
    numbers = count()
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    waiting: list[str] = []
    on_stack: set[str] = set()
    found: list[tuple[str, ...]] = []
    for root in needs:
        if root in index:
            continue
        path: list[tuple[str, list[str]]] = [(root, list(needs[root]))]
        while path:
            node, left = path[-1]
            if node not in index:
                index[node] = low[node] = next(numbers)
                waiting.append(node)
                on_stack.add(node)
            if left:
                other = left.pop()
                if other not in index:
                    path.append((other, list(needs[other])))
                elif other in on_stack:
                    low[node] = min(low[node], index[other])
                continue
            path.pop()
            if path:
                low[path[-1][0]] = min(low[path[-1][0]], low[node])
            if low[node] == index[node]:
                circle = [waiting.pop()]
                while circle[-1] != node:
                    circle.append(waiting.pop())
                on_stack.difference_update(circle)
                found.append(tuple(circle))
    return found
