from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from app.errors import MigrationError
from app.postgres.migrate import list_migrations
from app.postgres.queries import Statements

APP = Path(__file__).parents[3] / "app"


FILES = sorted(APP.glob("*/queries.sql"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_what_is_asked_for_by_name_is_what_is_written(file: Path) -> None:
    code = "\n".join(path.read_text() for path in file.parent.glob("*.py"))
    named = set(re.findall(r'\b(?:sql|_one|_all|_write)\(\s*(?:pool, |connection, )?"(\w+)"', code))
    written = Statements(file).by_name
    assert named <= written.keys()
    assert [name for name in written if f'"{name}"' not in code] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_each_is_one_statement(file: Path) -> None:
    for name, text in Statements(file).by_name.items():
        assert text.endswith(b";"), name
        assert text.count(b";") == 1, name


def test_the_queue_that_is_installed_is_the_one_that_is_migrated_to() -> None:
    first = list_migrations()[0]
    installed = (files("procrastinate") / "sql" / "schema.sql").read_text()
    assert first.forward.decode().partition("\n")[2].partition("\n")[2] == installed


def test_migrations_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("V10__Later", "V2__Earlier"):
        (tmp_path / f"{name}.sql").write_text("SELECT 1;")
        (tmp_path / f"{name}.down.sql").write_text("SELECT 1;")
    assert [(m.version, m.description) for m in list_migrations(tmp_path)] == [(2, "Earlier"), (10, "Later")]


@pytest.mark.parametrize("names", [["1__x.sql"], ["V1__x.sql", "V01__y.sql"], ["V1__x.sql"]])
def test_a_folder_that_is_wrong_is_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(MigrationError):
        list_migrations(tmp_path)
