"""What is wrong with files before they run: syntax, names that nothing binds, imports that lead nowhere.

No code of the plan is executed here.
"""

from __future__ import annotations

import ast
import asyncio
import json
import sys
import tokenize
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from io import StringIO
from pathlib import PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from app.errors import MgeError
from app.execution.parts import AssembledFile

_RULES: Final = "E9,F63,F7,F82"
_RUFF_SECONDS: Final = 60


class FindingKind(StrEnum):
    """What a check found."""

    NO_CODE = "no_code"
    CUT_OFF = "cut_off"
    INCOMPLETE = "incomplete"
    SYNTAX = "syntax"
    UNDEFINED_NAME = "undefined_name"
    IMPORT = "import"
    TEST = "test"
    TEST_TIMEOUT = "test_timeout"


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """One fault: the line (from 1, 0 where there is none) of a path in the workspace, and what is wrong there."""

    kind: FindingKind
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.message}"


def part_findings(path: str, code: str) -> list[CheckFinding]:
    """What is wrong with a part of a file by itself: brackets and strings that are not closed."""
    if not path.endswith(".py"):
        return []
    try:
        for _ in tokenize.generate_tokens(StringIO(code).readline):
            pass
    except tokenize.TokenError as error:
        message, (line, _) = error.args
        return [CheckFinding(FindingKind.INCOMPLETE, path, line, f"the code is not complete: {message}")]
    except SyntaxError:
        # An indentation that goes back below the part's first line: a part may begin inside a class.
        return []
    return []


def syntax_findings(file: AssembledFile) -> list[CheckFinding]:
    """What keeps a whole file from being read."""
    try:
        if file.path.endswith((".py", ".pyi")):
            compile(_plain(file.text), file.path, "exec", dont_inherit=True)
        elif file.path.endswith(".json"):
            json.loads(file.text)
        elif file.path.endswith(".toml"):
            tomllib.loads(file.text)
    except SyntaxError as error:
        return [CheckFinding(FindingKind.SYNTAX, file.path, error.lineno or 0, f"syntax error: {error.msg}")]
    except (ValueError, RecursionError) as error:
        return [CheckFinding(FindingKind.SYNTAX, file.path, 0, f"cannot be read: {error}")]
    return []


async def static_findings(
    files: Sequence[AssembledFile],
    modules: Mapping[str, str],
    text_of: Callable[[str], str | None],
    *,
    externals: bool,
) -> list[CheckFinding]:
    """All that is wrong with whole files before they run: their syntax, else their names and imports.

    ``modules``, ``text_of`` and ``externals`` are as in `import_findings`.
    """
    found: list[CheckFinding] = []
    readable: list[AssembledFile] = []
    for file in files:
        broken = syntax_findings(file)
        found += broken
        if not broken:
            readable.append(file)
    found += await name_findings(readable)
    for file in readable:
        found += import_findings(file, modules, text_of, externals=externals)
    return found


async def name_findings(files: Sequence[AssembledFile]) -> list[CheckFinding]:
    """Names that nothing binds, and statements that cannot stand where they are, in Python files."""
    readable = {file.path: file for file in files if file.path.endswith(".py")}
    if not readable:
        return []
    with TemporaryDirectory(prefix="mge-check-") as folder:
        names: dict[str, str] = {}
        for number, file in enumerate(readable.values()):
            names[f"f{number}.py"] = file.path
            await asyncio.to_thread(_write, f"{folder}/f{number}.py", file.text)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--quiet", "--exit-zero",
            "--target-version", f"py3{sys.version_info.minor}", "--output-format", "json", "--select", _RULES,
            "--ignore-noqa", folder,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), _RUFF_SECONDS)
    if process.returncode:
        raise MgeError(f"ruff failed: {err.decode(errors='replace')[:300]}", hint="run `make check`")
    return [
        CheckFinding(
            FindingKind.UNDEFINED_NAME,
            names[PurePosixPath(each["filename"]).name],
            each["location"]["row"],
            each["message"],
        )
        for each in json.loads(out)
    ]


def modules_of(paths: Iterable[str]) -> dict[str, str]:
    """What each Python file of a workspace can be imported as: module names to paths."""
    return {name: path for path in paths for name in _module_names(path)}


