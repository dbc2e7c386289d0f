"""`mge score`: how right a plan's dependencies are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from app.cli import output
from app.cli.person import tenant
from app.cli.plans import JsonOption, PlanArgument, find_plan, with_graph
from app.graph.connect import Graph
from app.score.compare import Score, Verdict
from app.score.plan import score_plan


def score(
    plan: PlanArgument,
    against: Annotated[
        Path, typer.Option(help="a SCIP index of the same files, made by somebody else's indexer")
    ],
    json: JsonOption = False,
) -> None:
    """Hold a plan's dependencies against an independent index: precision and recall."""

    async def work(graph: Graph) -> Score:
        return await score_plan(graph, await find_plan(graph, plan, tenant()), tenant(), against)

    found = with_graph(work)
    if json:
        output.as_json(_document(found))
        return
    output.as_table(
        ("reference to", "found", "missed", "recall"),
        [
            (sort, found.found[sort], found.missed[sort], _share(found.found[sort], found.missed[sort]))
            for sort in sorted(set(found.found) | set(found.missed))
        ],
        title="recall: references of the index that a dependency follows",
    )
    output.as_table(
        ("dependency", "right", "wrong", "silent", "precision"),
        _judged(found.verdicts),
        title="precision: dependencies that the index agrees with (silent: it says nothing there)",
    )
    output.as_table(("rule", "right", "wrong", "silent", "precision"), _judged(found.by_rule))
    output.as_table(("file", "disagreements"), found.worst.most_common(10), title="worst files")
    output.as_table(
        ("what", "place", "text", "symbol", "leads to"),
        [(s.what, f"{s.path}:{s.place}", s.text, s.symbol, s.said) for s in found.samples],
        title="samples",
    )
    for name, value in _summary(found).items():
        output.OUT.print(f"{name.replace('_', ' ')}: {value:,}")


def _judged(verdicts: Mapping[str, Counter[Verdict]]) -> list[tuple[object, ...]]:
    return [
        (name, by["right"], by["wrong"], by["silent"], _share(by["right"], by["wrong"]))
        for name, by in sorted(verdicts.items())
    ]


def _share(right: int, wrong: int) -> str:
    return f"{right / (right + wrong):.4f}" if right + wrong else ""


def _summary(found: Score) -> dict[str, int | float]:
    return {
        "files": found.files,
        "files_of_the_index_that_the_plan_has_not": found.unknown_files,
        "occurrences_left_out_because_the_index_names_them_wrongly": found.misnamed,
        "precision": round(found.precision, 4),
        "recall": round(found.recall, 4),
        "recall_without_modules": round(found.recall_without("module"), 4),
        "f1": round(found.f1, 4),
    }


def _document(found: Score) -> dict[str, object]:
    return {
        **_summary(found),
        "found": found.found,
        "missed": found.missed,
        "dependencies": found.verdicts,
        "rules": found.by_rule,
        "worst_files": found.worst.most_common(50),
        "samples": [sample._asdict() for sample in found.samples],
    }
