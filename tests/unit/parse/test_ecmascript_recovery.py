"""Source that a grammar cannot read, or that is too deep, too long or broken."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.model.facts import Facts
from app.parse.ecmascript import parse
from app.parse.text import Text, decode
from tests.unit.parse.ecmascript import bindings, exports, facts, leaves, names


@pytest.mark.parametrize(
    "source",
    [
        'let x: import("m").A<B>;',
        'export type * from "m";',
        "interface I<in out T, out U> {}",
        "interface I {\n  (a: A): B\n  // why\n  <T>(b: T): C\n}",
        "export { a as null, b as if };",
        'declare module "m" { global { var x: number } }',
        "export default function (): { a: A };",
        "type T = { [K in keyof readonly any[]]?: K };",
        "{ using a = b(); await using c = d(); }",
        "class A { static accessor #x = 1; }",
        'export * from "m" with { type: "json" };',
        'export import a = require("m");',
        "declare const f: (any) => void;",
        "type F = ({ a }?: B) => C;",
    ],
)
def test_newer_syntax_than_the_grammar_knows_is_read(source: str) -> None:
    found = facts(source)
    assert (found.status, found.problems) == ("ok", ())


def test_names_come_from_the_source_and_not_from_what_the_grammar_was_shown() -> None:
    assert names(facts('let x: import("m").A<B>;'))[:2] == [
        "type annotation import m.A",
        "type type_argument B",
    ]
    assert exports(facts("export { a as null };")) == ["null = a"]
    assert exports(facts("export default function (): A;")) == ["default = value function[1]"]
    assert exports(facts('export import a = require("m");')) == ["a = a"]
    assert bindings(facts("class A { static accessor x = 1; }"))[1] == "class: member x = literal Number"


def test_an_error_is_an_opaque_piece_among_readable_ones() -> None:
    source = "const a = 1;\nconst = = ;\nfunction f() { return a; }\n"
    found = facts(source)
    assert found.status == "recovered" and found.problems and "line 2" in found.reason
    assert [piece.name for piece in found.pieces if piece.kind in ("constant", "function")] == ["a", "f"]


def test_a_hopeless_file_is_one_opaque_piece() -> None:
    found = facts("%%% ((( ]]] @@@ }}} ### \\\\ ???\n" * 5)
    assert found.status == "opaque" and found.reason
    assert [(piece.kind, piece.start) for piece in found.pieces] == [("opaque", 0)]


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "[" * 10_000 + "]" * 10_000,
        "f(" * 10_000 + ")" * 10_000,
        "x = " + "(" * 10_000 + "1" + ")" * 10_000,
        "if (a) { b(); }\n" + "else if (c) { d(); }\n" * 3_000,
        "x = a" + ".b()" * 10_000,
        "x = " + "a + " * 10_000 + "1",
        "x = " + "a ? b : " * 10_000 + "c",
        "if (a)\n" * 10_000 + "b();",
        "for (let i of a) {\n" * 1_500 + "}" * 1_500,
        "function f() {\n" * 1_500 + "}" * 1_500,
        "class A { m() {\n" * 1_500 + "}}" * 1_500,
        "x = " + "{a:" * 10_000 + "1" + "}" * 10_000,
        "type A = " + "{\na: " * 5_000 + "B" + "}" * 5_000,
        "namespace A {\n" * 1_500 + "}" * 1_500,
    ],
    ids=lambda source: str(source[:16]).strip(),
)
def test_nesting_costs_time_in_proportion_and_never_the_stack(source: str) -> None:
    started = time.process_time()
    found = facts(source)
    assert time.process_time() - started < 20
    assert found.status == "ok"
    assert_covered(decode(source.encode(), pep263=False), found)


def test_what_is_nested_too_deep_is_said() -> None:
    found = facts("x = " + "[" * 10_000 + "]" * 10_000)
    assert [problem.reason for problem in found.problems] == ["nested too deep; names left out"]


_BETWEEN = re.compile(
    rb"/\*.*?\*/|//[^\n]*|<!--[^\n]*|-->[^\n]*|\s|\xc2\xa0|\xe2\x80[\xa8\xa9\x8b]|\xe2\x81\xa0|\xef\xbb\xbf",
    re.DOTALL,
)


def assert_covered(text: Text, found: Facts) -> None:
    """Leaf pieces are in order, do not overlap, and leave out nothing but white space and comments."""
    last = 0
    for leaf in leaves(found.pieces):
        assert last <= leaf.start < leaf.end <= len(text.grammar)
        left_out = _BETWEEN.sub(b"", text.grammar[last : leaf.start])
        assert not left_out, left_out
        last = leaf.end
    assert not _BETWEEN.sub(b"", text.grammar[last:])


_SAMPLE = (
    'import a, { b as c } from "m";\n'
    "@dec export class A<T> extends B<T> { x = 1; get y() { return this.x; } static { go(); } }\n"
    "export const f = async ({ a, b = 1 }: P, ...r) => { for (const x of r) { if (x?.y) break; else z`t${x}`; } };\n"
    "interface I { (a: A): B; m<T>(b: T): C; [k: string]: D }\n"
    "switch (a) { case 1: b(); break; default: { c; } }\n"
    "module.exports = { a() { try { b(); } catch (e) { throw e; } finally { c(); } }, d: function () {} };\n"
    "namespace N { export enum E { A, B = A } }\n"
    "const g = (x) => x ? <T>y : z as U;\n"
)


@given(
    st.lists(
        st.tuples(st.integers(0, len(_SAMPLE)), st.integers(0, 12), st.binary(max_size=4)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["typescript", "tsx", "javascript"]),
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_and_every_token_lies_in_a_piece(
    edits: list[tuple[int, int, bytes]], language: str
) -> None:
    data = bytearray(_SAMPLE.encode())
    for at, length, new in edits:
        data[at : at + length] = new
    text = decode(bytes(data), pep263=False)
    found = parse(text, language)
    assert_covered(text, found)
    assert len(found.flows) == len(found.scopes)
    assert all(row.scope < len(found.scopes) and row.value < len(found.expressions) for row in found.bindings)
    assert all(row.base < len(found.expressions) for row in found.expressions)
