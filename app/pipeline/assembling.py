"""A plan back to files: each the bytes that were imported, all of them or none."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.errors import InputError, MgeError
from app.graph.connect import Graph
from app.graph.read import AssembledFile, assemble_files


@dataclass(frozen=True, slots=True)
class Assembled:
    """How much was written."""

    files: int
    bytes: int


async def assemble(graph: Graph, plan_id: str, tenant_id: str, out: Path) -> Assembled:
    """Write every file of a plan below ``out``, which must not exist yet or be empty.

    The files are put together beside it and moved there at the end, so ``out`` is whole or absent. Each is
    checked against the digest taken when it was imported. Raises InputError where ``out`` is in use.
    """
    partial = _begin(out)
    files = total = 0
    try:
        async for file in assemble_files(graph, plan_id, tenant_id):
            data = file_bytes(file)
            _write(partial, file.path, data)
            files += 1
            total += len(data)
        _finish(partial, out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Assembled(files, total)


def _begin(out: Path) -> Path:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} exists and is not empty", hint="give a new folder", field="out")
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    partial.chmod(0o755)
    return partial


def _write(partial: Path, path: str, data: bytes) -> None:
    if path.startswith("/") or ".." in path.split("/"):
        raise MgeError(f"{path} would leave the folder", hint="import the code base again to repair the plan")
    target = partial / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def _finish(partial: Path, out: Path) -> None:
    if out.exists():
        out.rmdir()
    partial.rename(out)


def file_bytes(file: AssembledFile) -> bytes:
    """A file's bytes; MgeError where they are not the imported ones (the graph was changed behind our back)."""
    data = b"".join(code.encode(file.encoding) for code in file.code)
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise MgeError(
            f"{file.path} is no longer what was imported",
            hint="import the code base again to repair the plan",
        )
    return data
