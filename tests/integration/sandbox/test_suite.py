"""A workspace's tests: what passed, what failed and through which lines, however the run ends."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import InputError
from app.sandbox import Failure, Frame, Limits, SuiteOutcome, TestReport, run_tests
from tests.integration.sandbox.conftest import write

CALC = (
    "def add(a, b):\n    return a - b\n\n\nclass Deep:\n    def go(self):\n        return add(1, {})['x']\n"
)
SPIN = "def spin():\n    while True:\n        pass\n"


def counts(report: TestReport) -> tuple[int, int, int, int]:
    return report.passed, report.failed, report.errors, report.skipped


def places(failure: Failure) -> list[tuple[str, int, str]]:
    return [(each.path, each.line, each.function) for each in failure.frames]


def by_test(report: TestReport) -> dict[str, Failure]:
    return {each.test: each for each in report.failures}


async def test_tests_that_pass(folder: Path) -> None:
    write(
        folder,
        {
            "pkg/__init__.py": "",
            "pkg/m.py": "X = 1",
            "tests/test_m.py": "from pkg.m import X\ndef test_x(): assert X == 1",
        },
    )
    report = await run_tests(folder)
    assert report.outcome is SuiteOutcome.PASSED
    assert (counts(report), report.failures, report.reason) == ((1, 0, 0, 0), (), "")
    assert "1 passed" in report.run.stdout


async def test_each_kind_of_result_is_counted_once_and_leads_to_its_lines(folder: Path) -> None:
    write(folder, {
        "pkg/__init__.py": "", "pkg/calc.py": CALC,
        "tests/test_calc.py": """\
import pytest
from pkg.calc import add, Deep

def test_right(): assert add(2, 1) == 1
def test_wrong():
    assert add(1, 2) == 3
def test_deep():
    Deep().go()
@pytest.mark.skip
def test_skipped(): pass
@pytest.mark.xfail
def test_expected(): assert False
@pytest.mark.xfail(strict=True)
def test_unexpected(): pass
@pytest.fixture
def broken(): raise ValueError("no fixture")
def test_fixture(broken): pass
@pytest.fixture
def untidy():
    yield
    raise OSError("untidy")
def test_teardown(untidy): pass
@pytest.mark.parametrize("n", [1, 2])
def test_each(n): assert n == 1
async def test_later(): assert add(1, 0) == 1
""",
    })  # fmt: skip
    report = await run_tests(folder)
    assert report.outcome is SuiteOutcome.FAILED
    assert counts(report) == (3, 4, 2, 2)
    found = {name.partition("::")[2]: each for name, each in by_test(report).items()}
    assert set(found) == {
        "test_wrong",
        "test_deep",
        "test_unexpected",
        "test_fixture",
        "test_teardown",
        "test_each[2]",
    }
    assert found["test_wrong"].message.startswith("AssertionError: assert -1 == 3")
    assert places(found["test_wrong"]) == [("tests/test_calc.py", 6, "test_wrong")]
    assert places(found["test_deep"]) == [
        ("tests/test_calc.py", 8, "test_deep"), ("pkg/calc.py", 7, "Deep.go"), ("pkg/calc.py", 2, "add"),
    ]  # fmt: skip
    assert found["test_deep"].message.startswith("TypeError: unsupported operand")
    assert (found["test_fixture"].phase, found["test_teardown"].phase) == ("setup", "teardown")
    assert found["test_unexpected"].message == "[XPASS(strict)]"


async def test_the_style_of_unittest(folder: Path) -> None:
    write(folder, {
        "thing.py": "def half(n):\n    return n // 2\n",
        "tests.py": """\
import unittest
from thing import half

class HalfTest(unittest.TestCase):
    def setUp(self): self.four = 4
    def test_even(self): self.assertEqual(half(self.four), 2)
    def test_odd(self): self.assertEqual(half(3), 1.5)
    def test_many(self):
        for n in range(4):
            with self.subTest(n=n):
                self.assertEqual(half(n) * 2, n)
    @unittest.skip("later")
    def test_later(self): pass
    @unittest.expectedFailure
    def test_expected(self): self.fail()

class Async(unittest.IsolatedAsyncioTestCase):
    async def test_async(self): self.assertTrue(True)
