"""Zip archives, read by their central directory.

The standard library's reader is not used on strangers' files: in the Pythons that we support it loads a
directory of any size before a limit can be applied, and accepts entries that overlap (CVE-2024-0450).
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from app.errors import SourceRefused
from app.sources.listing import Listing, Meter, refused
from app.sources.names import LONGEST, member_path, shown

_CHUNK: Final = 1 << 16
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_UTF8_NAME, _ENCRYPTED = 0x800, 0x1 | 0x40 | 0x2000


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A file of the archive: ``start`` is the offset of its local header, ``end`` that of what follows it."""

    raw: bytes
    method: int
    crc: int
    packed: int
    size: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Record:
    raw: bytes
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    start: int
    mode: int


def list_zip(file: BinaryIO, listing: Listing, meter: Meter) -> dict[bytes, ZipMember]:
    """Fills ``listing``; the members whose bytes may be asked for, by path. Raises SourceRefused."""
    file.seek(0, 2)
    length = file.tell()
    first, size, shift = _directory(file, length)
    spans: list[tuple[int, int]] = []
    wanted: dict[bytes, _Record] = {}
    for record in _records(file, first, size, shift):
        listing.count()
        path = member_path(record.name)
        spans.append((record.start, record.start + _LOCAL.size + len(record.raw) + record.packed))
        kind = stat.S_IFMT(record.mode)
        if record.name.endswith(b"/") or kind == stat.S_IFDIR:
            listing.folder(path)
        elif kind == stat.S_IFLNK:
            if record.size > LONGEST:
                raise refused(f"the link {shown(path)!r} has a target of {record.size} bytes")
            end = record.start + _LOCAL.size + 2 * _FULL16 + record.packed
            listing.link(path, b"".join(unpack_zip(file, _member(record, min(end, first)), meter)))
        elif kind not in (0, stat.S_IFREG):
            raise refused(f"{shown(path)!r} is a device, pipe or socket")
        elif record.flags & _ENCRYPTED:
            raise refused(f"{shown(path)!r} is encrypted", "pack the folder again without a password")
        elif listing.file(path, record.size):
            wanted[path] = record
    spans.sort()
    ends: dict[int, int] = {}
    for (start, end), following in zip(spans, [*(start for start, _ in spans[1:]), first], strict=True):
        if end > following:
            raise refused("two of its entries share bytes, or one reaches into the directory")
        ends[start] = following
    return {path: _member(record, ends[record.start]) for path, record in wanted.items()}


def unpack_zip(file: BinaryIO, member: ZipMember, meter: Meter) -> Iterator[bytes]:
    """The member's bytes in chunks. Raises SourceRefused where they are not what the directory declares."""
    name = shown(member.raw)
    file.seek(member.start)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise refused(f"the entry {name!r} is damaged")
    *_, name_length, extra_length = _LOCAL.unpack(head)
    if file.read(name_length) != member.raw:
        raise refused(f"the entry {name!r} bears another name in the directory")
    data = member.start + _LOCAL.size + name_length + extra_length
    if data + member.packed > member.end:
        raise refused(f"the entry {name!r} reaches into the next one")
    file.seek(data)
    if member.method == 8:
        chunks = _inflate(file, member.packed, name)
    elif member.method == 0:
        chunks = _stored(file, member.packed, name)
    else:
        raise refused(
            f"{name!r} is packed by method {member.method}, which is not supported",
            "pack the folder again with the usual method (deflate)",
        )
    size = crc = 0
    for chunk in chunks:
        size += len(chunk)
        meter.add(len(chunk))
        if size > member.size:
            raise refused(f"{name!r} unpacks to more than the {member.size} bytes that it declares")
        crc = zlib.crc32(chunk, crc)
        yield chunk
    if size != member.size or crc != member.crc:
        raise refused(f"{name!r} is damaged: its length or checksum is wrong")


def _member(record: _Record, end: int) -> ZipMember:
    return ZipMember(record.raw, record.method, record.crc, record.packed, record.size, record.start, end)


