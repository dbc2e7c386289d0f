"""Whether a plan still says what its files say: asked before anything is built on an atom."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from app.graph.connect import Graph
from app.graph.read import HashedAtom, HashedFile, hashed_files
from app.model.source import SourceFile
from app.pipeline.analyse import analyse
from app.sources.source import Source, read_entry

Drift: TypeAlias = Literal["changed", "moved", "gone"]
"""Other text, the same text at another place of its file, or no such file any more."""

_PLACEHOLDER: Final = "plan"


@dataclass(frozen=True, slots=True)
class DriftedAtom:
    """An atom that is not in its file as the plan has it; ``start_line`` as the plan has it, from 1."""

    atom_id: str
    qualified_name: str
    path: str
    start_line: int
    drift: Drift


@dataclass(frozen=True, slots=True)
class Checked:
    """What differs between a plan and its files; ``added`` are files that the plan does not have."""

    files: int
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    added: tuple[str, ...]
    atoms: tuple[DriftedAtom, ...]

    @property
    def current(self) -> bool:
        """Whether every atom of the plan is where the plan says it is."""
        return not self.changed and not self.gone


async def check(graph: Graph, plan_id: str, tenant_id: str, source: Source) -> Checked:
    """Compare every file of a plan, and each atom of those that differ, with what the source holds now.

    Raises as `app.graph.read.files_in_pages` does.
    """
    entries = {entry.path: entry for entry in source.entries}
    files = 0
    changed: list[str] = []
    gone: list[str] = []
    atoms: list[DriftedAtom] = []
    async for known in hashed_files(graph, plan_id, tenant_id):
        files += 1
        entry = entries.pop(known.path, None)
        file = read_entry(entry) if entry is not None else None
        if not isinstance(file, SourceFile):
            gone.append(known.path)
            atoms += [_drifted(known, atom, "gone") for atom in known.atoms]
        elif hashlib.sha256(file.data).hexdigest() != known.sha256:
            changed.append(known.path)
            atoms += _differing(known, file)
    return Checked(files, tuple(changed), tuple(gone), tuple(entries), tuple(atoms))


def _differing(known: HashedFile, file: SourceFile) -> Iterator[DriftedAtom]:
    now = {atom.content_hash for atom in analyse(_PLACEHOLDER, 0, _PLACEHOLDER, file).atoms}
    for atom in known.atoms:
        if _digest(file.data[atom.start_byte : atom.end_byte], known.encoding) != atom.content_hash:
            yield _drifted(known, atom, "moved" if atom.content_hash in now else "changed")


def _drifted(file: HashedFile, atom: HashedAtom, drift: Drift) -> DriftedAtom:
    return DriftedAtom(atom.atom_id, atom.qualified_name, file.path, atom.start_line, drift)


def _digest(data: bytes, encoding: str) -> str:
    """The content hash that an atom of these bytes has; empty where they are no text of the encoding."""
    try:
        return hashlib.sha256(data.decode(encoding).encode()).hexdigest()
    except UnicodeDecodeError:
        return ""
