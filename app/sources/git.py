"""Repositories: a revision of a local one, or a clone of a remote one, read without checking it out.

No code of a repository runs: hooks, file system monitors, filters, submodules and lazy fetches are off, its
own configuration cannot allow a transport, and blobs are read straight from the object store. What is
given by a person reaches git only where it cannot be taken for an option.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from app.errors import InputError, SourceRefused
from app.sources.choose import Child, choose, divided, is_config, is_readable
from app.sources.listed import ListedTree
from app.sources.names import plan_path, shown
from app.sources.source import Entry, ReadRules, Source
from app.sources.spool import Spool

FETCH_SECONDS = 900
READ_SECONDS = 600
_SAFE = (
    "--no-pager",
    "--no-replace-objects",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.untrackedCache=false",
    "-c", "core.quotePath=false",
    "-c", "safe.directory=*",
    "-c", "submodule.recurse=false",
    "-c", "fetch.recurseSubmodules=false",
    "-c", "maintenance.auto=false",
    "-c", "gc.auto=0",
    "-c", "protocol.ext.allow=never",
)  # fmt: skip
_NO_TRANSPORT = "none"
_WANTED = "refs/mge/wanted"
_COMMIT = re.compile(r"[0-9a-f]{4,64}")
_PLAIN_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*")
_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[^/]*)(?P<path>/.*)?", re.IGNORECASE)
_SCP = re.compile(r"(?P<host>[\w.-]+@[\w.-]+):(?P<path>[^:].*)")
_TRANSPORTS = {"https": "https", "ssh": "ssh", "git+ssh": "ssh", "git": "git", "file": "file"}


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository elsewhere. ``revision`` is ``""`` for its default branch."""

    url: str
    transport: str
    revision: str
    name: str


def parse_remote(location: str) -> Remote | None:
    """The repository that ``location`` names as a URL or as user@host:path; None where it is neither.

    Raises InputError for a transport that is not offered, SourceRefused for what git could take for an option.
    """
    url = _URL.fullmatch(location)
    if url is None:
        scp = _SCP.fullmatch(location)
        if scp is None:
            if "::" in location.split("/", 1)[0]:
                raise InputError(
                    "transports of the form NAME::ADDRESS are not offered", hint="give an https or ssh URL"
                )
            return None
        transport, lead, path = "ssh", scp["host"] + ":", scp["path"]
    else:
        scheme = url["scheme"].lower()
        if scheme not in _TRANSPORTS:
            raise InputError(
                f"a repository cannot be read over {scheme}", hint="give an https, ssh, git or file URL"
            )
        transport, lead, path = _TRANSPORTS[scheme], f"{scheme}://{url['host']}", url["path"] or ""
    if url is not None and transport != "file" and not url["host"]:
        raise InputError("the URL names no host", hint="for instance https://host/owner/repository.git")
    if path.startswith("-") or (
        url is not None and any(part.startswith("-") for part in url["host"].split("@"))
    ):
        raise SourceRefused(
            "the URL holds what git could take for an option", hint="check the URL for a stray '-'"
        )
    at = path.rfind("@")
    revision = ""
    if at > 0 and path[at - 1] != "/":
        path, revision = path[:at], path[at + 1 :]
        check_revision(revision)
    name = path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return Remote(lead + path, transport, revision, name or "repository")


def check_revision(revision: str) -> None:
    """Raises SourceRefused for a revision that git could take for an option or that names no commit."""
    if not revision or revision.startswith("-") or any(not char.isprintable() for char in revision):
        raise SourceRefused(
            f"{revision!r} is not a revision",
            hint="give a branch, a tag or a commit after the '@'",
            field="revision",
        )


def is_repository(path: Path) -> bool:
    """Whether ``path`` is a bare repository: one without a work tree to read."""
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def tracked_files(folder: Path) -> frozenset[bytes] | str:
    """The files below ``folder`` in git's index, relative to it; where it cannot be read, a sentence about that."""
    if shutil.which("git") is None:
        return "git is not installed: tracked files that a .gitignore names are left out"
    try:
        listed = _output(("ls-files", "-z", "--cached"), folder)
    except SourceRefused as error:
        return f"git cannot read the index: {error}"
    return frozenset(listed.split(b"\0")) - {b""}


