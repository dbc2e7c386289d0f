"""From cuts to atoms: names, stable identities, and the text that encodes back to the file's bytes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Final

from app.atoms.cut import Cut
from app.model.atom import Atom
from app.model.facts import Facts, Piece

_NAMES_SHOWN: Final = 3


def build_atoms(
    plan_id: str,
    path: str,
    module: str,
    facts: Facts,
    cuts: Sequence[Cut],
    codes: Sequence[str],
    offsets: Sequence[int],
    lines: Sequence[tuple[int, int]],
) -> tuple[Atom, ...]:
    """The atoms of one file, numbered from 0 within it.

    ``codes`` are the atoms' texts, ``offsets`` their borders in the file's own bytes (one more than atoms),
    ``lines`` their first and last lines. An id depends on the plan, the path, the place in the structure and
    the text, so an edit elsewhere in the file does not change it; equal neighbours are told apart by count.
    """
    separator = "." if facts.language == "python" else ":"
    bound = _names_by_atom(facts, cuts)
    containers = _containers(facts, cuts)
    ordinals: Counter[str] = Counter()
    copies: Counter[str] = Counter()
    atoms: list[Atom] = []
    for index, piece_cut in enumerate(cuts):
        code = codes[index]
        head = _defining(piece_cut)
        container = head.container if head is not None else containers[index]
        prefix = f"{module}{separator}{container}" if container else module
        if head is not None:
            name = head.name
            qualified = f"{prefix}.{name}" if container else f"{module}{separator}{name}"
        else:
            ordinals[prefix] += 1
            qualified = f"{prefix}#{ordinals[prefix]}"
            name = ", ".join(bound[index][:_NAMES_SHOWN]) or _label(piece_cut)
        digest = hashlib.sha256(code.encode("utf-8")).hexdigest()
        identity = f"{plan_id}\0{path}\0{container}\0{digest}"
        copies[identity] += 1
        atoms.append(
            Atom(
                number=index,
                atom_id=hashlib.blake2b(
                    f"{identity}\0{copies[identity]}".encode(), digest_size=16
                ).hexdigest(),
                atom_number=index + 1,
                name=name,
                qualified_name=qualified,
                kind=piece_cut.kind,
                node_type=piece_cut.pieces[0].node_type if piece_cut.pieces else piece_cut.kind,
                language=facts.language,
                path=path,
                start_byte=offsets[index],
                end_byte=offsets[index + 1],
                start_line=lines[index][0],
                end_line=lines[index][1],
                loc=piece_cut.loc,
                complexity=piece_cut.complexity,
                indivisible=piece_cut.indivisible,
                code=code,
                signature=_text(code, piece_cut, head.signature if head is not None else None),
                docstring=_text(code, piece_cut, _docstring(piece_cut, head)),
                content_hash=digest,
            )
        )
    return tuple(atoms)


def _defining(piece_cut: Cut) -> Piece | None:
    return next(
        (piece for piece in piece_cut.pieces if piece.name and piece.kind not in ("constant", "statement")),
        None,
    )


def _docstring(piece_cut: Cut, head: Piece | None) -> tuple[int, int] | None:
    if head is not None:
        return head.doc
    return next(((piece.start, piece.end) for piece in piece_cut.pieces if piece.kind == "doc"), None)


def _text(code: str, piece_cut: Cut, span: tuple[int, int] | None) -> str:
    """The text of a range of the atom; offsets are of the text as UTF-8."""
    if span is None or span[0] < piece_cut.start or span[1] > piece_cut.end:
        return ""
    data = code if code.isascii() else code.encode("utf-8")
    part = data[span[0] - piece_cut.start : span[1] - piece_cut.start]
    return part if isinstance(part, str) else part.decode("utf-8", "replace")


def _containers(facts: Facts, cuts: Sequence[Cut]) -> list[str]:
    """For each atom, the dotted path of the named functions and classes that it begins in."""
    named = sorted(
        (scope.start, -scope.end, scope.name)
        for scope in facts.scopes
        if scope.name and scope.kind in ("function", "class", "namespace")
    )
    paths: list[str] = []
    around: list[tuple[int, str]] = []
    at = 0
    for piece_cut in cuts:
        offset = piece_cut.pieces[0].start if piece_cut.pieces else piece_cut.start
        while at < len(named) and named[at][0] < offset:
            start, negative_end, name = named[at]
            while around and around[-1][0] <= start:
                around.pop()
            around.append((-negative_end, name))
            at += 1
        while around and around[-1][0] <= offset:
            around.pop()
        paths.append(".".join(name for _, name in around))
    return paths


def _names_by_atom(facts: Facts, cuts: Sequence[Cut]) -> list[list[str]]:
    """For each atom, the names that it binds, in order, without repeats."""
    names: list[dict[str, None]] = [{} for _ in cuts]
    at = 0
    for binding in sorted(facts.bindings, key=lambda binding: binding.pos):
        while at + 1 < len(cuts) and cuts[at + 1].start <= binding.pos:
            at += 1
        if binding.name and binding.kind != "parameter":
            names[at][binding.name] = None
    return [list(found) for found in names]


def _label(piece_cut: Cut) -> str:
    """What to call an atom that defines and binds nothing."""
    if not piece_cut.pieces:
        return piece_cut.kind
    if piece_cut.kind == "import":
        return "imports"
    return piece_cut.pieces[0].node_type.removesuffix("_statement").removesuffix("_clause")
