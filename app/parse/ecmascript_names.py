"""What the names of an ECMAScript file mean."""

from __future__ import annotations

from typing import Final

from tree_sitter import Node

from app.parse.ecmascript_expressions import READERS
from app.parse.ecmascript_reading import Reading
from app.parse.ecmascript_statements import module
from app.parse.tables import Tables

_MODULE_SYNTAX: Final = frozenset(("import_statement", "export_statement"))


def read(source: bytes, root: Node, *, typescript: bool) -> Tables:
    """Everything that the file's statements declare, read and bind."""
    nodes = root.named_children
    is_module = any(node.type in _MODULE_SYNTAX for node in nodes)
    reading = Reading(source, strict=typescript or is_module, commonjs=not is_module, readers=READERS)
    reading.add_scope("module", -1, root)
    module(reading, nodes)
    return reading.tables
