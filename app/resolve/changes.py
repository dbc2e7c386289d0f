"""What an edit of one file can change in the dependencies of others.

A file's references are settled by asking interfaces for names: nothing is found in another file but by a name that a
term mentions. So what an edit can reach is found without evaluating anything. The elements of an interface
(an entity, a module-level name, an export) are compared in a form without positions; the names of those that differ
taint every entity whose terms mention them, whose names taint others, until no name is new. Files in which a
reference mentions a tainted name are linked again, the others give what they gave.

Names that the evaluator asks for by itself (`__iter__`, `__init__`, `constructor`) taint their class.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from app.resolve.modules import is_python
from app.resolve.summary import Bound, Entity, FileSummary, Interface, Term

Form = Mapping[tuple[str, ...], object]
"""The elements of an interface by what they are called, each in a form that only its meaning changes."""

_WITH_ENTITY: Final = frozenset(("var", "self", "class_of", "super"))
_WITH_NAME: Final = frozenset(("attr", "keyword"))
_MAYBE_MODULE: Final = frozenset(("import", "var", "global", "attr", "or"))
_MODULE: Final = "module "
"""Before names that may be those of modules, so that a new `text.py` is no matter to whoever says `self.text`."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """The names that a file's interface and its references mention."""

    interface: frozenset[str]
    references: frozenset[str]


def mentions(summary: FileSummary) -> Mentions:
    """The names by which one file may depend on others."""
    interface: set[str] = set()
    entities = summary.interface.entities
    for entity in entities:
        for term in terms_of(entity):
            _names(term, interface)
    for export in summary.interface.exports.values():
        _names(export.term, interface)
    for module, _ in summary.interface.stars:
        interface.update(_module_names(module))
    # What a class overrides is looked up without a reference, through its bases.
    asked = [pending.term for pending in summary.pending]
    asked += [base for entity in entities for base in entity.bases]
    references = {pending.symbol for pending in summary.pending}
    for term in asked:
        _names(term, references)
    references.update(entities[number].name for number in _entities_in(asked))
    return Mentions(frozenset(interface), frozenset(references))


def terms_of(entity: Entity) -> Iterator[Term]:
    """All terms that an entity's meaning is made of; of decorators only the names count, which do not change."""
    for bound in entity.bounds:
        yield bound.value
        yield bound.annotation
    yield from entity.bases
    yield entity.metaclass
    if entity.function is not None:
        yield entity.function.returns
        yield from entity.function.results


def _names(term: Term, found: set[str]) -> None:
    """Add every name that a term mentions, apart from entities of its own file."""
    if term is None:
        return
    kind = term[0]
    if kind == "import":
        found.update(_module_names(cast("str", term[1])))
        found.update(_module_names(cast("str", term[3])))
        if term[2]:
            found.update((cast("str", term[2]), _MODULE + cast("str", term[2])))
        return
    if kind == "global":
        found.add(cast("str", term[1]))
        return
    if kind in _WITH_NAME:
        found.add(cast("str", term[2]))
        base = term[1]
        if isinstance(base, tuple) and base[0] in _MAYBE_MODULE:
            found.add(_MODULE + cast("str", term[2]))
    for part in term[1:]:
        if isinstance(part, tuple):
            if part and isinstance(part[0], str):
                _names(part, found)
            else:
                for inner in cast("tuple[Term, ...]", part):
                    _names(inner, found)


def _module_names(module: str) -> Iterator[str]:
    """What a module's file may be called."""
    if "/" in module:
        yield _MODULE + posixpath.basename(module.rstrip("/")).partition(".")[0]
    yield from (_MODULE + part for part in module.split(".") if part and "/" not in part)


def module_file_names(path: str) -> set[str]:
    """The names by which imports may mean the file at a path, unless it stands for its folder."""
    return {_MODULE + posixpath.basename(path).partition(".")[0]}


def form(interface: Interface) -> Form:
    """The elements of an interface, without anything that moves when lines above it change."""
    keys = _keys(interface)
    found: dict[tuple[str, ...], object] = {}
    for entity, key in zip(interface.entities, keys, strict=True):
        shape = entity.function
        found["entity", key] = (
            entity.name,
            entity.kind,
            tuple(_bound(bound, keys) for bound in entity.bounds),
            keys[entity.owner] if entity.owner >= 0 else "",
            tuple((name, keys[member]) for name, member in entity.members.items()),
            tuple(_normal(base, keys) for base in entity.bases),
            _normal(entity.metaclass, keys),
            shape
            and (
                _normal(shape.returns, keys),
                tuple(_normal(result, keys) for result in shape.results),
                tuple(_normal(decorator, keys) for decorator in shape.decorators),
                shape.is_async,
                shape.is_generator,
                shape.parameters,
            ),
        )
    for name, number in interface.names.items():
        found["name", name] = keys[number]
    for name, export in interface.exports.items():
        found["export", name] = (_normal(export.term, keys), export.type_only)
    found["module",] = (
        interface.module,
        interface.language,
        tuple(module for module, _ in interface.stars),
        interface.public,
    )
    return found


def _keys(interface: Interface) -> list[str]:
    """A name for each entity that only its own name and place in the structure determine."""
    seen: Counter[str] = Counter()
    keys: list[str] = []
    for entity in interface.entities:
        seen[entity.qualified] += 1
        keys.append(f"{entity.qualified}\0{seen[entity.qualified]}")
    return keys


