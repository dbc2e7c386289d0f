"""What the code declares is in the documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
import typer.main

from app.cli.command import app
from app.model.atom import AtomKind
from app.model.dependency import KINDS
from app.plans.document import PlanDocument
from app.settings import REPOSITORY, Settings


def text_of(*names: str) -> str:
    return "\n".join(Path(REPOSITORY, name).read_text() for name in names)


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_every_setting_is_documented(setting: str) -> None:
    assert f"`{setting.upper()}`" in text_of("docs/settings.md")


def test_every_command_is_in_the_readme() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    readme = text_of("README.md")
    assert [name for name in commands if f"{name}" not in readme] == []


@pytest.mark.parametrize("kind", [kind for kinds in KINDS.values() for kind in kinds])
def test_every_dependency_kind_is_documented(kind: str) -> None:
    assert f"`{kind}`" in text_of("docs/dependencies.md")


@pytest.mark.parametrize("kind", get_args(AtomKind))
def test_every_atom_kind_is_documented(kind: str) -> None:
    assert f"`{kind}`" in text_of("docs/atoms.md")


def test_every_package_is_on_the_map() -> None:
    packages = {path.parent.name for path in Path(REPOSITORY, "app").glob("*/__init__.py")}
    architecture = text_of("ARCHITECTURE.md")
    assert sorted(name for name in packages if f"`{name}`" not in architecture) == []


def test_the_form_of_a_plan_file_is_published() -> None:
    written = json.loads(text_of("docs/plan.schema.json"))
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:mge:plan"}
    assert written == {**schema, **PlanDocument.model_json_schema()}
