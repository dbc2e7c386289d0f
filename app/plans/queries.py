"""The SQL statements of ``queries.sql`` by name: each has a name, a sentence and one statement."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from app.errors import UnknownName

_FILE: Final = Path(__file__).with_name("queries.sql")
_HEAD = re.compile(r"^-- (\w+) --\n-- (\S.*)\n", re.MULTILINE)


def sql(name: str) -> bytes:
    """The statement of that name, as the driver takes it; `UnknownName` where there is none.

    Bytes, because the driver refuses text that is not written out in the code.
    """
    found = statements().get(name)
    if found is None:
        raise UnknownName(f"queries.sql has no statement {name!r}", hint=f"it has: {', '.join(statements())}")
    return found


@cache
def statements() -> dict[str, bytes]:
    """Every statement, by name."""
    text = _FILE.read_text(encoding="utf-8")
    heads = list(_HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return {head[1]: text[head.end() : end].strip().encode() for head, end in zip(heads, ends, strict=True)}
