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
_SYSTEM: Final = Path("/usr")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Python as it is seen inside: ``binds`` maps a host folder to its place, ``program`` is what is executed.

    ``environment`` says that it has a virtual environment at `ENVIRONMENT`; ``hidden_files`` and ``hidden_folders``
    are places of ours in it that a workspace has no business with.
    """

    binds: tuple[tuple[Path, str], ...]
    program: str
    environment: bool
    libraries: str
    hidden_files: tuple[str, ...]
    hidden_folders: tuple[str, ...]


@cache
def interpreter() -> Interpreter:
    """Returns the layout of the interpreter that runs us. Raises ``ValueError`` where it cannot be moved."""
    base = Path(sys.base_prefix).resolve()
    executable = Path(sys.executable).resolve()
    binds: list[tuple[Path, str]] = []
    libraries = ""
    program = str(executable)
    if not base.is_relative_to(_SYSTEM):
        binds.append((base, HOME))
        program = f"{HOME}/{executable.relative_to(base)}"
        libraries = f"{HOME}/lib"
    prefix = Path(sys.prefix)
    packages: dict[Path, str] = {}
    if sys.prefix != sys.base_prefix:
        for name in ("purelib", "platlib"):
            folder = Path(sysconfig.get_path(name))
            packages[folder] = f"{ENVIRONMENT}/{folder.relative_to(prefix)}"
        binds.extend(packages.items())
    return Interpreter(
        binds=tuple(binds),
        program=program,
        environment=bool(packages),
        libraries=libraries,
        # They name folders of the host, or run code at each start.
        hidden_files=tuple(f"{place}/{each.name}" for folder, place in packages.items() for each in folder.glob("*.pth")),
        hidden_folders=tuple(f"{place}/app" for folder, place in packages.items() if (folder / "app").is_dir()),
    )  # fmt: skip


def environment_config() -> str:
    """Returns the text of the virtual environment's ``pyvenv.cfg``."""
    home = Path(interpreter().program).parent
    return f"home = {home}\ninclude-system-site-packages = false\nversion = {platform.python_version()}\n"
