"""What a parser says about one file, in terms that no longer depend on its language or on tree-sitter.

Two things are said. How the file may be cut (`Piece`), and what its names mean: scopes, bindings,
expressions and the order in which a scope's code reads and binds (`Flow`). All positions are byte
offsets into the file. Tables refer to each other by index; ``-1`` stands for "none".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

ParseStatus: TypeAlias = Literal["ok", "recovered", "opaque"]

PieceKind: TypeAlias = Literal[
    "import",  # an import or re-export statement, `x = require(...)`
    "constant",  # an assignment or declaration of plain values at module or class level
    "function",
    "method",
    "class",
    "interface",
    "type",
    "enum",
    "namespace",
    "statement",
    "doc",  # a docstring, or comments alone
    "opaque",  # text that no grammar could read
]

Role: TypeAlias = Literal["head", "body", "tail"]

Governs: TypeAlias = Literal["guard", "body_of"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A byte range that may be kept whole or, where it has parts, opened into them.

    ``start``/``end`` cover the syntax alone: white space and comments between pieces are given to
    atoms by the cutter. Parts are in order, do not overlap and lie inside the piece; together they
    hold every token of it.

    ``role`` is the piece's part in its parent: a *head* decides whether the *body* pieces under it
    run, a *tail* closes (`}` or `});`). ``governor`` is the index, among the parent's parts, of the
    head that decides about this piece (``-1``: the nearest head further out); ``governs`` says, on a
    head, what kind of edge its body gets. A nested head (`else`, `except`, `case`) is itself governed by
    the first head.

    ``name`` is the name that the piece defines (function, class, ...), ``""`` otherwise; ``name_pos``
    the offset of the defining name token. A whole definition and its head part carry the same name.
    ``container`` is the dotted path of names of enclosing definitions within the file.
    """

    start: int
    end: int
    node_type: str
    kind: PieceKind
    parts: tuple[Piece, ...] = ()
    role: Role = "body"
    governor: int = -1
    governs: Governs = "guard"
    name: str = ""
    name_pos: int = -1
    container: str = ""
    doc: tuple[int, int] | None = None
    """Byte range of the docstring or doc comment that belongs to a definition."""
    signature: tuple[int, int] | None = None
    """Byte range of a definition's head without its body."""


ScopeKind: TypeAlias = Literal["module", "function", "class", "block", "comprehension", "namespace"]


@dataclass(frozen=True, slots=True)
class Scope:
    """A region that binds names. ``owner`` is the binding of the function or class that it is the body of.

    ``block`` scopes are JavaScript's; a ``class`` scope is skipped when a nested function looks a name up
    (Python), or holds members that only ``this`` reaches (JavaScript).
    """

    kind: ScopeKind
    parent: int
    start: int
    end: int
    name: str = ""
    owner: int = -1
    globals: frozenset[str] = frozenset()
    nonlocals: frozenset[str] = frozenset()


BindingKind: TypeAlias = Literal[
    "import",  # term: what it imports
    "function",
    "class",
    "interface",
    "type",
    "enum",
    "namespace",
    "variable",
    "parameter",
    "member",  # a class-level or object-type name reached through an instance or the class
]


class Binding(NamedTuple):
    """One place where a name gets a value or a declaration.

    ``pos`` is the offset of the name token. ``value`` is the expression assigned, ``annotation`` the
    declared type. ``how`` tells how ``value`` reaches the name:

    - ``=``: the value itself
    - ``iter``: an element of it (`for`, comprehension)
    - ``enter``: what its context manager gives (`with`)
    - ``unpack``: some part of it (destructuring); for JavaScript objects ``key`` names the property
    - ``raise``: an instance of it (`except E as e`)
    - ``def``: the function, class, interface, type, enum or namespace defined here
    - ``import``: see ``module``, ``key``
    - ``none``: bound without a known value (parameter, bare declaration, `del`-ed and such)

    For an import, ``module`` is the module as written (``..pkg.mod`` keeps its dots; JavaScript's
    specifier as it stands) and ``key`` is the name taken from it: ``""`` for the module itself
    (`import a.b as c`, `import * as ns`, `require("x")`), ``"*"`` for a star import (its ``name`` is
    ``*`` too), ``"default"`` for a default import. `import a.b` binds ``a``: module ``a``, key ``""``,
    with ``submodule`` ``a.b``.
    """

    name: str
    scope: int
    pos: int
    kind: BindingKind
    how: Literal["=", "iter", "enter", "unpack", "raise", "def", "import", "none"] = "none"
    value: int = -1
    annotation: int = -1
    module: str = ""
    key: str = ""
    submodule: str = ""
    type_only: bool = False
    end: int = -1
    """End offset of the whole definition (functions, classes); -1 otherwise."""


