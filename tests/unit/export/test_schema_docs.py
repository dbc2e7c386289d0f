"""The page about the graph says what everything means, and nothing that is not there."""

from __future__ import annotations

import re

import pytest

from app.errors import InputError
from app.export.schema_docs import Link, declared, meaning, page, schema
from app.settings import REPOSITORY

NODES = [
    ["Atom", 2, "atom_id", ["STRING NOT NULL"], 2],
    ["Atom", 2, "wave", ["INTEGER NOT NULL"], 1],
    ["File", 1, "unresolved_counts", ["LIST<INTEGER NOT NULL> NOT NULL", "LIST<NOTHING> NOT NULL"], 1],
]
RELATIONSHIPS = [
    ["CONTAINS", "File", "Atom", 2, None, ["NULL"], 2],
    ["DATA_DEP", "Atom", "Atom", 1, "kinds", ["LIST<STRING NOT NULL> NOT NULL"], 1],
    ["DATA_DEP", "Atom", "Atom", 1, "cut_reason", ["STRING NOT NULL"], 1],
]


# What the product's specification says of the graph.
CONTRACT = {
    "Plan": "plan_id tenant_id project_name source status execution_mode root",
    "File": "plan_id path language sha256 encoding newline bytes loc parse_status reason",
    "Atom": "atom_id atom_number name qualified_name kind node_type language path start_byte end_byte start_line "
    "end_line loc complexity code signature docstring content_hash description status wave cycle_id module_id "
    "atomicity_score completeness_score confidence_score needs_human_review attempts llm_model llm_cost_usd "
    "llm_tokens_input llm_tokens_output created_at started_at completed_at",
    "Symbol": "plan_id qualified_name kind exported",
    "External": "ecosystem name",
    "Wave": "plan_id number total_atoms completed_atoms failed_atoms status started_at completed_at",
    "Cycle": "cycle_id size types weakest_weight",
    "Module": "module_id name atoms loc cohesion coupling instability",
    "Component": "component_id name atoms loc cohesion coupling instability",
    "GraphBuild": "build_id total_atoms total_edges max_depth widest_wave cycles seconds tool_version",
    "Each dependency has these properties:": "kinds symbols evidence rule confidence weight type_only cut",
    "Relationships": "HAS_FILE CONTAINS NEXT DEFINES MEMBER_OF REFERS_TO IN_WAVE IN_CYCLE IN_MODULE IN_COMPONENT HAS_BUILD "
    "IMPORT_DEP TYPE_DEP CONTROL_DEP DATA_DEP",
}
# What comes with generating and executing plans.
NOT_YET = set(
    "description atomicity_score completeness_score confidence_score needs_human_review attempts llm_model llm_cost_usd "
    "llm_tokens_input llm_tokens_output started_at completed_at".split()
)


@pytest.mark.parametrize("part", CONTRACT)
def test_the_graph_is_what_the_specification_promises(part: str) -> None:
    text = (REPOSITORY / "docs" / "schema.md").read_text(encoding="utf-8")
    section = re.split(
        r"\n(?=#|Each dependency|`REFERS_TO` has)",
        text.split(part if ":" in part else f"# {part}\n", 1)[1],
        maxsplit=1,
    )[0]
    written = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    promised = set(CONTRACT[part].split())
    assert promised - NOT_YET <= written
    assert not written & NOT_YET, "it is there now: take it out of NOT_YET"


def test_the_page_is_made_of_what_is_in_the_database() -> None:
    text = "".join(page(schema(NODES, RELATIONSHIPS), [["atom_text", "FULLTEXT", ["Atom"], ["name"], False]]))
    assert "| `wave` | INTEGER, or none |" in text
    assert "| `unresolved_counts` | LIST<INTEGER> |" in text
    assert "| `CONTAINS` | File | Atom |" in text
    assert "`HAS_FILE`" not in text
    assert "| `cut_reason` | STRING, or none |" in text
    assert "| `atom_text` | Atom (name) | fulltext |" in text


def test_links_are_told_once() -> None:
    assert schema(NODES, RELATIONSHIPS).links == (
        Link("CONTAINS", "File", "Atom"),
        Link("DATA_DEP", "Atom", "Atom"),
    )


def test_what_nobody_explained_is_refused() -> None:
    with pytest.raises(InputError, match=r"Atom\.colour"):
        meaning("Atom", "colour")


def test_the_written_page_has_everything_that_was_explained() -> None:
    text = (REPOSITORY / "docs" / "schema.md").read_text(encoding="utf-8")
    own, relationships = declared()
    assert [name for _, name in sorted(own) if f"| `{name}` |" not in text] == []
    assert [name for name in sorted(relationships) if f"| `{name}` |" not in text] == []
