from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from app.errors import InputError
from app.workspace.repository import (
    commit,
    committed_tasks,
    list_files,
    open_workspace,
    read_file,
    write_files,
)


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def test_what_was_not_committed_is_gone_when_it_is_opened_again(tmp_path: Path) -> None:
    workspace = await open_workspace(tmp_path / "w")
    first, second = uuid4(), uuid4()
    write_files(workspace, {"pkg/a.py": b"x = 1\n"})
    await commit(workspace, "1. A task\nwith an odd name", first)
    write_files(workspace, {"pkg/a.py": b"half", "pkg/b.py": b"new"})
    (workspace.root / ".git" / "index.lock").touch()
    again = await open_workspace(tmp_path / "w")
    assert read_file(again, "pkg/a.py") == "x = 1\n"
    assert list_files(again) == ("pkg/a.py",)
    assert await committed_tasks(again) == {first}
    await commit(again, "", second)
    assert await committed_tasks(again) == {first, second}


@pytest.mark.parametrize(
    "path", ["../out.py", "/etc/out.py", ".git/hooks/post-commit", "link/out.py", "a.py/b.py"]
)
async def test_nothing_is_written_outside_of_it(tmp_path: Path, path: str) -> None:
    workspace = await open_workspace(tmp_path / "w")
    outside = tmp_path / "outside"
    outside.mkdir()
    (workspace.root / "link").symlink_to(outside)
    write_files(workspace, {"a.py": b""})
    with pytest.raises(InputError):
        write_files(workspace, {path: b"x"})
    assert list(outside.iterdir()) == []
    assert names(tmp_path) == ["outside", "w"]


async def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    workspace = await open_workspace(tmp_path / "w")
    secret = tmp_path / "secret"
    secret.write_text("kept")
    (workspace.root / "a.py").symlink_to(secret)
    with pytest.raises(InputError):
        write_files(workspace, {"a.py": b"x"})
    assert secret.read_text() == "kept"


async def test_files_stay_as_they_are_whatever_they_tell_git(tmp_path: Path) -> None:
    files = {
        ".gitattributes": b"* text=auto eol=lf ident\n*.bin filter=lfs diff=lfs\n",
        ".gitignore": b"*.bin\n",
        "a.py": b"# $Id$\r\nx = 1\r\ny = 2\n",
        "b.bin": b"\0\r\n",
    }
    workspace = await open_workspace(tmp_path / "w")
    write_files(workspace, files)
    await commit(workspace, "What was given")
    assert await committed_tasks(workspace) == frozenset()
    for path in files:
        (workspace.root / path).write_bytes(b"changed")
    await open_workspace(tmp_path / "w")
    assert {path: (workspace.root / path).read_bytes() for path in files} == files
