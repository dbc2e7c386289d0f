"""How ECMAScript files may be cut."""

from __future__ import annotations

from textwrap import dedent

import pytest

from app.model.facts import Piece
from tests.unit.parse.ecmascript import facts, parts


def only(source: str, language: str = "typescript") -> Piece:
    (piece,) = facts(source, language).pieces
    return piece


def opened(source: str, language: str = "typescript") -> list[str]:
    source = dedent(source).strip("\n")
    return parts(source, only(source, language))


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            "const f = (a) => {\n  b();\n};",
            ["head -1 body_of: const f = (a) => {", "body 0: b();", "tail -1: };"],
        ),
        (
            'describe("x", function () {\n  a;\n}, () => {\n  b;\n}, 5);',
            [
                'head -1 body_of: describe("x", function () {',
                "body 0: a;",
                "head 0 body_of: }, () => {",
                "body 2: b;",
                "tail -1: }, 5);",
            ],
        ),
        ("(function () {\n  a;\n})();", ["head -1 body_of: (function () {", "body 0: a;", "tail -1: })();"]),
        (
            "if (a) {\n  b;\n} else if (c) d;\nelse {\n  e;\n}",
            [
                "head -1 guard: if (a) {",
                "body 0: b;",
                "head 0 guard: } else if (c)",
                "body 2: d;",
                "head 0 guard: else {",
                "body 4: e;",
                "tail -1: }",
            ],
        ),
        (
            "try {\n  a;\n} catch (e) {\n  b;\n} finally {\n  c;\n}",
            [
                "head -1 guard: try {",
                "body 0: a;",
                "head 0 guard: } catch (e) {",
                "body 2: b;",
                "head 0 guard: } finally {",
                "body 4: c;",
                "tail -1: }",
            ],
        ),
        (
            "switch (a) {\n  case 1:\n  case 2: b; break;\n  default: c;\n}",
            [
                "head -1 guard: switch (a) {",
                "head 0 guard: case 1:\n  case 2:",
                "body 1: b;",
                "body 1: break;",
                "head 0 guard: default:",
                "body 4: c;",
                "tail -1: }",
            ],
        ),
        ("outer: for (;;) {\n  a;\n}", ["head -1 guard: outer: for (;;) {", "body 0: a;", "tail -1: }"]),
        ("do {\n  a;\n} while (b);", ["head -1 guard: do {", "body 0: a;", "tail -1: } while (b);"]),
        ("for (const a of b)\n  c(a);", ["head -1 guard: for (const a of b)", "body 0: c(a);"]),
        (
            "module.exports = {\n  a() {},\n  b: 1,\n};",
            ["head -1 body_of: module.exports = {", "body 0: a() {},", "body 0: b: 1,", "tail -1: };"],
        ),
        (
            "@dec() export class A extends B {\n  x = 1;\n  @log m() {}\n}",
            [
                "head -1 body_of: @dec() export class A extends B {",
                "body 0: x = 1;",
                "body 0: @log m() {}",
                "tail -1: }",
            ],
        ),
        (
            "interface I {\n  a: string,\n  b(): void\n}",
            ["head -1 body_of: interface I {", "body 0: a: string,", "body 0: b(): void", "tail -1: }"],
        ),
        (
            "enum E {\n  A = 1,\n  B\n}",
            ["head -1 body_of: enum E {", "body 0: A = 1,", "body 0: B", "tail -1: }"],
        ),
        (
            'declare module "m" {\n  const a: 1;\n}',
            ['head -1 body_of: declare module "m" {', "body 0: const a: 1;", "tail -1: }"],
        ),
        ("type T = {\n  a: 1;\n};", ["head -1 body_of: type T = {", "body 0: a: 1;", "tail -1: };"]),
    ],
)
def test_what_holds_statements_or_members_can_be_opened(source: str, told: list[str]) -> None:
    assert opened(source) == told


@pytest.mark.parametrize(
    "source", ["const f = () => { a(); };", "const data = {\n  a: 1,\n  b: [2, 3],\n};", "call(a,\n  b);"]
)
def test_small_statements_and_plain_data_stay_whole(source: str) -> None:
    assert only(source).parts == ()


def test_jsx_stays_whole_but_for_the_functions_in_it() -> None:
    assert only("const x = (\n  <A>\n    <B/>\n  </A>\n);", "tsx").parts == ()
    assert opened("const x = <A on={() => {\n  go();\n}}/>;", "tsx") == [
        "head -1 body_of: const x = <A on={() => {",
        "body 0: go();",
        "tail -1: }}/>;",
    ]


@pytest.mark.parametrize(
    ("source", "kind", "name"),
    [
        ('import a from "b";', "import", ""),
        ('export * from "b";', "import", ""),
        ('const a = require("b"), c = require("d").e;', "import", ""),
        ("export const f = async () => 1;", "function", "f"),
        ("exports.f = function () {};", "function", "f"),
        ("const limit = 5;", "constant", "limit"),
        ("export default class A {}", "class", "A"),
        ("export default interface I {}", "interface", "I"),
        ("declare const enum E { A }", "enum", "E"),
        ("export type T = 1;", "type", "T"),
        ("namespace A.B {}", "namespace", "A.B"),
        ('declare module "m" {}', "namespace", "m"),
        ("go();", "statement", ""),
        ("#!/usr/bin/env node", "doc", ""),
    ],
)
def test_kind_and_name(source: str, kind: str, name: str) -> None:
    piece = only(source)
    assert (piece.kind, piece.name) == (kind, name)
    assert not name or source[piece.name_pos :].strip("\"'").startswith(name)


def test_members_know_what_they_are_in_and_what_documents_them() -> None:
    source = (
        "class A {\n  /** why */\n  m(a: number): void {\n    go();\n  }\n  f = () => {\n    go();\n  };\n}\n"
    )
    (whole,) = facts(source).pieces
    head, method, field, _ = whole.parts
    assert (head.name, head.kind, head.signature) == ("A", "class", (0, len("class A")))
    assert (method.kind, method.name, method.container) == ("method", "m", "A")
    assert method.doc is not None and source[slice(*method.doc)] == "/** why */"
    assert method.signature is not None and source[slice(*method.signature)] == "m(a: number): void"
    assert (field.kind, field.name) == ("method", "f")
    assert method.parts[1].container == "A.m"


def test_code_lines_are_those_with_more_than_comments() -> None:
    source = "/* a\n b */ x;\n// c\n\n  \ny; // d\nconst t = `1\n\n2`;\n"
    assert facts(source).code_lines == bytes([0, 1, 0, 0, 0, 1, 1, 1, 1, 0])


def test_decisions_are_what_adds_a_path() -> None:
    source = "if (a && b || c ?? d) { for (;;) while (e) do {} while (f); }\n"
    source += "switch (g) { case 1: case 2: default: }\ntry {} catch {} x ? y : z; a?.b; for (i of j);"
    at = [source[offset : offset + 4] for offset in facts(source).decisions]
    assert at == [
        "if (",
        "&& b",
        "|| c",
        "?? d",
        "for ",
        "whil",
        "do {",
        "case",
        "case",
        "catc",
        "x ? ",
        "for ",
    ]
