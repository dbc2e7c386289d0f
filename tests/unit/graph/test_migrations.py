"""The migration files, and how their statements and checksums are read."""

from __future__ import annotations

import re
from pathlib import Path
from zlib import crc32

import pytest

from app.errors import MigrationError
from app.graph.migrate import list_migrations


def test_every_statement_is_named_and_may_run_twice() -> None:
    for migration in list_migrations():
        for statement in migration.statements:
            code = re.sub(r"//[^\n]*\n", "", statement)
            assert re.match(r"CREATE (CONSTRAINT|INDEX|FULLTEXT INDEX) \w+ IF NOT EXISTS ", code), code


def test_versions_count_without_a_gap() -> None:
    assert [migration.version for migration in list_migrations()] == [
        f"{number:03}" for number in range(1, len(list_migrations()) + 1)
    ]


def test_a_file_is_read_as_neo4j_migrations_reads_it(tmp_path: Path) -> None:
    (tmp_path / "V010__Later_one.cypher").write_text("RETURN 10")
    (tmp_path / "V002__Add_a_thing.cypher").write_text("// why\nRETURN 1;\n\nRETURN ';' ;\nRETURN 3;")
    first, last = list_migrations(tmp_path)
    assert (first.version, first.description, first.source) == (
        "002",
        "Add a thing",
        "V002__Add_a_thing.cypher",
    )
    assert first.statements == ("// why\nRETURN 1", "RETURN ';'", "RETURN 3")
    assert first.checksum == str(crc32(b"// why\nRETURN 1RETURN ';'RETURN 3"))
    assert last.version == "010"


@pytest.mark.parametrize("names", [["V1_Missing_underscore.cypher"], ["V001__A.cypher", "V1__B.cypher"]])
def test_names_out_of_form_and_versions_given_twice_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("RETURN 1")
    with pytest.raises(MigrationError):
        list_migrations(tmp_path)
