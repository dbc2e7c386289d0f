"""Which file of the plan a module name means, seen from the file that imports it."""

from __future__ import annotations

import posixpath
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from app.model.dependency import Ecosystem
from app.resolve.projects import SOURCES, Projects

Target: TypeAlias = "tuple[Literal['file'], int] | tuple[Literal['folder'], str] | tuple[Literal['external'], Ecosystem, str] | None"
"""A file by number, a folder without code of its own (a namespace package), or something outside the plan."""

_PYTHON: Final = (".py", ".pyi")
_INDEX: Final = tuple(f"/index{suffix}" for suffix in SOURCES)
# TypeScript lets an import name the file that will be compiled from the one that is there.
_COMPILED: Final = {
    ".js": (".ts", ".tsx", ".d.ts"),
    ".jsx": (".tsx",),
    ".mjs": (".mts", ".d.mts"),
    ".cjs": (".cts", ".d.cts"),
}
_NODE: Final = frozenset(
    "assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain "
    "events fs http http2 https inspector module net os path perf_hooks process punycode querystring readline repl "
    "sea sqlite stream string_decoder sys test timers tls trace_events tty url util v8 vm wasi worker_threads zlib".split()
)


def is_python(path: str) -> bool:
    """Whether a file is read as Python."""
    return path.endswith(_PYTHON)


@dataclass(frozen=True, slots=True)
class Modules:
    """An index of the plan's files by the names that imports use."""

    numbers: dict[str, int]
    """Path to file number."""
    folders: frozenset[str]
    """Every folder that holds a file, at any depth; ``""`` is the root."""
    packages: frozenset[str]
    """Folders with an ``__init__`` file."""
    roots: tuple[str, ...]
    """Folders from which absolute Python imports may start, the plan's root first."""
    root_package: str
    """The name that the root itself is imported by, where the root is a package."""
    projects: Projects

    def python(self, importer: str, module: str) -> Target:
        """What a dotted module name, relative or absolute, means in ``importer``."""
        if module.startswith("."):
            return self._relative(importer, module)
        return self._absolute(importer, module)

    def _relative(self, importer: str, module: str) -> Target:
        rest = module.lstrip(".")
        folder = posixpath.dirname(importer)
        for _ in range(len(module) - len(rest) - 1):
            if not folder:
                return None
            folder = posixpath.dirname(folder)
        return self.below(folder, rest.split(".") if rest else [])

    def below(self, folder: str, names: list[str]) -> Target:
        """The module that dotted ``names`` mean under ``folder``."""
        path = "/".join([folder, *names]) if folder else "/".join(names)
        if names:
            for suffix in _PYTHON:
                number = self.numbers.get(path + suffix)
                if number is not None and (path not in self.packages or suffix == ".py"):
                    package = self._package(path)
                    return package if package is not None else ("file", number)
        package = self._package(path)
        if package is not None:
            return package
        return ("folder", path) if path in self.folders else None

    def _package(self, path: str) -> Target:
        for suffix in _PYTHON:
            number = self.numbers.get(f"{path}/__init__{suffix}" if path else f"__init__{suffix}")
            if number is not None:
                return ("file", number)
        return None

    def _absolute(self, importer: str, module: str) -> Target:
        names = module.split(".")
        if self.root_package and names[0] == self.root_package:
            found = self.below("", names[1:])
            if found is not None:
                return found
        folder = posixpath.dirname(importer)
        own = [folder] if folder not in self.packages else []
        standard = names[0] in sys.stdlib_module_names
        namespace: Target = None
        for root in (*own, *self._near(importer)):
            if self.root_package and not root:
                continue
            # The standard library comes before installed packages, but after the script's own folder.
            if standard and root and root not in own:
                continue
            found = self.below(root, names)
            if found is not None:
                if found[0] == "file":
                    return found
                namespace = namespace or found
        if namespace is not None and not standard:
            return namespace
        return ("external", "stdlib" if standard else "pypi", names[0])

    def _near(self, importer: str) -> list[str]:
        """The import roots, those around the importing file first, the nearest before the others."""
        return sorted(
            self.roots,
            key=lambda root: (
                -len(root) if not root or importer.startswith(f"{root}/") else 1,
                len(root),
                root,
            ),
        )

    def script(self, importer: str, specifier: str) -> Target:
        """What a JavaScript or TypeScript module specifier means in ``importer``."""
        if specifier.startswith((".", "/")):
            base = posixpath.normpath(posixpath.join(posixpath.dirname(importer), specifier))
            if base.startswith(".."):
                return None
            number = self._script_file("" if base == "." else base)
            return ("file", number) if number is not None else None
        for candidate in self.projects.aliased(importer, specifier):
            number = self._script_file(candidate)
            if number is not None:
                return ("file", number)
        own = self.projects.file(importer, specifier)
        if own is not None:
            return ("file", self.numbers[own])
        bare = specifier.removeprefix("node:")
        first = bare.partition("/")[0]
        if specifier.startswith("node:") or first in _NODE:
            return ("external", "node", first)
        package = "/".join(bare.split("/")[:2]) if bare.startswith("@") else first
        return ("external", "npm", package)

    def _script_file(self, base: str) -> int | None:
        stem, dot, suffix = base.rpartition(".")
        candidates = [base]
        candidates += [base + extension for extension in SOURCES]
        if dot:
            candidates += [stem + source for source in _COMPILED.get(f".{suffix}", ())]
        candidates += [f"{base}{index}".lstrip("/") for index in _INDEX]
        return next((self.numbers[path] for path in candidates if path in self.numbers), None)


