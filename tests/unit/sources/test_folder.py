from __future__ import annotations

import dataclasses
import os
import pickle
import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.errors import InputError, SourceRefused
from app.model.source import SourceFile
from app.sources import Entry, Skipped, Source, open_source, read_entry
from tests.unit.sources.reading import RULES, contents, git, paths, reasons, write


def opened(path: Path | str) -> Source:
    return open_source(str(path), RULES, Path("/nonexistent/never-made"))


def test_entries_are_sorted_by_bytes_and_hold_exactly_the_bytes(tmp_path: Path) -> None:
    files = {
        "b.py": b"\xff\xfe\r\n",
        "a/z.py": b"",
        "a.py": b"x",
        "a-b/c.py": b"\0",
        "é.py": b"e",
        "Z.ts": b"z",
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    write(tmp_path, {"README.md": "", "package.json": "{}", "x.json": "", "noext": ""})
    source = opened(tmp_path)
    assert paths(source) == ["Z.ts", "a-b/c.py", "a.py", "a/z.py", "b.py", "package.json", "é.py"]
    assert source.name == tmp_path.name
    assert source.others == 3
    assert contents(tmp_path, tmp_path / "work") == files | {"package.json": b"{}"}


def test_folders_of_tools_and_of_installed_packages_are_left_out(tmp_path: Path) -> None:
    names = [
        "node_modules/p/a.py",
        ".git/hooks/a.py",
        "x/__pycache__/a.py",
        ".tox/a.py",
        "env/a.py",
        "env/pyvenv.cfg",
    ]
    kept = ["build/a.py", "dist/a.js", "vendor/a.py", "venv/a.py"]
    source = opened(write(tmp_path, dict.fromkeys(names + kept, "")))
    assert paths(source) == kept
    assert {"env", "node_modules"} <= set(reasons(source))
    assert not [path for path in reasons(source) if "__pycache__" in path or ".tox" in path]


@pytest.mark.parametrize("root", ["node_modules", "node_modules/p", "env", "env/lib"])
def test_what_is_left_out_elsewhere_is_read_where_it_is_named(tmp_path: Path, root: str) -> None:
    write(tmp_path, {"node_modules/p/a.py": "", "env/lib/a.py": "", "env/pyvenv.cfg": ""})
    assert [path.rpartition("/")[2] for path in paths(opened(tmp_path / root))] == ["a.py"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"root/a.py": "", "root/d/b.py": "", "outside/secret.py": "secret"})
    root = tmp_path / "root"
    links = {"out.py": "../outside/secret.py", "out": "../outside", "again.py": "a.py", "d/up": "..", "lost.py": "no",
             "sibling": "../root-b", "out.txt": "../outside/x.txt"}  # fmt: skip
    (tmp_path / "root-b").mkdir()
    for name, target in links.items():
        (root / name).symlink_to(target)
    source = opened(root)
    outside, inside = "link out of the folder that is imported", "link to a place inside, which is read there"
    assert paths(source) == ["a.py", "d/b.py"]
    assert reasons(source) == {
        "out.py": outside, "out": outside, "sibling": outside, "again.py": inside, "d/up": inside,
        "lost.py": "link to nothing",
    }  # fmt: skip


def test_a_link_that_is_named_is_the_folder_that_it_leads_to(tmp_path: Path) -> None:
    write(tmp_path, {"real/a.py": "x"})
    (tmp_path / "link").symlink_to("real")
    assert contents(tmp_path / "link", tmp_path / "work") == {"a.py": b"x"}


def test_what_is_no_file_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.py"))
        source = opened(tmp_path)
    assert reasons(source) == {"pipe.py": "not a regular file", "s.py": "not a regular file"}
    with pytest.raises(SourceRefused, match="pipe"):
        opened(tmp_path / "pipe.py")


def _entry(root: Path, name: str, limit: int = 100) -> Entry:
    return Entry(name, 1, str(root), os.fsencode(name), -1, limit)


def test_a_file_that_changes_under_the_reader_is_told_of(tmp_path: Path) -> None:
    write(tmp_path, {"in/a.py": "x", "in/d/b.py": "", "in/big.py": "x" * 101, "out/b.py": "secret"})
    (tmp_path / "in/link.py").symlink_to("../out/b.py")
    (tmp_path / "in/swapped").symlink_to("../out")
    os.mkfifo(tmp_path / "in/pipe.py")
    cases = {
        "gone.py": "no such file",
        "link.py": "too many levels of symbolic links",
        "swapped/b.py": "not a directory",
        "pipe.py": "not a regular file",
        "d": "not a regular file",
        "big.py": "grew beyond 100 bytes",
    }
    for name, reason in cases.items():
        read = read_entry(_entry(tmp_path / "in", name))
        assert isinstance(read, Skipped), name
        assert reason in read.reason
    assert read_entry(_entry(tmp_path / "in", "a.py")) == SourceFile("a.py", b"x")


