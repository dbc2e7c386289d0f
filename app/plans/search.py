"""Full-text search over a plan's workspace: which pieces of its files fit a piece of work best."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from app.plans.statements import sql
from app.plans.tasks import PlanKey
from app.postgres.connect import Pool, transaction
from app.postgres.rows import as_jsonb, execute, query_all

_CHUNK_LINES: Final = 40
_MAX_QUERY_WORDS: Final = 24
_WORD: Final = re.compile(r"[^\W_]+")
_HUMP: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_COMMON: Final = frozenset(
    "a an and are as at be by for from has have if in is it its not of on or that the then this to with write".split()
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file, beginning at a line (from 1)."""

    path: str
    start_line: int
    content: str


async def index_files(pool: Pool, key: PlanKey, files: Mapping[str, str]) -> None:
    """Put files into the search in place of what it knew of them; `StoreDown`."""
    rows = [
        {
            "path": path,
            "chunk_number": number,
            "start_line": start,
            "content": content,
            "words": words_of(content),
        }
        for path, text in files.items()
        for number, (start, content) in enumerate(_chunks(text), 1)
    ]
    async with transaction(pool) as connection:
        await execute(connection, sql("delete_chunks"), {**key.values(), "paths": list(files)})
        await execute(connection, sql("insert_chunks"), {**key.values(), "rows": as_jsonb(rows)})


async def search(
    pool: Pool, key: PlanKey, text: str, *, without: Collection[str], limit: int
) -> tuple[Chunk, ...]:
    """The pieces that share most words with a text, apart from those of some files; `StoreDown`."""
    words = [word for word in dict.fromkeys(words_of(text).split()) if word not in _COMMON and len(word) > 1]
    if not words:
        return ()
    values = {
        **key.values(),
        "query": " | ".join(words[:_MAX_QUERY_WORDS]),
        "without": list(without),
        "limit": limit,
    }
    rows = await query_all(pool, sql("search_chunks"), values)
    return tuple(Chunk(row["path"], row["start_line"], row["content"]) for row in rows)


def words_of(text: str) -> str:
    """The words of a text in lower case: identifiers whole, and taken apart at underscores and capitals."""
    found: list[str] = []
    for word in _WORD.findall(text.replace("\0", " ")):
        found.append(word.lower())
        humps = _HUMP.findall(word)
        if len(humps) > 1:
            found += [hump.lower() for hump in humps]
    return " ".join(found)


def _chunks(text: str) -> list[tuple[int, str]]:
    """The text in pieces that end before a line that begins at the margin, where one is near."""
    lines = text.replace("\0", "\N{REPLACEMENT CHARACTER}").splitlines(keepends=True)
    pieces: list[tuple[int, str]] = []
    start = 0
    while start < len(lines):
        end = min(start + _CHUNK_LINES, len(lines))
        if end < len(lines):
            borders = [n for n in range(end, start + _CHUNK_LINES // 2, -1) if lines[n][:1].strip()]
            end = borders[0] if borders else end
        pieces.append((start + 1, "".join(lines[start:end])))
        start = end
    return pieces