""",
    })  # fmt: skip
    report = await run_tests(folder)
    assert counts(report) == (2, 2, 0, 2)
    assert [each.test for each in report.failures].count("tests.py::HalfTest::test_many") == 2
    assert places(by_test(report)["tests.py::HalfTest::test_odd"]) == [("tests.py", 7, "HalfTest.test_odd")]


async def test_a_file_that_cannot_be_imported_does_not_hide_the_others(folder: Path) -> None:
    write(folder, {
        "tests/test_good.py": "def test_good(): pass",
        "tests/test_missing.py": "import pkg.uses",
        "tests/test_syntax.py": "def test_x(:\n    pass",
        "tests/test_leaves.py": "import sys\nsys.exit(0)",
        "pkg/uses.py": "\nimport not_there",
    })  # fmt: skip
    report = await run_tests(folder)
    assert (report.outcome, counts(report)) == (SuiteOutcome.FAILED, (1, 0, 3, 0))
    found = by_test(report)
    assert {each.phase for each in report.failures} == {"collect"}
    assert found["tests/test_missing.py"].message == "ModuleNotFoundError: No module named 'not_there'"
    assert places(found["tests/test_missing.py"])[-1] == ("pkg/uses.py", 2, "<module>")
    assert places(found["tests/test_syntax.py"]) == [("tests/test_syntax.py", 1, "<module>")]
    assert found["tests/test_leaves.py"].message == "SystemExit: 0"
    assert places(found["tests/test_leaves.py"]) == [("tests/test_leaves.py", 2, "<module>")]


async def test_a_conftest_that_fails_is_named(folder: Path) -> None:
    write(folder, {"conftest.py": "import os\n1 / 0\n", "test_x.py": "def test_x(): pass"})
    report = await run_tests(folder)
    assert report.outcome is SuiteOutcome.FAILED
    assert report.failures == (
        Failure("conftest.py", "collect", "ZeroDivisionError: division by zero", (Frame("conftest.py", 2, "<module>"),)),
    )  # fmt: skip


async def test_fixtures_of_the_workspace_work(folder: Path) -> None:
    write(folder, {
        "conftest.py": "import pytest\n@pytest.fixture\ndef seven(): return 7",
        "test_x.py": "from pathlib import Path\ndef test_x(seven, tmp_path, monkeypatch, capsys):\n assert seven == 7\n (tmp_path / 'a').write_text('b')\n Path('beside').write_text('c')",
    })  # fmt: skip
    report = await run_tests(folder)
    assert report.outcome is SuiteOutcome.PASSED
    assert not (folder / "beside").exists()


async def test_packages_below_src_are_found(folder: Path) -> None:
    write(
        folder,
        {"src/pkg/__init__.py": "X = 1", "tests/test_x.py": "import pkg\ndef test_x(): assert pkg.X == 1"},
    )
    assert (await run_tests(folder)).outcome is SuiteOutcome.PASSED


@pytest.mark.parametrize("paths", [["a/test_one.py"], ["a"], ["b/test_two.py::test_two"]])
async def test_only_what_was_asked_for_runs(folder: Path, paths: list[str]) -> None:
    write(
        folder,
        {
            "a/test_one.py": "def test_one(): pass",
            "b/test_two.py": "def test_two(): pass\ndef test_three(): assert 0",
        },
    )
    report = await run_tests(folder, paths)
    assert (report.outcome, counts(report)) == (SuiteOutcome.PASSED, (1, 0, 0, 0))


@pytest.mark.parametrize(
    "path", ["missing.py", "../outside.py", "/etc/passwd", "-p", "--collect-only", "a/../../x.py"]
)
async def test_a_path_that_is_not_in_the_workspace_is_refused(folder: Path, path: str) -> None:
    (folder.parent / "outside.py").write_text("")
    with pytest.raises(InputError, match="in the workspace"):
        await run_tests(folder, [path])


@pytest.mark.parametrize(
    "files",
    [{}, {"test_x.py": "X = 1"}, {"notes.txt": "def test_x(): pass"},
     {"test_x.py": "import pytest\n@pytest.mark.skip\ndef test_x(): pass"},
     {"test_x.py": "import pytest\npytest.skip(allow_module_level=True)"}],
    ids=["no file", "no test", "no code", "all skipped", "file skipped"],
)  # fmt: skip
async def test_no_test_is_not_a_pass(folder: Path, files: dict[str, str]) -> None:
    report = await run_tests(write(folder, files))
    assert (report.outcome, report.passed) == (SuiteOutcome.NO_TESTS, 0)
    assert report.reason


async def test_a_test_that_hangs_is_named_with_its_lines_and_the_others_count(folder: Path) -> None:
    write(
        folder,
        {
            "m.py": SPIN,
            "test_m.py": "from m import spin\ndef test_a(): pass\ndef test_b(): spin()\ndef test_c(): pass",
        },
    )
    report = await run_tests(folder, limits=Limits(seconds=6))
    assert (report.outcome, counts(report)) == (SuiteOutcome.TIMED_OUT, (1, 1, 0, 0))
    (failure,) = report.failures
    assert (failure.test, failure.message) == ("test_m.py::test_b", "it was still running after 6 s")
    assert [(each.path, each.function) for each in failure.frames] == [
        ("test_m.py", "test_b"),
        ("m.py", "spin"),
    ]


async def test_a_file_that_hangs_is_named_with_its_lines(folder: Path) -> None:
    write(folder, {"test_m.py": "import time\ntime.sleep(1e6)"})
    report = await run_tests(folder, limits=Limits(seconds=5))
    assert (report.outcome, counts(report)) == (SuiteOutcome.TIMED_OUT, (0, 0, 1, 0))
    assert report.failures[0].phase == "collect"
    assert places(report.failures[0]) == [("test_m.py", 2, "<module>")]


@pytest.mark.parametrize(
    "way",
    ["import os; os._exit(0)", "import os; os._exit(5)", "import ctypes; ctypes.string_at(0)", "import os; os.kill(os.getpid(), 9)",
     "import os; os.closerange(3, 256); os._exit(0)", "import os; os.execlp('true', 'true')"],
)  # fmt: skip
async def test_a_test_that_ends_the_process_failed(folder: Path, way: str) -> None:
    write(folder, {"test_m.py": f"def test_a(): pass\ndef test_b():\n    {way}\ndef test_c(): pass"})
    report = await run_tests(folder)
    assert report.outcome is SuiteOutcome.FAILED
    assert (report.passed, report.failed) == (1, 1)
    assert report.failures[0].test == "test_m.py::test_b"
    assert "ended early" in report.reason


async def test_a_test_that_takes_all_memory(folder: Path) -> None:
    program = "import mmap, os, time\ndef test_a():\n for _ in range(4):\n  if os.fork() == 0:\n   mmap.mmap(-1, 200 << 20).write(b'x' * (200 << 20)); time.sleep(60)\n time.sleep(60)"
    report = await run_tests(write(folder, {"test_m.py": program}), limits=Limits(memory_mb=300))
    assert (report.outcome, report.failed) == (SuiteOutcome.OUT_OF_MEMORY, 1)


@pytest.mark.parametrize(
    "said",
    [
        "not json",
        '{"kind": "end"}',
        '{"kind": "unknown"}',
        "[]",
        '{"kind": "result", "phase": 3}',
        "\\xff\\x00",
    ],
)
async def test_what_a_test_puts_among_the_results_makes_no_pass(folder: Path, said: str) -> None:
    program = f"import os\ndef test_a(): pass\ndef test_b():\n for fd in range(3, 256):\n  try: os.write(fd, b'''{said}\\n''')\n  except OSError: pass\n os._exit(0)"
    report = await run_tests(write(folder, {"test_m.py": program}))
    assert report.outcome is SuiteOutcome.FAILED


async def test_a_forged_end_makes_no_pass(folder: Path) -> None:
    forged = '{"kind": "end", "status": 0}'
    program = f"import os\ndef test_a(): pass\ndef test_b():\n for fd in range(3, 256):\n  try: os.write(fd, b'''{forged}\\n''')\n  except OSError: pass\n os._exit(0)"
    report = await run_tests(write(folder, {"test_m.py": program}))
    assert (report.outcome, report.failures[0].test) == (SuiteOutcome.FAILED, "test_m.py::test_b")


@pytest.mark.parametrize(
    ("name", "text"),
    [("pytest.ini", "[pytest]\naddopts = --collect-only -p evil\npython_files = none"),
     ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '--collect-only -p evil'"),
     ("tox.ini", "[pytest]\naddopts = -k nothing"),
     ("setup.cfg", "[tool:pytest]\naddopts = --ignore=test_x.py"),
     (".pytest.ini", "[pytest]\naddopts = --version"),
     ("evil.py", "raise SystemExit(0)"),
     ("sitecustomize.py", "raise SystemExit(0)"),
     ("usercustomize.py", "raise SystemExit(0)"),
     ("pytest.py", "raise SystemExit(0)"),
     ("_pytest/__init__.py", "raise SystemExit(0)"),
     ("json.py", "raise SystemExit(0)"),
     ("pluggy.py", "raise SystemExit(0)")],
)  # fmt: skip
async def test_the_workspace_does_not_configure_its_judge(folder: Path, name: str, text: str) -> None:
    write(folder, {name: text, "test_x.py": "def test_x(): assert 1 == 2"})
    report = await run_tests(folder)
    assert (report.outcome, counts(report)) == (SuiteOutcome.FAILED, (0, 1, 0, 0))


async def test_long_messages_and_many_tests(folder: Path) -> None:
    write(
        folder,
        {
            "test_x.py": "import pytest\n@pytest.mark.parametrize('n', range(1500))\ndef test_n(n): assert n % 3, 'x' * 100_000"
        },
    )
    report = await run_tests(folder)
    assert counts(report) == (1000, 500, 0, 0)
    assert len(report.failures) == 500
    assert max(len(each.message) for each in report.failures) <= 4000


async def test_messages_that_cannot_be_made(folder: Path) -> None:
    program = "class Bad(Exception):\n def __str__(self): raise ValueError\ndef test_x(): raise Bad\ndef test_y(): raise Exception('\\ud800 \\x1b[31m')"
    report = await run_tests(write(folder, {"test_x.py": program}))
    assert counts(report) == (0, 2, 0, 0)
    assert "Bad" in by_test(report)["test_x.py::test_x"].message


@pytest.mark.skipif(
    shutil.which("setpriv") is None
    or not Path("/proc/self/uid_map").read_text().split()[2].startswith("42949"),
    reason="takes setpriv and a root that has rights to lose",
)
def test_where_the_kernel_forbids_it_nothing_passes(folder: Path) -> None:
    write(folder, {"test_x.py": "def test_x(): pass"})
    program = (
        "import asyncio, pathlib, sys; from app.sandbox import check_imports, run, run_tests; f = pathlib.Path(sys.argv[1]);"
        "r = asyncio.run(run(f, ['true'])); t = asyncio.run(run_tests(f)); i = asyncio.run(check_imports(f, ['test_x']));"
        "print(r.outcome, t.outcome, t.passed, i.outcome, i.results, r.exit_code, '|', r.reason)"
    )
    command = [
        "setpriv",
        "--bounding-set=-sys_admin",
        "--inh-caps=-sys_admin",
        sys.executable,
        "-c",
        program,
        str(folder),
    ]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert said.startswith("not_run not_run 0 not_run () None | ")
    assert "forbids" in said


@pytest.mark.parametrize(
    "way", ["import pytest; pytest.exit('enough', returncode=0)", "raise KeyboardInterrupt"]
)
async def test_a_test_that_stops_the_session_failed(folder: Path, way: str) -> None:
    write(folder, {"test_m.py": f"def test_a(): pass\ndef test_b():\n    {way}\ndef test_c(): pass"})
    report = await run_tests(folder)
    assert (report.outcome, report.passed, report.failed) == (SuiteOutcome.FAILED, 1, 1)
    assert report.failures[0].test == "test_m.py::test_b"


async def test_a_test_that_floods_the_results_failed(folder: Path) -> None:
    program = 'import os\ndef test_a(): pass\ndef test_b():\n while True:\n  for fd in range(3, 256):\n   try: os.write(fd, b\'{"kind": "collected"}\\n\' * 1000)\n   except OSError: pass'
    report = await run_tests(write(folder, {"test_m.py": program}))
    assert report.outcome is SuiteOutcome.FAILED
    assert "wrote more than" in report.reason
