"""Names of files: how they are written in a plan, and which ones an archive may not use."""

from __future__ import annotations

import posixpath
import re

from app.errors import SourceRefused

LONGEST = 4096
_DRIVE = re.compile(rb"[A-Za-z]:")


def plan_path(raw: bytes) -> str:
    """The path as the plan writes it: the bytes as UTF-8.

    A name with bytes that are not UTF-8 cannot be kept in either store; each such byte is written as
    ``%XX``, and ``%`` itself as ``%25`` in such a name, so that the bytes can be had back.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        escaped = raw.replace(b"%", b"%25").decode("utf-8", "surrogateescape")
        return "".join(
            f"%{ord(char) - 0xDC00:02X}" if "\udc80" <= char <= "\udcff" else char for char in escaped
        )


def shown(raw: bytes) -> str:
    """A name for a message: printable, and not longer than a line."""
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in plan_path(raw))
    return text if len(text) <= 200 else text[:100] + "…" + text[-99:]


def member_path(raw: bytes) -> bytes:
    """The name of an archive's member without `.` parts and doubled slashes; ``b""`` is the root itself.

    Raises SourceRefused for a name that could lead out of a folder on any operating system.
    """
    if b"\0" in raw:
        why = "contains a NUL byte"
    elif raw.startswith(b"/"):
        why = "is an absolute path"
    elif b"\\" in raw:
        why = "contains a backslash"
    elif _DRIVE.match(raw):
        why = "names a drive"
    elif b".." in raw.split(b"/"):
        why = "contains '..'"
    elif len(raw) > LONGEST:
        why = f"is longer than {LONGEST} bytes"
    else:
        return b"/".join(part for part in raw.split(b"/") if part not in (b"", b"."))
    raise SourceRefused(
        f"the archive was refused: the name {shown(raw)!r} {why}",
        hint="pack the folder again with plain relative names, for instance: tar -czf code.tar.gz -C FOLDER .",
    )


def leads_out(path: bytes, target: bytes) -> bool:
    """Whether a symbolic link at ``path`` with that target leaves the root of its archive."""
    if target.startswith(b"/") or b"\\" in target or b"\0" in target or _DRIVE.match(target):
        return True
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return joined == b".." or joined.startswith(b"../")