Context: TypeAlias = Literal[
    "read",
    "call",
    "instantiate",  # `new X()`, `<X/>`: a call that is known to construct
    "decorate",
    "base",
    "annotation",
    "type_argument",
    "cast",
    "check",  # isinstance, instanceof, except
    "export",  # `export {x}`, `__all__`: names x without running or reading it
    "module",  # the m of `from m import f`: what is wanted of it is taken by name
]


class Expression(NamedTuple):
    """An expression, as far as it matters for what names mean.

    ``kind`` and fields:

    - ``name``: a bare name, looked up from ``scope``; ``pos`` its token
    - ``attribute``: ``base`` . ``name``; ``pos`` the token of the attribute
    - ``call``: the result of calling ``base``; ``new`` results too. ``options`` are the arguments where the
      callee's name is one that hands them on (`sorted`, `next`, `copy`)
    - ``part``: the element of ``base`` that destructuring takes: ``name`` is its place, ``*`` for the rest
    - ``display``: a list, tuple, set or dict written out or comprehended: ``name`` is which, ``options`` are
      what it holds, of a dict keys and values in turns
    - ``operator``: what the method ``name`` of ``base`` makes of an operator's other side
    - ``keyword``: the parameter or field ``name`` of what ``base`` constructs
    - ``await``, ``item`` (subscript), ``iter``: the result of that on ``base``
    - ``this``: the enclosing instance; ``super``: its base-class view; ``scope`` says where
    - ``import``: `import("x")`, `require("x")`; ``name`` is the specifier
    - ``literal``: ``name`` is the builtin type (``str``, ``int``, ``list``, ...)
    - ``object``: an object literal that binds members in scope ``scope``
    - ``function``: a lambda or function expression whose body is ``scope``; a class expression likewise
    - ``union``: any of ``options`` (conditional expressions, `a or b`, `X | None` annotations)
    - ``generic``: ``base`` with type arguments ``options``
    - ``text``: an annotation in a string that did not parse; ``name`` the text
    - ``unknown``
    """

    kind: Literal[
        "name",
        "attribute",
        "call",
        "await",
        "item",
        "iter",
        "part",
        "display",
        "operator",
        "keyword",
        "this",
        "super",
        "import",
        "literal",
        "object",
        "function",
        "union",
        "generic",
        "text",
        "unknown",
    ]
    pos: int = -1
    name: str = ""
    base: int = -1
    scope: int = -1
    context: Context = "read"
    options: tuple[int, ...] = ()
    type_only: bool = False
    """Needed for types alone: an annotation, or under `if TYPE_CHECKING`."""
    stores: bool = False
    """The attribute is assigned or deleted here, not read."""


@dataclass(frozen=True, slots=True)
class AttributeStore:
    """`base.name = value`: ``target`` is the attribute expression, ``how`` as in `Binding`."""

    target: int
    value: int = -1
    annotation: int = -1
    how: Literal["=", "iter", "enter", "unpack", "raise", "def", "none"] = "="


