"""Neo4j's jars: exactly those that ``artifacts.lock`` names, each checked against its SHA-256."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from app.errors import ArtifactRefused, StackError

LOCK = Path(__file__).with_name("artifacts.lock")

_PARALLEL = 8
_ATTEMPTS = 3
_CHUNK = 1 << 16
_PARTIAL = ".part"
_PAUSE = 1.0  # seconds after the first failure
_SECONDS = (10, 60)  # to connect, between two packets


@dataclass(frozen=True, slots=True)
class Artifact:
    """One jar: ``group:artifact:version[:classifier]``, its digest and its size in bytes."""

    coordinate: str
    sha256: str
    size: int

    @property
    def file_name(self) -> str:
        _, artifact, *rest = self.coordinate.split(":")
        return "-".join((artifact, *rest)) + ".jar"

    @property
    def repository_path(self) -> str:
        """Where a Maven repository keeps it, relative to the repository's address."""
        group, artifact, version, *_ = self.coordinate.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{self.file_name}"


def locked(lock: Path = LOCK) -> tuple[Artifact, ...]:
    """The jars that the lock file names, in class path order."""
    rows = (line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#"))
    return tuple(Artifact(coordinate, sha256, int(size)) for coordinate, sha256, size in rows)


def fetch(
    artifacts: Sequence[Artifact],
    folder: Path,
    console: Console,
    repositories: Sequence[str] | None = None,
    what: str = "Neo4j",
) -> tuple[Path, ...]:
    """The jars' paths in ``folder``, in order, after fetching those that are missing or differ.

    Needs no network where all are there. ``repositories`` are addresses tried in order; ``None`` means
    those that jgo is configured with, then its default; ``what`` names them to a person. Safe against other processes doing the same.

    Raises `ArtifactRefused` where a fetched file has another digest than the lock, `StackError` where no
    repository gives one.
    """
    paths = tuple(folder / artifact.file_name for artifact in artifacts)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        if all(pool.map(_is_intact, artifacts, paths)):
            return paths
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _exclusive(folder / ".lock"):
                _remove_leftovers(folder)
                intact = list(pool.map(_is_intact, artifacts, paths))
                missing = [(a, p) for a, p, ok in zip(artifacts, paths, intact, strict=True) if not ok]
                _fetch_all(missing, repositories or _configured_repositories(), pool, console, what)
        except OSError as error:
            raise StackError(
                f"cannot write to the cache folder {folder}: {error.strerror}",
                hint="free some space there, or set MGE_CACHE to a folder that you may write to",
            ) from error
    return paths


def _fetch_all(
    missing: Sequence[tuple[Artifact, Path]],
    repositories: Sequence[str],
    pool: ThreadPoolExecutor,
    console: Console,
    what: str,
) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(f"{what} ({len(missing)} jars)", total=sum(a.size for a, _ in missing))
        cancelled = threading.Event()
        futures = [
            pool.submit(
                _fetch_one, artifact, path, repositories, cancelled, lambda n: progress.advance(task, n)
            )
            for artifact, path in missing
        ]
        try:
            for future in futures:
                future.result()
        except BaseException:
            cancelled.set()
            pool.shutdown(cancel_futures=True)
            raise


def _fetch_one(
    artifact: Artifact,
    path: Path,
    repositories: Sequence[str],
    cancelled: threading.Event,
    advance: Callable[[int], None],
) -> None:
    failure = ""
    for attempt in range(_ATTEMPTS):
        for repository in repositories:
            url = f"{repository.rstrip('/')}/{artifact.repository_path}"
            failure = _download(artifact, url, path, cancelled, advance)
            if not failure or cancelled.is_set():
                return
        cancelled.wait(_PAUSE * 2**attempt)
    raise StackError(
        f"cannot fetch {artifact.coordinate}: {failure}",
        hint="check the network, then run the command again: what has arrived is kept",
    )


def _download(
    artifact: Artifact, url: str, path: Path, cancelled: threading.Event, advance: Callable[[int], None]
) -> str:
    """Puts the checked file at ``path``; returns why it could not, or nothing."""
    from jgo.util import http  # half a second to import, and needed once in the life of a cache

    received = 0
    digest = hashlib.sha256()
    partial = path.with_name(path.name + _PARTIAL)
    try:
        with partial.open("wb") as file, http.get(url, stream=True, timeout=_SECONDS) as response:
            if response.status_code != 200:
                return f"{url} answers {response.status_code}"
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                digest.update(chunk)
                received += len(chunk)
                advance(len(chunk))
                if received > artifact.size or cancelled.is_set():
                    break
        if received < artifact.size:
            advance(-received)
            return f"{url} ended after {received:,} of {artifact.size:,} bytes"
        if digest.hexdigest() != artifact.sha256:
            raise ArtifactRefused(
                f"{url} does not have the SHA-256 that is locked for {artifact.coordinate}",
                hint="the file was changed at its source or on the way: do not use it, and check the repository",
            )
        os.utime(partial, (0, 0))  # the JVM's start-up cache holds for jars of the same time only
        partial.replace(path)
        return ""
    except OSError as error:
        if error.errno is not None:  # the disk's; those of requests carry none
            raise
        advance(-received)
        return f"{url}: {error}"
    finally:
        partial.unlink(missing_ok=True)


def _configured_repositories() -> tuple[str, ...]:
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL

    own = GlobalSettings.load().repositories
    return tuple({"central": MAVEN_CENTRAL_URL, **own}.values())


def _is_intact(artifact: Artifact, path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return os.fstat(file.fileno()).st_size == artifact.size and (
                hashlib.file_digest(file, "sha256").hexdigest() == artifact.sha256
            )
    except (FileNotFoundError, NotADirectoryError):
        return False


def _remove_leftovers(folder: Path) -> None:
    for partial in folder.glob(f"*{_PARTIAL}"):
        partial.unlink(missing_ok=True)


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
