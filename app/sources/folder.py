"""Folders and single files on this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import InputError
from app.sources.choose import (
    CONTROL_BYTES,
    Child,
    Choice,
    IgnoreFile,
    Repository,
    Surroundings,
    choose,
    divided,
    is_ignored,
    is_readable,
    parents,
)
from app.sources.git import tracked_files
from app.sources.names import plan_path
from app.sources.patterns import parse_patterns
from app.sources.source import Entry, ReadRules, Source, open_below, reason_of


@dataclass(frozen=True, slots=True)
class FolderTree:
    """The folder ``root``; links are never followed."""

    root: Path

    def children(self, folder: bytes) -> Sequence[Child]:
        with os.scandir(bytes(self._full(folder))) as items:
            return [self._child(item) for item in items]

    def control(self, path: bytes) -> bytes:
        with os.fdopen(open_below(str(self.root), path), "rb") as file:
            return file.read(CONTROL_BYTES)

    def repository(self, folder: bytes) -> Repository:
        top = self._full(folder)
        tracked = tracked_files(top)
        before = folder + b"/" if folder else b""
        if isinstance(tracked, str):
            return Repository(_excluded_by(top), problem=tracked)
        return Repository(_excluded_by(top), frozenset(before + path for path in tracked))

    def _full(self, folder: bytes) -> Path:
        return self.root / os.fsdecode(folder)

    def _child(self, item: os.DirEntry[bytes]) -> Child:
        try:
            if item.is_dir(follow_symlinks=False):
                return Child(item.name, "folder")
            mode = item.stat(follow_symlinks=False)
        except OSError as error:
            return Child(item.name, "refused", reason=reason_of(error))
        if stat.S_ISREG(mode.st_mode):
            return Child(item.name, "file", mode.st_size)
        if not stat.S_ISLNK(mode.st_mode):
            return Child(item.name, "refused", reason="not a regular file")
        target = Path(os.path.realpath(os.fsdecode(item.path)))
        if not target.is_relative_to(self.root):
            reason = "link out of the folder that is imported"
        elif not os.path.lexists(target):
            reason = "link to nothing"
        else:
            reason = "link to a place inside, which is read there"
        return Child(item.name, "refused_folder" if target.is_dir() else "refused", reason=reason)


def open_folder(path: Path, rules: ReadRules) -> Source:
    """Everything that the rules allow below ``path``, which is a folder. Raises SourceRefused."""
    root = path.resolve()
    outside = _outside(root)
    choice = choose(FolderTree(root), rules, outside=outside)
    return _source(root.name or "root", root, choice, rules)


def open_file(path: Path, rules: ReadRules) -> Source:
    """The one file ``path``. Raises InputError where its name is not of a readable kind, SourceRefused."""
    name = os.fsencode(path.name)
    if not is_readable(name, rules):
        kinds = " ".join(sorted(kind for kind in rules.readable if kind.startswith(".")))
        raise InputError(
            f"{plan_path(name)} is neither source code that can be read nor an archive",
            hint=f"give a folder, a repository, a .zip or .tar.gz archive, or a file of these kinds: {kinds}",
        )
    choice = choose(_OneFile(name, path.stat().st_size), rules)
    return _source(path.stem, path.resolve().parent, choice, rules, raw=os.fsencode(path.resolve().name))


@dataclass(frozen=True, slots=True)
class _OneFile:
    name: bytes
    size: int

    def children(self, folder: bytes) -> Sequence[Child]:
        return [Child(self.name, "file", self.size)]

    def control(self, path: bytes) -> bytes:
        return b""

    def repository(self, folder: bytes) -> Repository:
        return Repository()


def _source(name: str, root: Path, choice: Choice, rules: ReadRules, raw: bytes | None = None) -> Source:
    base = str(root)
    entries, configs = divided(
        choice.files,
        [
            Entry(
                plan_path(file.path),
                file.size,
                base,
                file.path if raw is None else raw,
                -1,
                rules.max_file_bytes,
            )
            for file in choice.files
        ],
    )
    skipped = tuple(choice.skipped)
    shown_name = plan_path(os.fsencode(name))
    return Source(shown_name, entries, skipped, choice.others, choice.ignored, configs=configs)


def _outside(root: Path) -> Surroundings:
    """The ignore files between ``root`` and the top of the repository that it lies in, and what is tracked.

    Where those files name ``root`` itself (an installed package in an ignored `.venv`), none of them holds.
    """
    if (root / ".git").exists():
        return Surroundings()
    top = next((folder for folder in root.parents if (folder / ".git").exists()), None)
    if top is None:
        return Surroundings()
    below = os.fsencode(root.relative_to(top))
    ignore = [IgnoreFile(parse_patterns(_excluded_by(top)), 0, below + b"/")]
    checked: list[IgnoreFile] = [IgnoreFile(ignore[0].patterns, 0)]
    parts = below.split(b"/")
    for depth in range(len(parts)):
        folder = b"/".join(parts[:depth])
        rest = b"/".join(parts[depth:]) + b"/"
        text = _small_file(top / os.fsdecode(folder) / ".gitignore")
        patterns = parse_patterns(text)
        ignore.append(IgnoreFile(patterns, 0, rest))
        checked.append(IgnoreFile(patterns, len(folder) + 1 if folder else 0))
        if is_ignored(checked, b"/".join(parts[: depth + 1]), True):
            ignore = []
            break
    tracked = tracked_files(root)
    files = frozenset[bytes]() if isinstance(tracked, str) else tracked
    return Surroundings(tuple(ignore), files, parents(files))


def _excluded_by(top: Path) -> bytes:
    """The text of `info/exclude` of the repository whose top is ``top``, ``b""`` where there is none."""
    git = top / ".git"
    if git.is_file():
        # a worktree or a submodule: `.git` names the folder that holds the rest
        pointer = _small_file(git)
        if not pointer.startswith(b"gitdir: "):
            return b""
        git = top / os.fsdecode(pointer.removeprefix(b"gitdir: ").strip())
        git /= os.fsdecode(_small_file(git / "commondir").strip())
    return _small_file(git / "info" / "exclude")


def _small_file(path: Path) -> bytes:
    """What a control file says; ``b""`` where it is missing, too large, a link or not a regular file."""
    try:
        with os.fdopen(open_below(str(path.parent), os.fsencode(path.name)), "rb") as file:
            text = file.read(CONTROL_BYTES + 1)
    except (OSError, ValueError):
        return b""
    return text if len(text) <= CONTROL_BYTES else b""
