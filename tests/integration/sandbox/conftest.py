"""Everything here runs real programs in the real sandbox, and is skipped only where the kernel forbids one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.sandbox import available


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    found = available()
    here = Path(__file__).parent
    for item in items:
        if not found.available and item.path.is_relative_to(here):
            item.add_marker(pytest.mark.skip(reason=f"no sandbox here: {found.reason}"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace, which like every folder of pytest's may be entered by us alone."""
    made = tmp_path / "workspace"
    made.mkdir(mode=0o700)
    return made


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder
