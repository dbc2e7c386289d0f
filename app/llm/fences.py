"""Code between fences, so that it comes back byte for byte whatever it holds."""

from __future__ import annotations

import re
from typing import Final

_RUN: Final = re.compile("`{3,}")
NO_FINAL_NEWLINE: Final = "no-final-newline"
_WHOLE: Final = re.compile(r"(?P<ticks>`{3,})(?P<info>[^`\n]*)\n(?P<code>.*)(?P=ticks)\n?", re.DOTALL)


def fence(code: str, language: str) -> str:
    """A block that `unfence` takes the code out of exactly.

    The fence is longer than any run of backticks in the code. The block's last line end is the code's own; where that has
    none, the word ``no-final-newline`` behind the language says so.
    """
    ticks = "`" * max((len(run) + 1 for run in _RUN.findall(code)), default=3)
    if not code or code.endswith("\n"):
        return f"{ticks}{language}\n{code}{ticks}\n"
    return f"{ticks}{language} {NO_FINAL_NEWLINE}\n{code}\n{ticks}\n"


def unfence(text: str) -> str | None:
    """The code of a text that is one block and nothing else, as `fence` makes it; None for another text."""
    found = _WHOLE.fullmatch(text)
    if found is None:
        return None
    code = found["code"]
    if found["ticks"] in code or (code and not code.endswith("\n")):
        return None
    return code[:-1] if NO_FINAL_NEWLINE in found["info"].split() else code
