"""A SCIP index as frozen values: documents and the places where symbols occur in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

from app.errors import InputError
from app.scip.messages import index_type

DEFINITION: Final = 1

Encoding = Literal["utf-8", "utf-16", "utf-32"]

# Of Document.position_encoding; indexers that say nothing count as their editors do, in UTF-16.
_ENCODINGS: Final[dict[int, Encoding]] = {0: "utf-16", 1: "utf-8", 2: "utf-16", 3: "utf-32"}


class Occurrence(NamedTuple):
    """A symbol at a place: lines and columns from 0, columns in units of the document's encoding."""

    line: int
    column: int
    end_line: int
    end_column: int
    symbol: str
    roles: int


@dataclass(frozen=True, slots=True)
class ScipDocument:
    """A file of an index; ``path`` is relative to the index's root, with ``/``."""

    path: str
    encoding: Encoding
    occurrences: tuple[Occurrence, ...]


def read_index(path: Path) -> Iterator[ScipDocument]:
    """The documents of an index file; `InputError` where the file is no SCIP index."""
    from google.protobuf.message import DecodeError  # slow, and rarely needed

    index = index_type()()
    try:
        index.ParseFromString(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}", hint="give the path of an index.scip") from error
    except DecodeError as error:
        raise InputError(f"{path} is no SCIP index", hint="give what an indexer wrote, unpacked") from error
    if not index.documents:
        raise InputError(f"{path} holds no document", hint="look what the indexer said when it wrote it")
    for document in index.documents:
        yield ScipDocument(
            document.relative_path,
            _ENCODINGS.get(document.position_encoding, "utf-16"),
            tuple(
                Occurrence(*_range(tuple(found.range)), found.symbol, found.symbol_roles)
                for found in document.occurrences
            ),
        )


def _range(written: tuple[int, ...]) -> tuple[int, int, int, int]:
    if len(written) == 3:
        line, column, end_column = written
        return line, column, line, end_column
    if len(written) == 4:
        return written
    raise InputError(f"a range of {len(written)} numbers", hint="SCIP ranges have three or four")
