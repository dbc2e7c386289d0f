"""SQL statements by name: a package keeps its own in a ``queries.sql``, each with a name, a sentence and a statement.

::

    -- show_job --
    -- A tenant's job
    SELECT * FROM jobs WHERE job_id = %(job_id)s AND tenant_id = %(tenant_id)s;
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Final

from app.errors import UnknownName

_HEAD: Final = re.compile(r"^-- (\w+) --\n-- (\S.*)\n", re.MULTILINE)


class Statements:
    """The statements of one file; the file is read when the first of them is asked for."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __call__(self, name: str) -> bytes:
        """The statement of that name, as the driver takes it; `UnknownName` where there is none.

        Bytes, because the driver refuses text that is not written out in the code.
        """
        found = self.by_name.get(name)
        if found is None:
            raise UnknownName(
                f"{self.file.name} of {self.file.parent.name} has no statement {name!r}",
                hint=f"it has: {', '.join(self.by_name)}",
            )
        return found

    @cached_property
    def by_name(self) -> dict[str, bytes]:
        """Every statement, by name."""
        text = self.file.read_text(encoding="utf-8")
        heads = list(_HEAD.finditer(text))
        ends = [head.start() for head in heads[1:]] + [len(text)]
        return {
            head[1]: text[head.end() : end].strip().encode() for head, end in zip(heads, ends, strict=True)
        }


def statements_beside(module: str) -> Statements:
    """The statements of the ``queries.sql`` beside a module, whose ``__file__`` is given."""
    return Statements(Path(module).with_name("queries.sql"))