@contextmanager
def _ordinary_user() -> Iterator[None]:
    """Root may read everything, so it becomes nobody for a while."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_what_may_not_be_read_is_told_of() -> None:
    with tempfile.TemporaryDirectory() as made:
        root = write(Path(made), {"a.py": "", "closed/b.py": ""})
        root.chmod(0o755)
        (root / "a.py").chmod(0)
        (root / "closed").chmod(0)
        with _ordinary_user():
            source = opened(root)
            read = read_entry(source.entries[0])
        (root / "closed").chmod(0o700)
    assert reasons(source) == {"closed": "permission denied"}
    assert read == Skipped("a.py", "permission denied")


def test_names_that_are_not_utf8_are_written_so_that_they_can_be_had_back(tmp_path: Path) -> None:
    for name in (b"a\xff%.py", b"plain%41.py", b"b\xe9.py", b"b%E9.py"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(name)
    source = opened(tmp_path)
    assert paths(source) == ["a%FF%25.py", "b%E9.py", "plain%41.py"]
    assert contents(tmp_path, tmp_path / "work")["a%FF%25.py"] == b"a\xff%.py"
    assert contents(tmp_path, tmp_path / "work")["b%E9.py"] == b"b%E9.py"
    assert len(source.skipped) == 1
    for entry in source.entries:
        entry.path.encode()


def test_a_path_longer_than_the_system_takes_is_told_of(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=folder)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(os.open("a.py", os.O_CREAT, dir_fd=folder))
    os.close(folder)
    write(tmp_path, {"a.py": "x"})
    source = opened(tmp_path)
    assert paths(source) == ["a.py"]
    assert [skipped.reason for skipped in source.skipped] == ["file name too long"]


def test_deep_folders(tmp_path: Path) -> None:
    write(tmp_path, {"d/" * 300 + "a.py": "deep"})
    assert list(contents(tmp_path, tmp_path / "work").values()) == [b"deep"]


def test_limits_hold_for_folders(tmp_path: Path) -> None:
    write(tmp_path, {f"{number}.py": "x" * 10 for number in range(5)} | {"large.txt": "x" * 99})
    for limit, words in {
        "max_files": "more than 4",
        "max_file_bytes": "10 bytes",
        "max_total_bytes": "together",
    }.items():
        rules = dataclasses.replace(RULES, **{limit: 4})  # type: ignore[arg-type]
        with pytest.raises(SourceRefused, match=words) as error:
            open_source(str(tmp_path), rules, tmp_path / "work")
        assert "--exclude" in error.value.hint


def test_entries_are_read_in_other_processes(tmp_path: Path) -> None:
    source = opened(write(tmp_path, {"a.py": "1", "b/c.py": "2"}))
    assert pickle.loads(pickle.dumps(source.entries)) == source.entries
    with ProcessPoolExecutor(2) as pool:
        assert [
            file.data for file in pool.map(read_entry, source.entries) if isinstance(file, SourceFile)
        ] == [b"1", b"2"]


def test_one_file(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "a.py", "a.py": "x", "b.md": ""})
    git(tmp_path, "init", "-q")
    source = opened(tmp_path / "a.py")
    assert (source.name, paths(source)) == ("a", ["a.py"])
    assert read_entry(source.entries[0]) == SourceFile("a.py", b"x")
    with pytest.raises(InputError, match=r"b\.md") as error:
        opened(tmp_path / "b.md")
    assert ".ts" in error.value.hint


@pytest.mark.parametrize("location", ["", " ", "a\0b", "no/such/place", "no@rev"])
def test_a_location_that_means_nothing_is_told_of(location: str) -> None:
    with pytest.raises(InputError) as error:
        opened(location)
    assert error.value.hint


def test_a_folder_with_an_at_in_its_name_is_itself(tmp_path: Path) -> None:
    assert contents(write(tmp_path / "a@b", {"x.py": ""}), tmp_path / "work") == {"x.py": b""}


def test_everything_in_a_folder_is_read_where_that_is_asked_for(tmp_path: Path) -> None:
    """Whatever its repository leaves out, and whatever the repository around it does."""
    git(write(tmp_path, {".gitignore": "inner\n"}), "init", "-q")
    root = write(tmp_path / "inner", {".gitignore": "b.txt\n", "a.py": "", "b.txt": "b", "noext": ""})
    everything = dataclasses.replace(RULES, everything=True)
    with open_source(str(root), everything, tmp_path / "work") as source:
        assert paths(source) == [".gitignore", "a.py", "b.txt", "noext"]
