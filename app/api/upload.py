"""An uploaded archive, written to disk as it comes in: neither its size nor its names are trusted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.errors import InputError
from app.sources.archive import TAR_SUFFIXES, ZIP_SUFFIXES, is_archive
from app.uploads.store import new_upload, remove_upload, upload_path

if TYPE_CHECKING:
    from hashlib import _Hash

    from python_multipart.multipart import MultipartCallbacks

_FIELDS: Final = ("name", "include", "exclude")
_FIELD_BYTES: Final = 64 * 1024
_PARTS: Final = 300
_WRITE_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class UploadedArchive:
    """An archive in the uploads folder. ``stem`` is its sender's name for it without the suffix."""

    upload: str
    stem: str
    sha256: str
    fields: dict[str, list[str]]


@dataclass(slots=True)
class _Form:
    """The parts of a form as the parser tells of them; ``waiting`` is what the file still has to get."""

    folder: Path
    upload: str = ""
    filename: str = ""
    waiting: bytearray = field(default_factory=bytearray)
    fields: dict[str, list[str]] = field(default_factory=dict)
    parts: int = 0
    field_bytes: int = 0
    ended: bool = False
    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    disposition: bytes = b""
    name: str = ""
    is_file: bool = False
    text: bytearray = field(default_factory=bytearray)

    def on_part_begin(self) -> None:
        self.parts += 1
        if self.parts > _PARTS:
            raise InputError(f"the form has more than {_PARTS} parts", hint="give fewer patterns")
        self.disposition = b""
        self.text.clear()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self.header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def on_header_end(self) -> None:
        if self.header.lower() == b"content-disposition":
            self.disposition = bytes(self.value)
        self.header.clear()
        self.value.clear()

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self.disposition)
        self.name = options.get(b"name", b"").decode("utf-8", "replace")
        self.is_file = self.name == "file"
        if self.is_file:
            if self.upload:
                raise InputError(
                    "the form has more than one file", hint="pack them into one archive", field="file"
                )
            self.filename = options.get(b"filename", b"").decode("utf-8", "replace")
            self.upload = new_upload(self.folder, _suffix(self.filename))
        elif self.name not in _FIELDS:
            raise InputError(
                f"the form has a part that is not known: {self.name[:100]!r}",
                hint=f"the parts are: file, {', '.join(_FIELDS)}",
                field=self.name[:100],
            )

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self.is_file:
            self.waiting += data[start:end]
            return
        self.field_bytes += end - start
        if self.field_bytes > _FIELD_BYTES:
            raise InputError(
                f"the form's texts are more than {_FIELD_BYTES} bytes",
                hint="give fewer patterns",
                field=self.name,
            )
        self.text += data[start:end]

    def on_part_end(self) -> None:
        if not self.is_file:
            try:
                self.fields.setdefault(self.name, []).append(self.text.decode())
            except UnicodeDecodeError as error:
                raise InputError("the text is not UTF-8", hint="send it as UTF-8", field=self.name) from error

    def on_end(self) -> None:
        self.ended = True


async def receive_archive(request: Request, folder: Path) -> UploadedArchive:
    """The archive of a multipart form, in the uploads folder.

    Raises `InputError` where the form is broken or holds no archive; nothing stays in the folder then.
    """
    _, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if not boundary:
        raise _broken()
    form = _Form(folder)
    digest = sha256()
    try:
        await _read(request, form, boundary, digest)
        return await asyncio.to_thread(_finished, form, digest.hexdigest())
    except BaseException:
        if form.upload:
            remove_upload(folder, form.upload)
        raise


async def _read(request: Request, form: _Form, boundary: bytes, digest: _Hash) -> None:
    callbacks: MultipartCallbacks = {
        "on_part_begin": form.on_part_begin,
        "on_header_field": form.on_header_field,
        "on_header_value": form.on_header_value,
        "on_header_end": form.on_header_end,
        "on_headers_finished": form.on_headers_finished,
        "on_part_data": form.on_part_data,
        "on_part_end": form.on_part_end,
        "on_end": form.on_end,
    }
    file: BinaryIO | None = None
    try:
        parser = MultipartParser(boundary, callbacks)
        async for chunk in request.stream():
            parser.write(chunk)
            if form.upload and file is None:
                file = upload_path(form.folder, form.upload).open("wb")
            if file is not None and len(form.waiting) >= _WRITE_BYTES:
                await asyncio.to_thread(_write, file, form.waiting, digest)
        parser.finalize()
        if file is not None:
            await asyncio.to_thread(_write, file, form.waiting, digest)
    except FormParserError as error:
        raise _broken() from error
    finally:
        if file is not None:
            file.close()
    if not form.ended:
        raise _broken()


def _write(file: BinaryIO, waiting: bytearray, digest: _Hash) -> None:
    file.write(waiting)
    digest.update(waiting)
    waiting.clear()


def _finished(form: _Form, digest: str) -> UploadedArchive:
    if not form.upload:
        raise InputError("the form has no file", hint="put the archive into the part `file`", field="file")
    if not is_archive(upload_path(form.folder, form.upload)):
        raise InputError(
            "the file is no archive",
            hint=f"upload one of: {', '.join(ZIP_SUFFIXES + TAR_SUFFIXES)}",
            field="file",
        )
    name = form.filename.replace("\\", "/").rpartition("/")[2]
    suffix = _suffix(name)
    return UploadedArchive(form.upload, name[: len(name) - len(suffix)], digest, form.fields)


def _suffix(filename: str) -> str:
    lowered = filename.lower()
    return next((suffix for suffix in ZIP_SUFFIXES + TAR_SUFFIXES if lowered.endswith(suffix)), "")


def _broken() -> InputError:
    return InputError(
        "the form cannot be read",
        hint="send multipart/form-data with the archive in the part `file`",
        field="file",
    )
