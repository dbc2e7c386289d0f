"""A plan's workspace: a git repository that only the service writes, one commit for each task.

Files are written through descriptors that follow no link, so nothing in the workspace can lead a write out of it; git runs
without hooks, configuration of the machine, or a network.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from app.errors import InputError, MgeError
from app.model.paths import path_problem

_TRAILER: Final = "Task-Id"
_SAFE: Final = (
    "--no-pager",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.autocrlf=false",
    "-c", "core.quotePath=false",
    "-c", "safe.directory=*",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "commit.gpgsign=false",
    "-c", "user.name=mge",
    "-c", "user.email=mge@localhost",
)  # fmt: skip
_ENVIRONMENT: Final = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "HOME": "/nonexistent",
}
_BRANCH: Final = "main"
# Files are kept byte for byte, whatever a `.gitattributes` among them asks for.
_ATTRIBUTES: Final = "* -text -ident -filter -working-tree-encoding\n"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A plan's folder; one caller at a time changes it."""

    root: Path


async def open_workspace(root: Path) -> Workspace:
    """The workspace at a folder, made where it is missing; what was not committed is thrown away.

    Raises `MgeError` where git fails, and OSError for a folder that cannot be written.
    """
    await asyncio.to_thread(root.mkdir, mode=0o700, parents=True, exist_ok=True)
    workspace = Workspace(root)
    if not await asyncio.to_thread((root / ".git").is_dir):
        await _git(workspace, "init", "--quiet", f"--initial-branch={_BRANCH}")
        await asyncio.to_thread(_set_attributes, root)
        await _git(workspace, "commit", "--quiet", "--allow-empty", "-m", "Begin the workspace")
    await restore(workspace)
    return workspace


async def restore(workspace: Workspace) -> None:
    """Bring the files back to the last commit."""
    # A killed git leaves its lock behind; nobody else writes here.
    (workspace.root / ".git" / "index.lock").unlink(missing_ok=True)
    await _git(workspace, "reset", "--quiet", "--hard")
    await _git(workspace, "clean", "-ffdxq")


def write_files(workspace: Workspace, files: Mapping[str, bytes]) -> None:
    """Write files; `InputError` for a path that is not safe, or has a link or a file where a folder should be."""
    for path, content in files.items():
        _write(workspace.root, path, content)


def read_file(workspace: Workspace, path: str) -> str | None:
    """A file's text; None where it is not there."""
    try:
        return (workspace.root / path).read_text("utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None


def list_files(workspace: Workspace) -> tuple[str, ...]:
    """The paths of the files, sorted."""
    return tuple(
        sorted(
            path.relative_to(workspace.root).as_posix()
            for path in workspace.root.rglob("*")
            if path.is_file() and path.relative_to(workspace.root).parts[0] != ".git"
        )
    )


async def commit(workspace: Workspace, subject: str, task_id: UUID | None = None) -> str:
    """Commit all there is, in a task's name if one is given; the commit's id. One without a change is made as well."""
    # By force: a `.gitignore` among the files is a part of what is written, and speaks to others.
    await _git(workspace, "add", "--all", "--force")
    trailer = f"\n\n{_TRAILER}: {task_id}" if task_id else ""
    message = f"{_one_line(subject)}{trailer}\n"
    await _git(workspace, "commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", message)
    return (await _git(workspace, "rev-parse", "HEAD")).strip()


async def committed_tasks(workspace: Workspace) -> frozenset[UUID]:
    """The tasks that have a commit."""
    written = await _git(workspace, "log", f"--format=%(trailers:key={_TRAILER},valueonly)")
    return frozenset(UUID(line.strip()) for line in written.splitlines() if line.strip())


def remove_workspace(root: Path) -> None:
    """Delete a workspace, where it is there."""
    shutil.rmtree(root, ignore_errors=True)


def _set_attributes(root: Path) -> None:
    file = root / ".git" / "info" / "attributes"
    file.parent.mkdir(exist_ok=True)
    file.write_text(_ATTRIBUTES)


def _write(root: Path, path: str, content: bytes) -> None:
    problem = path_problem(path)
    if problem:
        raise InputError(f"the path {path!r} {problem}", hint="name a file inside the workspace", field=path)
    *folders, name = path.split("/")
    opened = [os.open(root, os.O_RDONLY | os.O_DIRECTORY)]
    try:
        for folder in folders:
            with suppress(FileExistsError):
                os.mkdir(folder, 0o755, dir_fd=opened[-1])
            opened.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=opened[-1]))
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(name, flags, 0o644, dir_fd=opened[-1]), "wb") as file:
            file.write(content)
    except OSError as error:
        raise InputError(
            f"cannot write {path!r} in the workspace: {error.strerror}",
            hint="another file of the plan may stand where a folder should be, or the disk is full",
            field=path,
        ) from error
    finally:
        for descriptor in reversed(opened):
            os.close(descriptor)


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:72] or "Task"


async def _git(workspace: Workspace, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "git",
        *_SAFE,
        *arguments,
        cwd=workspace.root,
        env={"PATH": os.environ.get("PATH", os.defpath), **_ENVIRONMENT},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise MgeError(
            f"git {arguments[0]} failed in the workspace: {err.decode(errors='replace').strip()[:300]}",
            hint=f"look at {workspace.root}; deleting it is safe, the next run writes it again",
        )
    return out.decode(errors="replace")
