"""Which modules of a workspace can be imported, and where the others fail."""

from __future__ import annotations

from pathlib import Path

from app.sandbox import ImportResult, Limits, Outcome, check_imports
from tests.integration.sandbox.conftest import write


async def test_each_module_has_its_result(folder: Path) -> None:
    write(folder, {
        "pkg/__init__.py": "",
        "pkg/good.py": "X = 1",
        "pkg/missing.py": "import pkg.good\n\nimport not_there",
        "pkg/name.py": "from pkg.good import Y",
        "pkg/syntax.py": "x = 1\ny = (",
        "pkg/deep.py": "import pkg.fails",
        "pkg/fails.py": "def f():\n    return {}['key']\nf()",
        "pkg/leaves.py": "raise SystemExit(0)",
        "src/below.py": "",
    })  # fmt: skip
    names = [
        "pkg.good",
        "pkg.missing",
        "pkg.name",
        "pkg.syntax",
        "pkg.deep",
        "pkg.leaves",
        "pkg.absent",
        "below",
    ]
    report = await check_imports(folder, names)
    assert (report.outcome, [each.module for each in report.results]) == (Outcome.FAILED, names)
    found = {each.module: each for each in report.results}
    assert {name for name, each in found.items() if each.ok} == {"pkg.good", "below"}
    places = {name: (each.error_type, each.path, each.line) for name, each in found.items() if not each.ok}
    assert places == {
        "pkg.missing": ("ModuleNotFoundError", "pkg/missing.py", 3),
        "pkg.name": ("ImportError", "pkg/name.py", 1),
        "pkg.syntax": ("SyntaxError", "pkg/syntax.py", 2),
        "pkg.deep": ("KeyError", "pkg/fails.py", 2),
        "pkg.leaves": ("SystemExit", "pkg/leaves.py", 1),
        "pkg.absent": ("ModuleNotFoundError", "", 0),
    }
    assert found["pkg.missing"].message == "No module named 'not_there'"


async def test_all_can_be_imported(folder: Path) -> None:
    report = await check_imports(write(folder, {"a.py": "", "b.py": "import a"}), ["a", "b"])
    assert report.outcome is Outcome.PASSED
    assert report.results == (ImportResult("a", True), ImportResult("b", True))


async def test_a_module_that_ends_the_process(folder: Path) -> None:
    write(folder, {"a.py": "", "b.py": "import os; os._exit(0)", "c.py": ""})
    report = await check_imports(folder, ["a", "b", "c"])
    assert report.outcome is Outcome.FAILED
    assert [(each.ok, each.tried) for each in report.results] == [(True, True), (False, True), (False, False)]
    assert "exit code 0" in report.results[1].message


async def test_a_module_that_never_ends(folder: Path) -> None:
    write(folder, {"a.py": "while True: pass", "b.py": ""})
    report = await check_imports(folder, ["a", "b"], limits=Limits(seconds=2))
    assert report.outcome is Outcome.TIMED_OUT
    assert [(each.ok, each.tried) for each in report.results] == [(False, True), (False, False)]
    assert "still running" in report.results[0].message


async def test_the_services_own_code_is_not_there(folder: Path) -> None:
    report = await check_imports(folder, ["app.sandbox", "app"])
    assert [each.error_type for each in report.results] == ["ModuleNotFoundError"] * 2


async def test_as_many_modules_as_there_are(folder: Path) -> None:
    names = [f"{'m' * 50}{number}" for number in range(3000)]
    report = await check_imports(write(folder, {f"{names[-1]}.py": ""}), names)
    assert [each.ok for each in report.results] == [False] * 2999 + [True]