Flow: TypeAlias = "tuple[FlowStep, ...]"
"""The order in which a scope's code reads and binds: a sequence of steps.

- an ``int`` ``n >= 0``: expression ``n`` (of kind ``name``) is read
- an ``int`` ``n < 0``: binding ``~n`` happens
- ``("del", n, flow)``: flow runs (often none), and however it is left, what step ``n`` reads or binds is unbound then
- ``("if", test, then, orelse)``: one of the two, as the test says
- ``("branch", (flow, ...), exhaustive)``: one of the flows runs, or none of them unless exhaustive
- ``("loop", test, body, orelse)``: test; then body and test again, any number of times;
  orelse runs when the test ends the loop (not after `break`).
- ``("do", body, test)``: body runs, then test, then perhaps both again
- ``("try", body, (handler, ...), orelse, finally_)``
- ``("switch", (case, ...), has_default)``: JavaScript's: enters at any case and falls through
- ``("label", name, flow)``: `break name` leaves it
- ``("leave", "return" | "raise" | "break" | "continue", label)``
- ``("scope", n)``: the code of comprehension, class or block scope ``n`` runs here (see `Facts.flows`)
- ``("closure", n)``: function or class-expression scope ``n`` is created here (its code runs later)
- ``("late", binding, n, source)``: the binding, which comes next, gives its name a generator that runs the code of
  scope ``n`` where the name is read; it goes through what expression ``source`` (of kind ``name``) reads here, or -1

A test is a flow whose last step may tell how its result follows from that of others; where it does not, both
results are possible:

- ``("and", (test, ...))``, ``("or", (test, ...))``: one after the other, until the result is known
- ``("not", test)``
- ``("constant", bool)``: the result is always this one
"""

FlowStep: TypeAlias = "int | tuple[object, ...]"


@dataclass(frozen=True, slots=True)
class FunctionFact:
    """A function: ``scope`` is its body, ``binding`` the name it defines (-1: anonymous)."""

    scope: int
    binding: int
    parameters: tuple[int, ...] = ()
    """Bindings of the parameters, in order."""
    returns: int = -1
    """Return annotation."""
    results: tuple[int, ...] = ()
    """Expressions that are returned (or yielded, for a generator)."""
    decorators: tuple[int, ...] = ()
    is_async: bool = False
    is_generator: bool = False
    overload: bool = False
    """A declaration without a body of its own: `@overload`, TypeScript overload signatures, `declare`."""


@dataclass(frozen=True, slots=True)
class ClassFact:
    """A class or interface: ``scope`` holds its members."""

    scope: int
    binding: int
    bases: tuple[int, ...] = ()
    decorators: tuple[int, ...] = ()
    metaclass: int = -1


@dataclass(frozen=True, slots=True)
class Export:
    """A name that the module gives to importers.

    ``name``: as importers see it (``*`` for `export * from`, ``=`` for `module.exports = value` and
    `export =`). Either a local ``binding`` name looked up in module scope (``local``), an expression
    (``value``), or something from another ``module`` under ``key`` (``""``: the whole module as a
    namespace). ``pos`` is the exporting token.
    """

    name: str
    pos: int
    local: str = ""
    value: int = -1
    module: str = ""
    key: str = ""
    type_only: bool = False


@dataclass(frozen=True, slots=True)
class ParseProblem:
    """A place that the grammar could not read, or that was left out on purpose (``reason``)."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a parser says about one file.

    ``code_lines`` has one byte for each line of the file (split at line feeds): 1 where a token of code
    stands that is neither a comment nor a docstring. ``decisions`` are the offsets, ascending, of
    everything that adds a path: `if`, `elif`, `for`, `while`, `except`, `case`, conditional expressions,
    `and`/`or`, comprehension `for`/`if` (McCabe 1976, with compound conditions counted one by one).
    ``flows[n]`` is the flow of scope ``n``.
    """

    language: str
    status: ParseStatus
    reason: str
    encoding: str
    code_lines: bytes
    decisions: tuple[int, ...]
    pieces: tuple[Piece, ...]
    scopes: tuple[Scope, ...] = ()
    bindings: tuple[Binding, ...] = ()
    expressions: tuple[Expression, ...] = ()
    attribute_stores: tuple[AttributeStore, ...] = ()
    functions: tuple[FunctionFact, ...] = ()
    classes: tuple[ClassFact, ...] = ()
    exports: tuple[Export, ...] = ()
    flows: tuple[Flow, ...] = ()
    docstring: tuple[int, int] | None = None
    problems: tuple[ParseProblem, ...] = field(default=())
