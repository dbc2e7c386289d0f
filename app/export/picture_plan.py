"""A plan's picture from the graph, as JSON for the page that draws it, and as SVG for documents."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any, Final

from app.export.picture import HEIGHT, TYPES, WIDTH, DrawnAtom, Need, Picture, Rectangle, draw
from app.graph.connect import Graph
from app.graph.read import PlanRows, whole_graph

_MOST_LINES: Final = 1_500
_LABEL_WIDTH: Final = 60.0


async def picture_json(graph: Graph, plan_id: str, tenant_id: str) -> tuple[str, bytes]:
    """The build that is drawn, and the picture in columns; `NotFound`."""
    rows = await whole_graph(graph, plan_id, tenant_id)
    return str(rows.plan["build_id"]), await asyncio.to_thread(lambda: as_json(rows))


async def picture_svg(graph: Graph, plan_id: str, tenant_id: str) -> str:
    """The picture of modules as an SVG document; `NotFound`."""
    rows = await whole_graph(graph, plan_id, tenant_id)
    return await asyncio.to_thread(lambda: "".join(svg(_drawn(rows), str(rows.plan["project_name"]))))


def svg(picture: Picture, title: str) -> Iterator[str]:
    """Folders, modules, atoms, and the heaviest dependencies between modules."""
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" font-family="sans-serif">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{WIDTH:.0f}" height="{HEIGHT:.0f}" fill="#fff"/>'
    )
    for path, place in picture.folders:
        yield f'<rect {_box(place)} fill="#1d3557" fill-opacity="0.04" stroke="#1d3557" stroke-opacity="0.3">'
        yield f"<title>{escape(path or title)}</title></rect>"
    waves = max((atom.wave or 1 for atom in picture.atoms), default=1)
    for group in picture.groups:
        yield f'<rect {_box(group.place.within(0.03))} fill="#fff" stroke="#8d99ae" stroke-width="0.4">'
        yield f"<title>{escape(group.name)}</title></rect>"
        radius = _radius(group.place, len(group.atoms))
        for at in group.atoms:
            (x, y), atom = picture.places[at], picture.atoms[at]
            shade = 220 - round(170 * ((atom.wave or 1) - 1) / max(waves - 1, 1))
            colour = "#d1495b" if atom.cycle_id else f"hsl({shade} 60% 55%)"
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.2f}" fill="{colour}"/>'
    heaviest = sorted(picture.between.items(), key=lambda item: (-item[1], item[0]))[:_MOST_LINES]
    most = heaviest[0][1] if heaviest else 1.0
    for (source, target), weight in reversed(heaviest):
        (x1, y1), (x2, y2) = (_centre(picture.groups[at].place) for at in (source, target))
        share = weight / most
        yield (
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#1d3557" '
            f'stroke-width="{0.3 + 2.7 * share:.2f}" stroke-opacity="{0.05 + 0.5 * share:.2f}"/>'
        )
    for path, place in picture.folders:
        if path and place.width > _LABEL_WIDTH:
            yield (
                f'<text x="{place.x + 3:.1f}" y="{place.y + 10:.1f}" font-size="9" fill="#1d3557">'
                f"{escape(path.rpartition('/')[2])}</text>"
            )
    yield "</svg>\n"


def as_json(rows: PlanRows) -> bytes:
    """The picture of a plan, with a column for each thing that is known of atoms and of dependencies."""
    picture = _drawn(rows)
    paths = _Numbers(atom.path for atom in picture.atoms)
    kinds = _Numbers(atom.kind for atom in picture.atoms)
    cycles = _Numbers(atom.cycle_id for atom in picture.atoms if atom.cycle_id)
    group_of = {at: number for number, group in enumerate(picture.groups) for at in group.atoms}
    document: dict[str, Any] = {
        "plan": {name: str(rows.plan[name]) for name in ("plan_id", "project_name", "build_id")},
        "width": WIDTH,
        "height": HEIGHT,
        "paths": paths.values,
        "kinds": kinds.values,
        "types": TYPES,
        "folders": [[path, *_rounded(place)] for path, place in picture.folders],
        "groups": [[group.name, len(group.atoms), *_rounded(group.place)] for group in picture.groups],
        "between": [[*pair, round(weight, 2)] for pair, weight in picture.between.items()],
        "atoms": {
            "id": [atom.atom_id for atom in picture.atoms],
            "name": [atom.name for atom in picture.atoms],
            "path": [paths[atom.path] for atom in picture.atoms],
            "kind": [kinds[atom.kind] for atom in picture.atoms],
            "line": [atom.start_line for atom in picture.atoms],
            "loc": [atom.loc for atom in picture.atoms],
            "wave": [atom.wave for atom in picture.atoms],
            "cycle": [cycles[atom.cycle_id] if atom.cycle_id else None for atom in picture.atoms],
            "group": [group_of[at] for at in range(len(picture.atoms))],
            "x": [round(x, 2) for x, _ in picture.places],
            "y": [round(y, 2) for _, y in picture.places],
        },
        "needs": {
            "source": [need.source for need in picture.needs],
            "target": [need.target for need in picture.needs],
            "type": [TYPES.index(need.type) for need in picture.needs],
            "confidence": [round(need.confidence, 2) for need in picture.needs],
            "cut": [at for at, need in enumerate(picture.needs) if need.cut],
        },
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _drawn(rows: PlanRows) -> Picture:
    number: dict[int, int] = {}
    atoms: list[DrawnAtom] = []
    for path, its in rows.atoms:
        for node, atom_id, name, kind, line, loc, wave, cycle_id, module_id in its:
            number[node] = len(atoms)
            atoms.append(DrawnAtom(atom_id, name, kind, path, line, loc, wave, cycle_id, module_id or path))
    needs = [
        Need(number[source], number[target], kind, weight, confidence, cut)
        for kind, *columns in rows.edges
        for source, target, weight, confidence, cut in zip(*columns, strict=True)
    ]
    return draw(atoms, dict(rows.modules), needs)


class _Numbers:
    """Each value once, and its number."""

    def __init__(self, values: Iterable[str]) -> None:
        self.values: Sequence[str] = list(dict.fromkeys(values))
        self._numbers = {value: number for number, value in enumerate(self.values)}

    def __getitem__(self, value: str) -> int:
        return self._numbers[value]


def _rounded(place: Rectangle) -> list[float]:
    return [round(each, 2) for each in (place.x, place.y, place.width, place.height)]


def _box(place: Rectangle) -> str:
    return f'x="{place.x:.1f}" y="{place.y:.1f}" width="{place.width:.1f}" height="{place.height:.1f}"'


def _centre(place: Rectangle) -> tuple[float, float]:
    return place.x + place.width / 2, place.y + place.height / 2


def _radius(place: Rectangle, atoms: int) -> float:
    return 0.35 * math.sqrt(place.width * place.height / max(atoms, 1))