def _stored(file: BinaryIO, packed: int, name: str) -> Iterator[bytes]:
    while packed:
        chunk = file.read(min(packed, _CHUNK))
        if not chunk:
            raise refused(f"it ends in the middle of {name!r}")
        packed -= len(chunk)
        yield chunk


def _inflate(file: BinaryIO, packed: int, name: str) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-15)
    try:
        for chunk in _stored(file, packed, name):
            rest = chunk
            while rest and not inflater.eof:
                yield inflater.decompress(rest, _CHUNK)
                rest = inflater.unconsumed_tail
        while not inflater.eof and (chunk := inflater.decompress(b"", _CHUNK)):
            yield chunk
    except zlib.error as error:
        raise refused(f"{name!r} is damaged") from error
    if not inflater.eof:
        raise refused(f"{name!r} is damaged: its packed bytes do not end")


def _directory(file: BinaryIO, length: int) -> tuple[int, int, int]:
    """Where the central directory begins, its size, and by how much offsets are off (a program in front)."""
    tail_start = max(0, length - _END.size - _FULL16)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise refused("it is not a zip archive, or its end is missing", "check that it was copied whole")
    _, disk, start_disk, _, _, size, first, _ = _END.unpack_from(tail, at)
    end = tail_start + at
    if end >= _LOCATOR64.size:
        file.seek(end - _LOCATOR64.size)
        mark, _, _, disks = _LOCATOR64.unpack(file.read(_LOCATOR64.size))
        if mark == b"PK\x06\x07":
            end -= _LOCATOR64.size + _END64.size
            if end < 0 or disks > 1:
                raise _parts()
            file.seek(end)
            mark, _, _, _, disk, start_disk, _, _, size, first = _END64.unpack(file.read(_END64.size))
            if mark != b"PK\x06\x06":
                raise refused("its 64-bit directory is damaged", "check that it was copied whole")
    if disk not in (0, _FULL16) or start_disk not in (0, _FULL16):
        raise _parts()
    shift = end - size - first
    if shift < 0:
        raise refused("its directory does not lie where it says", "check that it was copied whole")
    return first + shift, size, shift


def _parts() -> SourceRefused:
    return refused("it is one part of several", "join the parts first, or pack the folder again as one")


def _records(file: BinaryIO, first: int, size: int, shift: int) -> Iterator[_Record]:
    at, end = first, first + size
    while at < end:
        file.seek(at)
        head = file.read(_ENTRY.size)
        if len(head) < _ENTRY.size or not head.startswith(b"PK\x01\x02"):
            raise refused("its directory is damaged", "check that it was copied whole")
        fields = _ENTRY.unpack(head)
        flags, method, crc, packed, unpacked = fields[3], fields[4], fields[7], fields[8], fields[9]
        name_length, extra_length, comment_length, start = fields[10], fields[11], fields[12], fields[16]
        raw = file.read(name_length)
        extra = file.read(extra_length)
        at += _ENTRY.size + name_length + extra_length + comment_length
        if len(extra) < extra_length or at > end:
            raise refused("its directory is damaged", "check that it was copied whole")
        wide = [unpacked == _FULL32, packed == _FULL32, start == _FULL32]
        if any(wide):
            unpacked, packed, start = _wide_fields(extra, [unpacked, packed, start], wide)
        mode = fields[15] >> 16
        yield _Record(raw, _utf8(raw, flags), flags, method, crc, packed, unpacked, start + shift, mode)


def _wide_fields(extra: bytes, values: list[int], wide: list[bool]) -> list[int]:
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == 1 and size >= 8 * sum(wide) and at + 4 + size <= len(extra):
            numbers = iter(struct.unpack_from(f"<{sum(wide)}Q", extra, at + 4))
            return [next(numbers) if needed else value for value, needed in zip(values, wide, strict=True)]
        at += 4 + size
    raise refused("an entry lacks its 64-bit size", "check that it was copied whole")


def _utf8(raw: bytes, flags: int) -> bytes:
    """The name in UTF-8. Without the flag it may be UTF-8 all the same (Unix tools), or else code page 437."""
    if flags & _UTF8_NAME:
        return raw
    try:
        raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp437").encode()
    return raw
