"""What `tsconfig.json` and `package.json` files say about the names of modules.

Follows TypeScript's handbook on `extends`, `baseUrl` and `paths`, and Node.js on `exports` and `imports`. A package of
the code base is known by its name although it is not installed; where its entry is a built file that is not there,
its source is taken.
"""

from __future__ import annotations

import json
import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

_TOKEN: Final = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING: Final = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
_CONFIGS: Final = ("tsconfig.json", "jsconfig.json")
_CONDITIONS: Final = (
    "source",
    "development",
    "types",
    "import",
    "module",
    "node",
    "browser",
    "require",
    "default",
)
_BUILT: Final = frozenset(("dist", "lib", "build", "esm", "cjs", "out", "es", "types"))
_SUFFIX: Final = re.compile(r"(\.d)?\.[mc]?[jt]sx?$")
SOURCES: Final = (".ts", ".tsx", ".mts", ".cts", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".d.mts", ".d.cts")
_DEEPEST: Final = 16


@dataclass(frozen=True, slots=True)
class Aliases:
    """What a `tsconfig.json` lets bare specifiers mean: patterns with at most one ``*``, and paths without suffix."""

    folder: str
    patterns: tuple[tuple[str, tuple[str, ...]], ...] = ()
    base: str | None = None

    def candidates(self, specifier: str) -> Iterator[str]:
        """Paths that the specifier may mean, the best pattern's first."""
        fitting = [
            (len(before), targets, specifier[len(before) : len(specifier) - len(after)])
            for pattern, targets in self.patterns
            for before, star, after in [pattern.partition("*")]
            if (specifier == pattern if not star else _fits(specifier, before, after))
        ]
        for _, targets, middle in sorted(fitting, key=lambda fit: -fit[0])[:1]:
            for target in targets:
                yield target.replace("*", middle, 1)
        if self.base is not None:
            yield posixpath.normpath(posixpath.join(self.base, specifier))


@dataclass(frozen=True, slots=True)
class Projects:
    """``aliases`` are sorted by folder, the deepest first; ``packages`` lead from a package's name and a subpath
    (``.``, ``./sub``) to a file, ``internal`` from a package's folder and a name like ``#utils``.
    """

    aliases: tuple[Aliases, ...] = ()
    packages: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, dict[str, str]])
    internal: tuple[tuple[str, Mapping[str, str]], ...] = ()

    def aliased(self, importer: str, specifier: str) -> Iterator[str]:
        """Paths without suffix that an alias of the importing file's project may mean."""
        for aliases in self.aliases:
            if not aliases.folder or importer.startswith(f"{aliases.folder}/"):
                yield from aliases.candidates(specifier)
                return

    def file(self, importer: str, specifier: str) -> str | None:
        """The file that a package of the code base gives for a specifier."""
        if specifier.startswith("#"):
            for folder, names in self.internal:
                if not folder or importer.startswith(f"{folder}/"):
                    return names.get(specifier)
            return None
        parts = specifier.split("/")
        size = 2 if specifier.startswith("@") else 1
        entries = self.packages.get("/".join(parts[:size]))
        if entries is None:
            return None
        rest = "/".join(parts[size:])
        return entries.get(f"./{rest}" if rest else ".")


class _Files:
    """The files of a code base; of those that differ in their suffix alone, the first that TypeScript would take first."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = frozenset(paths)
        ordered = sorted((_SUFFIX.sub("", path), _rank(path), path) for path in self.paths)
        self._stems = [stem for stem, _, _ in ordered]
        self._ordered = [path for _, _, path in ordered]

    def __contains__(self, path: str) -> bool:
        return path in self.paths

    def below(self, prefix: str) -> Iterator[tuple[str, str]]:
        """The paths without suffix that begin so, and the paths."""
        for at in range(bisect_left(self._stems, prefix), len(self._stems)):
            if not self._stems[at].startswith(prefix):
                return
            yield self._stems[at], self._ordered[at]


def _rank(path: str) -> int:
    found = _SUFFIX.search(path)
    return SOURCES.index(found[0]) if found is not None and found[0] in SOURCES else len(SOURCES)


def read_projects(configs: Mapping[str, bytes], paths: Iterable[str]) -> Projects:
    """What configuration files (path to text) say about a code base of these ``paths``.

    A file that is no JSON says nothing.
    """
    known = _Files(paths)
    documents = {path: _parsed(text) for path, text in configs.items()}
    aliases = [
        found
        for path in documents
        if posixpath.basename(path) in _CONFIGS
        for found in [_aliases(path, documents)]
    ]
    packages: dict[str, dict[str, str]] = {}
    internal: list[tuple[str, Mapping[str, str]]] = []
    for path in sorted(documents):
        if posixpath.basename(path) != "package.json":
            continue
        folder, document = posixpath.dirname(path), documents[path]
        name = document.get("name")
        if isinstance(name, str) and name not in packages:
            entries = _entries(folder, document, known)
            if entries:
                packages[name] = entries
        named = document.get("imports")
        if isinstance(named, dict):
            internal.append((folder, _exported(folder, cast("dict[str, Any]", named), known)))
    aliases.sort(key=lambda found: (-found.folder.count("/") - bool(found.folder), found.folder))
    internal.sort(key=lambda found: (-found[0].count("/") - bool(found[0]), found[0]))
    return Projects(tuple(aliases), packages, tuple(internal))


def _fits(specifier: str, before: str, after: str) -> bool:
    return (
        len(specifier) >= len(before) + len(after)
        and specifier.startswith(before)
        and specifier.endswith(after)
    )


def _parsed(text: bytes) -> dict[str, Any]:
    """A JSON object with comments and trailing commas, as TypeScript takes it; empty for anything else."""
    plain = _TOKEN.sub(
        lambda found: found[0] if found[0].startswith('"') else " ", text.decode("utf-8-sig", "replace")
    )
    try:
        document = json.loads(_TRAILING.sub(lambda found: found[1] or "", plain))
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def _aliases(path: str, documents: Mapping[str, dict[str, Any]]) -> Aliases:
    base: str | None = None
    patterns: tuple[tuple[str, tuple[str, ...]], ...] = ()
    for folder, options in _options(path, documents, 0):
        given = options.get("baseUrl")
        if isinstance(given, str):
            base = _joined(folder, given)
        if isinstance(options.get("paths"), dict):
            origin = base if base is not None else folder
            patterns = tuple(
                (pattern, tuple(_joined(origin, target) for target in targets if isinstance(target, str)))
                for pattern, targets in cast("dict[str, Any]", options["paths"]).items()
                if isinstance(targets, list)
            )
    return Aliases(posixpath.dirname(path), patterns, base)


def _options(
    path: str, documents: Mapping[str, dict[str, Any]], depth: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Compiler options with the folder that they are relative to, what is extended first."""
    document = documents.get(path)
    if document is None or depth > _DEEPEST:
        return
    folder = posixpath.dirname(path)
    extended = document.get("extends", [])
    for name in extended if isinstance(extended, list) else [extended]:
        if isinstance(name, str) and name.startswith("."):
            target = _joined(folder, name)
            yield from _options(target if target in documents else f"{target}.json", documents, depth + 1)
    options = document.get("compilerOptions")
    if isinstance(options, dict):
        yield folder, cast("dict[str, Any]", options)


