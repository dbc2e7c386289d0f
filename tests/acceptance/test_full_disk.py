"""A disk that is full: a file system of our own, which needs the right to mount one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.settings import Settings

ENOUGH_TO_START = "1g"
ENOUGH_FOR_LITTLE = 2 * 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """An empty disk of a gigabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ENOUGH_TO_START}", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Mge:
    """`mge` with an embedded stack on the disk."""

    def __init__(self, disk: Path) -> None:
        own = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
        self.env = {**own, "MGE_HOME": str(disk / "home"), "MGE_CACHE": str(Settings().mge_cache)}

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            check=False,
            env={**self.env, "MGE_NEO4J_HEAP_MB": "512"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr


@pytest.mark.long
def test_a_full_disk_ends_an_import_with_a_message_and_the_next_start_works(
    disk: Path, tmp_path: Path
) -> None:
    mge = Mge(disk)
    code = tmp_path / "code"
    code.mkdir()
    (code / "a.py").write_text("def f():\n    return 1\n")
    found = find_spec("networkx")
    assert found is not None
    assert found.origin is not None
    large = Path(found.origin).parent
    try:
        assert mge("up")[0] == 0
        assert mge("import", str(code), "--name", "kept")[0] == 0
        filling = disk / "filling"
        with filling.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - ENOUGH_FOR_LITTLE)
        returned, _, said = mge("import", str(large), "--name", "too large")
        assert (returned, "disk may be full" in said) == (5, True), said

        filling.unlink()
        returned, _, said = mge("up")
        assert returned == 0, said
        assert "is started anew" in said
        returned, listed, said = mge("plans", "--json")
        assert [plan["project_name"] for plan in json.loads(listed)] == ["kept"]
        assert mge("import", str(code), "--name", "too large")[0] == 0
    finally:
        mge("down")


@pytest.mark.long
def test_a_stack_does_not_start_on_a_disk_that_is_nearly_full(disk: Path) -> None:
    with (disk / "filling").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - 100 * 2**20)
    returned, _, said = Mge(disk)("up")
    assert returned == 6
    assert "MGE_HOME" in said
