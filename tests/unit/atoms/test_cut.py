"""Cutting files into atoms: lossless, within the limits, at the right places."""

from __future__ import annotations

import random
from pathlib import Path

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.atoms.cut import MAX_COMPLEXITY, MAX_LOC
from app.model.source import SourceFile
from app.pipeline.analyse import analyse
from app.resolve.summary import FileSummary
from tests.unit.programs import javascript_programs, mutations, python_programs, typescript_programs

_REAL_PYTHON = sorted(Path(networkx.__file__).parent.rglob("*.py"))


def summary_of(path: str, data: bytes) -> FileSummary:
    return analyse("plan", 0, "module", SourceFile(path, data))


def assert_lossless(path: str, data: bytes) -> None:
    """Invariant 1, and that no atom is larger than it may be without saying so."""
    summary = summary_of(path, data)
    encoding = summary.record.encoding
    assert b"".join(atom.code.encode(encoding) for atom in summary.atoms) == data
    at = 0
    for atom in summary.atoms:
        assert atom.start_byte == at
        assert data[atom.start_byte : atom.end_byte] == atom.code.encode(encoding)
        at = atom.end_byte
        assert atom.indivisible or (atom.loc <= MAX_LOC and atom.complexity <= MAX_COMPLEXITY)
    assert at == len(data)
    assert len({atom.atom_id for atom in summary.atoms}) == len(summary.atoms)


@given(python_programs())
def test_random_python_is_lossless(program: str) -> None:
    assert_lossless("m.py", program.encode())


@given(javascript_programs())
def test_random_javascript_is_lossless(program: str) -> None:
    assert_lossless("m.js", program.encode())


@given(typescript_programs())
def test_random_typescript_is_lossless(program: str) -> None:
    assert_lossless("m.tsx" if "<div" in program else "m.ts", program.encode())


@given(st.randoms(use_true_random=False))
def test_mutated_real_files_are_lossless(rng: random.Random) -> None:
    data = rng.choice(_REAL_PYTHON).read_bytes()[:20_000]
    assert_lossless("m.py", mutations(rng, data))


@given(st.binary(max_size=300), st.sampled_from(["m.py", "m.ts", "m.tsx", "m.js"]))
def test_any_bytes_are_lossless(data: bytes, path: str) -> None:
    assert_lossless(path, data)


_LINES = b"x = 1\ndef f(a):\n    return a + x\n\n\nclass C:\n    y = 2\n"


@pytest.mark.parametrize(
    ("data", "status", "newline"),
    [
        (b"", "ok", "none"),
        (_LINES, "ok", "lf"),
        (_LINES.rstrip(b"\n"), "ok", "lf"),
        (_LINES.replace(b"\n", b"\r\n"), "ok", "crlf"),
        (_LINES.replace(b"\n", b"\r"), "ok", "cr"),
        (_LINES + b"z = 3\r\n", "ok", "mixed"),
        (b"\xef\xbb\xbf" + _LINES, "ok", "lf"),
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "ok", "lf"),
        (b"# coding: shift_jis\nx = '\x83e'\n", "ok", "lf"),
        (b"x = 1\x0c\n\x0cy = 2\n", "ok", "lf"),
        (b"if x:\n\ty = 1\n", "ok", "lf"),
        ("x = 1\n".encode("utf-16"), "opaque", "lf"),
        (b"# coding: nonsense\nx = 1\n", "opaque", "lf"),
        (b"x = '\xff'\n", "recovered", "lf"),
        (b"def f(:\n    pass\nx = 1\ny = 2\nz = 3\n", "recovered", "lf"),
    ],
)
def test_encodings_and_line_ends(data: bytes, status: str, newline: str) -> None:
    assert_lossless("m.py", data)
    record = summary_of("m.py", data).record
    assert (record.parse_status, record.newline) == (status, newline)


@pytest.mark.parametrize("path", ["m.py", "m.js", "m.ts"])
@pytest.mark.parametrize("brackets", [b"([", b"[["])
def test_ten_thousand_brackets(path: str, brackets: bytes) -> None:
    closing = {b"([": b"])", b"[[": b"]]"}[brackets]
    assert_lossless(path, b"x = " + brackets * 5_000 + closing * 5_000 + b"\ny = x\n")


def test_long_chains_do_not_recurse() -> None:
    assert_lossless("m.py", b"x = " + b" + ".join(b"a%d" % n for n in range(5_000)) + b"\n")
    assert_lossless("m.py", b"x = " + b" or ".join(b"a%d" % n for n in range(5_000)) + b"\n")
    assert_lossless("m.py", b"x = a" + b".b()" * 3_000 + b"\n")


def kinds(source: str) -> list[tuple[str, str]]:
    return [(atom.kind, atom.name) for atom in summary_of("m.py", source.encode()).atoms]


def test_small_neighbours_share_an_atom() -> None:
    assert kinds("import a\nimport b\nfrom c import d\n\nX = 1\nY = 2\n") == [
        ("import", "a, b, d"),
        ("constant", "X, Y"),
    ]


def test_a_comment_and_a_decorator_stay_with_what_follows() -> None:
    atoms = summary_of("m.py", b"X = 1\n\n\n# about f\n@d\ndef f():\n    return X\n").atoms
    assert [atom.code for atom in atoms] == ["X = 1\n", "\n\n# about f\n@d\ndef f():\n    return X\n"]


def test_a_long_function_is_a_head_and_groups() -> None:
    body = "".join(f"    if a{n}:\n        b{n} = {n}\n" for n in range(9))
    atoms = summary_of("m.py", f'def f(a):\n    """Doc."""\n{body}'.encode()).atoms
    assert (atoms[0].kind, atoms[0].name, atoms[0].docstring) == ("function_head", "f", '"""Doc."""')
    assert {atom.kind for atom in atoms[1:]} == {"block"}
    assert all(atom.complexity <= MAX_COMPLEXITY for atom in atoms)


def test_a_class_is_a_head_and_its_members() -> None:
    methods = "".join(f"    def m{n}(self):\n" + "        x = 1\n" * 9 for n in range(3))
    assert kinds(f"class C:\n    y = 1\n{methods}") == [
        ("class_head", "C"),
        ("constant", "y"),
        ("method", "m0"),
        ("method", "m1"),
        ("method", "m2"),
    ]


def test_one_large_literal_is_indivisible() -> None:
    atoms = summary_of("m.py", ("X = {\n" + "    1: 2,\n" * 40 + "}\n").encode()).atoms
    assert [(atom.loc, atom.indivisible) for atom in atoms] == [(42, True)]


def test_docstrings_and_comments_are_not_code_lines() -> None:
    atoms = summary_of("m.py", b'def f():\n    """One.\n\n    Two.\n    """\n    # why\n    return 1\n').atoms
    assert [atom.loc for atom in atoms] == [2]


def test_an_edit_changes_only_the_atoms_that_it_touches() -> None:
    source = Path(networkx.__file__).with_name("convert.py").read_bytes()
    before = {atom.atom_id for atom in summary_of("m.py", source).atoms}
    edited = source.replace(b"def from_dict_of_lists(d, ", b"def from_dict_of_lists(e, ", 1)
    assert edited != source
    after = {atom.atom_id for atom in summary_of("m.py", edited).atoms}
    assert len(before - after) == 1
    assert len(after - before) == 1
