"""Tar archives, read as a stream from front to back.

The standard library's reader is not used on strangers' files: in the Pythons that we support it loops for
ever on a negative size (CVE-2025-8194), takes time beyond bounds on some headers (CVE-2024-6232), and
reads an extended header of any declared size into memory.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from app.sources.listing import Listing, Meter, refused
from app.sources.names import LONGEST, member_path, shown
from app.sources.spool import Spool

_BLOCK: Final = 512
_CHUNK: Final = 1 << 16
_HEADER_BYTES: Final = 1 << 20
_XZ_MEMORY: Final = 256 * 2**20
_COPY = "check that it was copied whole"


@dataclass(slots=True)
class _Stream:
    """Unpacked bytes in order, counted as they come."""

    chunks: Iterator[bytes]
    meter: Meter
    _rest: bytes = b""

    def pieces(self, size: int) -> Iterator[bytes]:
        """The next ``size`` bytes; fewer only at the end of the archive."""
        while size:
            if not self._rest:
                self._rest = next(self.chunks, b"")
                self.meter.add(len(self._rest))
                if not self._rest:
                    return
            piece, self._rest = self._rest[:size], self._rest[size:]
            size -= len(piece)
            yield piece

    def read(self, size: int) -> bytes:
        return b"".join(self.pieces(size))

    def whole(self, size: int) -> Iterator[bytes]:
        """The next ``size`` bytes. Raises SourceRefused where the archive ends before."""
        for piece in self.pieces(size):
            size -= len(piece)
            yield piece
        if size:
            raise refused("it ends in the middle of a file", _COPY)

    def skip(self, size: int) -> None:
        for _ in self.whole(size):
            pass


@dataclass(frozen=True, slots=True)
class _Header:
    name: bytes
    kind: bytes
    size: int
    target: bytes


def unpack_tar(file: BinaryIO, listing: Listing, meter: Meter, spool: Spool) -> dict[bytes, tuple[int, int]]:
    """Fills ``listing`` and ``spool``; offset and size in the spool by path. Raises SourceRefused."""
    stream = _Stream(_unpacked(file), meter)
    places: dict[bytes, tuple[int, int]] = {}
    for header in _headers(stream):
        listing.count()
        path = member_path(header.name)
        padded = -(-header.size // _BLOCK) * _BLOCK
        if header.kind in (b"0", b"\0", b"7") and not header.name.endswith(b"/"):
            if listing.file(path, header.size):
                places[path] = spool.store(stream.whole(header.size))
                padded -= header.size
            stream.skip(padded)
        elif header.kind == b"5" or header.kind in (b"0", b"\0"):
            listing.folder(path)
        elif header.kind == b"2":
            listing.link(path, header.target)
        elif header.kind == b"1":
            original = member_path(header.target)
            if original not in places:
                listing.left_out(path, "hard link to a file that is not read")
            elif listing.file(path, places[original][1]):
                places[path] = places[original]
        elif header.kind in (b"3", b"4", b"6"):
            raise refused(f"{shown(path)!r} is a device or a pipe")
        elif header.kind in (b"S", b"M"):
            raise refused(f"{shown(path)!r} is a sparse file or a part of one")
        else:
            stream.skip(padded)
            listing.left_out(path, "entry of an unknown kind")
    return places


def _headers(stream: _Stream) -> Iterator[_Header]:
    """Every member; what extended headers say of it is worked in. Its bytes are to be taken from the stream."""
    everywhere: dict[bytes, bytes] = {}
    here: dict[bytes, bytes] = {}
    while True:
        block = stream.read(_BLOCK)
        if not stream.meter.unpacked:
            raise refused("it is empty", _COPY)
        if not block or block.count(0) == _BLOCK:
            return
        if len(block) < _BLOCK:
            raise refused("it ends in the middle of a header", _COPY)
        _check_sum(block)
        kind = block[156:157]
        size = _number(block[124:136])
        if kind in (b"x", b"X", b"g", b"L", b"K"):
            if size > _HEADER_BYTES:
                raise refused(f"an extended header has {size} bytes")
            text = stream.read(size)
            stream.skip(-size % _BLOCK)
            if kind == b"g":
                everywhere |= _records(text)
            elif kind == b"L":
                here[b"path"] = text.rstrip(b"\0")
            elif kind == b"K":
                here[b"linkpath"] = text.rstrip(b"\0")
            else:
                here |= _records(text)
            continue
        said = everywhere | here
        here = {}
        if any(key.startswith(b"GNU.sparse.") for key in said):
            raise refused("it holds sparse files", "pack the folder again without --sparse")
        name = block[:100].split(b"\0", 1)[0]
        if block[257:263] == b"ustar\0" and block[345]:
            name = block[345:500].split(b"\0", 1)[0] + b"/" + name
        if b"size" in said:
            if not said[b"size"].isdigit() or len(said[b"size"]) > 19:
                raise refused("an extended header holds no number where one belongs")
            size = int(said[b"size"])
        target = said.get(b"linkpath", block[157:257].split(b"\0", 1)[0])
        if len(target) > LONGEST:
            raise refused("a link has a target of more than 4096 bytes")
        yield _Header(said.get(b"path", name), kind, size, target)


def _check_sum(block: bytes) -> None:
    expected = _number(block[148:156])
    blanked = block[:148] + b" " * 8 + block[156:]
    # some old programs add the bytes up as signed numbers
    if expected != sum(blanked) and expected != sum(blanked) - 256 * sum(byte > 127 for byte in blanked):
        raise refused("it is not a tar archive, or is damaged: a header's checksum is wrong", _COPY)


def _number(field: bytes) -> int:
    """Octal digits, or GNU's binary form. Raises SourceRefused for a negative or senseless number."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0", 1)[0].strip()
    if not digits:
        return 0
    if not all(byte in b"01234567" for byte in digits):
        raise refused("a header holds no number where one belongs", _COPY)
    return int(digits, 8)


def _records(text: bytes) -> dict[bytes, bytes]:
    """The `length key=value` lines of an extended header."""
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(text) and text[at]:
        space = text.find(b" ", at, at + 20)
        digits = text[at:space] if space > 0 else b""
        length = int(digits) if digits.isdigit() else 0
        key, equals, value = text[space + 1 : at + length].partition(b"=")
        if not equals or not value.endswith(b"\n") or at + length > len(text):
            raise refused("an extended header is damaged", _COPY)
        found[key] = value[:-1]
        at += length
    return found


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    magic = file.read(6)
    file.seek(0)
    try:
        if magic.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=file) as plain:
                yield from iter(lambda: plain.read(_CHUNK), b"")
        elif magic.startswith(b"BZh"):
            with bz2.BZ2File(file) as plain_bz2:
                yield from iter(lambda: plain_bz2.read(_CHUNK), b"")
        elif magic == b"\xfd7zXZ\0":
            yield from _unxz(file)
        else:
            yield from iter(lambda: file.read(_CHUNK), b"")
    except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        raise refused("it is damaged, or its end is missing", _COPY) from error


def _unxz(file: BinaryIO) -> Iterator[bytes]:
    """As `lzma.LZMAFile` does, which cannot be told how much memory a dictionary may take."""
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    packed = b""
    while True:
        if unpacker.eof:
            packed = unpacker.unused_data.lstrip(b"\0") or file.read(_CHUNK).lstrip(b"\0")
            if not packed:
                return
            unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
        elif unpacker.needs_input:
            packed = file.read(_CHUNK)
            if not packed:
                raise EOFError
        yield unpacker.decompress(packed, _CHUNK)
        packed = b""