def import_findings(
    file: AssembledFile, modules: Mapping[str, str], text_of: Callable[[str], str | None], *, externals: bool
) -> list[CheckFinding]:
    """Imports of a Python file that lead nowhere.

    ``modules`` are the plan's, also those that are not written yet; ``text_of`` gives the text of a path that is finished.
    ``externals``: whether modules that are neither the plan's nor installed may be imported.
    """
    if not file.path.endswith(".py"):
        return []
    found: list[CheckFinding] = []
    for node in ast.walk(ast.parse(_plain(file.text))):
        if isinstance(node, ast.Import):
            unknown = [each.name for each in node.names if not _is_known(each.name, modules, externals)]
            found += [_unknown(file.path, node.lineno, name) for name in unknown]
        elif isinstance(node, ast.ImportFrom):
            found += _from_findings(file.path, node, modules, text_of, externals)
    return found


def _from_findings(
    path: str,
    node: ast.ImportFrom,
    modules: Mapping[str, str],
    text_of: Callable[[str], str | None],
    externals: bool,
) -> list[CheckFinding]:
    name = _absolute(path, node)
    if name is None:
        return [_unknown(path, node.lineno, "." * node.level + (node.module or ""))]
    target = modules.get(name)
    if target is None:
        is_package = any(module.startswith(f"{name}.") for module in modules)
        if is_package or (node.level == 0 and _is_known(name, modules, externals)):
            return []
        return [] if node.level and externals else [_unknown(path, node.lineno, name)]
    text = text_of(target)
    bound = None if text is None else _bound_names(text)
    if bound is None:
        return []
    return [
        CheckFinding(
            FindingKind.IMPORT,
            path,
            node.lineno,
            f"{target} has no name {alias.name!r}; it defines {', '.join(sorted(bound)[:12]) or 'nothing'}",
        )
        for alias in node.names
        if alias.name != "*" and alias.name not in bound and f"{name}.{alias.name}" not in modules
    ]


def _module_names(path: str) -> list[str]:
    """What a file can be imported as, from the workspace's top folder or from its ``src``."""
    if not path.endswith(".py"):
        return []
    parts = path.removesuffix(".py").split("/")
    if parts[-1] == "__init__":
        parts.pop()
    names = [".".join(parts)] if parts else []
    if parts[:1] == ["src"] and len(parts) > 1:
        names.append(".".join(parts[1:]))
    return names


def _absolute(path: str, node: ast.ImportFrom) -> str | None:
    if node.level == 0:
        return node.module or ""
    package = path.removesuffix(".py").split("/")[:-1]
    if node.level - 1 > len(package):
        return None
    base = package[: len(package) - (node.level - 1)]
    return ".".join([*base, *(node.module.split(".") if node.module else [])])


def _is_known(name: str, modules: Mapping[str, str], externals: bool) -> bool:
    top = name.partition(".")[0]
    if name in modules or any(module.startswith(f"{name}.") for module in modules):
        return True
    if any(module.partition(".")[0] == top for module in modules) and not externals:
        return False
    if externals or top in sys.stdlib_module_names:
        return True
    try:
        return find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _bound_names(text: str) -> set[str] | None:
    """The names that a module binds; None where only running it tells."""
    try:
        tree = ast.parse(_plain(text))
    except SyntaxError:
        return None
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                if name == "__getattr__":
                    return None
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Import(names=aliases):
                names |= {(each.asname or each.name).partition(".")[0] for each in aliases}
            case ast.ImportFrom(names=aliases):
                if any(each.name == "*" for each in aliases):
                    return None
                names |= {each.asname or each.name for each in aliases}
            case ast.Call(func=ast.Name(id="globals" | "vars" | "setattr")):
                return None
            case _:
                pass
    return names | {"__name__", "__file__", "__doc__", "__path__", "__version__"}


def _unknown(path: str, line: int, name: str) -> CheckFinding:
    return CheckFinding(
        FindingKind.IMPORT, path, line, f"there is no module {name!r}, neither in the plan nor installed"
    )


def _plain(text: str) -> str:
    """The text without a byte order mark, which Python takes in files only."""
    return text.removeprefix("\ufeff")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - a plain file in a folder of ours
        file.write(text)
