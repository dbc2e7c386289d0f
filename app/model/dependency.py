"""Dependencies between atoms, symbols, and what lies outside the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

DependencyType: TypeAlias = Literal["IMPORT_DEP", "TYPE_DEP", "CONTROL_DEP", "DATA_DEP"]

WEIGHTS: Final[dict[DependencyType, float]] = {
    "IMPORT_DEP": 1.0,
    "TYPE_DEP": 0.9,
    "CONTROL_DEP": 0.85,
    "DATA_DEP": 0.8,
}

KINDS: Final[dict[DependencyType, tuple[str, ...]]] = {
    "IMPORT_DEP": ("use", "binding", "re_export", "module"),
    "TYPE_DEP": ("base", "annotation", "type_argument", "cast", "check", "decorator_type"),
    "CONTROL_DEP": ("call", "instantiate", "decorate", "override", "guard", "body_of"),
    "DATA_DEP": ("def_use", "attribute", "parameter", "closure", "constant"),
}

SymbolKind: TypeAlias = Literal[
    "module", "class", "function", "method", "variable", "type", "interface", "enum", "namespace"
]

Ecosystem: TypeAlias = Literal["stdlib", "pypi", "npm", "node", "builtin"]


@dataclass(frozen=True, slots=True)
class Dependency:
    """``source`` needs ``target`` (both `Atom.number`); at most one of each type between two atoms.

    ``kinds``, ``symbols`` and ``rules`` are sorted and without repeats. ``evidence`` lists, in file
    order, ``line:column`` (both from 1, column in characters) of what in the source atom needs the target.
    ``confidence`` is the best of what was gathered: 1.0 exact.
    """

    type: DependencyType
    source: int
    target: int
    kinds: tuple[str, ...]
    symbols: tuple[str, ...]
    evidence: tuple[str, ...]
    rule: str
    confidence: float
    type_only: bool


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named definition. ``atoms`` are the atoms that define it, ``member_of`` the enclosing symbol's name."""

    qualified_name: str
    name: str
    kind: SymbolKind
    exported: bool
    path: str
    atoms: tuple[int, ...]
    member_of: str


@dataclass(frozen=True, slots=True)
class ExternalReference:
    """``source`` (an `Atom.number`) refers to ``name`` of ``package`` outside the plan."""

    source: int
    ecosystem: Ecosystem
    package: str
    name: str
    evidence: tuple[str, ...]


class LinkCounts(NamedTuple):
    """How many dependencies of each type leave a file, and what became of its references; ``unresolved`` by reason."""

    dependencies: Mapping[DependencyType, int]
    resolved: int
    external: int
    builtin: int
    unresolved: Mapping[str, int]
