"""The library of Cypher files, and what may be sent to them."""

from __future__ import annotations

import pytest

from app.errors import InputError, UnknownName
from app.graph.queries import (
    CYPHER_FOLDER,
    Query,
    Value,
    checked,
    from_text,
    list_queries,
    parse,
    public_queries,
    query,
)

HEAD = """\
// answers: Which atoms.
// param plan_id: string = "shop" — the plan
// returns: atom_id
// cost: grows with the rows
// access: read
// audience: public
"""
TEXT = HEAD + "MATCH (a:Atom {plan_id: $plan_id}) RETURN a.atom_id AS atom_id"


def test_every_file_is_a_query_with_a_complete_head() -> None:
    files = {f"{path.parent.name}/{path.stem}" for path in CYPHER_FOLDER.rglob("*.cypher")}
    assert {each.name for each in list_queries()} == files
    assert len(files) > 30


@pytest.mark.parametrize("each", list_queries(), ids=lambda each: each.name)
def test_every_file_holds_one_statement_that_its_examples_fit(each: Query) -> None:
    assert not [line for line in each.text.splitlines() if ";" in line and not line.startswith("//")]
    examples = {parameter.name: parameter.example for parameter in each.parameters}
    assert checked(each, examples) == examples


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("// cost: grows with the rows\n", ""),
        TEXT.replace("access: read", "access: admin"),
        TEXT.replace("audience: public", "audience: everybody"),
        TEXT.replace("// audience: public\n", ""),
        TEXT.replace("access: read", "access: write"),
        TEXT.replace("plan_id", "some_id"),
        TEXT.replace('= "shop"', "= 5"),
        TEXT.replace('= "shop"', "= shop"),
        TEXT.replace(": string", ": text"),
        TEXT.replace("$plan_id", "'shop'"),
        TEXT + " LIMIT $limit",
        TEXT.replace("// cost", "// Cost"),
        TEXT.replace("$plan_id", "'$plan_id' /* $plan_id */"),
    ],
)
def test_a_head_that_does_not_match_its_statement_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse("explore/some", text)


def test_a_step_of_the_service_may_write_and_needs_no_plan() -> None:
    step = TEXT.replace("public", "service").replace("plan_id", "some_id").replace("read", "write")
    assert parse("explore/some", step).audience == "service"


def test_steps_of_the_service_are_not_public() -> None:
    steps = {"cycles/of", "digest/atoms", "patch/base", "patch/edges", "patch/nodes", "publish/retire"}
    public = {each.name for each in public_queries()}
    assert steps <= {each.name for each in list_queries()}
    assert not steps & public
    assert {"explore/needs", "guide/cycle", "plans/list", "waves/check"} <= public


def test_dollars_in_strings_and_comments_are_no_parameters() -> None:
    found = parse("explore/some", TEXT + ' // $not\n + \'$this\' + "$nor \\" $that" + `$one`')
    assert [parameter.name for parameter in found.parameters] == ["plan_id"]


def test_an_unknown_name_is_answered_with_the_names() -> None:
    with pytest.raises(UnknownName) as raised:
        query("waves/asign")
    assert "waves/assign" in raised.value.hint


@pytest.mark.parametrize(
    ("parameters", "error", "field"),
    [
        ({"plan_id": "p", "after": 0}, InputError, "limit"),
        ({"plan_id": "p", "after": 0, "limit": 1, "tenant": "t"}, UnknownName, "tenant"),
        ({"plan_id": 5, "after": 0, "limit": 1}, InputError, "plan_id"),
        ({"plan_id": "p", "after": "0", "limit": 1}, InputError, "after"),
        ({"plan_id": "p", "after": 0, "limit": True}, InputError, "limit"),
        ({"plan_id": "p", "after": 0, "limit": 2**63}, InputError, "limit"),
        ({"plan_id": None, "after": 0, "limit": 1}, InputError, "plan_id"),
    ],
)
def test_parameters_that_are_not_the_querys_are_refused(
    parameters: dict[str, Value], error: type[InputError], field: str
) -> None:
    with pytest.raises(error) as raised:
        checked(query("waves/list"), parameters)
    assert raised.value.field == field
    assert raised.value.hint


def test_text_is_read_as_the_declared_type() -> None:
    read = from_text(query("waves/list"), {"plan_id": "12", "after": "3", "limit": "10"})
    assert read == {"plan_id": "12", "after": 3, "limit": 10}
    listed = from_text(query("explore/around"), {"plan_id": "p", "atom_ids": '["a"]', "limit": "10"})
    assert listed["atom_ids"] == ["a"]
    with pytest.raises(InputError):
        from_text(query("waves/list"), {"plan_id": "p", "after": "three", "limit": "10"})
