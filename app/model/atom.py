"""Atoms and the files that they are cut from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.model.facts import ParseStatus

AtomKind: TypeAlias = Literal[
    "import",
    "constant",
    "function",
    "function_head",
    "method",
    "method_head",
    "class",
    "class_head",
    "interface",
    "type",
    "enum",
    "namespace",
    "block",  # a group of statements, or of small neighbours that are not all of one kind
    "doc",
    "opaque",
    "empty",  # the one atom of a file without bytes
]


@dataclass(frozen=True, slots=True)
class Atom:
    """A contiguous byte range of one file.

    ``number`` is unique in the import (0, 1, 2 … in file order of sorted paths) and is what dependencies
    refer to; ``atom_number`` counts from 1 in the file. Lines count from 1, ``end_line`` is inclusive.
    ``code`` encodes to exactly the atom's bytes with the file's ``encoding``.
    """

    number: int
    atom_id: str
    atom_number: int
    name: str
    qualified_name: str
    kind: AtomKind
    node_type: str
    language: str
    path: str
    start_byte: int
    end_byte: int
    start_line: int
    end_line: int
    loc: int
    complexity: int
    indivisible: bool
    code: str
    signature: str
    docstring: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file of the plan; ``number`` is unique in the import. ``newline``: lf, crlf, cr, mixed or none."""

    number: int
    path: str
    language: str
    sha256: str
    encoding: str
    newline: Literal["lf", "crlf", "cr", "mixed", "none"]
    bytes: int
    loc: int
    atoms: int
    parse_status: ParseStatus
    reason: str
