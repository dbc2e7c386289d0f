"""A tree known from a list of paths: of an archive, or of a commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.sources.choose import Child, Repository


def _nothing(_: bytes) -> bytes:
    raise FileNotFoundError


@dataclass(slots=True)
class ListedTree:
    """The tree below ``base`` (``b""``, or a folder with its slash). ``others`` counts files that are not in it."""

    read_control: Callable[[bytes], bytes] = _nothing
    base: bytes = b""
    others: int = 0
    _folders: dict[bytes, list[Child]] = field(default_factory=lambda: {b"": []})

    def add(self, path: bytes, child: Child) -> None:
        folder = path.rpartition(b"/")[0]
        self.add_folder(folder)
        self._folders[folder].append(child)

    def add_folder(self, path: bytes) -> None:
        missing = []
        while path not in self._folders:
            missing.append(path)
            path = path.rpartition(b"/")[0]
        for folder in reversed(missing):
            parent, _, name = folder.rpartition(b"/")
            self._folders[parent].append(Child(name, "folder"))
            self._folders[folder] = []

    def is_folder(self, path: bytes) -> bool:
        return path in self._folders

    def children(self, folder: bytes) -> Sequence[Child]:
        return self._folders[(self.base + folder).rstrip(b"/")]

    def control(self, path: bytes) -> bytes:
        return self.read_control(self.base + path)

    def repository(self, folder: bytes) -> Repository:
        try:
            return Repository(
                self.control(folder + b"/.git/info/exclude" if folder else b".git/info/exclude")
            )
        except OSError:
            return Repository()
