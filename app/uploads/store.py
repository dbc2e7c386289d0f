"""Uploaded archives, kept in a private folder for as long as a job needs them.

An upload's name is made here: nothing of the name that its sender gave it becomes part of a path, but for one
of the known suffixes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final
from uuid import uuid4

from app.errors import InputError

_ID: Final = re.compile(r"[0-9a-f]{32}(\.[a-z0-9]{2,4}){0,2}")
_UNCLAIMED_SECONDS: Final = 3600


def new_upload(folder: Path, suffix: str) -> str:
    """The id of a new, empty upload that only this user can read."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    upload = uuid4().hex + suffix
    upload_path(folder, upload).touch(mode=0o600, exist_ok=False)
    return upload


def upload_path(folder: Path, upload: str) -> Path:
    """Where an upload is; `InputError` for what is no id of one."""
    if _ID.fullmatch(upload) is None:
        raise InputError(f"{upload!r} is no upload", hint="upload the archive again")
    return folder / upload


def remove_upload(folder: Path, upload: str) -> None:
    """Delete an upload, where it is there."""
    upload_path(folder, upload).unlink(missing_ok=True)


def sweep_uploads(folder: Path, needed: Collection[str]) -> int:
    """Delete what no job needs and nobody has written to for an hour; how many those were."""
    if not folder.is_dir():
        return 0
    oldest = time.time() - _UNCLAIMED_SECONDS
    unneeded = [
        path
        for path in folder.iterdir()
        if _ID.fullmatch(path.name) and path.name not in needed and path.stat().st_mtime < oldest
    ]
    for path in unneeded:
        path.unlink(missing_ok=True)
    return len(unneeded)
