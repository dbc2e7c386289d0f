"""What one file says to the others: its entities, and the references that only they can settle.

Terms describe values without evaluating them. They are nested tuples, so that they pickle small, compare
by value and never change:

- ``("var", e)``: what entity ``e`` of this file is bound to
- ``("import", module, key, submodule)``: what an import binds
- ``("attr", term, name)``, ``("call", term)``, ``("new", term)``, ``("await", term)``, ``("item", term)``,
  ``("iter", term)``, ``("enter", term)``, ``("part", term, place)``: the result of that on a value; a call of
  what hands its arguments on has them as well: ``("call", term, (term, ...))``
- ``("display", name, (term, ...))``: a list, tuple, set or dict that holds these
- ``("keyword", term, name)``: the field ``name`` of what the term constructs
- ``("instance", term)``: an instance of the class that the term names
- ``("self", e)``, ``("class_of", e)``, ``("super", e)``: seen from inside class entity ``e``
- ``("literal", name)``: an instance of a builtin type
- ``("or", (term, ...))``: any of them
- ``None``: unknown
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from app.model.atom import Atom, FileRecord
from app.model.dependency import SymbolKind
from app.model.facts import BindingKind, Context

Term: TypeAlias = "tuple[object, ...] | None"

EntityKind: TypeAlias = Literal[
    "class", "interface", "function", "variable", "type", "enum", "namespace", "object"
]


class Bound(NamedTuple):
    """One binding of an entity: in which atom (index in the file), and the value that it gives."""

    atom: int
    kind: BindingKind
    pos: int
    value: Term = None
    annotation: Term = None
    type_only: bool = False
    place: str = ""
    """``line:column`` of a member's definition, for what it overrides."""


@dataclass(frozen=True, slots=True)
class FunctionShape:
    """What a call of a function gives."""

    returns: Term
    results: tuple[Term, ...]
    decorators: tuple[Term, ...]
    is_async: bool
    is_generator: bool
    parameters: int


@dataclass(frozen=True, slots=True)
class Entity:
    """A name that other code can reach: of module level, a member, or a function or class anywhere.

    ``members`` maps names to entities (of a class, interface, enum, namespace, object or, in JavaScript, a
    function used as a class). ``owner`` is the class that a member belongs to, -1 otherwise.
    """

    name: str
    qualified: str
    kind: EntityKind
    bounds: tuple[Bound, ...]
    owner: int = -1
    members: dict[str, int] = field(default_factory=dict)
    bases: tuple[Term, ...] = ()
    metaclass: Term = None
    function: FunctionShape | None = None
    definitions: tuple[tuple[int, int], ...] = ()
    """Byte ranges of its definitions."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What importers get under a name: a term, or something of another module."""

    name: str
    term: Term
    atom: int
    type_only: bool = False


class Pending(NamedTuple):
    """A reference in ``atom`` that needs other files, or types, to be settled.

    ``term`` is what is referred to: an ``import``, an ``attr`` or a ``var``. ``place`` is ``line:column``.
    """

    atom: int
    pos: int
    place: str
    symbol: str
    context: Context
    term: Term
    type_only: bool = False
    is_import: bool = False
    """The reference is the import statement itself."""
    through_value: bool = False
    """The name is a variable (an edge of its own); ``term`` is the value that is called through it."""


class LocalEdge(NamedTuple):
    """One piece of evidence for a dependency between two atoms of the file (indexes in the file)."""

    type: Literal["IMPORT_DEP", "TYPE_DEP", "CONTROL_DEP", "DATA_DEP"]
    source: int
    target: int
    kind: str
    symbol: str
    pos: int
    place: str
    rule: str
    confidence: float = 1.0
    type_only: bool = False


@dataclass(frozen=True, slots=True)
class SymbolRow:
    """A symbol that the file defines; ``atoms`` are indexes in the file."""

    name: str
    qualified: str
    kind: SymbolKind
    exported: bool
    atoms: tuple[int, ...]
    member_of: str


@dataclass(frozen=True, slots=True)
class Interface:
    """The part of a file that other files look at while they are linked."""

    path: str
    module: str
    language: str
    entities: tuple[Entity, ...]
    names: dict[str, int]
    """Module-level names to entities."""
    exports: dict[str, Exported]
    stars: tuple[tuple[str, int], ...]
    """Modules of which everything is star-imported or re-exported, in order, with the atom that says so."""
    public: tuple[str, ...] | None
    """``__all__`` where it is a plain list."""


@dataclass(frozen=True, slots=True)
class FileSummary:
    """All that linking and writing need of one file; small enough to be spooled to disk."""

    record: FileRecord
    atoms: tuple[Atom, ...]
    interface: Interface
    edges: tuple[LocalEdge, ...]
    pending: tuple[Pending, ...]
    symbols: tuple[SymbolRow, ...]
    settled: int
    """How many uses of a name need no other file."""
    starts: tuple[int, ...]
    """Byte positions where its atoms begin."""
