"""An index may have been made one folder above or below what is imported."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from app.errors import InputError
from app.scip.reading import ScipDocument


def below_root(documents: list[ScipDocument], paths: Collection[str]) -> list[ScipDocument]:
    """The documents with the plan's ``paths``; `InputError` where none of them is one of these."""
    known = {document.path for document in documents}
    if not known.isdisjoint(paths):
        return documents
    for path in sorted(paths):
        for document in documents:
            if document.path.endswith(f"/{path}"):
                above = document.path.removesuffix(path)
                return [replace(each, path=each.path.removeprefix(above)) for each in documents]
            if path.endswith(f"/{document.path}"):
                below = path.removesuffix(document.path)
                return [replace(each, path=f"{below}{each.path}") for each in documents]
    raise InputError(
        "the index and the plan have no file in common",
        hint=f"the index begins with {min(known)!r}, the plan with {min(paths, default='nothing')!r}",
    )
