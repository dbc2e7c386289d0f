"""A team's rules about who may need whom: a small TOML file, read for `boundaries/violations`.

::

    types = ["IMPORT_DEP", "CONTROL_DEP"]     # all four where left out
    type_only = false                         # whether what only types need counts; true where left out

    [[layers]]                                # from the top down: none needs one above it
    name = "web"
    paths = ["app/api/**", "app/cli/**"]

    [[layers]]
    name = "core"
    paths = ["app/model/**"]

    [[forbidden]]
    name = "no database in the parser"
    from = ["app/parse/**"]
    to = ["app/graph/**"]

In a pattern ``*`` and ``?`` stay within a folder, ``**`` goes below it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import InputError
from app.model.dependency import WEIGHTS, DependencyType

_Paths = Annotated[list[str], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Rules:
    """``forbidden`` are names with regular expressions of who must not need whom."""

    forbidden: tuple[tuple[str, str, str], ...]
    types: tuple[str, ...]
    type_only: bool


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Layer(_Strict):
    name: str
    paths: _Paths


class _Forbidden(_Strict):
    name: str
    sources: _Paths = Field(alias="from")
    targets: _Paths = Field(alias="to")


class _File(_Strict):
    types: list[DependencyType] = list(WEIGHTS)
    type_only: bool = True
    layers: list[_Layer] = []
    forbidden: list[_Forbidden] = []


def read_rules_file(path: Path) -> Rules:
    """The rules in a file; `InputError` where it cannot be read or says something else."""
    try:
        text = path.read_text(encoding="utf-8")
        given = _File.model_validate(tomllib.loads(text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", hint="give a TOML file with rules") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path}: {place}: {first['msg']}", hint="docs/boundaries.md shows the form"
        ) from error
    if len(given.layers) < 2 and not given.forbidden:
        raise InputError(f"{path} forbids nothing", hint="give two layers or a forbidden dependency")
    rules = [(each.name, _any_of(each.sources), _any_of(each.targets)) for each in given.forbidden]
    for at, lower in enumerate(given.layers):
        rules += [
            (f"{lower.name} must not need {upper.name}", _any_of(lower.paths), _any_of(upper.paths))
            for upper in given.layers[:at]
        ]
    return Rules(tuple(rules), tuple(given.types), given.type_only)


def _any_of(patterns: Sequence[str]) -> str:
    return "|".join(f"(?:{_regular(pattern)})" for pattern in patterns)


def _regular(pattern: str) -> str:
    """A regular expression that Java reads as Python does."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(known[part] if part in known else re.escape(part) for part in parts)
