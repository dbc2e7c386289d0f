"""The Cypher files by name: ``waves/assign`` is ``cypher/waves/assign.cypher``.

A file holds one statement under a head of comments, each field on one line::

    // answers: what the query answers, in a sentence
    // param plan_id: string = "shop" — what it means
    // returns: column — what it means
    // cost: what its running time grows with
    // access: read
    // audience: public

A parameter's example is JSON; its type is one of ``string``, ``integer``, ``float``, ``boolean``,
``pattern`` (a regular expression), ``list``, ``list<string>``, ``list<integer>``, ``list<float>``. ``access`` is ``read`` or ``write``.
``audience`` is ``public`` for what people may ask, over REST and elsewhere, and ``service`` for a step of the service. What is
public only reads, and a plan or a tenant bounds it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from app.errors import InputError, UnknownName
from app.graph.patterns import may_run_away

Value: TypeAlias = "bool | int | float | str | Sequence[Value] | Mapping[str, Value] | None"

CYPHER_FOLDER: Final = Path(__file__).resolve().parents[2] / "cypher"

_ACCESS: Final[dict[str, Literal["read", "write"]]] = {"read": "read", "write": "write"}
_AUDIENCE: Final[dict[str, Literal["public", "service"]]] = {"public": "public", "service": "service"}
_BOUNDS: Final = frozenset(("plan_id", "tenant_id"))
_HEAD_LINE = re.compile(
    r"// (answers|returns|cost|access|audience): (\S.*)|// param (\w+): (\S+) = (.+?) — (\S.*)"
)
_NOT_CODE = re.compile(r"//[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`", re.DOTALL)
_USED_PARAMETER = re.compile(r"\$(\w+)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that a query needs; ``example`` is a value that it could have."""

    name: str
    type: str
    example: Value
    meaning: str


@dataclass(frozen=True, slots=True)
class Query:
    """One Cypher file; ``text`` is the whole file, comments and all."""

    name: str
    text: str
    answers: str
    parameters: tuple[Parameter, ...]
    returns: str
    cost: str
    access: Literal["read", "write"]
    audience: Literal["public", "service"]


def list_queries() -> tuple[Query, ...]:
    """Every query, by name."""
    return tuple(_queries().values())


def public_queries() -> tuple[Query, ...]:
    """The queries that people may ask, by name."""
    return tuple(each for each in list_queries() if each.audience == "public")


def query(name: str) -> Query:
    """The query of that name; `UnknownName` where there is none."""
    found = _queries().get(name)
    if found is None:
        raise UnknownName(
            f"there is no query named {name!r}",
            hint=f"the queries are: {', '.join(_queries())}",
            field="name",
        )
    return found


def checked(asked: Query, parameters: Mapping[str, Value]) -> dict[str, Value]:
    """The parameters as they may be sent; `UnknownName` or `InputError` where they are not the query's."""
    declared = {parameter.name: parameter for parameter in asked.parameters}
    for name in parameters:
        if name not in declared:
            raise UnknownName(
                f"{asked.name} has no parameter {name!r}",
                hint=f"its parameters are: {', '.join(declared) or 'none'}",
                field=name,
            )
    for name, parameter in declared.items():
        if name not in parameters:
            raise InputError(
                f"{asked.name} needs the parameter {name!r}",
                hint=f"give {name}={json.dumps(parameter.example)}: {parameter.meaning}",
                field=name,
            )
        if not _TYPES[parameter.type](parameters[name]):
            raise InputError(
                f"the parameter {name!r} of {asked.name} is not of type {parameter.type}",
                hint=f"give a value such as {json.dumps(parameter.example)}",
                field=name,
            )
    return dict(parameters)


