"""Which files are read, and by which parser."""

from __future__ import annotations

from typing import Final

from app.model.facts import Facts
from app.parse import ecmascript, python
from app.parse.text import Text

LANGUAGES: Final[dict[str, str]] = {
    ".py": "python",
    ".pyi": "python",
    ".pyw": "python",
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
}
"""File suffix to language."""


def language_of(path: str) -> str:
    """The language of a file that is to be read; its suffix is known to be one of `LANGUAGES`."""
    return LANGUAGES["." + path.rpartition(".")[2].lower()]


def parse(text: Text, language: str) -> Facts:
    """Everything the language's parser says about a file; never fails."""
    return python.parse(text) if language == "python" else ecmascript.parse(text, language)
