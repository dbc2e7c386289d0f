"""Server-side paths: only what lies in the folder that the operator opened for imports."""

from __future__ import annotations

from pathlib import Path

from app.errors import InputError


def below_root(root: Path | None, path: str) -> Path:
    """The real path, every link followed; ``path`` is relative to the root, or absolute and inside it.

    Raises `InputError` where there is no root, where the path leads out of it, and where nothing is there.
    """
    if root is None:
        raise InputError(
            "importing from a path of the server is not allowed",
            hint="set MGE_IMPORT_ROOT to the folder that paths may lie in, or upload an archive",
            field="path",
        )
    outside = InputError(
        "the path is not a file or folder in the import root",
        hint="give a path in MGE_IMPORT_ROOT, relative to it; links must not lead out of it",
        field="path",
    )
    if "\0" in path:
        raise outside
    try:
        base = root.resolve(strict=True)
        real = (base / path).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise outside from error
    if not real.is_relative_to(base) or not (real.is_dir() or real.is_file()):
        raise outside
    return real
