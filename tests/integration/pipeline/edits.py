"""Random edits of a code base, as a person and their tools make them: small ones, renames, moves, and accidents."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

_DEFINITION = re.compile(r"^( *)(?:async )?(?:def|class) (\w+)", re.MULTILINE)
_SCRIPT_DEFINITION = re.compile(
    r"^( *)(?:export )?(?:default )?(?:async )?(?:function|class|const|interface) (\w+)", re.MULTILINE
)
_IMPORT = re.compile(r"^(?:from .+ import .+|import .+)$", re.MULTILINE)
_WORD = re.compile(r"\b[a-z_]{4,}\b")


def code_files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix in (".py", ".ts", ".js"))


def edit(root: Path, rng: random.Random) -> str:
    """Make one edit somewhere below ``root``; what it was."""
    path = rng.choice(code_files(root))
    kind: Callable[[Path, Path, random.Random], str] = rng.choice(EDITS)
    return f"{kind.__name__} {path.relative_to(root)}: {kind(root, path, rng)}"


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


def _definitions(path: Path) -> list[re.Match[str]]:
    pattern = _DEFINITION if path.suffix == ".py" else _SCRIPT_DEFINITION
    return list(pattern.finditer(_text(path)))


def add_line(root: Path, path: Path, rng: random.Random) -> str:
    lines = _text(path).split("\n")
    at = rng.randrange(len(lines))
    indent = re.match(r"\s*", lines[at])
    comment = "#" if path.suffix == ".py" else "//"
    added = rng.choice(["value = 1", "print(len('x'))", f"{comment} a comment", "", "value = value"])
    lines.insert(at, f"{indent[0] if indent else ''}{added}")
    _write(path, "\n".join(lines))
    return f"{added!r} before line {at + 1}"


def delete_lines(root: Path, path: Path, rng: random.Random) -> str:
    lines = _text(path).split("\n")
    at = rng.randrange(len(lines))
    count = rng.choice([1, 1, 2, 5, 20])
    del lines[at : at + count]
    _write(path, "\n".join(lines))
    return f"{count} lines from {at + 1}"


def rename_here(root: Path, path: Path, rng: random.Random) -> str:
    found = _definitions(path)
    if not found:
        return "nothing"
    name = rng.choice(found)[2]
    _write(path, re.sub(rf"\b{name}\b", f"{name}_x", _text(path)))
    return f"{name} in this file alone"


def rename_everywhere(root: Path, path: Path, rng: random.Random) -> str:
    found = _definitions(path)
    if not found:
        return "nothing"
    name = rng.choice(found)[2]
    for each in code_files(root):
        text = _text(each)
        if re.search(rf"\b{name}\b", text):
            _write(each, re.sub(rf"\b{name}\b", f"{name}_y", text))
    return name


def delete_file(root: Path, path: Path, rng: random.Random) -> str:
    if len(code_files(root)) < 6:
        return "nothing"
    path.unlink()
    return ""


def move_file(root: Path, path: Path, rng: random.Random) -> str:
    target = path.with_name(f"{path.stem}_moved{path.suffix}")
    path.rename(target)
    return target.name


def copy_file(root: Path, path: Path, rng: random.Random) -> str:
    target = path.with_name(f"copy_of_{path.stem}{path.suffix}")
    shutil.copyfile(path, target)
    return target.name


def empty_file(root: Path, path: Path, rng: random.Random) -> str:
    path.write_bytes(b"")
    return ""


def move_definition(root: Path, path: Path, rng: random.Random) -> str:
    """A whole top-level definition goes to the end of the file."""
    text = _text(path)
    found = [match for match in _definitions(path) if not match[1]]
    if not found:
        return "nothing"
    at = rng.randrange(len(found))
    start = found[at].start()
    end = found[at + 1].start() if at + 1 < len(found) else len(text)
    _write(path, f"{text[:start]}{text[end:]}\n\n{text[start:end]}")
    return found[at][2]


def take_definition_elsewhere(root: Path, path: Path, rng: random.Random) -> str:
    """A top-level definition goes to another file, where a namesake may be."""
    text = _text(path)
    found = [match for match in _definitions(path) if not match[1]]
    others = [each for each in code_files(root) if each.suffix == path.suffix and each != path]
    if not found or not others:
        return "nothing"
    at = rng.randrange(len(found))
    start = found[at].start()
    end = found[at + 1].start() if at + 1 < len(found) else len(text)
    other = rng.choice(others)
    _write(other, f"{_text(other)}\n\n{text[start:end]}")
    _write(path, text[:start] + text[end:])
    return f"{found[at][2]} to {other.name}"


def change_import(root: Path, path: Path, rng: random.Random) -> str:
    text = _text(path)
    found = list(_IMPORT.finditer(text))
    if not found:
        return "nothing"
    match = rng.choice(found)
    change = rng.choice(["delete", "star", "alias", "twice"])
    line = match[0]
    if change == "delete":
        line = ""
    elif change == "star" and line.startswith("from ") and path.suffix == ".py" and not line.endswith("("):
        line = re.sub(r" import .*", " import *", line)
    elif change == "alias" and line.startswith("from ") and " as " not in line and "(" not in line:
        line = f"{line} as aliased"
    elif change == "twice" and not line.endswith(("(", "{")):
        line = f"{line}\n{line}"
    _write(path, text[: match.start()] + line + text[match.end() :])
    return f"{change} {match[0]!r}"


def import_from_another(root: Path, path: Path, rng: random.Random) -> str:
    others = [each for each in code_files(root) if each.suffix == path.suffix and _definitions(each)]
    if not others:
        return "nothing"
    other = rng.choice(others)
    name = rng.choice(_definitions(other))[2]
    line = (
        f"from .{other.stem} import {name}\n{name}()\n"
        if path.suffix == ".py"
        else f'import {{ {name} }} from "./{other.stem}";\n{name}();\n'
    )
    _write(path, line + _text(path))
    return line.strip()


def add_subclass(root: Path, path: Path, rng: random.Random) -> str:
    names = [
        name for each in code_files(root) for name in re.findall(r"^class (\w+)", _text(each), re.MULTILINE)
    ]
    if not names or path.suffix != ".py":
        return "nothing"
    base, other = rng.choice(names), rng.choice(names)
    method = rng.choice(["__init__", "__iter__", "__enter__", "close", "send"])
    _write(
        path,
        f"{_text(path)}\n\nclass Made({base}):\n    def {method}(self):\n        return {other}()\n\n\nmade = Made().{method}()\n",
    )
    return f"Made({base}).{method}"


def change_base(root: Path, path: Path, rng: random.Random) -> str:
    text = _text(path)
    found = list(re.finditer(r"^class (\w+)(\([^)]*\))?:", text, re.MULTILINE))
    if not found:
        return "nothing"
    match, other = rng.choice(found), rng.choice(found)
    _write(path, f"{text[: match.start()]}class {match[1]}({other[1]}):{text[match.end() :]}")
    return f"{match[1]}({other[1]})"


def annotate_all(root: Path, path: Path, rng: random.Random) -> str:
    if path.suffix != ".py":
        return "nothing"
    names = [match[2] for match in _definitions(path) if not match[1]][:3]
    _write(path, f"{_text(path)}\n__all__ = {names!r}\n")
    return f"__all__ = {names!r}"


def swap_words(root: Path, path: Path, rng: random.Random) -> str:
    text = _text(path)
    found = list(_WORD.finditer(text))
    if len(found) < 2:
        return "nothing"
    one, other = rng.choice(found), rng.choice(found)
    _write(path, text[: one.start()] + other[0] + text[one.end() :])
    return f"{one[0]} is {other[0]}"


def break_bytes(root: Path, path: Path, rng: random.Random) -> str:
    data = bytearray(path.read_bytes())
    if not data:
        return "nothing"
    at = rng.randrange(len(data))
    data[at : at + rng.randrange(3)] = rng.choice([b"(", b'"', b"\n", b"\t", b"\xff", b"}", b""])
    path.write_bytes(bytes(data))
    return f"at {at}"


EDITS: list[Callable[[Path, Path, random.Random], str]] = [
    add_line,
    add_line,
    add_line,
    delete_lines,
    delete_lines,
    rename_here,
    rename_everywhere,
    delete_file,
    move_file,
    copy_file,
    empty_file,
    move_definition,
    move_definition,
    take_definition_elsewhere,
    change_import,
    change_import,
    import_from_another,
    add_subclass,
    change_base,
    annotate_all,
    swap_words,
    swap_words,
    break_bytes,
]
