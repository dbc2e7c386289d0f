"""Rows as CSV and as Arrow hold what the rows hold."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.export.rows import arrow_stream, csv_line

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
)


def read(stream: bytes) -> pa.Table:
    with pa.ipc.open_stream(stream) as reader:
        return reader.read_all()


def column(*values: object) -> tuple[str, list[Any]]:
    table = read(arrow_stream(["a"], [[value] for value in values]))
    return str(table.schema.field("a").type), table.column("a").to_pylist()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, None], "bool"),
        ([1, None, 2**62], "int64"),
        ([1, 2.5], "double"),
        (["a", None], "string"),
        ([None, None], "null"),
        ([[1], [2, 3], []], "list<item: int64>"),
        ([[1, None], [2.5]], "list<item: double>"),
        ([["a"], None], "list<item: string>"),
    ],
)
def test_a_column_has_the_type_of_its_values(values: list[object], kind: str) -> None:
    assert column(*values) == (kind, values)


@pytest.mark.parametrize("values", [[{"a": 1}, None], [1, "a"], [True, 1], [[1], "a"], [[[1]]], [["a", 1]]])
def test_what_has_no_type_in_common_is_json(values: list[object]) -> None:
    kind, found = column(*values)
    assert kind == "string"
    assert [None if text is None else json.loads(text) for text in found] == values


@given(st.lists(st.tuples(VALUES, VALUES), max_size=20))
def test_any_rows_have_an_arrow_stream(rows: list[tuple[Any, Any]]) -> None:
    table = read(arrow_stream(["a", "b"], rows))
    assert table.num_rows == len(rows)
    assert table.column_names == ["a", "b"]


def test_many_rows_come_in_batches() -> None:
    rows = [[number] for number in range(10_000)]
    with pa.ipc.open_stream(arrow_stream(["a"], rows)) as reader:
        sizes = [batch.num_rows for batch in reader]
    assert sizes == [4096, 4096, 1808]


@given(st.lists(st.text(st.characters(exclude_characters="\r")), min_size=2, max_size=5))
def test_text_survives_csv(cells: list[str]) -> None:
    assert next(csv.reader(io.StringIO(csv_line(cells), newline=""))) == cells


def test_csv_has_json_for_what_is_no_text() -> None:
    assert csv_line([None, True, 1.5, [1, "a"], {"a": None}]) == ',true,1.5,"[1, ""a""]","{""a"": null}"\n'
