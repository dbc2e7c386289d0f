"""The same for a service that does not run as root: user namespaces take the place of a user of its own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ORDINARY = 54_321
SYSTEM_PYTHON = Path("/usr/bin/python" + platform.python_version().rpartition(".")[0])
HERE = Path(__file__).parent
PROJECT = HERE.parents[2]


@pytest.mark.skipif(
    os.geteuid() != 0 or not SYSTEM_PYTHON.exists(),
    reason="takes root, to become another, and an interpreter that others may run; as another user, all tests here say it",
)  # fmt: skip
@pytest.mark.parametrize(
    "file",
    [
        "test_run.py",
        "test_escapes.py",
        "test_imports.py",
        pytest.param("test_abuse.py", marks=pytest.mark.long),
    ],
)
def test_all_of_it_as_an_ordinary_user(file: str) -> None:
    with TemporaryDirectory(prefix="mge-") as name:
        folder = Path(name)
        _make_environment(folder)
        found = subprocess.run(
            [folder / "bin/python", "-m", "pytest", HERE / file, "-q", "-x", "--tb=short", "-p", "no:cacheprovider", "--basetemp", folder / "tmp"],
            user=ORDINARY, group=ORDINARY, extra_groups=[], cwd=PROJECT, timeout=400, capture_output=True, text=True,
            env={"PATH": "/usr/bin:/bin", "HOME": name, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-1000:]
    assert " skipped" not in found.stdout


def _make_environment(folder: Path) -> None:
    """An environment with our packages whose interpreter may be run by everyone, unlike one in root's home."""
    subprocess.run([SYSTEM_PYTHON, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    packages = folder / f"lib/{SYSTEM_PYTHON.name}/site-packages"
    packages.rmdir()
    packages.symlink_to(next(Path(each) for each in sys.path if each.endswith("site-packages")))
    folder.chmod(0o755)
    os.chown(folder, ORDINARY, ORDINARY)
