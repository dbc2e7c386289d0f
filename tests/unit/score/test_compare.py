"""A plan's dependencies held against an index."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import InputError
from app.scip.messages import index_type
from app.scip.reading import DEFINITION, Occurrence, ScipDocument, read_index
from app.score.compare import Score, ScoredEdge, compare
from app.score.plan import describe

OWN = "scip-python python shop 1 "
LIBRARY = "scip-python python stdlib 3.11 "

# Two atoms in a.py, three in b.py, numbered 0 to 4.
A = ["def price():\n    return 1\n", "def other():\n    return 2\n"]
B = ["from a import price\n", "def é(): return 1; price()\n", "x = é()\n"]
FILES = {"a.py": describe("a.py", "python", A, 0), "b.py": describe("b.py", "python", B, 2)}


def document(path: str, *rows: tuple[int, int, int, str, int]) -> ScipDocument:
    """Occurrences as (line, column, end column, symbol, roles), as an indexer writes them."""
    return ScipDocument(
        path, "utf-16", tuple(Occurrence(line, at, line, end, s, roles) for line, at, end, s, roles in rows)
    )


INDEX = [
    document("a.py", (0, 4, 9, f"{OWN}a/price().", DEFINITION), (2, 4, 9, f"{OWN}a/other().", DEFINITION)),
    document(
        "b.py",
        (0, 14, 19, f"{OWN}a/price().", 0),
        (1, 4, 5, f"{OWN}b/é().", DEFINITION),
        (1, 19, 24, f"{OWN}a/price().", 0),
        (2, 0, 1, f"{OWN}b/x.", DEFINITION),
        (2, 4, 5, f"{OWN}b/é().", 0),
    ),
]


def edge(source: int, target: int, place: str, type_: str = "CONTROL_DEP", kind: str = "call") -> ScoredEdge:
    return ScoredEdge(type_, source, target, (kind,), "import", (place,))


def scored(*edges: ScoredEdge, index: list[ScipDocument] = INDEX) -> Score:
    return compare(FILES, edges, index)


def test_what_the_index_knows_and_no_dependency_follows_is_missed() -> None:
    score = scored()
    assert (score.recall, score.missed, score.precision) == (0.0, {"function": 3}, 0.0)
    assert score.worst == {"b.py": 3}


def test_a_dependency_to_the_definition_or_to_the_import_of_it_is_right() -> None:
    score = scored(
        edge(2, 0, "1:15", "IMPORT_DEP", "binding"),
        edge(3, 0, "2:20"),
        edge(3, 2, "2:20", "IMPORT_DEP", "use"),
        edge(4, 3, "3:5"),
    )
    assert (score.recall, score.precision, score.totals) == (1.0, 1.0, {"right": 4})


def test_a_dependency_to_something_else_is_wrong_and_sampled() -> None:
    score = scored(edge(3, 1, "2:20"))
    assert score.totals == {"wrong": 1}
    (wrong,) = [sample for sample in score.samples if sample.what.startswith("wrong")]
    assert (wrong.path, wrong.place, wrong.symbol, wrong.said) == ("b.py", "2:20", "a/price().", "a.py:3")


def test_what_the_index_places_outside_contradicts_a_dependency_inside() -> None:
    outside = [INDEX[0], document("b.py", (1, 19, 24, f"{LIBRARY}a/price().", 0))]
    assert scored(edge(3, 0, "2:20"), index=outside).totals == {"wrong": 1}


def test_a_definition_that_the_index_forgets_is_silence() -> None:
    forgetful = [INDEX[0], document("b.py", (1, 19, 24, f"{OWN}c/price().", 0))]
    assert scored(edge(3, 0, "2:20"), index=forgetful).totals == {"silent": 1}


def test_structure_is_not_judged() -> None:
    assert scored(edge(3, 1, "2:1", kind="guard")).totals == {}


def test_a_name_that_the_index_confuses_is_left_out_and_counted() -> None:
    confused = [INDEX[0], document("b.py", (1, 19, 24, f"{OWN}a/other().", 0))]
    score = scored(edge(3, 0, "2:20"), index=confused)
    assert (score.misnamed, score.totals, score.missed) == (1, {"silent": 1}, {})


def test_columns_are_counted_in_the_indexs_own_units() -> None:
    wide = {"a.py": describe("a.py", "python", ["def f(): ...\n", "s = '😀'; f()\n"], 0)}
    call = ScoredEdge("CONTROL_DEP", 1, 0, ("call",), "scope", ("2:10",))
    for encoding, column in (("utf-8", 12), ("utf-16", 10), ("utf-32", 9)):
        index = ScipDocument(
            "a.py",
            encoding,  # type: ignore[arg-type]
            (
                Occurrence(0, 4, 0, 5, f"{OWN}a/f().", DEFINITION),
                Occurrence(1, column, 1, column + 1, f"{OWN}a/f().", 0),
            ),
        )
        assert compare(wide, [call], [index]).totals == {"right": 1}, encoding


def test_an_index_file_is_read(tmp_path: Path) -> None:
    index = index_type()()
    written = index.documents.add(relative_path="a.py", position_encoding=1)
    written.occurrences.add(range=[0, 4, 9], symbol=f"{OWN}a/price().", symbol_roles=1)
    written.occurrences.add(range=[1, 0, 2, 3], symbol="local 1")
    path = tmp_path / "index.scip"
    path.write_bytes(index.SerializeToString())
    (document,) = read_index(path)
    assert (document.path, document.encoding) == ("a.py", "utf-8")
    assert document.occurrences[0] == (0, 4, 0, 9, f"{OWN}a/price().", 1)
    assert document.occurrences[1][:4] == (1, 0, 2, 3)


@pytest.mark.parametrize("content", [b"", b"# no index\n", b"\xff" * 40])
def test_what_is_no_index_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "index.scip"
    path.write_bytes(content)
    with pytest.raises(InputError):
        list(read_index(path))
    with pytest.raises(InputError, match="no file"):
        list(read_index(tmp_path / "nothing.scip"))
