"""A plan as a map: folders hold modules, modules hold atoms, and the place of each follows from names alone.

A treemap keeps what is in one folder together, needs no simulation, is the same every time, and moves little where a little
is changed. Its rectangles are laid out as in Bruls, Huizing and van Wijk, "Squarified treemaps" (2000).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

WIDTH: Final = 1600.0
HEIGHT: Final = 1000.0
TYPES: Final = ("IMPORT_DEP", "TYPE_DEP", "CONTROL_DEP", "DATA_DEP")

_BORDER: Final = 0.03
_LINE: Final = 14.0


@dataclass(frozen=True, slots=True)
class Rectangle:
    """``x``, ``y`` are of the corner where both are least."""

    x: float
    y: float
    width: float
    height: float

    def within(self, share: float) -> Rectangle:
        """The same with a border on every side, a share of its shorter side wide."""
        border = min(self.width, self.height) * share
        return Rectangle(self.x + border, self.y + border, self.width - 2 * border, self.height - 2 * border)


@dataclass(frozen=True, slots=True)
class DrawnAtom:
    """An atom as it is drawn; ``group`` is its module, or its file where no modules were found."""

    atom_id: str
    name: str
    kind: str
    path: str
    start_line: int
    loc: int
    wave: int | None
    cycle_id: str | None
    group: str


@dataclass(frozen=True, slots=True)
class Need:
    """A dependency between two atoms by their places in the list of atoms."""

    source: int
    target: int
    type: str
    weight: float
    confidence: float
    cut: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A module or a file with the places of its atoms in the list of atoms."""

    name: str
    folder: str
    atoms: tuple[int, ...]
    place: Rectangle


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is drawn, placed in `WIDTH` by `HEIGHT`. ``folders`` come with the outer ones first."""

    atoms: tuple[DrawnAtom, ...]
    places: tuple[tuple[float, float], ...]
    groups: tuple[Group, ...]
    folders: tuple[tuple[str, Rectangle], ...]
    needs: tuple[Need, ...]
    between: Mapping[tuple[int, int], float]
    """Weight of the dependencies from one group to another, by their places in ``groups``."""


@dataclass(slots=True)
class _Folder:
    path: str
    atoms: int = 0
    folders: dict[str, _Folder] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)


def draw(atoms: Sequence[DrawnAtom], names: Mapping[str, str], needs: Sequence[Need]) -> Picture:
    """Place atoms that come in the order of files; ``names`` are those of groups that have one beside their id."""
    members: defaultdict[str, list[int]] = defaultdict(list)
    for at, atom in enumerate(atoms):
        members[atom.group].append(at)
    root = _Folder("")
    homes: dict[str, str] = {}
    for group, its in members.items():
        homes[group] = _folder_of(Counter(atoms[at].path for at in its).most_common(1)[0][0])
        _hold(root, homes[group], group, len(its))
    groups: list[Group] = []
    folders: list[tuple[str, Rectangle]] = []
    places = [(0.0, 0.0)] * len(atoms)
    waiting = [(root, Rectangle(0, 0, WIDTH, HEIGHT))]
    while waiting:
        folder, place = waiting.pop()
        folders.append((folder.path, place))
        inside = _below_name(place.within(_BORDER)) if folder.path else place
        parts: list[tuple[int, str, _Folder | None]] = [
            (each.atoms, each.path, each) for each in folder.folders.values()
        ]
        parts += [(len(members[group]), group, None) for group in folder.groups]
        parts.sort(key=lambda part: (-part[0], part[1]))
        for (_, name, below), rectangle in zip(parts, squarified([p[0] for p in parts], inside), strict=True):
            if below is not None:
                waiting.append((below, rectangle))
                continue
            its = members[name]
            groups.append(Group(names.get(name, name), homes[name], tuple(its), rectangle))
            for at, where in zip(its, _grid(len(its), rectangle.within(_BORDER)), strict=True):
                places[at] = where
    number = {at: index for index, group in enumerate(groups) for at in group.atoms}
    between: defaultdict[tuple[int, int], float] = defaultdict(float)
    for need in needs:
        pair = (number[need.source], number[need.target])
        if pair[0] != pair[1]:
            between[pair] += need.weight
    return Picture(tuple(atoms), tuple(places), tuple(groups), tuple(folders), tuple(needs), dict(between))


def squarified(sizes: Sequence[float], place: Rectangle) -> list[Rectangle]:
    """A rectangle for each size, which come with the largest first, that fill ``place`` and are near to squares."""
    found: list[Rectangle] = []
    left = place
    rest = float(sum(sizes))
    at = 0
    while at < len(sizes):
        # The row lies along the shorter side; it grows while that makes its worst rectangle squarer.
        side = min(left.width, left.height)
        scale = left.width * left.height / rest
        end, row = at + 1, float(sizes[at])
        while end < len(sizes) and _worst(sizes[at : end + 1], row + sizes[end], side, scale) <= _worst(
            sizes[at:end], row, side, scale
        ):
            row += sizes[end]
            end += 1
        found += _row(sizes[at:end], row, left, scale)
        depth = row * scale / side if side else 0.0
        if left.width >= left.height:
            left = Rectangle(left.x + depth, left.y, max(left.width - depth, 0.0), left.height)
        else:
            left = Rectangle(left.x, left.y + depth, left.width, max(left.height - depth, 0.0))
        rest -= row
        at = end
    return found


def _worst(row: Sequence[float], total: float, side: float, scale: float) -> float:
    """The greatest ratio of sides in a row whose sizes fall."""
    if side == 0:
        return 1.0
    whole = total * scale
    return max(side * side * row[0] * scale / whole**2, whole**2 / (side * side * row[-1] * scale))


def _row(row: Sequence[float], total: float, left: Rectangle, scale: float) -> Iterator[Rectangle]:
    wide = left.width >= left.height
    side = left.height if wide else left.width
    depth = total * scale / side if side else 0.0
    along = left.y if wide else left.x
    for size in row:
        length = side * size / total
        if wide:
            yield Rectangle(left.x, along, depth, length)
        else:
            yield Rectangle(along, left.y, length, depth)
        along += length


def _grid(count: int, place: Rectangle) -> Iterator[tuple[float, float]]:
    """Points in rows, as lines of text go."""
    columns = max(1, math.ceil(math.sqrt(count * place.width / place.height))) if place.height else count
    rows = math.ceil(count / columns)
    for at in range(count):
        row, column = divmod(at, columns)
        yield (
            place.x + (column + 0.5) * place.width / columns,
            place.y + (row + 0.5) * place.height / rows,
        )


def _below_name(place: Rectangle) -> Rectangle:
    """What is left below the folder's name."""
    line = min(_LINE, place.height / 6)
    return Rectangle(place.x, place.y + line, place.width, place.height - line)


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _hold(root: _Folder, path: str, group: str, atoms: int) -> None:
    folder = root
    folder.atoms += atoms
    for part in path.split("/") if path else ():
        below = f"{folder.path}/{part}" if folder.path else part
        folder = folder.folders.setdefault(part, _Folder(below))
        folder.atoms += atoms
    folder.groups.append(group)