def index_modules(paths: Iterable[str], root_name: str, projects: Projects | None = None) -> Modules:
    """Index the plan's files; ``root_name`` is the name of the folder that was imported.

    A file's number is its place in ``paths``. ``projects`` is what the code base's configuration says.
    """
    numbers = {path: number for number, path in enumerate(paths)}
    folders: set[str] = {""}
    packages: set[str] = set()
    for path in numbers:
        folder = posixpath.dirname(path)
        if posixpath.basename(path) in ("__init__.py", "__init__.pyi"):
            packages.add(folder)
        while folder and folder not in folders:
            folders.add(folder)
            folder = posixpath.dirname(folder)
    root_is_package = "" in packages
    roots = {
        "",
        *(
            posixpath.dirname(package)
            for package in packages
            if posixpath.dirname(package) not in packages and package
        ),
    }
    roots |= {
        folder
        for folder in folders
        if posixpath.basename(folder) in ("src", "lib") and folder not in packages
    }
    if root_is_package:
        roots.discard("src")
    return Modules(
        numbers,
        frozenset(folders),
        frozenset(packages),
        tuple(sorted(roots)),
        root_name if root_is_package else "",
        projects or Projects(),
    )


def module_names(paths: Iterable[str], root_name: str) -> dict[str, str]:
    """The qualified name of each file's module, unique in the plan.

    Python: the dotted name that it is imported by. Other languages, and a second file of a name: the path.
    """
    known = list(paths)
    packages = {
        posixpath.dirname(path)
        for path in known
        if posixpath.basename(path) in ("__init__.py", "__init__.pyi")
    }
    taken: dict[str, list[str]] = defaultdict(list)
    for path in known:
        taken[_dotted(path, packages, root_name) if is_python(path) else path].append(path)
    return {
        path: (name if len(sharing) == 1 else path) for name, sharing in taken.items() for path in sharing
    }


def _dotted(path: str, packages: set[str], root_name: str) -> str:
    stem = path.rpartition(".")[0]
    folder, _, name = stem.rpartition("/")
    parts = [] if name == "__init__" else [name]
    while folder in packages:
        if not folder:
            parts.append(root_name)
            break
        folder, _, name = folder.rpartition("/")
        parts.append(name)
    else:
        if folder and not _is_source_root(folder):
            parts.extend(reversed(folder.split("/")))
    return ".".join(reversed(parts)) or root_name


def _is_source_root(folder: str) -> bool:
    return posixpath.basename(folder) in ("src", "lib")
