"""A code base as a plan is derived from it: files with their atoms, what those need, and the modules they are in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.errors import MgeError
from app.graph.connect import Graph
from app.graph.read import files_in_pages, run_named
from app.model.paths import path_problem

_FILES_AT_A_TIME = 50


@dataclass(frozen=True, slots=True)
class CodeAtom:
    """What of an atom a plan tells; ``module_id`` is empty where no boundaries were found."""

    name: str
    kind: str
    node_type: str
    loc: int
    complexity: int
    code: str
    signature: str = ""
    docstring: str = ""
    module_id: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """An atom of a file needs an atom of that or another file; atoms count from 0 in their files."""

    atom: int
    path: str
    needed: int
    weight: float = 1.0
    type_only: bool = False


@dataclass(frozen=True, slots=True)
class CodeFile:
    """A file of a code base: its atoms' code, one after the other, is its text."""

    path: str
    language: str
    atoms: tuple[CodeAtom, ...]
    needs: tuple[Need, ...] = ()

    @property
    def text(self) -> str:
        return "".join(atom.code for atom in self.atoms)

    @property
    def loc(self) -> int:
        return sum(atom.loc for atom in self.atoms)


@dataclass(frozen=True, slots=True)
class Module:
    """A module that was found in the graph, and the component that it is in."""

    name: str
    component_id: str
    component: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that cannot be part of a plan, and why, as the end of a sentence."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class CodeBase:
    """All files by path; ``modules`` by their ids, none where no boundaries were found."""

    files: tuple[CodeFile, ...]
    left_out: tuple[LeftOut, ...] = ()
    modules: Mapping[str, Module] = field(default_factory=dict)


async def read_code(graph: Graph, plan_id: str, tenant_id: str) -> CodeBase:
    """An imported plan's code, of one build.

    Raises `NotFound`, `Conflict` where the plan is replaced on the way, `MgeError` where a file is no longer what was
    imported, `StoreDown`.
    """
    files: list[CodeFile] = []
    left_out: list[LeftOut] = []
    async for row in files_in_pages(graph, plan_id, tenant_id, "derive/files", _FILES_AT_A_TIME):
        file = CodeFile(
            row["path"],
            row["language"],
            tuple(CodeAtom(*fields) for fields in row["atoms"]),
            tuple(Need(at - 1, path, to - 1, weight, types) for at, path, to, weight, types in row["needs"]),
        )
        reason = _unfit(file, row["encoding"], row["sha256"])
        if reason:
            left_out.append(LeftOut(file.path, reason))
        else:
            files.append(file)
    _, rows = await run_named(graph, tenant_id, "derive/modules", {"plan_id": plan_id})
    modules = {str(id_): Module(str(name), str(of), str(component)) for id_, name, of, component in rows}
    return CodeBase(tuple(files), tuple(left_out), modules)


def _unfit(file: CodeFile, encoding: str, sha256: str) -> str:
    """Why a file's text would not come back as its bytes from Postgres and a workspace; empty where it does."""
    data = file.text.encode(encoding)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise MgeError(
            f"{file.path} is no longer what was imported",
            hint="import the code base again to repair the plan",
        )
    if file.text.encode("utf-8", "surrogatepass") != data:
        return f"is not UTF-8 but {encoding}"
    if "\0" in file.text:
        return "holds a NUL character"
    return path_problem(file.path)
