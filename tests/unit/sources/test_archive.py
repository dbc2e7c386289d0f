from __future__ import annotations

import dataclasses
import io
import lzma
import struct
import tarfile
import tempfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import SourceRefused
from app.sources import ReadRules, open_source
from tests.unit.sources.reading import RULES, contents, paths, reasons, write


def zipped(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return path


def tarred(path: Path, files: dict[str, bytes], mode: str = "w:gz", *more: tarfile.TarInfo) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for member in more:
            archive.addfile(member)
    return path


def member(name: str, kind: bytes, target: str = "", size: int = 0) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, target, size
    return made


MAKERS = [
    pytest.param(lambda folder, files: zipped(folder / "x.zip", files), id="zip"),
    pytest.param(lambda folder, files: tarred(folder / "x.tar.gz", files), id="tar"),
]
Maker = Callable[[Path, dict[str, bytes]], Path]


def refusal(archive: Path, rules: ReadRules = RULES) -> str:
    """The message of the refusal, after which nothing is left behind."""
    work = archive.parent / "work"
    with pytest.raises(SourceRefused) as error:
        open_source(str(archive), rules, work)
    assert error.value.hint
    assert not work.exists() or not list(work.iterdir())
    return str(error.value)


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [(".tar", "w"), (".tgz", "w:gz"), (".tar.gz", "w:gz"), (".tar.bz2", "w:bz2"), (".tar.xz", "w:xz")],
)
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_every_kind_of_tar_is_read(tmp_path: Path, suffix: str, mode: str, form: int) -> None:
    long = "d/" * 120 + "é.py"
    archive = tmp_path / f"code{suffix}"
    with tarfile.open(archive, mode, format=form) as made:  # type: ignore[call-overload]
        for name, data in {"a.py": b"1", "./b/c.ts": b"22" * 600, long: b"3", "empty.py": b""}.items():
            made.addfile(member(name, tarfile.REGTYPE, size=len(data)), io.BytesIO(data))
    expected = {"a.py": b"1", "b/c.ts": b"22" * 600, long: b"3", "empty.py": b""}
    assert contents(archive, tmp_path / "work") == expected


