"""Where our Python and its packages are on the host, and where a program in the sandbox finds them."""

from __future__ import annotations

import platform
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

HOME: Final = "/opt/python"
ENVIRONMENT: Final = "/opt/venv"
_PACKAGES: Final = "/opt/packages"
_NAME: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"
_SYSTEM: Final = Path("/usr")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Python as it is seen inside: ``binds`` maps a host folder to its place, ``program`` is what is executed.

    ``packages`` are the places of installed packages where we run in a virtual environment; then there is one inside
    too, at `ENVIRONMENT`. ``hidden`` are folders of ours that a workspace has no business with.
    """

    binds: tuple[tuple[Path, str], ...]
    program: str
    libraries: str
    packages: tuple[str, ...]
    hidden: tuple[str, ...]


@cache
def interpreter() -> Interpreter:
    """Returns the layout of the interpreter that runs us."""
    base = Path(sys.base_prefix).resolve()
    program = Path(sys.executable).resolve()
    binds: dict[Path, str] = {}
    packages: dict[Path, str] = {}
    moved = not base.is_relative_to(_SYSTEM)
    if moved:
        binds[base] = HOME
        inside = program if program.is_relative_to(base) else base / "bin" / _NAME
        program = Path(HOME, inside.relative_to(base))
    if sys.prefix != sys.base_prefix:
        folders = dict.fromkeys(Path(sysconfig.get_path(name)) for name in ("purelib", "platlib"))
        packages = {folder: f"{_PACKAGES}{number}" for number, folder in enumerate(folders, 1)}
    return Interpreter(
        binds=tuple({**binds, **packages}.items()),
        program=str(program),
        libraries=f"{HOME}/lib" if moved else "",
        packages=tuple(packages.values()),
        hidden=tuple(f"{place}/app" for folder, place in packages.items() if (folder / "app").is_dir()),
    )


def environment_files() -> dict[str, str]:
    """Returns the files that make a virtual environment of our packages, by their place inside.

    The packages are named by a path file, so that their own path files, which name folders of the host or run code
    at each start, are not read.
    """
    found = interpreter()
    if not found.packages:
        return {}
    home = f"home = {Path(found.program).parent}\ninclude-system-site-packages = false\nversion = {platform.python_version()}\n"
    return {
        f"{ENVIRONMENT}/pyvenv.cfg": home,
        f"{ENVIRONMENT}/lib/{_NAME}/site-packages/packages.pth": "\n".join(found.packages) + "\n",
    }
