from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.errors import InputError
from app.uploads.paths import below_root
from app.uploads.store import new_upload, remove_upload, sweep_uploads, upload_path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.py").write_text("key = 1")
    root = tmp_path / "root"
    (root / "shop").mkdir(parents=True)
    (root / "shop" / "cart.py").write_text("total = 1")
    (root / "inside").symlink_to(root / "shop")
    (root / "outside").symlink_to(tmp_path / "secret")
    (root / "loop").symlink_to(root / "loop")
    (tmp_path / "root-beside").mkdir()
    os.mkfifo(root / "pipe")
    return root


def test_what_lies_in_the_root_is_found(root: Path) -> None:
    assert below_root(root, "shop") == root / "shop"
    assert below_root(root, "shop/cart.py") == root / "shop" / "cart.py"
    assert below_root(root, str(root / "shop")) == root / "shop"
    assert below_root(root, "inside") == root / "shop"
    assert below_root(root, "shop/../inside") == root / "shop"


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "../secret",
        "../root-beside",
        "shop/../../secret",
        "outside",
        "outside/key.py",
        "/etc/passwd",
        "/",
        "nothing",
        "loop",
        "pipe",
        "shop\0",
        "~",
        "https://example.com/shop.git",
        "x" * 5000,
    ],
)
def test_what_leads_out_is_refused(root: Path, path: str) -> None:
    with pytest.raises(InputError) as refused:
        below_root(root, path)
    assert refused.value.field == "path"


def test_without_a_root_no_path_is_taken(root: Path) -> None:
    with pytest.raises(InputError) as refused:
        below_root(None, str(root))
    assert "MGE_IMPORT_ROOT" in refused.value.hint


@pytest.mark.parametrize(
    "upload", ["", "..", "a.zip", "0" * 32 + "/../x", "0" * 32 + ".zip\n", "0" * 32 + ".a.b.c"]
)
def test_only_what_was_made_here_is_an_upload(tmp_path: Path, upload: str) -> None:
    with pytest.raises(InputError):
        upload_path(tmp_path, upload)


def test_a_sweep_leaves_what_is_needed_new_or_not_ours(tmp_path: Path) -> None:
    old, needed, new = (new_upload(tmp_path, ".zip") for _ in range(3))
    other = tmp_path / "note.txt"
    other.touch()
    for name in (old, needed, other.name):
        os.utime(tmp_path / name, (0, 0))
    assert sweep_uploads(tmp_path, {needed}) == 1
    assert {path.name for path in tmp_path.iterdir()} == {needed, new, other.name}
    remove_upload(tmp_path, needed)
    remove_upload(tmp_path, needed)
    assert sweep_uploads(tmp_path / "nowhere", ()) == 0