def from_text(
    asked: Query, written: Mapping[str, str], given: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """Parameters typed as text, read as their declared types, and those that are ``given``; raises as `checked` does.

    A string may be written without quotes, everything else is JSON.
    """
    types = {parameter.name: parameter.type for parameter in asked.parameters}
    values: dict[str, Value] = dict(given or {})
    for name, text in written.items():
        if types.get(name) in ("string", "pattern"):
            values[name] = text
            continue
        try:
            values[name] = json.loads(text)
        except json.JSONDecodeError:
            values[name] = text
    return checked(asked, values)


def parse(name: str, text: str) -> Query:
    """Read a Cypher file; `InputError` where its head is not complete or does not match the statement."""
    fields: dict[str, str] = {}
    parameters: list[Parameter] = []
    for line in text.splitlines():
        if not line.startswith("//"):
            break
        match = _HEAD_LINE.fullmatch(line)
        if match is None:
            raise InputError(
                f"{name}.cypher: not a line of a head: {line}", hint="app/graph/queries.py shows the form"
            )
        field, said, parameter, type_name, example, meaning = match.groups()
        if field is not None:
            fields[field] = said
        else:
            parameters.append(
                Parameter(parameter, type_name, _example(name, parameter, type_name, example), meaning)
            )
    missing = {"answers", "returns", "cost", "access", "audience"} - fields.keys()
    access = _ACCESS.get(fields.get("access", ""))
    audience = _AUDIENCE.get(fields.get("audience", ""))
    if missing or access is None or audience is None:
        raise InputError(
            f"{name}.cypher: the head is not complete",
            hint=f"missing: {', '.join(sorted(missing)) or 'access is read or write, audience public or service'}",
        )
    used = set(_USED_PARAMETER.findall(_NOT_CODE.sub(" ", text)))
    declared = {parameter.name for parameter in parameters}
    if used != declared:
        raise InputError(
            f"{name}.cypher: parameters declared and used differ",
            hint=f"only declared: {sorted(declared - used)}, only used: {sorted(used - declared)}",
        )
    if audience == "public" and (access == "write" or not declared & _BOUNDS):
        raise InputError(
            f"{name}.cypher: a public query only reads, and a plan or a tenant bounds it",
            hint="give it the parameter plan_id or tenant_id, or the audience service",
        )
    return Query(
        name, text, fields["answers"], tuple(parameters), fields["returns"], fields["cost"], access, audience
    )


def _example(name: str, parameter: str, type_name: str, written: str) -> Value:
    hint = f"types: {', '.join(_TYPES)}; the example is JSON of that type"
    try:
        example: Value = json.loads(written)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}.cypher: the example of {parameter} is not JSON", hint=hint) from error
    if type_name not in _TYPES or not _TYPES[type_name](example):
        raise InputError(f"{name}.cypher: {parameter} is not of a known type", hint=hint)
    return example


@cache
def _queries() -> dict[str, Query]:
    found = {}
    for path in sorted(CYPHER_FOLDER.glob("*/*.cypher")):
        name = f"{path.parent.name}/{path.stem}"
        found[name] = parse(name, path.read_text(encoding="utf-8"))
    return found


def _is_string(value: Value) -> bool:
    return isinstance(value, str)


def _is_pattern(value: Value) -> bool:
    return isinstance(value, str) and not may_run_away(value)


def _is_integer(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_float(value: Value) -> bool:
    return isinstance(value, float) or _is_integer(value)


def _is_list(value: Value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _list_of(is_element: Callable[[Value], bool]) -> Callable[[Value], bool]:
    def is_list(value: Value) -> bool:
        return isinstance(value, Sequence) and not isinstance(value, str) and all(map(is_element, value))

    return is_list


_TYPES: Final[dict[str, Callable[[Value], bool]]] = {
    "string": _is_string,
    "pattern": _is_pattern,
    "integer": _is_integer,
    "float": _is_float,
    "boolean": lambda value: isinstance(value, bool),
    "list": _is_list,
    "list<string>": _list_of(_is_string),
    "list<integer>": _list_of(_is_integer),
    "list<float>": _list_of(_is_float),
}