def open_revision(repository: Path, revision: str, name: str, rules: ReadRules, private: Path) -> Source:
    """The files of a commit, of the folder ``repository`` alone where that is not the top.

    ``private`` is an empty folder that the source removes when it is closed. Raises SourceRefused.
    """
    check_revision(revision)
    try:
        found = _output(
            ("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"), repository
        )
    except SourceRefused as error:
        raise SourceRefused(
            f"{name} has no commit {revision!r}",
            hint="give a branch, a tag or a commit that the repository has",
        ) from error
    commit = found.decode().strip()
    tree, blobs = _listing(repository, commit, rules)
    choice = choose(tree, rules, ignore_files=False)
    spool = Spool(private / "files")
    with spool:
        places = _copy_blobs(repository, [(blobs[file.path], file.size) for file in choice.files], spool)
    entries, configs = divided(
        choice.files,
        [
            Entry(plan_path(file.path), file.size, str(spool.path), b"", offset, rules.max_file_bytes)
            for file, offset in zip(choice.files, places, strict=True)
        ],
    )
    others = tree.others + choice.others
    return Source(name, entries, tuple(choice.skipped), others, 0, commit, configs, private)


def open_remote(remote: Remote, rules: ReadRules, private: Path) -> Source:
    """The files of a commit of a remote repository; only that commit is fetched where the host allows it."""
    _require_git()
    clone = private / "clone.git"
    clone.mkdir()
    _output(("init", "--quiet", "--bare", "--template="), clone)
    wanted = _fetch_commit(remote, clone, rules)
    source = open_revision(clone, wanted, remote.name, rules, private)
    shutil.rmtree(clone)
    return source


def _fetch_commit(remote: Remote, clone: Path, rules: ReadRules) -> str:
    """Fetches what ``remote.revision`` names; how the clone knows it."""
    fetch = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head")
    if _PLAIN_REVISION.fullmatch(remote.revision or "HEAD"):
        wanted = f"+{remote.revision or 'HEAD'}:{_WANTED}"
        try:
            _fetch((*fetch, "--depth=1", "--end-of-options", remote.url, wanted), clone, remote, rules)
        except SourceRefused:
            if not _COMMIT.fullmatch(remote.revision):
                raise
        else:
            return _WANTED
    # a part of a commit's name, or an expression such as v1~2: only who has the history knows what it means
    everything = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", f"+HEAD:{_WANTED}")
    _fetch((*fetch, "--end-of-options", remote.url, *everything), clone, remote, rules)
    _output(("update-ref", "--no-deref", "HEAD", _WANTED), clone)
    return remote.revision


def _listing(repository: Path, commit: str, rules: ReadRules) -> tuple[ListedTree, dict[bytes, bytes]]:
    """The commit's tree, and the object id of every file that could be read."""
    tree = ListedTree()
    blobs: dict[bytes, bytes] = {}
    members = 0
    with _running(("ls-tree", "-r", "-z", "--long", commit), repository) as process:
        for line in _records(_pipe(process.stdout)):
            members += 1
            if members > rules.max_members:
                raise SourceRefused(
                    f"the commit holds more than {rules.max_members} files of any kind",
                    hint="import a folder of it, or raise MGE_MAX_FILES",
                )
            meta, _, path = line.partition(b"\t")
            mode, kind, blob, size = meta.split()
            name = path.rpartition(b"/")[2]
            if mode == b"160000":
                tree.add(path, Child(name, "refused_folder", reason="submodule"))
            elif mode == b"120000":
                tree.add(path, Child(name, "refused", reason="symbolic link"))
            elif kind == b"blob" and (is_readable(name, rules) or is_config(name, rules)):
                if not size.isdigit():
                    raise _lacks(blob)
                tree.add(path, Child(name, "file", int(size)))
                blobs[path] = blob
            else:
                tree.others += 1
                tree.add_folder(path.rpartition(b"/")[0])
    return tree, blobs


def _copy_blobs(repository: Path, blobs: Sequence[tuple[bytes, int]], spool: Spool) -> list[int]:
    """Writes the blobs into ``spool``; their offsets, in the same order."""
    offsets: list[int] = []
    with _running(("cat-file", "--batch"), repository) as process:
        requests, answers = _pipe(process.stdin), _pipe(process.stdout)
        for blob, size in blobs:
            requests.write(blob + b"\n")
            requests.flush()
            head = answers.readline().split()
            if len(head) != 3 or head[1] != b"blob" or int(head[2]) != size:
                raise _lacks(blob)
            offsets.append(spool.store(_exactly(answers, size))[0])
            answers.read(1)
        requests.close()
    return offsets


