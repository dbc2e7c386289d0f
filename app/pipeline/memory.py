"""What the last import of a plan found, kept on this machine so that the next one need not find it again.

One SQLite file a plan. It belongs to one build of the graph: where readers see another one, it is of no use, and the
next import is a whole one. Nothing in it is the truth; deleting it costs time only.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import platform
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeAlias

from app.errors import MgeError
from app.model.atom import FileRecord
from app.model.dependency import LinkCounts
from app.pipeline.result import Built, FileFigures
from app.pipeline.worker import StoredFile
from app.resolve.changes import Mentions
from app.resolve.summary import SymbolRow

_SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE file (
  path TEXT PRIMARY KEY, module TEXT NOT NULL, sha256 TEXT NOT NULL, record BLOB NOT NULL, interface BLOB NOT NULL,
  summary BLOB NOT NULL, ambient BLOB NOT NULL, mentions BLOB NOT NULL, symbols BLOB NOT NULL, atoms BLOB NOT NULL,
  answers BLOB NOT NULL, linked TEXT NOT NULL
);
CREATE TABLE symbol (name TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (name, path)) WITHOUT ROWID;
CREATE INDEX symbol_path ON symbol (path);
"""
_PARSERS: Final = ("tree-sitter", "tree-sitter-python", "tree-sitter-typescript", "tree-sitter-javascript")
STAGES: Final = ("atoms", "indexes", "model", "parse", "pipeline", "resolve", "scip", "sources")

PlacedAnswers: TypeAlias = "dict[int, tuple[str, str, tuple[tuple[str, int], ...], str]]"
"""An index's answers about a file with paths instead of numbers: rule, place, targets, outside."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """All that is kept of one file; ``atoms`` are the ids of its atoms in order."""

    path: str
    module: str
    record: FileRecord
    stored: StoredFile
    symbols: tuple[SymbolRow, ...]
    atoms: tuple[str, ...]
    answers: bytes
    counts: LinkCounts


@cache
def fingerprint() -> str:
    """What has to be the same for an earlier import to count: this program's stages, Python and the grammars."""
    digest = stages_digest(Path(__file__).resolve().parent.parent, STAGES)
    names = [f"{name} {version(name)}" for name in ("mge", *_PARSERS)]
    return " ".join((digest, platform.python_version(), sys.platform, *names))


def stages_digest(root: Path, stages: Sequence[str]) -> str:
    """Digest every file below some folders of ``root``, but not what Python compiled of them.

    Raises `MgeError` where a folder is missing: without it, what an older program found would count.
    """
    digest = hashlib.sha256()
    for stage in stages:
        folder = root / stage
        if not folder.is_dir():
            raise MgeError(
                f"{folder} is not a directory",
                hint="install the program again; if the package was renamed, rename it in app/pipeline/memory.py",
            )
        for path in sorted(folder.rglob("*")):
            if path.suffix != ".pyc" and path.is_file():
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()


