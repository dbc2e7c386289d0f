"""Code bases for tests, cut into atoms as an import does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.derive.code import CodeAtom, CodeBase, CodeFile, Module, Need
from app.model.source import SourceFile
from app.pipeline.analyse import analyse


def a_file(path: str, text: str, needs: Iterable[Need] = ()) -> CodeFile:
    """A file with the atoms that its text is cut into."""
    atoms = analyse("plan", 0, "module", SourceFile(path, text.encode())).atoms
    return CodeFile(
        path,
        atoms[0].language,
        tuple(
            CodeAtom(
                each.name,
                each.kind,
                each.node_type,
                each.loc,
                each.complexity,
                each.code,
                each.signature,
                each.docstring,
            )
            for each in atoms
        ),
        tuple(needs),
    )


def plain_file(path: str, lines: Iterable[int], needs: Iterable[Need] = (), module_id: str = "") -> CodeFile:
    """A Python file of functions with so many code lines each, an atom a function."""
    atoms = tuple(
        CodeAtom(
            f"f{number}",
            "function",
            "function_definition",
            loc,
            2,
            f"def f{number}():\n" + "    pass\n" * (loc - 1),
            f"def f{number}()",
            f'"""Do thing {number}."""',
            module_id,
        )
        for number, loc in enumerate(lines)
    )
    return CodeFile(path, "python", atoms, tuple(needs))


def a_code_base(*files: CodeFile, modules: Mapping[str, Module] | None = None) -> CodeBase:
    return CodeBase(tuple(sorted(files, key=lambda file: file.path)), (), modules or {})
