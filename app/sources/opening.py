"""From what a person typed to a source."""

from __future__ import annotations

import errno
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import InputError, SourceRefused
from app.sources.archive import is_archive, open_archive
from app.sources.folder import open_file, open_folder
from app.sources.git import is_repository, open_remote, open_revision, parse_remote
from app.sources.names import shown
from app.sources.source import ReadRules, Source, reason_of


def open_source(location: str, rules: ReadRules, workdir: Path) -> Source:
    """Everything to read at ``location``; close the source to remove what was put below ``workdir``.

    A location is a folder, a file, an archive (zip; tar, plain or packed by gzip, bzip2 or xz), a git URL
    (https, ssh, git, file, user@host:path) or a local repository, the last two with ``@revision``
    if wanted. What exists under the name as it stands is taken first. A local repository without a revision
    is read as the folder that it is, a bare one at its HEAD.

    Raises InputError for what does not exist or is of no use, SourceRefused for what breaks a rule.
    """
    if not location.strip() or "\0" in location:
        raise InputError("no path was given", hint="give a folder, a file, an archive or a git URL")
    try:
        return _open(location, rules, workdir)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise InputError(f"no space is left in {workdir}", hint="free some, or import a part") from error
        raise SourceRefused(
            f"{_shown(location)} cannot be read: {reason_of(error)}",
            hint="check the path and its permissions",
        ) from error


def _open(location: str, rules: ReadRules, workdir: Path) -> Source:
    path = Path(location)
    found = _mode(path)
    if found is not None:
        if stat.S_ISDIR(found):
            if is_repository(path) and not (path / ".git").exists():
                with _private(workdir) as private:
                    return open_revision(path, "HEAD", _repository_name(path), rules, private)
            return open_folder(path, rules)
        if not stat.S_ISREG(found):
            raise SourceRefused(
                f"{_shown(location)} is a device, pipe or socket", hint="give a folder, a file or an archive"
            )
        if not is_archive(path):
            return open_file(path, rules)
        with _private(workdir) as private:
            return open_archive(path, rules, private)
    local = _local_revision(location)
    if local is not None:
        repository, revision = local
        with _private(workdir) as private:
            return open_revision(repository, revision, _repository_name(repository), rules, private)
    remote = parse_remote(location)
    if remote is not None:
        with _private(workdir) as private:
            return open_remote(remote, rules, private)
    raise InputError(
        f"{_shown(location)} does not exist",
        hint="give a folder, a file, an archive or a git URL; check the spelling",
    )


def _mode(path: Path) -> int | None:
    """What the path is, links followed; None where there is nothing. Raises OSError for other troubles."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _local_revision(location: str) -> tuple[Path, str] | None:
    """A folder and what follows it after an ``@``; a revision may hold an ``@`` of its own (`HEAD@{1}`)."""
    at = location.rfind("@")
    while at > 0:
        folder = Path(location[:at])
        if folder.is_dir():
            return folder, location[at + 1 :]
        at = location.rfind("@", 0, at)
    return None


def _repository_name(path: Path) -> str:
    return path.resolve().name.removesuffix(".git") or "repository"


def _shown(location: str) -> str:
    return shown(location.encode("utf-8", "surrogateescape"))


@contextmanager
def _private(workdir: Path) -> Iterator[Path]:
    """A folder that only this user can enter; it stays when the block ends well."""
    workdir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="source-", dir=workdir))
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
