from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from app.api.upload import UploadedArchive, receive_archive
from app.errors import InputError
from app.uploads.store import upload_path


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as into:
        into.writestr("shop/cart.py", "total = 1\n")
    return packed.getvalue()


ARCHIVE = archive()


def form(parts: Sequence[tuple[str, tuple[str | None, bytes]]]) -> tuple[bytes, str]:
    sent = httpx.Request("POST", "http://localhost/", files=list(parts))
    return sent.read(), sent.headers["content-type"]


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def received(body: bytes, kind: str, cuts: Sequence[int], folder: Path) -> UploadedArchive:
    places = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    messages = [
        {"type": "http.request", "body": body[start:end], "more_body": True}
        for start, end in pairwise(places)
    ]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return messages.pop(0)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", kind.encode())]}
    return await receive_archive(Request(scope, receive), folder)


@given(cuts=st.lists(st.integers(0, 10_000), max_size=8))
async def test_it_is_the_same_however_the_network_cuts_it(cuts: list[int]) -> None:
    body, kind = form(
        [
            ("name", (None, "Shöp".encode())),
            ("include", (None, b"*.py")),
            ("file", ("C:\\code\\shop.tar.gz", ARCHIVE)),
            ("include", (None, b"*.ts")),
        ]
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "uploads"
        found = await received(body, kind, cuts, folder)
        kept = upload_path(folder, found.upload)
        assert kept.read_bytes() == ARCHIVE
        assert kept.stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700
        assert found.sha256 == sha256(ARCHIVE).hexdigest()
        assert found.stem == "shop"
        assert found.fields == {"name": ["Shöp"], "include": ["*.py", "*.ts"]}


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ([("name", (None, b"shop"))], "file"),
        ([("file", ("shop.py", b"total = 1"))], "file"),
        ([("file", ("a.zip", ARCHIVE)), ("file", ("b.zip", ARCHIVE))], "file"),
        ([("file", ("a.zip", ARCHIVE)), ("nonsense", (None, b"x"))], "nonsense"),
        ([("file", ("a.zip", ARCHIVE)), ("name", (None, b"\xff"))], "name"),
        ([("file", ("a.zip", ARCHIVE)), ("include", (None, b"x" * 70_000))], "include"),
        ([("file", ("a.zip", ARCHIVE)), *[("include", (None, b"x"))] * 400], ""),
    ],
)
async def test_a_form_that_is_wrong_leaves_nothing(
    tmp_path: Path, parts: list[tuple[str, tuple[str | None, bytes]]], field: str
) -> None:
    body, kind = form(parts)
    with pytest.raises(InputError) as refused:
        await received(body, kind, [], tmp_path)
    assert refused.value.field == field
    assert refused.value.hint
    assert names(tmp_path) == []


@given(cut=st.integers(0, 600), junk=st.binary(max_size=40))
async def test_a_form_that_is_broken_leaves_nothing(cut: int, junk: bytes) -> None:
    body, kind = form([("name", (None, b"shop")), ("file", ("shop.zip", ARCHIVE))])
    cut %= len(body) - 10
    with tempfile.TemporaryDirectory() as name:
        try:
            found = await received(body[:cut] + junk, kind, [100, 200], Path(name))
        except InputError:
            assert names(Path(name)) == []
        else:
            assert upload_path(Path(name), found.upload).exists()


async def test_the_sender_names_no_path(tmp_path: Path) -> None:
    body, kind = form([("file", ("../../../etc/cron.d/evil.zip", ARCHIVE))])
    found = await received(body, kind, [], tmp_path)
    assert names(tmp_path) == [found.upload]
    assert found.stem == "evil"
