"""TypeScript's own compiler as an index of TypeScript and JavaScript: what only types can tell."""

from __future__ import annotations

import asyncio
import json
import zipfile
from asyncio.subprocess import PIPE
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from app.errors import MgeError
from app.indexes.node import find_node
from app.indexes.port import on_disk
from app.model.index import Answers, Index, IndexAnswer
from app.sources.source import Entry, Source

LOCK: Final = Path(__file__).with_name("typescript.lock")
SUFFIXES: Final = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")

_PROGRAM: Final = Path(__file__).with_name("typescript.cjs")
_RULE: Final = "typescript"
_MOST_BYTES: Final = 48 * 2**20
_HEAP_MB: Final = 3072
_LONGEST_LINE: Final = 1 << 28


@dataclass(frozen=True, slots=True)
class TypeScriptIndexer:
    """Asks the compiler about every file that it can read.

    ``compiler`` gives TypeScript's jar, fetching it where it is not there yet; ``unpacked`` is a folder of this
    user's to keep it in.
    """

    compiler: Callable[[], Path]
    unpacked: Path
    repeatable: ClassVar[bool] = True

    async def __call__(
        self, source: Source, paths: Sequence[str], packages: Mapping[str, Mapping[str, str]]
    ) -> Index:
        asked = [entry for entry in source.entries if entry.path.endswith(SUFFIXES)]
        if not asked:
            return Index("")
        size = sum(entry.size for entry in asked)
        if size > _MOST_BYTES:
            return _without(
                asked, f"{size >> 20} MB of it are more than the {_MOST_BYTES >> 20} that it is given"
            )
        node = await asyncio.to_thread(find_node)
        if node is None:
            return _without(asked, "there is no Node.js: install one of version 18 or later")
        try:
            library = await asyncio.to_thread(_library, self.compiler, self.unpacked)
        except (MgeError, OSError, zipfile.BadZipFile) as error:
            return _without(asked, str(error))
        with on_disk(source, (*asked, *source.configs)) as root:
            request = {
                "root": str(root),
                "files": [entry.path for entry in asked],
                "packages": packages,
            }
            return await _run(node, library, request, asked, {path: at for at, path in enumerate(paths)})


async def _run(
    node: str,
    library: Path,
    request: Mapping[str, object],
    asked: Sequence[Entry],
    numbers: Mapping[str, int],
) -> Index:
    process = await asyncio.create_subprocess_exec(
        *(node, f"--max-old-space-size={_HEAP_MB}", str(_PROGRAM), str(library)),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=_LONGEST_LINE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    answers: dict[int, Answers] = {}
    problems: tuple[str, ...] = ()
    try:
        process.stdin.write(json.dumps(request).encode())
        with suppress(ConnectionError):
            await process.stdin.drain()
        process.stdin.close()
        async for line in process.stdout:
            said = json.loads(line)
            if "problems" in said:
                problems = tuple(said["problems"])
            else:
                answers[numbers[said["path"]]] = dict(_answers(said["references"], numbers))
        status = await process.wait()
        if status:
            last = (await errors).decode("utf-8", "replace").strip().splitlines()[-1:] or ["nothing"]
            return _without(asked, f"the compiler ended with status {status} and said: {last[0][:200]}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        errors.cancel()
    return Index(f"typescript {library.parent.parent.name}", answers, problems)


def _answers(
    references: Sequence[Sequence[Any]], numbers: Mapping[str, int]
) -> Iterator[tuple[int, IndexAnswer]]:
    for position, line, column, targets, package in references:
        places = tuple(sorted({(numbers[path], at) for path, at in targets}))
        yield position, IndexAnswer(_RULE, f"{line}:{column}", places, package)


def _library(compiler: Callable[[], Path], unpacked: Path) -> Path:
    """The compiler's main file, unpacked from its jar."""
    jar = compiler()
    folder = unpacked / jar.stem
    with zipfile.ZipFile(jar) as packed:
        inside = next(name for name in packed.namelist() if name.endswith("/lib/typescript.js"))
        base = inside.removesuffix("lib/typescript.js")
        if not (folder / inside).exists():
            partial = folder.with_name(f"{folder.name}.part")
            for name in packed.namelist():
                if name.startswith(base) and not name.endswith("/"):
                    packed.extract(name, partial)
            with suppress(OSError):  # another import did the same
                partial.rename(folder)
    return folder / inside


def _without(asked: Sequence[Entry], why: str) -> Index:
    return Index("", problems=(f"TypeScript's compiler was not asked about {len(asked)} files: {why}",))