def test_zips_as_they_occur_are_read(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        """Cannot seek, so that sizes follow the data."""

        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += memoryview(data)  # type: ignore[arg-type]
            return memoryview(data).nbytes  # type: ignore[arg-type]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", "")
        archive.writestr("folder/é.py", "x" * 5000)
        with archive.open("wide.py", "w", force_zip64=True) as wide:
            wide.write(b"y")
        archive.writestr(zipfile.ZipInfo("stored.py"), "z", zipfile.ZIP_STORED)
        archive.comment = b"a comment"
    path = tmp_path / "code.zip"
    path.write_bytes(b"#!/a/program/in/front\n" + pipe.data)
    assert contents(path, tmp_path / "work") == {
        "folder/é.py": b"x" * 5000, "stored.py": b"z", "wide.py": b"y",
    }  # fmt: skip


@pytest.mark.parametrize("make", MAKERS)
def test_a_wrapping_folder_is_the_root_unless_it_is_a_package(tmp_path: Path, make: Maker) -> None:
    cases = {
        ("p-1.0/package.json", "p-1.0/src/a.py"): ["package.json", "src/a.py"],
        ("x/a.py", "x/b.txt"): ["a.py"],
        ("x/__init__.py", "x/a.py"): ["x/__init__.py", "x/a.py"],
        ("other/a.py",): ["other/a.py"],
        ("p/package.json", "p/a.py", "b.py"): ["b.py", "p/a.py", "p/package.json"],
        ("x.py",): ["x.py"],
        ("x/a.py", "__MACOSX/x/._a.py"): ["a.py"],
    }
    for names, expected in cases.items():
        with open_source(str(make(tmp_path, dict.fromkeys(names, b""))), RULES, tmp_path / "work") as source:
            assert (source.name, paths(source)) == ("x", expected)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    files=st.dictionaries(
        st.tuples(
            st.lists(
                st.sampled_from(["a", "b", "node_modules", ".git", "venv", "__pycache__"]), max_size=3
            ).map(tuple),
            st.sampled_from(["a.py", "b.ts", "c.txt", "package.json", "pyvenv.cfg"]),
        ),
        st.binary(max_size=20),
        max_size=10,
    ),
    ignores=st.dictionaries(
        st.sampled_from([".gitignore", "a/.gitignore", "b/a/.gitignore", ".git/info/exclude"]),
        st.sampled_from(["a.py\n", "/a\n!a.py", "*.ts\n!b.ts", "*", "b/", "**/a/*.py"]),
        max_size=3,
    ),
)
def test_an_archive_reads_as_the_folder_that_it_unpacks_to(
    files: dict[tuple[tuple[str, ...], str], bytes], ignores: dict[str, str]
) -> None:
    with tempfile.TemporaryDirectory() as made:
        top = Path(made)
        everything = {"/".join([*folders, name]): data for (folders, name), data in files.items()}
        everything |= {name: text.encode() for name, text in ignores.items()} | {"z.py": b"z", "y/z.py": b""}
        write(top / "tree", {})
        for name, data in everything.items():
            path = top / "tree" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        with open_source(f"{made}/tree", RULES, top / "work") as folder:
            expected = ([(entry.path, entry.size) for entry in folder.entries], folder.ignored)
            inside = {name: reason for name, reason in reasons(folder).items() if not name.endswith(".git")}
        for archive in (zipped(top / "x.zip", everything), tarred(top / "x.tgz", everything)):
            with open_source(str(archive), RULES, top / "work") as source:
                assert ([(entry.path, entry.size) for entry in source.entries], source.ignored) == expected
                assert reasons(source) == inside


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "name",
    ["../a.py", "a/../../b.py", "/etc/a.py", "C:/a.py", "c:a.py", "a\\b.py", "..\\a.py", "x/..", "../a.txt"],
)
def test_a_name_that_could_lead_out_is_refused(tmp_path: Path, make: Maker, name: str) -> None:
    assert "the name" in refusal(make(tmp_path, {"ok.py": b"", name: b""}))


def test_a_name_with_nul_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"aXb.py": b""})
    path.write_bytes(path.read_bytes().replace(b"aXb.py", b"a\0b.py"))
    assert "NUL" in refusal(path)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("names", "why"),
    [
        (("a/B.py", "A/b.py"), "case"),
        (("e\u0301.py", "\u00e9.py"), "case"),
        (("a.py", "a.py/b.py"), "both a file and a folder"),
        (("a.py/b.py", "a.py"), "both a file and a folder"),
        (("a.py", "a.py/b.txt"), "both a file and a folder"),
        (("./a.py", "a.py"), "twice"),
    ],
)
def test_names_that_collide_are_refused(
    tmp_path: Path, make: Maker, names: tuple[str, ...], why: str
) -> None:
    assert why in refusal(make(tmp_path, dict.fromkeys(names, b"x")))


def test_a_name_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    path = tarred(tmp_path / "x.tar", {"a.py": b"1"}, "w")
    with tarfile.open(path, "a") as archive:
        archive.addfile(member("a.py", tarfile.REGTYPE))
    assert "twice" in refusal(path)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zip_archive, pytest.warns(UserWarning):
        zip_archive.writestr("a.py", "1")
        zip_archive.writestr("a.py", "2")
    assert "twice" in refusal(tmp_path / "x.zip")


@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret.py", "..", "a/../../b.py", "..\\x"])
@pytest.mark.parametrize("name", ["l.py", "link"])
def test_a_link_out_is_refused(tmp_path: Path, target: str, name: str) -> None:
    assert "leads out" in refusal(
        tarred(tmp_path / "x.tgz", {}, "w:gz", member(name, tarfile.SYMTYPE, target))
    )
    link = zipfile.ZipInfo(name)
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(link, target)
    assert "leads out" in refusal(tmp_path / "x.zip")


def test_a_hard_link_out_is_refused(tmp_path: Path) -> None:
    assert "'..'" in refusal(
        tarred(tmp_path / "x.tgz", {}, "w:gz", member("a.py", tarfile.LNKTYPE, "../a.py"))
    )


