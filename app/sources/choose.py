"""Which files of a tree are read: one set of rules for folders, archives and git revisions.

- A person's `.gitignore` files and `.git/info/exclude` are respected with git's precedence, each repository
  inside the tree by its own; what a repository tracks is read even if a pattern names it. The user's
  global ignore file is not used: the same tree gives the same plan on every machine.
- Folders of version control and of caches are left out, and folders of installed packages: `node_modules`,
  `bower_components`, and every virtual environment (known by `pyvenv.cfg` or `conda-meta`, not by
  its name). `dist`, `build`, `vendor` and `target` are read unless a pattern names them: npm packages ship
  their only code in `dist`, and many projects keep source in `build`.
- The root itself is never judged by its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, Protocol

from app.errors import SourceRefused
from app.sources.names import plan_path
from app.sources.patterns import Patterns, parse_options, parse_patterns
from app.sources.source import Entry, ReadRules, Skipped, reason_of

CONTROL_BYTES = 128 * 1024
"""A larger `.gitignore` is not used: matching takes time in proportion to it, and a stranger may have made it."""

_UNSEEN = frozenset(
    b".git .hg .svn .bzr _darcs CVS __pycache__ .tox .nox .mypy_cache .ruff_cache .pytest_cache .hypothesis"
    b" .ipynb_checkpoints .eggs .next .nuxt .svelte-kit .turbo .parcel-cache .angular __MACOSX".split()
)
_INSTALLED = frozenset((b"node_modules", b"bower_components", b"jspm_packages", b".yarn", b".pnpm-store"))


@dataclass(frozen=True, slots=True)
class Child:
    """Something in a folder. ``reason`` says why what is neither a file nor a folder is not read."""

    name: bytes
    kind: Literal["file", "folder", "refused", "refused_folder"]
    size: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Repository:
    """What git knows of a folder that is the top of a repository: paths are relative to the tree's root."""

    exclude: bytes = b""
    tracked: frozenset[bytes] = frozenset()
    problem: str = ""


