"""One file from bytes to summary: decode, parse, cut, resolve on its own. Pure, so any process can do it."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Literal

from app.atoms.build import build_atoms
from app.atoms.cut import Cut, cut, governors, line_starts
from app.model.atom import FileRecord
from app.model.facts import Facts, Piece
from app.model.source import SourceFile
from app.parse.languages import language_of, parse
from app.parse.status import opaque_facts
from app.parse.text import Text, decode
from app.resolve.local import Places, guard_rows, resolve_locally
from app.resolve.summary import FileSummary


def analyse(plan_id: str, number: int, module: str, file: SourceFile) -> FileSummary:
    """Cut one file into atoms and resolve what it says on its own.

    ``number`` is the file's place in the import, ``module`` its qualified module name. The atoms' texts,
    encoded, are the file's bytes: this is checked here, and a file that would not come back is kept as one
    opaque atom.
    """
    language = language_of(file.path)
    text = decode(file.data, pep263=language == "python")
    facts = parse(text, language)
    cuts = cut(facts, text.grammar)
    codes = [text.utf8[piece.start : piece.end].decode("utf-8") for piece in cuts]
    encoded = [code.encode(text.encoding) for code in codes]
    if b"".join(encoded) != file.data:
        text = Text("latin-1", file.data.decode("latin-1").encode(), file.data.decode("latin-1").encode())
        facts = opaque_facts(language, text, "its encoding keeps state between characters")
        cuts = cut(facts, text.grammar)
        codes = [file.data.decode("latin-1")]
        encoded = [file.data]
    starts = [piece.start for piece in cuts]
    lines = line_starts(text.grammar)
    offsets = [0]
    for part in encoded:
        offsets.append(offsets[-1] + len(part))
    atoms = build_atoms(plan_id, file.path, module, facts, cuts, codes, offsets, _line_ranges(cuts, lines))
    local = resolve_locally(
        facts, file.path, module, starts, Places(text.grammar, lines), _guards(facts, cuts, starts)
    )
    record = FileRecord(
        number=number,
        path=file.path,
        language=language,
        sha256=hashlib.sha256(file.data).hexdigest(),
        encoding=text.encoding,
        newline=_newline(file.data),
        bytes=len(file.data),
        loc=sum(facts.code_lines),
        atoms=len(atoms),
        parse_status=facts.status,
        reason=facts.reason,
    )
    return FileSummary(
        record,
        atoms,
        local.interface,
        local.edges,
        local.pending,
        local.symbols,
        local.settled,
        tuple(starts),
    )


def _line_ranges(cuts: Sequence[Cut], lines: Sequence[int]) -> list[tuple[int, int]]:
    return [
        (bisect_right(lines, piece.start), bisect_right(lines, max(piece.end - 1, piece.start)))
        for piece in cuts
    ]


def _guards(facts: Facts, cuts: Sequence[Cut], starts: Sequence[int]) -> list[tuple[int, int, int, str, str]]:
    leaves = [
        (atom, piece.start, piece.role) for atom, atom_cut in enumerate(cuts) for piece in atom_cut.pieces
    ]
    names = {
        piece.start: piece.name or piece.node_type.removesuffix("_statement")
        for piece in _heads(facts.pieces)
    }
    return guard_rows(governors(facts.pieces), leaves, starts, names)


def _heads(pieces: Sequence[Piece]) -> Iterator[Piece]:
    pending = list(pieces)
    while pending:
        piece = pending.pop()
        if piece.role == "head":
            yield piece
        pending.extend(piece.parts)


def _newline(data: bytes) -> Literal["lf", "crlf", "cr", "mixed", "none"]:
    crlf = data.count(b"\r\n")
    lf = data.count(b"\n") - crlf
    cr = data.count(b"\r") - crlf
    found: list[Literal["lf", "crlf", "cr"]] = []
    if lf:
        found.append("lf")
    if crlf:
        found.append("crlf")
    if cr:
        found.append("cr")
    if not found:
        return "none"
    return found[0] if len(found) == 1 else "mixed"
