"""What an edit costs, and whether it gives what a whole import gives.

    .venv/bin/python -m benchmarks.incremental NAME=PATH --edit FILE:FUNCTION --rename FILE:FUNCTION

Needs a running stack. Works on a copy of PATH. For each step (a body edited, three times; a function renamed wherever
its name stands; a file added; a file removed) it prints seconds, files read and linked, and whether the plan's digest
is that of a whole import of the same tree.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from app.export.digest import digest
from app.graph.connect import Graph
from app.main import TENANT, indexers, open_stores, read_rules
from app.pipeline.importing import import_source
from app.pipeline.result import ImportResult
from app.settings import Settings
from app.sources import open_source
from benchmarks.measured import workers


async def imported(graph: Graph, root: Path, name: str, memory: Path, *, whole: bool) -> ImportResult:
    """Import the folder, with or without what the last import found."""
    settings = Settings()
    with open_source(str(root), read_rules(settings), memory) as source:
        return await import_source(
            graph,
            source,
            name=name,
            tenant_id=TENANT,
            workers=workers(),
            progress=lambda stage, done, total: None,
            indexers=indexers(settings),
            memory=memory,
            whole=whole,
        )


def steps(root: Path, edited: str, renamed: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """Names of edits, and what makes them."""
    path, function = edited.split(":")
    target = root / path

    def edit(number: int) -> None:
        text = target.read_text()
        head = re.search(rf"^( *)def {function}\(.*?\).*?:\n", text, re.MULTILINE | re.DOTALL)
        assert head is not None
        line = f"{head[1]}    benchmark_{number} = len(str({number}))\n"
        target.write_text(text[: head.end()] + line + text[head.end() :])

    for number in range(3):
        yield f"body of {function} edited", partial(edit, number)
    _, name = renamed.split(":")

    def rename() -> None:
        for each in root.rglob("*.py"):
            text = each.read_text(encoding="utf-8", errors="surrogateescape")
            if name in text:
                each.write_text(
                    re.sub(rf"\b{name}\b", f"{name}_renamed", text),
                    encoding="utf-8",
                    errors="surrogateescape",
                )

    yield f"{name} renamed", rename
    added = target.with_name("benchmark_added.py")

    def add() -> None:
        shutil.copyfile(target, added)

    yield "file added", add
    yield "file removed", added.unlink


async def main() -> None:
    """Measure every step."""
    parser = argparse.ArgumentParser(description="what an edit costs")
    parser.add_argument("source", metavar="NAME=PATH")
    parser.add_argument("--edit", required=True, metavar="FILE:FUNCTION")
    parser.add_argument("--rename", required=True, metavar="FILE:FUNCTION")
    arguments = parser.parse_args()
    name, _, path = arguments.source.partition("=")
    with tempfile.TemporaryDirectory() as work:
        root, memory = Path(work) / Path(path).name, Path(work) / "memory"
        shutil.copytree(path, root)
        async with open_stores(Settings(), postgres=False) as stores:
            graph = stores.graph
            for _ in range(2):
                first = await imported(graph, root, name, memory, whole=True)
            full = first.seconds["total"]
            print(f"whole import: {full:.2f} s, {first.files} files, {first.atoms} atoms", flush=True)
            for what, make in steps(root, arguments.edit, arguments.rename):
                make()
                result = await imported(graph, root, name, memory, whole=False)
                took = result.seconds["total"]
                found = await digest(graph, result.plan_id, TENANT)
                again = await imported(graph, root, name, Path(work) / "other", whole=True)
                same = found == await digest(graph, again.plan_id, TENANT)
                await imported(graph, root, name, memory, whole=True)
                print(
                    f"{what}: {took:.2f} s, 1/{full / took:.0f} of the whole, {result.analysed} files read, "
                    f"{result.linked} linked, {'equal to' if same else 'NOT'} a whole import\n"
                    f"    { {stage: round(seconds, 3) for stage, seconds in result.seconds.items()} }",
                    flush=True,
                )


if __name__ == "__main__":
    asyncio.run(main())
