"""Which paths a plan may write in its workspace."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

_MAX_BYTES: Final = 400
_MAX_PART_BYTES: Final = 200
_RESERVED: Final = frozenset({".git", ".hg", ".svn", ".mge"})


def path_problem(path: str) -> str:
    """Why a path may not be written, as the end of a sentence; empty where it may."""
    parts = PurePosixPath(path).parts
    if not path.isprintable() or "\\" in path or ":" in path:
        return "has characters that not every file system takes"
    if path.startswith("/") or not parts:
        return "is not relative to the workspace"
    if ".." in path.split("/"):
        return "leaves the workspace"
    if path != "/".join(parts):
        return f"is not in its shortest form, {'/'.join(parts)!r}"
    if any(part.lower() in _RESERVED for part in parts):
        return "lies in a folder of version control"
    if any(part != part.strip(" ") or part.endswith(".") for part in parts):
        return "has a part that begins or ends with a blank or ends with a dot"
    if len(path.encode()) > _MAX_BYTES or any(len(part.encode()) > _MAX_PART_BYTES for part in parts):
        return "is too long"
    return ""
