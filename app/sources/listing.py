"""What an archive lists, checked as it is read: its names, links and how much there is."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from app.errors import SourceRefused
from app.sources.choose import CONTROL_BYTES, Child, is_config, is_readable, never_entered
from app.sources.listed import ListedTree
from app.sources.names import leads_out, plan_path, shown
from app.sources.source import ReadRules

_CONTROL = frozenset((b".gitignore", b".git", b"pyvenv.cfg"))
_PROJECT = frozenset(
    (
        b"pyproject.toml", b"setup.py", b"setup.cfg", b"PKG-INFO", b"package.json", b"tsconfig.json",
        b"deno.json", b".gitignore", b".git",
    )
)  # fmt: skip
_REPACK = "pack the folder again, for instance: tar -czf code.tar.gz -C FOLDER ."


def refused(why: str, hint: str = _REPACK) -> SourceRefused:
    return SourceRefused(f"the archive was refused: {why}", hint=hint)


@dataclass(slots=True)
class Meter:
    """Counts what an archive unpacks to, while it does: what it declares may be a lie."""

    packed: int
    rules: ReadRules
    unpacked: int = 0

    def add(self, size: int) -> None:
        """Raises SourceRefused once it is too much. Below 1 MiB no ratio is a danger."""
        self.unpacked += size
        if self.unpacked > self.rules.max_total_bytes:
            raise refused(
                f"it unpacks to more than {self.rules.max_total_bytes} bytes",
                "import a folder or a smaller archive, or raise MGE_MAX_TOTAL_BYTES",
            )
        if self.unpacked > 2**20 and self.unpacked > self.packed * self.rules.max_archive_ratio:
            raise refused(
                f"it unpacks to more than {self.rules.max_archive_ratio} times its size",
                "unpack it and import the folder if you trust it, or raise MGE_MAX_ARCHIVE_RATIO",
            )


@dataclass(slots=True)
class Listing:
    """The tree of an archive. Paths are those that `member_path` gives; every method raises SourceRefused."""

    rules: ReadRules
    tree: ListedTree = field(default_factory=ListedTree)
    members: int = 0
    _files: set[bytes] = field(default_factory=set)
    _folded: dict[str, bytes] = field(default_factory=dict)
    _tops: set[bytes] = field(default_factory=set)
    _top_files: set[tuple[bytes, bytes]] = field(default_factory=set)

    def count(self) -> None:
        self.members += 1
        if self.members > self.rules.max_members:
            raise refused(
                f"it lists more than {self.rules.max_members} files of any kind",
                "leave out what is not source, or raise MGE_MAX_FILES",
            )

    def folder(self, path: bytes) -> None:
        if path:
            self._note_top(path, file=False)

    def file(self, path: bytes, size: int) -> bool:
        """Whether its bytes may be asked for. They are not where it is too large, which `choose` tells."""
        if not path:
            raise refused("a file has an empty name")
        self._note_top(path, file=True)
        folder, _, name = path.rpartition(b"/")
        closed = self._closed_folder(folder)
        if closed is not None and not path.endswith(b".git/info/exclude"):
            self._make_folder(closed)
            return False
        readable = closed is None and is_readable(name, self.rules)
        kept = name in _CONTROL or is_config(name, self.rules)
        if not readable and not kept and closed is None:
            self.tree.others += 1
            self._make_folder(folder)
            return False
        self._claim(path)
        self.tree.add(path, Child(name, "file", size))
        return size <= (self.rules.max_file_bytes if readable else CONTROL_BYTES)

    def link(self, path: bytes, target: bytes) -> None:
        if not path or leads_out(path, target):
            raise refused(f"the link {shown(path)!r} leads out of it, to {shown(target)!r}")
        self.left_out(path, "link to a place inside, which is read there")

    def left_out(self, path: bytes, reason: str) -> None:
        self._note_top(path, file=True)
        folder, _, name = path.rpartition(b"/")
        closed = self._closed_folder(folder)
        if closed is None and is_readable(name, self.rules):
            self._claim(path)
            self.tree.add(path, Child(name, "refused", reason=reason))

    def unwrap(self, archive_name: str) -> None:
        """Takes the one folder that everything lies in for the root, where it is what was packed.

        That is so where it bears the archive's name or holds a project's manifest; not where it is a
        Python package, whose modules import each other by its name.
        """
        if len(self._tops) != 1:
            return
        (top,) = self._tops
        inside = {name for folder, name in self._top_files if folder == top}
        named = plan_path(top) == archive_name
        if not self.tree.is_folder(top) or b"__init__.py" in inside or not (named or inside & _PROJECT):
            return
        self.tree.base = top + b"/"

    def _note_top(self, path: bytes, *, file: bool) -> None:
        top, slash, rest = path.partition(b"/")
        if never_entered(top):
            return
        if len(self._tops) < 2:
            self._tops.add(top)
        if file and not slash:
            self._tops.add(b"")  # a file at the top: no folder holds everything
        if file and (rest in _PROJECT or rest == b"__init__.py") and len(self._tops) == 1:
            self._top_files.add((top, rest))

    def _closed_folder(self, folder: bytes) -> bytes | None:
        """The outermost folder on the way that is never entered."""
        parts = folder.split(b"/")
        for depth, part in enumerate(parts, 1):
            if never_entered(part):
                return b"/".join(parts[:depth])
        return None

    def _make_folder(self, folder: bytes) -> None:
        at = folder
        while at and not self.tree.is_folder(at):
            if at in self._files:
                raise refused(f"{shown(at)!r} is both a file and a folder")
            at = at.rpartition(b"/")[0]
        self.tree.add_folder(folder)

    def _claim(self, path: bytes) -> None:
        folded = unicodedata.normalize("NFC", plan_path(path)).casefold()
        other = self._folded.setdefault(folded, path)
        if path in self._files:
            raise refused(f"the name {shown(path)!r} occurs twice")
        if other != path:
            raise refused(
                f"the names {shown(other)!r} and {shown(path)!r} are one where case is not told apart"
            )
        if self.tree.is_folder(path):
            raise refused(f"{shown(path)!r} is both a file and a folder")
        self._make_folder(path.rpartition(b"/")[0])
        self._files.add(path)
