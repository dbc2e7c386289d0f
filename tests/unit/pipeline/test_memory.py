"""What makes an earlier import's findings void."""

from __future__ import annotations

from pathlib import Path

import grimp
import pytest

from app.errors import MgeError
from app.pipeline.memory import STAGES, stages_digest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two stages, one of which has a package within."""
    for path in ("parse/python/names.py", "parse/text.py", "indexes/typescript.cjs"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("one")
    return tmp_path


@pytest.mark.parametrize("path", ["parse/python/names.py", "parse/python/new.py", "indexes/typescript.cjs"])
def test_an_edit_at_any_depth_changes_the_digest(root: Path, path: str) -> None:
    before = stages_digest(root, ("parse", "indexes"))
    (root / path).write_text("two")
    assert stages_digest(root, ("parse", "indexes")) != before


def test_a_moved_file_changes_the_digest(root: Path) -> None:
    before = stages_digest(root, ("parse", "indexes"))
    (root / "parse" / "text.py").rename(root / "parse" / "python" / "text.py")
    assert stages_digest(root, ("parse", "indexes")) != before


def test_compiled_files_do_not_count(root: Path) -> None:
    before = stages_digest(root, ("parse", "indexes"))
    (root / "parse" / "python" / "__pycache__").mkdir()
    (root / "parse" / "python" / "__pycache__" / "names.cpython-311.pyc").write_bytes(b"one")
    assert stages_digest(root, ("parse", "indexes")) == before


@pytest.mark.parametrize("missing", ["resolve", "parse/text.py"])
def test_a_stage_that_is_no_folder_is_refused(root: Path, missing: str) -> None:
    with pytest.raises(MgeError, match=missing):
        stages_digest(root, ("parse", missing))


def test_the_stages_hold_all_that_a_parser_process_runs() -> None:
    needed = grimp.build_graph("app").find_upstream_modules("app.pipeline.worker")
    assert {name.split(".")[1] for name in needed} <= set(STAGES)
