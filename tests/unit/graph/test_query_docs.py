"""The page about the queries says what their files say."""

from __future__ import annotations

from pathlib import Path

from app.export.query_docs import GROUPS, documented, entry, page
from app.graph.queries import public_queries

PAGE = Path(__file__).parents[3] / "docs" / "queries.md"


def test_the_page_is_of_today() -> None:
    written = PAGE.read_text(encoding="utf-8")
    for query in documented():
        assert entry(query) in written, f"{query.name}: run `make docs`"
    assert written.count("\n### ") == len(documented())
    assert sum(query.name.startswith("explore/") for query in documented()) >= 20


def test_the_page_has_a_title_for_every_group_of_public_queries() -> None:
    assert {query.name.partition("/")[0] for query in public_queries()} == set(GROUPS)


def test_an_answer_cannot_leave_its_table() -> None:
    answers = {query.name: (("a", "b"), [["x|y\n# z", ["<script>", 1.23456]]]) for query in documented()}
    text = "".join(page(answers))
    assert "\n# z" not in text
    assert "| x\\|y # z | <script>, 1.23 |" in text
