"""Short forms of facts, so that tests can state them as text."""

from __future__ import annotations

from collections.abc import Iterator

from app.model.facts import Facts, Flow, Piece
from app.parse.ecmascript import parse
from app.parse.text import decode


def facts(source: str, language: str = "typescript") -> Facts:
    return parse(decode(source.encode(), pep263=False), language)


def leaves(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
    waiting = list(reversed(pieces))
    while waiting:
        piece = waiting.pop()
        if piece.parts:
            waiting += reversed(piece.parts)
        else:
            yield piece


def parts(source: str, piece: Piece) -> list[str]:
    """Each part as ``role governor governs: text``, heads alone with what they govern."""
    told = []
    for part in piece.parts:
        text = source.encode()[part.start : part.end].decode()
        governs = f" {part.governs}" if part.role == "head" else ""
        told.append(f"{part.role} {part.governor}{governs}: {text}")
    return told


def expression(found: Facts, index: int) -> str:
    """An expression as text: ``read A.b``, with its context in front."""
    row = found.expressions[index]
    only = "type " if row.type_only else ""
    return f"{only}{row.context} {_path(found, index)}"


def _path(found: Facts, index: int) -> str:
    if index < 0:
        return "?"
    row = found.expressions[index]
    if row.kind == "name":
        return row.name
    if row.kind == "attribute":
        return f"{_path(found, row.base)}.{row.name}"
    if row.kind in ("call", "await", "item", "iter"):
        return f"{row.kind}({_path(found, row.base)})"
    if row.kind == "generic":
        return f"{_path(found, row.base)}<{', '.join(_path(found, option) for option in row.options)}>"
    if row.kind == "union":
        return " | ".join(_path(found, option) for option in row.options)
    if row.kind in ("this", "super", "function", "object"):
        return f"{row.kind}[{row.scope}]"
    return f"{row.kind} {row.name}".strip()


def names(found: Facts) -> list[str]:
    """All names and attributes that are used, in the order of the source."""
    rows = [
        (row.pos, index)
        for index, row in enumerate(found.expressions)
        if row.kind in ("name", "attribute") and not row.stores
    ]
    return [expression(found, index) for _, index in sorted(rows)]


def bindings(found: Facts) -> list[str]:
    """Each binding as ``scope kind name how value``, in the order of the source."""
    told = []
    for row in sorted(found.bindings, key=lambda row: row.pos):
        scope = found.scopes[row.scope]
        value = "" if row.value < 0 else f" {_path(found, row.value)}"
        key = f" [{row.key}]" if row.key else ""
        module = f" from {row.module}" if row.module else ""
        told.append(f"{scope.kind}: {row.kind} {row.name} {row.how}{value}{key}{module}")
    return told


def exports(found: Facts) -> list[str]:
    told = []
    for row in found.exports:
        given = row.local or (f"value {_path(found, row.value)}" if row.value >= 0 else "")
        module = f"{row.module}[{row.key}]" if row.module else ""
        told.append(f"{row.name} = {given or module}{' type' if row.type_only else ''}")
    return told


def flow(found: Facts, scope: int) -> str:
    """A flow with names for numbers: ``x`` is read, ``x!`` is bound."""
    return " ".join(_steps(found, found.flows[scope]))


def _steps(found: Facts, steps: Flow) -> list[str]:
    told = []
    for step in steps:
        if isinstance(step, int):
            told.append(found.expressions[step].name if step >= 0 else f"{found.bindings[~step].name}!")
        elif step[0] == "scope":
            assert isinstance(step[1], int)
            told.append("{" + flow(found, step[1]) + "}")
        elif step[0] == "closure":
            assert isinstance(step[1], int)
            told.append(f"closure:{found.scopes[step[1]].name}")
        elif step[0] == "leave":
            told.append(" ".join(str(part) for part in step[1:] if part))
        else:
            inner = [_inner(found, part) for part in step[1:]]
            told.append(f"{step[0]}({', '.join(part for part in inner if part)})")
    return told


def _inner(found: Facts, part: object) -> str:
    if isinstance(part, bool):
        return str(part) if part else ""
    if isinstance(part, str):
        return part
    assert isinstance(part, tuple)
    if part and all(
        isinstance(flow_, tuple) and (not flow_ or not isinstance(flow_[0], str)) for flow_ in part
    ):
        return " / ".join(" ".join(_steps(found, flow_)) for flow_ in part)
    return " ".join(_steps(found, part))