class Memory:
    """An open memory of one plan."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def meta(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT key, value FROM meta"))

    def hashes(self) -> dict[str, tuple[str, str]]:
        """SHA-256 and module name of every file."""
        rows = self._db.execute("SELECT path, sha256, module FROM file")
        return {path: (sha256, module) for path, sha256, module in rows}

    def interfaces(self) -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
        """Path, packed interface and global names of every file."""
        for path, interface, ambient in self._db.execute("SELECT path, interface, ambient FROM file"):
            yield path, interface, pickle.loads(ambient)  # noqa: S301 - written by this program for itself

    def mentions(self) -> dict[str, Mentions]:
        rows = self._db.execute("SELECT path, mentions FROM file")
        return {path: pickle.loads(packed) for path, packed in rows}  # noqa: S301 - as above

    def atoms(self) -> dict[str, tuple[str, ...]]:
        """The ids of every file's atoms, in order."""
        rows = self._db.execute("SELECT path, atoms FROM file")
        return {path: _atom_ids(packed) for path, packed in rows}

    def answers(self) -> dict[str, bytes]:
        rows = self._db.execute("SELECT path, answers FROM file WHERE answers <> x''")
        return dict(rows)

    def file(self, path: str) -> KnownFile:
        row = self._db.execute(
            "SELECT path, module, record, interface, summary, ambient, mentions, symbols, atoms, answers, linked"
            " FROM file WHERE path = ?",
            (path,),
        ).fetchone()
        path, module, record, interface, summary, ambient, mentioned, symbols, atoms, answers, linked = row
        stored = StoredFile(interface, summary, pickle.loads(ambient), pickle.loads(mentioned))  # noqa: S301 - as above
        counts = LinkCounts(*json.loads(linked))
        return KnownFile(
            path,
            module,
            pickle.loads(record),  # noqa: S301 - as above
            stored,
            pickle.loads(symbols),  # noqa: S301 - as above
            _atom_ids(atoms),
            answers,
            counts,
        )

    def sharing(self, names: Iterable[str]) -> dict[str, set[str]]:
        """The paths of files that define symbols of some names, as those files alone would call them."""
        found: dict[str, set[str]] = {}
        for name in names:
            for (path,) in self._db.execute("SELECT path FROM symbol WHERE name = ?", (name,)):
                found.setdefault(name, set()).add(path)
        return found

    def figures(self) -> Iterator[FileFigures]:
        """What a result counts of every file, in the order of a whole import."""
        rows = self._db.execute(
            "SELECT record, linked, (SELECT count(*) FROM symbol WHERE symbol.path = file.path)"
            " FROM file ORDER BY path"
        )
        for record, linked, symbols in rows:
            yield FileFigures(pickle.loads(record), LinkCounts(*json.loads(linked)), symbols)  # noqa: S301 - as above

    def symbols(self) -> int:
        """How many symbols the plan has."""
        count: int = self._db.execute("SELECT count(*) FROM symbol").fetchone()[0]
        return count

    def write(self, meta: Mapping[str, str], files: Iterable[KnownFile], removed: Iterable[str]) -> None:
        """Keep files, forget others; not yet for good."""
        for path in removed:
            self._forget(path)
        for file in files:
            self._forget(file.path)
            self._db.execute(
                "INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    file.path,
                    file.module,
                    file.record.sha256,
                    pickle.dumps(file.record),
                    file.stored.interface,
                    file.stored.summary,
                    pickle.dumps(file.stored.ambient),
                    pickle.dumps(file.stored.mentions, pickle.HIGHEST_PROTOCOL),
                    pickle.dumps(file.symbols, pickle.HIGHEST_PROTOCOL),
                    "\n".join(file.atoms).encode(),
                    file.answers,
                    json.dumps(file.counts),
                ),
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO symbol VALUES (?, ?)",
                [(row.qualified, file.path) for row in file.symbols],
            )
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(meta.items()))

    def commit(self) -> None:
        self._db.commit()

    def _forget(self, path: str) -> None:
        self._db.execute("DELETE FROM file WHERE path = ?", (path,))
        self._db.execute("DELETE FROM symbol WHERE path = ?", (path,))


def packed_answers(answers: PlacedAnswers) -> bytes:
    """Answers as they are kept and compared."""
    return pickle.dumps(sorted(answers.items()), pickle.HIGHEST_PROTOCOL) if answers else b""


def unpacked_answers(packed: bytes) -> PlacedAnswers:
    """What `packed_answers` packed."""
    return dict(pickle.loads(packed)) if packed else {}  # noqa: S301 - written by this program for itself


def built_kept(built: Built) -> dict[str, str]:
    """What a memory says of the build that it belongs to."""
    return {name: str(value) for name, value in asdict(built).items()}


def built_known(meta: Mapping[str, str]) -> Built:
    """What `built_kept` kept."""
    figures = (int(meta[each.name]) for each in fields(Built) if each.name != "build_id")
    return Built(meta["build_id"], *figures)


@contextmanager
def opened(path: Path) -> Iterator[Memory | None]:
    """The memory in a file; None where there is none, or none that can be read."""
    if not path.exists():
        yield None
        return
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        connection.execute("SELECT count(*) FROM meta").fetchone()
    except sqlite3.DatabaseError:
        connection.close()
        yield None
        return
    try:
        yield Memory(connection)
    finally:
        connection.close()


def keep(path: Path, meta: Mapping[str, str], files: Iterable[KnownFile]) -> None:
    """Write a memory anew, all at once; nothing where the disk does not take it."""
    partial = path.with_name(
        f"{path.name}.{hashlib.sha256(repr(sorted(meta.items())).encode()).hexdigest()[:12]}"
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        connection = sqlite3.connect(partial)
        try:
            connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA}")
            Memory(connection).write(meta, files, ())
            connection.commit()
        finally:
            connection.close()
        partial.replace(path)
    except (OSError, sqlite3.Error):
        partial.unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def _atom_ids(packed: bytes) -> tuple[str, ...]:
    return tuple(packed.decode().split("\n")) if packed else ()