def _bound(bound: Bound, keys: list[str]) -> tuple[object, ...]:
    return (
        bound.kind,
        _normal(bound.value, keys),
        _normal(bound.annotation, keys),
        bound.type_only,
        bool(bound.place),
    )


def _normal(term: Term, keys: list[str]) -> object:
    if term is None:
        return None
    if term[0] in _WITH_ENTITY:
        return (term[0], keys[cast("int", term[1])])
    return tuple(
        part
        if not isinstance(part, tuple)
        else _normal(part, keys)
        if part and isinstance(part[0], str)
        else tuple(_normal(inner, keys) for inner in cast("tuple[Term, ...]", part))
        for part in term
    )


def anchors(interface: Interface) -> dict[tuple[str, int], int]:
    """The atom (index in the file) of everything that a reference from another file can lead to."""
    found = {("", 0): 0}
    for entity, key in zip(interface.entities, _keys(interface), strict=True):
        for ordinal, bound in enumerate(entity.bounds):
            found[key, ordinal] = bound.atom
    return found


def differing(old: Interface | None, new: Interface | None) -> set[str] | None:
    """The names by which other files may notice that a file's interface changed; None where any may.

    None for an interface stands for a file that is not there: whoever reaches into one names its module.
    """
    if old is None or new is None:
        there = old or new
        return None if there is None or _passes_all(there) else module_file_names(there.path)
    old_form, new_form = form(old), form(new)
    keys = [key for key in {**old_form, **new_form} if old_form.get(key) != new_form.get(key)]
    was = dict(zip(_keys(old), old.entities, strict=True))
    now = dict(zip(_keys(new), new.entities, strict=True))
    names: set[str] = set()
    for key in keys:
        if key[0] == "module" or key == ("export", "="):
            return None
        if key[0] in ("name", "export"):
            names.add(key[1])
        else:
            for interface, entities in ((old, was), (new, now)):
                if key[1] in entities:
                    names.update(names_tainted_with(interface, entities[key[1]]))
            names.update(_differing_members(old_form.get(key), new_form.get(key)))
    changed = {key[1] for key in keys if key[0] == "entity"}
    names |= _tainted_in(new, set(), [at for at, key in enumerate(now) if key in changed])
    return names - {""}


def _passes_all(interface: Interface) -> bool:
    """Whether a new file of this kind changes what other files' names are looked up in."""
    name = posixpath.basename(interface.path)
    return name.startswith(("__init__.", "index.")) or interface.path.endswith(".d.ts")


def names_tainted_with(interface: Interface, entity: Entity) -> Iterator[str]:
    """The names by which a change of an entity is noticed: its own, and its class's where nobody need say it."""
    yield entity.name
    if entity.owner < 0:
        return
    owner = interface.entities[entity.owner]
    implied = entity.name.startswith("__") or entity.name == "constructor"
    if implied or (is_python(interface.path) and any(_ends_with(base, "NamedTuple") for base in owner.bases)):
        yield owner.name


def _ends_with(term: Term, name: str) -> bool:
    return term is not None and name in term


def _differing_members(old: object, new: object) -> Iterator[str]:
    def members(found: object) -> dict[str, str]:
        return (
            dict(cast("tuple[tuple[str, str], ...]", cast("tuple[object, ...]", found)[4])) if found else {}
        )

    before, after = members(old), members(new)
    yield from (name for name in {**before, **after} if before.get(name) != after.get(name))


def spread(
    names: Iterable[str],
    mentioning: Callable[[set[str]], Iterable[int]],
    interface: Callable[[int], Interface],
) -> set[str]:
    """All names that are tainted where these are.

    ``mentioning`` gives the files whose interfaces mention one of some names, ``interface`` the interface of one.
    """
    tainted: set[str] = set()
    fresh = set(names)
    while fresh:
        tainted |= fresh
        found: set[str] = set()
        for file in mentioning(fresh):
            found |= _tainted_in(interface(file), tainted)
        fresh = found - tainted
    return tainted


def _tainted_in(interface: Interface, tainted: set[str], changed: Collection[int] = ()) -> set[str]:
    """The names of a file's entities and exports that mention a tainted name or a ``changed`` entity of the file, in
    their own terms or through others.
    """
    touched: set[int] = set()
    direct = [_names_in(terms_of(entity)) for entity in interface.entities]
    uses = [set(_entities_in(terms_of(entity))) for entity in interface.entities]
    pending = [number for number, named in enumerate(direct) if not tainted.isdisjoint(named)]
    pending += changed
    users: dict[int, list[int]] = {}
    for number, used in enumerate(uses):
        for each in used:
            users.setdefault(each, []).append(number)
    while pending:
        number = pending.pop()
        if number in touched:
            continue
        touched.add(number)
        pending.extend(users.get(number, ()))
    names = {name for number in touched for name in names_tainted_with(interface, interface.entities[number])}
    for name, export in interface.exports.items():
        used = set(_entities_in([export.term]))
        if not used.isdisjoint(touched) or not tainted.isdisjoint(_names_in([export.term])):
            names.add(name)
    return names


def _names_in(terms: Iterable[Term]) -> set[str]:
    found: set[str] = set()
    for term in terms:
        _names(term, found)
    return found


def _entities_in(terms: Iterable[Term]) -> Iterator[int]:
    for term in terms:
        if term is None:
            continue
        if term[0] in _WITH_ENTITY:
            yield cast("int", term[1])
            continue
        for part in term[1:]:
            if isinstance(part, tuple):
                if part and isinstance(part[0], str):
                    yield from _entities_in([part])
                else:
                    yield from _entities_in(cast("tuple[Term, ...]", part))
