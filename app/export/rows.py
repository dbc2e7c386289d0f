"""Rows of a table as CSV (RFC 4180) and as an Arrow IPC stream."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS: Final = 4_096


def csv_line(cells: Iterable[object]) -> str:
    """One line; what is no text is written as JSON, nothing as an empty cell."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([_text(cell) for cell in cells])
    return line.getvalue()


def arrow_stream(names: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """An Arrow IPC stream of the rows.

    A column is of the type that all of its values have: boolean, int64, float64 (also of whole numbers among others),
    text, or lists of one of those. A column of anything else, such as maps or values of several types, holds JSON text.
    """
    # Takes a tenth of a second to load, and only this needs it.
    import pyarrow as pa

    columns = [_column([row[at] for row in rows]) for at in range(len(names))]
    table = pa.Table.from_arrays(columns, names=list(names))
    into = pa.BufferOutputStream()
    with pa.ipc.new_stream(into, table.schema) as writer:
        writer.write_table(table, max_chunksize=_BATCH_ROWS)
    return bytes(into.getvalue())


def _column(values: list[object]) -> pa.Array:
    import pyarrow as pa

    kinds = {_kind(value) for value in values} - {"null"}
    scalars = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64(), "text": pa.string()}
    types = {**scalars, **{f"list of {name}": pa.list_(kind) for name, kind in scalars.items()}}
    if not kinds:
        return pa.nulls(len(values))
    kind = _common(kinds)
    if kind in types:
        return pa.array(values, types[kind])
    return pa.array([None if value is None else json.dumps(value) for value in values], pa.string())


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "text"
        case list():
            inner = {_kind(each) for each in value} - {"null"}
            return f"list of {_common(inner)}" if inner else "list of null"
        case _:
            return "other"


def _common(kinds: set[str]) -> str:
    """The kind that holds all of these; ``other`` where none does."""
    if "list of null" in kinds and all(kind.startswith("list of ") for kind in kinds):
        kinds = kinds - {"list of null"} or {"list of text"}
    if kinds in ({"int", "float"}, {"list of int", "list of float"}):
        return "float" if "float" in kinds else "list of float"
    return next(iter(kinds)) if len(kinds) == 1 else "other"


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else json.dumps(cell)
