"""How right the dependencies of some packages are, held against indexes that others made. Needs no stack.

    .venv/bin/python -m benchmarks.exactness NAME=PATH=INDEX.scip [...] [--no-types] [--samples WHAT] [--suffixes .ts,.tsx]

Prints a line for each package: precision, recall, recall without references to modules, the shares of references
that stay unresolved, and seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

from app.main import indexers, read_rules
from app.model.index import Index, merged
from app.model.source import SourceFile
from app.pipeline.analyse import analyse
from app.pipeline.indexing import ask, read_configs
from app.resolve.evaluate import Evaluator
from app.resolve.link import Atoms, link_file
from app.resolve.modules import index_modules, module_names
from app.resolve.projects import read_projects
from app.scip.reading import read_index
from app.scip.roots import below_root
from app.score.compare import Score, ScoredEdge, compare
from app.score.plan import describe
from app.settings import Settings
from app.sources import open_source, read_entry
from app.sources.source import Source


def scored(source: Source, scip: Path, indexes: tuple[Index, ...]) -> tuple[Score, Counter[str], int]:
    """The score of one package, why references lead nowhere, and how many references there are."""
    paths = [entry.path for entry in source.entries]
    names = module_names(paths, source.name)
    summaries = []
    for number, entry in enumerate(source.entries):
        file = read_entry(entry)
        assert isinstance(file, SourceFile)
        summaries.append(analyse("plan", number, names[entry.path], file))
    evaluator = Evaluator(
        [summary.interface for summary in summaries],
        index_modules(paths, source.name, read_projects(read_configs(source), paths)),
    )
    bases = [0]
    for summary in summaries:
        bases.append(bases[-1] + len(summary.atoms))
    atoms = Atoms(bases, [summary.starts for summary in summaries])
    edges: list[ScoredEdge] = []
    reasons: Counter[str] = Counter()
    references = 0
    for number, summary in enumerate(summaries):
        linked = link_file(evaluator, number, summary, atoms, merged(indexes, number))
        counts = linked.counts
        reasons.update(counts.unresolved)
        references += counts.resolved + counts.external + counts.builtin + sum(counts.unresolved.values())
        edges += [
            ScoredEdge(edge.type, edge.source, edge.target, edge.kinds, edge.rule, edge.evidence)
            for edge in linked.dependencies
        ]
    files = {
        summary.record.path: describe(
            summary.record.path,
            summary.record.language,
            [atom.code for atom in summary.atoms],
            bases[summary.record.number],
        )
        for summary in summaries
    }
    return compare(files, edges, below_root(list(read_index(scip)), files)), reasons, references


def measure(given: str, arguments: argparse.Namespace) -> None:
    """Score one package and print its line."""
    name, path, scip = given.split("=")
    settings = Settings()
    suffixes = tuple(f"*{suffix}" for suffix in arguments.suffixes.split(",") if suffix)
    with tempfile.TemporaryDirectory() as workdir:
        source = open_source(path, read_rules(settings, include=suffixes), Path(workdir))
        began = time.perf_counter()
        indexes = asyncio.run(_indexes(settings, source, types=not arguments.no_types))
        indexed = time.perf_counter()
        score, reasons, references = scored(source, Path(scip), indexes)
    print(
        f"{name:16} files {score.files:5}  precision {score.precision:.4f}  recall {score.recall:.4f}  "
        f"without modules {score.recall_without('module'):.4f}  misnamed {score.misnamed:6}  "
        f"unresolved {sum(reasons.values()) / max(references, 1):.2%} of {references:,}  "
        f"index {indexed - began:.1f} s  all {time.perf_counter() - began:.1f} s",
        flush=True,
    )
    for reason, count in reasons.most_common():
        print(f"    {reason}: {count:,} ({count / references:.2%})")
    if arguments.samples:
        print("    found", dict(score.found))
        print("    missed", dict(score.missed))
        for rule, verdicts in score.by_rule.items():
            print("    rule", rule, dict(verdicts))
        for sample in score.samples:
            if sample.what.startswith(arguments.samples):
                print(
                    f"    {sample.what} | {sample.path}:{sample.place} | {sample.text} | {sample.symbol} | {sample.said}"
                )


async def _indexes(settings: Settings, source: Source, *, types: bool) -> tuple[Index, ...]:
    paths = [entry.path for entry in source.entries]
    return await ask(
        indexers(settings, types=types), source, paths, read_projects(read_configs(source), paths)
    )


def main() -> None:
    """Score every package of the command line."""
    parser = argparse.ArgumentParser(description="precision and recall against independent indexes")
    parser.add_argument("packages", nargs="+", metavar="NAME=PATH=INDEX")
    parser.add_argument("--no-types", action="store_true", help="the own resolver alone")
    parser.add_argument("--samples", default="", help="print samples whose kind begins so: missed, wrong, …")
    parser.add_argument("--suffixes", default="", help="read only files that end so")
    arguments = parser.parse_args()
    for given in arguments.packages:
        measure(given, arguments)


if __name__ == "__main__":
    main()
