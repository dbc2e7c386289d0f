"""What the tests of this package share: rules, and a source read whole."""

from __future__ import annotations

import subprocess
from pathlib import Path

from app.model.source import SourceFile
from app.sources import ReadRules, Source, open_source, read_entry

RULES = ReadRules(
    readable=frozenset({".py", ".ts", ".js", "package.json"}),
    max_files=1000,
    max_file_bytes=2**20,
    max_total_bytes=2**24,
    max_archive_ratio=200,
)


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, newline="")
    return root


def paths(source: Source) -> list[str]:
    return [entry.path for entry in source.entries]


def reasons(source: Source) -> dict[str, str]:
    return {skipped.path: skipped.reason for skipped in source.skipped}


def contents(location: Path | str, workdir: Path, rules: ReadRules = RULES) -> dict[str, bytes]:
    """Every file of the source that is read, and nothing left in ``workdir``."""
    found = {}
    with open_source(str(location), rules, workdir) as source:
        for entry in source.entries:
            file = read_entry(entry)
            assert isinstance(file, SourceFile), file
            found[file.path] = file.data
    assert not workdir.exists() or not list(workdir.iterdir())
    return found


def git(folder: Path, *arguments: str) -> str:
    """Runs git without any configuration of the machine."""
    environment = {
        "PATH": "/usr/bin:/bin:/usr/local/bin",
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "LC_ALL": "C",
    }
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode("utf-8", "surrogateescape")
