"""Archives: checked, and unpacked into one private file under no name of theirs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

from app.sources.choose import Choice, choose, divided
from app.sources.listing import Listing, Meter
from app.sources.names import plan_path
from app.sources.source import Entry, ReadRules, Source
from app.sources.spool import Spool
from app.sources.tars import unpack_tar
from app.sources.zips import list_zip, unpack_zip

ZIP_SUFFIXES: Final = (".zip", ".whl")
TAR_SUFFIXES: Final = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")
_PACKED_MAGIC: Final = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")


def is_archive(path: Path) -> bool:
    """Whether the file is an archive, by its name or else by its first bytes."""
    if path.name.lower().endswith(ZIP_SUFFIXES + TAR_SUFFIXES):
        return True
    with path.open("rb") as file:
        start = file.read(262)
    return _is_zip(start) or start.startswith(_PACKED_MAGIC) or start[257:262] == b"ustar"


def open_archive(path: Path, rules: ReadRules, private: Path) -> Source:
    """Everything that the rules allow in the archive ``path``; ``private`` is an empty folder.

    The same rules hold as if the archive were unpacked and the folder read. Raises SourceRefused.
    """
    name = plan_path(os.fsencode(path.name))
    suffix = next((end for end in ZIP_SUFFIXES + TAR_SUFFIXES if name.lower().endswith(end)), path.suffix)
    name = name[: len(name) - len(suffix)] or name
    with path.open("rb") as file, Spool(private / "files") as spool:
        start = file.read(4)
        file.seek(0)
        if _is_zip(start) or path.name.lower().endswith(ZIP_SUFFIXES):
            return _open_zip(file, name, rules, spool, private)
        return _open_tar(file, name, rules, spool, private)


def _is_zip(start: bytes) -> bool:
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def _open_zip(archive: BinaryIO, name: str, rules: ReadRules, spool: Spool, private: Path) -> Source:
    meter = Meter(os.fstat(archive.fileno()).st_size, rules)
    listing = Listing(rules)
    members = list_zip(archive, listing, meter)

    def control(path: bytes) -> bytes:
        if path not in members:
            raise FileNotFoundError
        return b"".join(unpack_zip(archive, members[path], meter))

    listing.tree.read_control = control
    listing.unwrap(name)
    choice = choose(listing.tree, rules)
    places = {
        file.path: spool.store(unpack_zip(archive, members[listing.tree.base + file.path], meter))
        for file in choice.files
    }
    return _source(name, listing, choice, places, rules, spool, private)


def _open_tar(archive: BinaryIO, name: str, rules: ReadRules, spool: Spool, private: Path) -> Source:
    meter = Meter(os.fstat(archive.fileno()).st_size, rules)
    listing = Listing(rules)
    unpacked = unpack_tar(archive, listing, meter, spool)

    def control(path: bytes) -> bytes:
        if path not in unpacked:
            raise FileNotFoundError
        return spool.read(*unpacked[path])

    listing.tree.read_control = control
    listing.unwrap(name)
    choice = choose(listing.tree, rules)
    places = {file.path: unpacked[listing.tree.base + file.path] for file in choice.files}
    return _source(name, listing, choice, places, rules, spool, private)


def _source(
    name: str,
    listing: Listing,
    choice: Choice,
    places: dict[bytes, tuple[int, int]],
    rules: ReadRules,
    spool: Spool,
    private: Path,
) -> Source:
    entries, configs = divided(
        choice.files,
        [
            Entry(plan_path(file.path), size, str(spool.path), b"", offset, rules.max_file_bytes)
            for file in choice.files
            for offset, size in [places[file.path]]
        ],
    )
    others = choice.others + listing.tree.others
    return Source(name, entries, tuple(choice.skipped), others, choice.ignored, "", configs, private)
