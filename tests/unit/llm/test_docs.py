"""What docs/llm.md says is what the code has."""

from __future__ import annotations

from pathlib import Path

from app.llm.edits import FaultKind
from app.llm.port import FailureKind
from app.llm.prices import MODEL_OF, MODELS

TEXT = (Path(__file__).parents[3] / "docs" / "llm.md").read_text()


def test_models_and_their_prices_are_told() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "claude-" in line]
    for name in set(MODEL_OF.values()):
        (row,) = [each for each in rows if f"`{name}`" in each]
        cells = [cell.strip() for cell in row.strip("|").split("|")][2:]
        price = MODELS[name].price
        assert [float(cell) for cell in cells] == [
            float(each) for each in (price.input, price.output, price.cache_read, price.cache_write)
        ]


def test_failures_and_faults_are_told() -> None:
    assert all(f"`{kind}`" in TEXT for kind in (*FailureKind, *FaultKind))
