from __future__ import annotations

from app.execution.baseline import known_as
from app.execution.checks import (
    FindingKind,
    import_findings,
    modules_of,
    name_findings,
    part_findings,
    static_findings,
    syntax_findings,
)
from app.execution.parts import AssembledFile


def file(text: str, path: str = "a.py") -> AssembledFile:
    return AssembledFile(path, text, ())


def imports(text: str, others: dict[str, str], *, path: str = "a.py", externals: bool = False) -> list[str]:
    found = import_findings(file(text, path), modules_of([path, *others]), others.get, externals=externals)
    return [each.message for each in found]


def test_syntax_is_checked_by_kind_of_file() -> None:
    assert [each.line for each in syntax_findings(file("x = 1\ndef f(:\n"))] == [2]
    assert syntax_findings(file("{]", "a.json"))
    assert syntax_findings(file("a = = 1", "a.toml"))
    assert not syntax_findings(file("x = 1\n"))
    assert not syntax_findings(file("{]", "notes.md"))


def test_code_that_was_cut_off_inside_brackets_or_text_is_found_in_its_part() -> None:
    assert part_findings("a.py", "x = [1,\n")
    assert part_findings("a.py", 'x = """open\n')
    assert not part_findings("a.py", "    return x\n\n  def f(self):\n    pass\n")
    assert not part_findings("a.md", "x = [1,\n")


async def test_names_that_nothing_binds_are_found_with_their_file_and_line() -> None:
    found = await name_findings(
        [file("import os\nprint(os.sep, missing)\n", "pkg/a.py"), file("x = 1\n", "b.py")]
    )
    assert [(each.kind, each.path, each.line) for each in found] == [
        (FindingKind.UNDEFINED_NAME, "pkg/a.py", 2)
    ]


def test_imports_lead_to_the_plan_the_library_or_what_is_installed() -> None:
    others = {"pkg/__init__.py": "", "pkg/b.py": "def f(): ...\n"}
    good = "import os.path, json\nfrom pkg import b\nfrom pkg.b import f\nimport pkg.b\nfrom collections.abc import Set\n"
    assert imports(good, others) == []
    assert imports("from .b import f\nfrom . import b\nfrom .. import x\n", others, path="pkg/a.py") != []
    assert imports("from .b import f\nfrom . import b\n", others, path="pkg/a.py") == []
    assert len(imports("import nowhere_at_all\n", others)) == 1
    assert imports("import nowhere_at_all\n", others, externals=True) == []
    assert "it defines" in imports("from pkg.b import g\n", others)[0]
    assert imports("from pkg.missing import g\n", others) != []


def test_modules_that_only_running_knows_are_not_guessed_at() -> None:
    assert imports("from b import anything\n", {"b.py": "from os import *\n"}) == []
    assert imports("from b import anything\n", {"b.py": "def __getattr__(name): ...\n"}) == []
    assert imports("from b import later\n", {"c.py": ""}) != []


async def test_what_is_found_in_a_plans_own_code_is_known() -> None:
    """Code that Python 3 cannot read, and names that nothing binds; not what a later version adds."""
    original = [
        AssembledFile("old.py", "print 'x'\n", ()),
        AssembledFile("text.py", "\ufeffdef f(s):\n    return unicode(s)\n", ()),
    ]
    known = {
        known_as(each) for each in await static_findings(original, {}, lambda path: None, externals=True)
    }
    assert {path for path, _ in known} == {"old.py", "text.py"}
    changed = [original[0], AssembledFile("text.py", "\ufeffdef f(s):\n    return unicode(s, mode)\n", ())]
    found = await static_findings(changed, {}, lambda path: None, externals=True)
    assert [each.message for each in found if known_as(each) not in known] == ["Undefined name `mode`"]
