"""A SCIP index as a source of dependencies."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import InputError
from app.indexes.scip import ScipIndexer
from app.main import read_rules
from app.model.index import MODULE, Index
from app.scip.messages import index_type
from app.settings import Settings
from app.sources import open_source

TEXT = {
    "a.py": "from b import make as build\nthing = build()\nthing.run()  # é\n",
    "b.py": "# é\nclass T:\n    def run(self): ...\ndef make(): ...\n",
}
RUN, MAKE, MODULE_B, OTHER = "s p b/T#run().", "s p b/make().", "s p b/__init__:", "s p b/other()."


def write(path: Path, documents: dict[str, list[tuple[list[int], str, int]]], encoding: int = 2) -> Path:
    index = index_type()()
    for name, occurrences in documents.items():
        document = index.documents.add()
        document.relative_path = name
        document.position_encoding = encoding
        for place, symbol, roles in occurrences:
            occurrence = document.occurrences.add()
            occurrence.range.extend(place)
            occurrence.symbol, occurrence.symbol_roles = symbol, roles
    path.write_bytes(index.SerializeToString())
    return path


DOCUMENTS = {
    "a.py": [([0, 5, 6], MODULE_B, 0), ([0, 14, 27], MAKE, 0), ([1, 8, 13], MAKE, 0), ([2, 6, 9], RUN, 0)],
    "b.py": [([0, 0, 0], MODULE_B, 1), ([2, 8, 11], RUN, 1), ([3, 4, 8], MAKE, 1)],
}


async def indexed(folder: Path, index: Path) -> tuple[list[str], Index]:
    for name, text in TEXT.items():
        (folder / name).write_text(text)
    with open_source(str(folder), read_rules(Settings()), folder / "work") as source:
        paths = [entry.path for entry in source.entries]
        return paths, await ScipIndexer(index)(source, paths, {})


async def test_occurrences_lead_to_definitions(tmp_path: Path) -> None:
    paths, index = await indexed(tmp_path, write(tmp_path / "index.scip", DOCUMENTS))
    assert paths == ["a.py", "b.py"]
    b = TEXT["b.py"].encode()
    found = {answer.place: answer.targets for answer in index.answers[0].values()}
    assert found == {
        "1:6": ((1, MODULE),),
        "1:15": ((1, b.index(b"make")),),
        "3:7": ((1, b.index(b"run")),),
    }
    # `build` has the symbol of `make`: an alias, which only the own resolver follows.
    assert index.problems == ("index.scip gives 1 names a symbol of another name; those were not taken",)


async def test_names_that_the_index_has_wrong_are_not_taken(tmp_path: Path) -> None:
    wrong = {**DOCUMENTS, "a.py": [([2, 6, 9], MAKE, 0)]}
    _, index = await indexed(tmp_path, write(tmp_path / "index.scip", wrong))
    assert index.answers[0] == {}
    assert "1 names" in index.problems[0]


async def test_an_index_from_the_folder_above_and_of_more_files(tmp_path: Path) -> None:
    above = {f"src/{name}": found for name, found in DOCUMENTS.items()} | {"src/c.py": [], "src/d.py": []}
    _, index = await indexed(tmp_path, write(tmp_path / "index.scip", above))
    assert len(index.answers[0]) == 3
    assert any("2 files that are not imported" in problem for problem in index.problems)


async def test_files_that_the_index_does_not_know_are_said(tmp_path: Path) -> None:
    _, index = await indexed(tmp_path, write(tmp_path / "index.scip", {"b.py": DOCUMENTS["b.py"]}))
    assert any("says nothing about 1 files, such as a.py" in problem for problem in index.problems)


async def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.scip").write_bytes(b"\xff\xff\xff")
    for path in (tmp_path / "no.scip", tmp_path / "missing.scip"):
        with pytest.raises(InputError):
            await indexed(tmp_path, path)
    with pytest.raises(InputError, match="no file in common"):
        await indexed(tmp_path, write(tmp_path / "index.scip", {"z.py": []}))