class Tree(Protocol):
    """What rules are applied to. Paths are relative, with ``/``; the root is ``b""``."""

    def children(self, folder: bytes) -> Sequence[Child]:
        """Raises OSError for a folder that cannot be listed."""

    def control(self, path: bytes) -> bytes:
        """What a small file says; at most CONTROL_BYTES of it. Raises OSError."""

    def repository(self, folder: bytes) -> Repository:
        """What git says of a folder that holds a `.git`."""


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """Patterns and where they apply: to ``above`` + the path from its byte ``depth`` on."""

    patterns: Patterns
    depth: int
    above: bytes = b""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What reaches a folder from outside: ignore files, outermost first, and what git tracks."""

    ignore: tuple[IgnoreFile, ...] = ()
    tracked: frozenset[bytes] = frozenset()
    tracked_folders: frozenset[bytes] = frozenset()
    only_tracked: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """``config`` marks a file that tells how a project is built, and is no code itself."""

    path: bytes
    size: int
    config: bool = False


@dataclass(slots=True)
class Choice:
    """Chosen files sorted by path, and what was left out."""

    files: list[Chosen] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    others: int = 0
    ignored: int = 0


def is_readable(name: bytes, rules: ReadRules) -> bool:
    text = name.decode("utf-8", "surrogateescape")
    return rules.everything or text[text.rfind(".") :] in rules.readable or text in rules.readable


def is_config(name: bytes, rules: ReadRules) -> bool:
    text = name.decode("utf-8", "surrogateescape")
    return any(fnmatchcase(text, pattern) for pattern in rules.configs)


def never_entered(name: bytes) -> bool:
    return name in _UNSEEN or name in _INSTALLED


def is_ignored(ignore: Sequence[IgnoreFile], path: bytes, folder: bool) -> bool:
    """Whether the innermost pattern that speaks of ``path`` itself says so."""
    for file in reversed(ignore):
        verdict = file.patterns.verdict(file.above + path[file.depth :], folder)
        if verdict is not None:
            return verdict
    return False


def parents(paths: frozenset[bytes]) -> frozenset[bytes]:
    """Every folder that one of the paths lies in."""
    found: set[bytes] = set()
    for path in paths:
        end = path.rfind(b"/")
        while end > 0 and path[:end] not in found:
            found.add(path[:end])
            end = path.rfind(b"/", 0, end)
    return frozenset(found)


def choose(
    tree: Tree, rules: ReadRules, *, outside: Surroundings | None = None, ignore_files: bool = True
) -> Choice:
    """The files of ``tree`` that the rules allow.

    ``ignore_files`` is False for a git revision: what was committed is wanted. Raises SourceRefused
    for too many files, a file too large or too many bytes, InputError for a useless pattern.
    """
    include = parse_options(rules.include, "include")
    exclude = parse_options(rules.exclude, "exclude")
    if rules.everything:
        outside, ignore_files = None, False
    choice = Choice()
    total = count = 0
    pending = [(b"", outside or Surroundings())]
    while pending:
        folder, around = pending.pop()
        try:
            children = tree.children(folder)
        except OSError as error:
            choice.skipped.append(Skipped(plan_path(folder) or ".", reason_of(error)))
            continue
        names = {child.name: child for child in children}
        if folder and (b"pyvenv.cfg" in names or b"conda-meta" in names):
            choice.skipped.append(
                Skipped(plan_path(folder), "virtual environment: name the folder itself to read it")
            )
            continue
        if ignore_files:
            around = _inside(tree, folder, names, around, choice)
        for child in children:
            path = folder + b"/" + child.name if folder else child.name
            is_folder = child.kind == "folder"
            if is_folder and child.name in _UNSEEN:
                continue
            if is_folder and child.name in _INSTALLED:
                choice.skipped.append(
                    Skipped(plan_path(path), "installed packages: name the folder itself to read it")
                )
                continue
            config = False
            if child.kind in ("file", "refused") and not is_readable(child.name, rules):
                choice.others += 1
                config = child.kind == "file" and is_config(child.name, rules) and child.size <= CONTROL_BYTES
                if not config:
                    continue
            if exclude.verdict(path, is_folder):
                continue
            ignored = around.only_tracked or is_ignored(around.ignore, path, is_folder)
            if is_folder:
                if not ignored:
                    pending.append((path, around))
                elif path in around.tracked_folders or path in around.tracked:
                    pending.append(
                        (path, Surroundings((), around.tracked, around.tracked_folders, only_tracked=True))
                    )
                else:
                    choice.ignored += 1
            elif ignored and path not in around.tracked:
                choice.ignored += 1
            elif config:
                choice.files.append(Chosen(path, child.size, config=True))
            elif rules.include and not _included(include, path):
                continue
            elif child.kind == "file":
                total += child.size
                choice.files.append(Chosen(path, child.size))
                count += 1
                _check_limits(path, child.size, count, total, rules)
            else:
                choice.skipped.append(Skipped(plan_path(path), child.reason))
    choice.files.sort(key=lambda file: file.path)
    choice.skipped.sort(key=lambda skipped: skipped.path)
    _drop_same_names(choice)
    return choice


def divided(files: Sequence[Chosen], entries: Sequence[Entry]) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """The code and the configuration among chosen files and their entries."""
    pairs = list(zip(files, entries, strict=True))
    return (
        tuple(entry for file, entry in pairs if not file.config),
        tuple(entry for file, entry in pairs if file.config),
    )


def _inside(
    tree: Tree, folder: bytes, names: dict[bytes, Child], around: Surroundings, choice: Choice
) -> Surroundings:
    """What holds for the children of ``folder``: its own repository, if it is one, and its `.gitignore`."""
    if b".git" in names:
        repository = tree.repository(folder)
        if repository.problem:
            choice.skipped.append(
                Skipped(plan_path(folder + b"/.git" if folder else b".git"), repository.problem)
            )
        patterns = parse_patterns(repository.exclude)
        around = Surroundings(
            (IgnoreFile(patterns, len(folder) + 1 if folder else 0),),
            repository.tracked,
            parents(repository.tracked),
        )
    elif around.only_tracked:
        return around
    if b".gitignore" not in names or names[b".gitignore"].kind != "file":
        return around
    path = folder + b"/.gitignore" if folder else b".gitignore"
    if names[b".gitignore"].size > CONTROL_BYTES:
        choice.skipped.append(Skipped(plan_path(path), f"not used: larger than {CONTROL_BYTES} bytes"))
        return around
    try:
        text = tree.control(path)
    except OSError as error:
        choice.skipped.append(Skipped(plan_path(path), f"not used: {reason_of(error)}"))
        return around
    patterns = parse_patterns(text)
    hides_itself = [pattern.text for pattern in patterns.patterns] == [b"*"]
    if hides_itself and not folder and b".git" not in names:
        # tools put `*` into a folder of theirs to hide it from the repository around it; who names it wants it
        return around
    ignore = (*around.ignore, IgnoreFile(patterns, len(folder) + 1 if folder else 0))
    return Surroundings(ignore, around.tracked, around.tracked_folders)


def _included(include: Patterns, path: bytes) -> bool:
    """Whether the pattern that speaks of the file, or else of its nearest folder, is not a `!` one."""
    verdict = include.verdict(path, False)
    while verdict is None and b"/" in path:
        path = path[: path.rfind(b"/")]
        verdict = include.verdict(path, True)
    return verdict is True


def _check_limits(path: bytes, size: int, files: int, total: int, rules: ReadRules) -> None:
    if size > rules.max_file_bytes:
        raise SourceRefused(
            f"{plan_path(path)} has {size} bytes; a file may have {rules.max_file_bytes}",
            hint=f"leave it out with --exclude '/{plan_path(path)}', or raise MGE_MAX_FILE_BYTES",
        )
    if files > rules.max_files:
        raise SourceRefused(
            f"there are more than {rules.max_files} files to read",
            hint="import a part of it, leave some out with --exclude, or raise MGE_MAX_FILES",
        )
    if total > rules.max_total_bytes:
        raise SourceRefused(
            f"the files to read have more than {rules.max_total_bytes} bytes together",
            hint="import a part of it, leave some out with --exclude, or raise MGE_MAX_TOTAL_BYTES",
        )


def _drop_same_names(choice: Choice) -> None:
    """Of two files whose names are the same once written in UTF-8 the one that was UTF-8 already is kept."""
    seen = {file.path for file in choice.files}
    kept = []
    for file in choice.files:
        written = plan_path(file.path).encode()
        if written != file.path and written in seen:
            choice.skipped.append(
                Skipped(written.decode(), "another file has this name, which is not UTF-8 here")
            )
        else:
            kept.append(file)
    choice.files = sorted(kept, key=lambda file: plan_path(file.path).encode())