def test_links_inside_are_told_and_hard_links_are_read(tmp_path: Path) -> None:
    links = (
        member("d/link.py", tarfile.SYMTYPE, "../a.py"),
        member("hard.py", tarfile.LNKTYPE, "a.py"),
        member("lost.py", tarfile.LNKTYPE, "a.txt"),
    )
    path = tarred(tmp_path / "x.tgz", {"a.py": b"data", "a.txt": b""}, "w:gz", *links)
    assert contents(path, tmp_path / "work") == {"a.py": b"data", "hard.py": b"data"}
    with open_source(str(path), RULES, tmp_path / "work") as source:
        assert reasons(source) == {
            "d/link.py": "link to a place inside, which is read there",
            "lost.py": "hard link to a file that is not read",
        }


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE])
def test_devices_pipes_and_sparse_files_are_refused(tmp_path: Path, kind: bytes) -> None:
    assert "'dev'" in refusal(tarred(tmp_path / "x.tar", {}, "w", member("dev", kind)))


def test_a_device_in_a_zip_is_refused(tmp_path: Path) -> None:
    device = zipfile.ZipInfo("a.py")
    device.external_attr = 0o020644 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(device, "")
    assert "device" in refusal(tmp_path / "x.zip")


@pytest.mark.parametrize("make", MAKERS)
def test_a_bomb_is_refused_while_it_unpacks(tmp_path: Path, make: Maker) -> None:
    rules = dataclasses.replace(RULES, max_file_bytes=2**30, max_total_bytes=2**30, max_archive_ratio=20)
    path = make(tmp_path, {"a.py": bytes(2**23)})
    tracemalloc.start()
    assert "times its size" in refusal(path, rules)
    assert tracemalloc.get_traced_memory()[1] < 2**21
    tracemalloc.stop()


@pytest.mark.parametrize("make", MAKERS)
def test_limits_hold_for_archives(tmp_path: Path, make: Maker) -> None:
    path = make(tmp_path, {f"{number}.py": bytes([number]) * 1000 for number in range(12)})
    assert contents(path, tmp_path / "work")
    assert "more than 11 files" in refusal(path, dataclasses.replace(RULES, max_files=11))
    assert "any kind" in refusal(path, dataclasses.replace(RULES, max_files=1))
    assert "999" in refusal(path, dataclasses.replace(RULES, max_file_bytes=999))
    assert "11999 bytes" in refusal(path, dataclasses.replace(RULES, max_total_bytes=11_999))


def test_a_size_that_lies_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.py": b"12345678" * 100})
    honest = path.read_bytes()
    for lie in (0, 10, 801):
        path.write_bytes(honest.replace(struct.pack("<L", 800), struct.pack("<L", lie)))
        assert "a.py" in refusal(path)


def test_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.py": b"plain text"}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"plain", b"plane"))
    assert "checksum" in refusal(path)


def _directory_entry(path: Path, name: bytes) -> tuple[bytes, int]:
    data = path.read_bytes()
    return data, data.index(b"PK\x01\x02", data.rindex(name) - 60)


def test_entries_that_share_bytes_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.py": b"kernel" * 50, "b.py": b"kernel" * 50})
    data, second = _directory_entry(path, b"b.py")
    first = data.index(b"PK\x01\x02")
    # the second entry points at the first one's data, as the entries of an overlap bomb all do
    path.write_bytes(data[: second + 42] + data[first + 42 : first + 46] + data[second + 46 :])
    assert "share bytes" in refusal(path)


