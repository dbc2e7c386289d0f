"""Resolving small sources with one atom a line, so that edges can be written as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from app.atoms.cut import governors, line_starts
from app.model.atom import FileRecord
from app.model.dependency import Dependency
from app.model.facts import Piece
from app.parse.languages import language_of, parse
from app.parse.text import decode
from app.resolve.evaluate import Evaluator
from app.resolve.link import Atoms, Linked, link_file
from app.resolve.local import Places, guard_rows, resolve_locally
from app.resolve.modules import index_modules, module_names
from app.resolve.summary import FileSummary


def summarise(number: int, path: str, module: str, data: bytes) -> FileSummary:
    """A file's summary with every line an atom."""
    language = language_of(path)
    text = decode(data, pep263=language == "python")
    facts = parse(text, language)
    starts = line_starts(text.grammar)
    leaves = list(_leaves(facts.pieces))
    places = Places(text.grammar, starts)
    rows = [(int(places(piece.start).partition(":")[0]) - 1, piece.start, piece.role) for piece in leaves]
    names = {piece.start: piece.name or piece.node_type for piece in leaves if piece.role == "head"}
    guards = guard_rows(governors(facts.pieces), rows, starts, names)
    local = resolve_locally(facts, path, module, starts, places, guards)
    record = FileRecord(
        number, path, language, "", "utf-8", "lf", len(data), 0, len(starts), facts.status, facts.reason
    )
    return FileSummary(
        record,
        (),
        local.interface,
        local.edges,
        local.pending,
        local.symbols,
        local.settled,
        tuple(starts),
    )


def _leaves(pieces: Sequence[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        if piece.parts:
            yield from _leaves(piece.parts)
        else:
            yield piece


def link(
    files: Mapping[str, str], root: str = "plan", asked: Sequence[str] | None = None
) -> dict[str, Linked]:
    """Each file's dependencies, with atom numbers that `lines` turns back into places.

    ``asked`` are the files that are linked, in that order; all of them by default.
    """
    paths = sorted(files)
    names = module_names(paths, root)
    summaries = [summarise(at, path, names[path], files[path].encode()) for at, path in enumerate(paths)]
    atoms = Atoms([at * 100_000 for at in range(len(paths))], [summary.starts for summary in summaries])
    evaluator = Evaluator([summary.interface for summary in summaries], index_modules(paths, root))
    return {
        path: link_file(evaluator, paths.index(path), summaries[paths.index(path)], atoms)
        for path in (asked or paths)
    }


def lines(files: Mapping[str, str], dependencies: Sequence[Dependency]) -> set[str]:
    """Dependencies as `TYPE kind symbols  file:line -> file:line`, one for each kind."""
    paths = sorted(files)

    def place(atom: int) -> str:
        return f"{paths[atom // 100_000]}:{atom % 100_000 + 1}"

    return {
        f"{dependency.type} {kind} {'/'.join(dependency.symbols)} {place(dependency.source)} -> {place(dependency.target)}"
        for dependency in dependencies
        for kind in dependency.kinds
    }
