"""Import code bases, assemble them again, and compare every file; say how large the atoms are.

    .venv/bin/python -m benchmarks.roundtrip NAME=PATH ... [--keep]

Needs a running stack (`mge up`). Every file that the import lists is compared byte for byte with what was assembled.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from app.graph.connect import read
from app.graph.publish import delete_plan
from app.graph.staging import sweep
from app.main import TENANT, Stores, read_rules
from app.model.source import SourceFile
from app.pipeline.assembling import assemble
from app.settings import Settings
from app.sources import open_source, read_entry
from benchmarks.measured import measured_import, run


async def roundtrip(stores: Stores, name: str, path: str, arguments: argparse.Namespace) -> dict[str, object]:
    """One code base there and back: its figures."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as work, open_source(path, read_rules(settings), Path(work)) as source:
        result, peak = await measured_import(stores, source, name)
        out = Path(work) / "out"
        written = await assemble(stores.graph, result.plan_id, TENANT, out)
        different = []
        for entry in source.entries:
            file = read_entry(entry)
            if not isinstance(file, SourceFile) or (out / entry.path).read_bytes() != file.data:
                different.append(entry.path)
    sizes = dict((await read(stores.graph, "explore/sizes", plan_id=result.plan_id))[0])
    violations = await read(stores.graph, "waves/check", plan_id=result.plan_id, limit=10)
    if not arguments.keep:
        await delete_plan(stores.graph, result.plan_id, TENANT)
        await sweep(stores.graph)
    total = result.seconds["total"]
    return {
        "name": name,
        "files": result.files,
        "bytes": result.bytes,
        "code_lines": result.code_lines,
        "assembled": written.files,
        "different": different,
        "recovered": result.recovered,
        "opaque": result.opaque,
        "reasons": result.reasons,
        "skipped": result.skipped,
        **sizes,
        "dependencies": result.dependencies,
        "unresolved": result.unresolved,
        "cycles": result.cycles,
        "cut": result.cut,
        "waves": result.waves,
        "wave_violations": len(violations),
        "atoms_per_second": result.atoms / total,
        "code_lines_per_second": result.code_lines / total,
        "seconds": result.seconds,
        **peak.figures(),
    }


async def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep the plans")
    await run(parser, roundtrip, lambda _: 1)


if __name__ == "__main__":
    asyncio.run(main())