def _entries(folder: str, document: dict[str, Any], known: _Files) -> dict[str, str]:
    """Subpaths of a package (``.``, ``./sub``) and their files."""
    found: dict[str, str] = {}
    exports = document.get("exports")
    if isinstance(exports, dict) and any(name.startswith(".") for name in cast("dict[str, Any]", exports)):
        found = _exported(folder, cast("dict[str, Any]", exports), known)
    elif exports is not None:
        found = _exported(folder, {".": exports}, known)
    if "." not in found:
        given = [document.get(name) for name in ("source", "types", "typings", "module", "main")]
        for target in [*(name for name in given if isinstance(name, str)), "src/index", "index", "lib/index"]:
            entry = _source(folder, target, known)
            if entry is not None:
                found["."] = entry
                break
    if exports is None:
        prefix = f"{folder}/" if folder else ""
        for stem, path in known.below(prefix):
            if stem != path:
                found.setdefault(f"./{path.removeprefix(prefix)}", path)
                found.setdefault(f"./{stem.removeprefix(prefix)}", path)
    return found


def _exported(folder: str, exports: Mapping[str, Any], known: _Files) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, given in exports.items():
        for target in _targets(given):
            if "*" in name and "*" in target:
                found.update(_expanded(folder, name, target, known))
                break
            entry = _source(folder, target, known)
            if entry is not None:
                found[name] = entry
                break
    return found


def _targets(given: object) -> Iterator[str]:
    """The files that a conditional export may mean, the nearest to source first."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, list):
        for one in cast("list[object]", given):
            yield from _targets(one)
    elif isinstance(given, dict):
        conditions = cast("dict[str, object]", given)
        ordered = sorted(
            conditions, key=lambda name: _CONDITIONS.index(name) if name in _CONDITIONS else len(_CONDITIONS)
        )
        for name in ordered:
            yield from _targets(conditions[name])


def _expanded(folder: str, name: str, target: str, known: _Files) -> dict[str, str]:
    """What a pattern like ``"./*": "./dist/*.js"`` means for the files that there are."""
    found: dict[str, str] = {}
    for place in _places(folder, target):
        before, _, after = place.partition("*")
        bare = _SUFFIX.sub("", after)
        for stem, path in known.below(before):
            if stem.endswith(bare) and len(stem) >= len(before) + len(bare):
                middle = stem[len(before) : len(stem) - len(bare)]
                found.setdefault(name.replace("*", middle, 1), path)
        if found:
            break
    return found


def _source(folder: str, target: str, known: _Files) -> str | None:
    """The file at a path of a package, or else the source that it is built from."""
    for place in _places(folder, target):
        bare = _SUFFIX.sub("", place)
        for candidate in (
            place,
            *(bare + suffix for suffix in SOURCES),
            *(f"{bare}/index{s}" for s in SOURCES),
        ):
            if candidate in known:
                return candidate
    return None


def _places(folder: str, target: str) -> Sequence[str]:
    """Where a target may lie: as it is written, or below `src` instead of the folder for what is built."""
    written = _joined(folder, target)
    rest = written.removeprefix(f"{folder}/") if folder else written
    first, _, inner = rest.partition("/")
    if first not in _BUILT or not inner:
        return (written,)
    second, _, innermost = inner.partition("/")
    sources = [inner, *([innermost] if second in _BUILT and innermost else [])]
    return (*(_joined(folder, f"src/{each}") for each in sources), written)


def _joined(folder: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(folder, path))
    return "" if joined == "." else joined
