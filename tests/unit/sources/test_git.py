from __future__ import annotations

import dataclasses
import stat
from pathlib import Path

import pytest

from app.errors import InputError, SourceRefused
from app.sources import open_source
from app.sources.git import Remote, parse_remote
from tests.unit.sources.reading import RULES, contents, git, paths, reasons, write


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Tag v1 holds `a.py` and more; then `a.py` changed, and `a.py` and `new.py` lie there uncommitted."""
    folder = write(
        tmp_path / "project", {"a.py": "one", "sub/b.ts": "b", ".gitignore": "*.js", "ignored.js": "j"}
    )
    (folder / "link.py").symlink_to("/etc/passwd")
    git(folder, "init", "-q")
    git(folder, "add", "-f", ".")
    git(folder, "commit", "-qm", "one")
    git(folder, "tag", "-am", "v1", "v1")
    write(folder, {"a.py": "two"})
    git(folder, "commit", "-qam", "two")
    write(folder, {"a.py": "three", "new.py": "new"})
    return folder


V1 = {"a.py": b"one", "ignored.js": b"j", "sub/b.ts": b"b"}


@pytest.mark.parametrize("revision", ["v1", "HEAD~1", "main^", "main@{0}^"])
def test_a_revision_of_a_local_repository(repository: Path, tmp_path: Path, revision: str) -> None:
    assert contents(f"{repository}@{revision}", tmp_path / "work") == V1
    with open_source(f"{repository}@{revision}", RULES, tmp_path / "work") as source:
        assert source.name == "project"
        assert source.revision == git(repository, "rev-parse", "v1^{commit}").strip()
        assert reasons(source) == {"link.py": "symbolic link"}


def test_a_revision_of_a_folder_inside_and_of_a_bare_repository(repository: Path, tmp_path: Path) -> None:
    assert contents(f"{repository}/sub@v1", tmp_path / "work") == {"b.ts": b"b"}
    git(tmp_path, "clone", "-q", "--bare", "project", "bare.git")
    assert contents(f"{tmp_path}/bare.git@v1", tmp_path / "work") == V1
    assert contents(f"{tmp_path}/bare.git", tmp_path / "work") == V1 | {"a.py": b"two"}


def test_without_a_revision_the_folder_is_read_as_it_is(repository: Path, tmp_path: Path) -> None:
    expected = {"a.py": b"three", "ignored.js": b"j", "new.py": b"new", "sub/b.ts": b"b"}
    assert contents(repository, tmp_path / "work") == expected


def test_a_path_that_exists_wins_over_a_revision(repository: Path, tmp_path: Path) -> None:
    write(tmp_path / "project@v1", {"other.py": ""})
    assert list(contents(f"{repository}@v1", tmp_path / "work")) == ["other.py"]


@pytest.mark.parametrize("revision", ["", "v1", "main", "HEAD~1", "SHORT", "FULL"])
def test_a_url(repository: Path, tmp_path: Path, revision: str) -> None:
    full = git(repository, "rev-parse", "v1^{commit}").strip()
    asked = {"SHORT": full[:8], "FULL": full}.get(revision, revision)
    location = f"file://{repository}" + (f"@{asked}" if asked else "")
    expected = V1 if revision not in ("", "main") else V1 | {"a.py": b"two"}
    assert contents(location, tmp_path / "work") == expected


@pytest.mark.parametrize("revision", ["nope", "deadbeef", "v1:a.py", "v1^{tree}"])
def test_a_revision_that_is_no_commit_is_refused(repository: Path, tmp_path: Path, revision: str) -> None:
    for location in (f"{repository}@{revision}", f"file://{repository}@{revision}"):
        with pytest.raises(SourceRefused) as error:
            open_source(location, RULES, tmp_path / "work")
        assert error.value.hint
    assert not list((tmp_path / "work").iterdir())


@pytest.mark.parametrize("revision", ["--output=x", "-x", "--upload-pack=touch pwned"])
def test_a_revision_cannot_be_an_option(repository: Path, tmp_path: Path, revision: str) -> None:
    for location in (f"{repository}@{revision}", f"file://{repository}@{revision}"):
        with pytest.raises(SourceRefused, match="is not a revision"):
            open_source(location, RULES, tmp_path / "work")


@pytest.mark.parametrize(
    "location",
    [
        "ssh://-oProxyCommand=touch/x",
        "ssh://-oX@host/x",
        "ssh://u@-oX/x",
        "https://-h/x",
        "u@host:-x",
        "git://-x/y",
    ],
)
def test_a_url_cannot_be_an_option(location: str) -> None:
    with pytest.raises(SourceRefused):
        parse_remote(location)


@pytest.mark.parametrize(
    "location", ["ext::sh -c touch% pwned", "fd::17", "http://h/x", "ftp://h/x", "https:///x"]
)
def test_other_transports_are_not_offered(location: str) -> None:
    with pytest.raises(InputError) as error:
        parse_remote(location)
    assert error.value.hint


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://h/o/r.git@feature/x", Remote("https://h/o/r.git", "https", "feature/x", "r")),
        ("https://u:p@h/o/r", Remote("https://u:p@h/o/r", "https", "", "r")),
        ("https://h/@scope/r@v1", Remote("https://h/@scope/r", "https", "v1", "r")),
        ("https://h/@scope", Remote("https://h/@scope", "https", "", "@scope")),
        ("git@h:o/r.git@v1", Remote("git@h:o/r.git", "ssh", "v1", "r")),
        ("ssh://git@h:22/o/r/", Remote("ssh://git@h:22/o/r/", "ssh", "", "r")),
        ("some/folder", None),
    ],
)
def test_urls_are_taken_apart(location: str, expected: Remote | None) -> None:
    assert parse_remote(location) == expected


def _trap(path: Path, sign: Path) -> str:
    path.write_text(f"#!/bin/sh\necho ran >> {sign}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize("suffix", ["", "@v1"])
@pytest.mark.parametrize("url", [False, True])
def test_nothing_that_a_repository_holds_is_run(
    repository: Path, tmp_path: Path, suffix: str, url: bool
) -> None:
    sign = tmp_path / "ran"
    trap = _trap(tmp_path / "trap", sign)
    for hook in (
        "post-checkout",
        "post-index-change",
        "post-merge",
        "reference-transaction",
        "fsmonitor-watchman",
    ):
        (repository / ".git/hooks").mkdir(exist_ok=True)
        _trap(repository / ".git/hooks" / hook, sign)
    write(repository, {".gitattributes": "*.py filter=lfs diff=lfs\n"})
    for key, value in {
        "core.fsmonitor": trap,
        "core.hooksPath": str(repository / ".git/hooks"),
        "core.pager": trap,
        "core.sshCommand": trap,
        "filter.lfs.smudge": trap,
        "filter.lfs.process": trap,
        "diff.lfs.textconv": trap,
        "diff.external": trap,
        "protocol.ext.allow": "always",
        "uploadpack.packObjectsHook": trap,
    }.items():
        git(repository, "config", key, value)
    location = f"file://{repository}{suffix}" if url else f"{repository}{suffix}"
    assert contents(location, tmp_path / "work")
    assert not sign.exists()


def test_a_partial_clone_fetches_nothing(repository: Path, tmp_path: Path) -> None:
    sign = tmp_path / "ran"
    blob = git(repository, "rev-parse", "v1:a.py").strip()
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    for key, value in {
        "extensions.partialClone": "origin",
        "core.repositoryFormatVersion": "1",
        "remote.origin.url": f"ext::sh -c touch% {sign}",
        "remote.origin.promisor": "true",
        "protocol.ext.allow": "always",
    }.items():
        git(repository, "config", key, value)
    with pytest.raises(SourceRefused):
        open_source(f"{repository}@v1", RULES, tmp_path / "work")
    assert not sign.exists()


def test_submodules_are_told_of_and_not_read(repository: Path, tmp_path: Path) -> None:
    write(tmp_path / "outer", {"o.py": ""})
    git(tmp_path / "outer", "init", "-q")
    git(tmp_path / "outer", "submodule", "--quiet", "add", str(repository), "inner")
    git(tmp_path / "outer", "add", ".")
    git(tmp_path / "outer", "commit", "-qm", "x")
    for location in (f"{tmp_path}/outer@HEAD", f"file://{tmp_path}/outer"):
        with open_source(location, RULES, tmp_path / "work") as source:
            assert (paths(source), reasons(source)) == (["o.py"], {"inner": "submodule"})


def test_limits_hold_for_revisions(repository: Path, tmp_path: Path) -> None:
    for limit, most in {"max_files": 2, "max_file_bytes": 2, "max_total_bytes": 4}.items():
        rules = dataclasses.replace(RULES, **{limit: most})  # type: ignore[arg-type]
        with pytest.raises(SourceRefused):
            open_source(f"{repository}@v1", rules, tmp_path / "work")
    assert not list((tmp_path / "work").iterdir())


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused) as error:
        open_source("https://user:canary@127.0.0.1:1/o/r.git", RULES, tmp_path / "work")
    assert "canary" not in str(error.value) + error.value.hint


def test_a_damaged_repository_is_told_of(repository: Path, tmp_path: Path) -> None:
    (repository / ".git/index").write_bytes(b"no index")
    with open_source(str(repository), RULES, tmp_path / "work") as source:
        assert "index" in reasons(source)[".git"]
        assert "a.py" in paths(source)