def test_an_entry_that_reaches_into_the_next_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.py": b"x" * 9, "b.py": b"y" * 9}, zipfile.ZIP_STORED)
    data, _ = _directory_entry(path, b"a.py")
    # a longer extra field in the local header moves the data into the next entry
    path.write_bytes(data[:28] + b"\x05\x00" + data[30:])
    assert "reaches into" in refusal(path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.py": b"secret"})
    data, entry = _directory_entry(path, b"a.py")
    path.write_bytes(data[: entry + 8] + b"\x01" + data[entry + 9 :])
    assert "encrypted" in refusal(path)


def test_a_method_that_is_not_supported_is_named(tmp_path: Path) -> None:
    assert "method 14" in refusal(zipped(tmp_path / "x.zip", {"a.py": b"x" * 99}, zipfile.ZIP_LZMA))


def _raw_header(name: bytes, kind: bytes, size: bytes) -> bytes:
    block = bytearray(512)
    block[:100], block[124:136], block[156:157] = name.ljust(100, b"\0"), size.ljust(12, b"\0"), kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (_raw_header(b"a.py", b"0", b"\xff" * 12), "holds no number"),
        (_raw_header(b"a.py", b"0", b"-0000000512"), "holds no number"),
        (_raw_header(b"a.py", b"0", b"\x80" + b"\xff" * 11), "ends in the middle"),
        (_raw_header(b"x", b"x", b"77777777777"), "extended header has"),
        (_raw_header(b"x", b"L", b"77777777777"), "extended header has"),
        (_raw_header(b"x", b"x", b"00000000012") + b"99 path=a\n".ljust(512, b"\0"), "damaged"),
        (_raw_header(b"a.py", b"0", b"00000000001"), "ends in the middle"),
        (b"\x01" * 600, "holds no number"),
        (_raw_header(b"a.py", b"0", b"0").replace(b"a.py", b"b.py"), "checksum"),
        (_raw_header(b"a.py", b"0", b"0")[:400], "middle of a header"),
    ],
)
def test_a_tar_with_hostile_headers_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(data)
    assert why in refusal(path)


def test_an_xz_that_wants_two_gigabytes_of_memory_is_refused(tmp_path: Path) -> None:
    packed = bytearray(lzma.compress(bytes(10240)))
    block, length = 12, (packed[12] + 1) * 4
    packed[packed.index(b"\x21\x01") + 2] = 38  # the size of the dictionary, as a logarithm
    packed[block + length - 4 : block + length] = struct.pack(
        "<L", zlib.crc32(packed[block : block + length - 4])
    )
    path = tmp_path / "x.tar.xz"
    path.write_bytes(packed)
    with pytest.raises(SourceRefused) as error:
        open_source(str(path), RULES, tmp_path / "work")
    assert "Memory usage limit" in str(error.value.__cause__)


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz", ".tar"])
@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"no archive at all" * 99])
def test_what_is_no_archive_is_refused(tmp_path: Path, suffix: str, data: bytes) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(data)
    refusal(path)


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(["zip", "tar", "tgz"]),
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4),
    keep=st.integers(0, 10**6) | st.none(),
)
def test_a_damaged_archive_is_read_or_refused(
    kind: str, changes: list[tuple[int, int]], keep: int | None
) -> None:
    files = {"a.py": b"print(1)\n" * 9, "d/b.ts": b"let x = 1", ".gitignore": b"x", "d/c.txt": b"no"}
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / f"x.{kind}"
        if kind == "zip":
            zipped(path, files)
        else:
            tarred(path, files, "w" if kind == "tar" else "w:gz")
        data = bytearray(path.read_bytes())
        for at, byte in changes:
            data[at % len(data)] = byte
        path.write_bytes(data[: keep % len(data)] if keep is not None else data)
        try:
            contents(path, Path(made) / "work")
        except SourceRefused as error:
            assert error.hint
        assert not (Path(made) / "work").exists() or not list((Path(made) / "work").iterdir())


@pytest.mark.parametrize("make", MAKERS)
def test_everything_is_read_where_that_is_asked_for(make: Maker, tmp_path: Path) -> None:
    """Also what a packed `.gitignore` names, since it was packed all the same; not folders of tools."""
    files = {
        "p-1/.gitignore": b"_version.py\n*.bin\n",
        "p-1/PKG-INFO": b"Name: p\n",
        "p-1/p/_version.py": b"v = 1\n",
        "p-1/p/data.bin": b"\0\xff",
        "p-1/p/__pycache__/x.pyc": b"x",
    }
    everything = dataclasses.replace(RULES, everything=True)
    read = contents(make(tmp_path, files), tmp_path / "work", everything)
    assert read == {
        name.removeprefix("p-1/"): data for name, data in files.items() if "__pycache__" not in name
    }