def _lacks(blob: bytes) -> SourceRefused:
    return SourceRefused(
        f"the repository lacks the object {blob.decode()}",
        hint="a partial or damaged clone: run git fsck, or give the repository's URL",
    )


def _exactly(stream: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        chunk = stream.read(min(size, 1 << 20))
        if not chunk:
            raise SourceRefused("git stopped in the middle of a file", hint="run git fsck in the repository")
        size -= len(chunk)
        yield chunk


def _records(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read(1 << 16):
        *lines, rest = (rest + chunk).split(b"\0")
        yield from lines


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _require_git() -> None:
    if shutil.which("git") is None:
        raise InputError("git is not installed", hint="install git, or give an archive or a folder")


def _environment(transports: str) -> dict[str, str]:
    """Nothing that git reads of the caller's environment, and no question to a person."""
    kept = ("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSH", "GIT_SSH_COMMAND")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in kept
    }
    environment |= {
        "GIT_ALLOW_PROTOCOL": transports,
        "GIT_ASKPASS": "true",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "LC_ALL": "C",
        "SSH_ASKPASS_REQUIRE": "never",
    }
    if transports == _NO_TRANSPORT:
        environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    return environment


def _start(
    arguments: Sequence[str], folder: Path, transports: str, errors: IO[bytes], *, talk: bool
) -> subprocess.Popen[bytes]:
    # a session of its own: no terminal that ssh could ask a question on, and one group to end
    return subprocess.Popen(  # noqa: S603
        ["git", *_SAFE, *arguments],  # noqa: S607
        cwd=folder,
        env=_environment(transports),
        stdin=subprocess.PIPE if talk else subprocess.DEVNULL,
        stdout=subprocess.PIPE if talk else subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def _running(arguments: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A git that reads a repository on this machine. Raises SourceRefused where it fails or takes too long."""
    _require_git()
    with TemporaryFile() as errors:
        process = _start(arguments, folder, _NO_TRANSPORT, errors, talk=True)
        timer = threading.Timer(READ_SECONDS, _end, (process,))
        timer.start()
        try:
            yield process
            _pipe(process.stdin).close()
            code = process.wait()
        except BrokenPipeError:
            code = process.wait() or 1
        finally:
            timer.cancel()
            _end(process)
            _pipe(process.stdout).close()
        if code == -signal.SIGKILL:
            raise SourceRefused(
                f"git was ended after {READ_SECONDS} s", hint="import a folder of the repository"
            )
        if code:
            raise SourceRefused(_complaint(errors), hint="run git fsck in the repository")


def _output(arguments: Sequence[str], folder: Path) -> bytes:
    with _running(arguments, folder) as process:
        return _pipe(process.stdout).read()


def _fetch(arguments: Sequence[str], clone: Path, remote: Remote, rules: ReadRules) -> None:
    """Runs git fetch, and ends it when it takes too long or brings too much."""
    transports = "https:ssh" if remote.transport == "https" else remote.transport
    with TemporaryFile() as errors:
        process = _start(arguments, clone, transports, errors, talk=False)
        end = time.monotonic() + FETCH_SECONDS
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    if process.wait(0.2):
                        raise SourceRefused(
                            f"{remote.name} could not be fetched: {_complaint(errors)}",
                            hint="check the address, the revision and your access to it with git ls-remote",
                        )
                    return
                if time.monotonic() > end:
                    raise SourceRefused(
                        f"{remote.name} was not there after {FETCH_SECONDS} s",
                        hint="clone it and give the folder",
                    )
                if _bytes_below(clone) > rules.max_total_bytes:
                    raise SourceRefused(
                        f"{remote.name} brings more than {rules.max_total_bytes} bytes",
                        hint="raise MGE_MAX_TOTAL_BYTES, or clone it and give a folder of it",
                    )
        finally:
            _end(process)


def _bytes_below(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            # git renames its temporary packs while we look
            with suppress(FileNotFoundError):
                total += Path(parent, name).lstat().st_size
    return total


def _complaint(errors: IO[bytes]) -> str:
    """The last line that git wrote, fit to be shown: printable, without a password that a URL held."""
    errors.seek(0)
    lines = errors.read(1 << 16).strip().splitlines() or [b"git failed without a word"]
    fatal = [line for line in lines if line.startswith((b"fatal:", b"error:"))]
    return re.sub(r"://[^/@\s]*@", "://", shown((fatal or lines)[-1]))
