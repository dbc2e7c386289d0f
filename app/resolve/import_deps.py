"""IMPORT_DEP: from what uses an import to the import, and from an import to what it brings."""

from __future__ import annotations


def kind_of(imported_file: int | None, defining_file: int) -> str:
    """`binding`, or `re_export` where the module that is named only passes the name on."""
    return "binding" if imported_file == defining_file else "re_export"
