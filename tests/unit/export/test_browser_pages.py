"""What Neo4j Browser opens with is whole: queries as they are in their files, a style for everything there is."""

from __future__ import annotations

import io
import re
import zipfile
from html import unescape
from html.parser import HTMLParser

from app.export.browser_pages import favourites, guide, style
from app.export.query_docs import documented
from app.graph.queries import list_queries
from app.model.dependency import WEIGHTS
from app.settings import REPOSITORY


class Shape(HTMLParser):
    """Which elements are open, and what stands in those that can be run."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.slides = 0
        self.runnable: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.slides += tag == "slide"
        if tag == "pre":
            assert "runnable" in (dict(attrs)["class"] or "")
            self.runnable.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "pre" in self.open:
            self.runnable[-1] += data


def test_the_guide_runs_queries_as_they_are_after_their_parameters_are_set() -> None:
    shape = Shape()
    shape.feed(guide("http://127.0.0.1:8000/browser/favourites.zip"))
    assert shape.open == []
    assert shape.slides > 6
    statements = {re.sub(r"\A(//.*\n)+", "", each.text).strip(): each for each in list_queries()}
    known: set[str] = set()
    ran = 0
    for text in shape.runnable:
        setting = re.fullmatch(r":param (\w+) => \S.*", text)
        if setting:
            known.add(setting[1])
            continue
        query = statements[text]
        assert query.access == "read"
        assert {parameter.name for parameter in query.parameters} <= known
        ran += 1
    assert ran > 10


def test_the_guide_takes_an_address_as_text() -> None:
    assert "<script>" not in guide("http://x/<script>")
    assert "http://x/<script>" in unescape(guide("http://x/<script>"))


def test_every_label_and_every_dependency_has_a_style() -> None:
    schema = (REPOSITORY / "docs" / "schema.md").read_text()
    mirrored = (REPOSITORY / "docs" / "sync.md").read_text()
    labels = set(re.findall(r"^### (\w+)$", schema, re.MULTILINE))
    labels |= set(re.findall(r"^\| (\w+) \| `", mirrored, re.MULTILINE))
    styled = set(re.findall(r"^node\.(\w+) ", style(), re.MULTILINE))
    assert styled <= labels
    assert {"Plan", "File", "Atom", "Symbol", "External", "Wave", "Cycle", "Module", "Component"} <= styled
    assert {"Phase", "Milestone", "Task", "Subtask"} <= styled
    assert set(WEIGHTS) <= set(re.findall(r"^relationship\.(\w+) ", style(), re.MULTILINE))
    assert style().count("{") - style().count('"{') == style().count("}") - style().count('}"')


def test_favourites_are_all_documented_queries_unchanged_and_the_same_each_time() -> None:
    content = favourites()
    assert content == favourites()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        texts = {archive.read(name).decode().partition("\n")[2] for name in archive.namelist()}
    assert texts == {each.text for each in documented()}
