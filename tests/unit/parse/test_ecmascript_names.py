"""What names in ECMAScript files are bound to, and in which order they are read."""

from __future__ import annotations

import pytest

from app.model.facts import Facts
from tests.unit.parse.ecmascript import bindings, exports, facts, flow, names


def scope(found: Facts, name: str) -> int:
    return next(
        index for index, row in enumerate(found.scopes) if row.name == name and row.kind == "function"
    )


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('import D, * as N from "m";', ["module: import D import [default] from m", "module: import N import from m"]),
        ('import { a as b, "c d" as e } from "m";', ["module: import b import [a] from m", "module: import e import [c d] from m"]),
        ('import x = require("m");', ["module: import x import from m"]),
        ("import A = B.C;", ["module: namespace A = B.C"]),
        ('const { a, b: c } = require("m");', ["module: import a import [a] from m", "module: import c import [b] from m"]),
        ('const x = require("m").y;', ["module: import x import [y] from m"]),
        ('const x = __importDefault(require("m"));', ["module: import x import from m"]),
        ("const { a, b: { c = d }, ...e } = f;", ["module: variable a unpack f [a]", "module: variable c unpack f.b [c]", "module: variable e unpack f"]),
        ("const [a, [b]] = f();", ["module: variable a unpack call(f)", "module: variable b unpack item(call(f))"]),
        ("for (const a of b) ;", ["block: variable a iter b"]),
        ("let a; function f() { a = 1; var b; c = 2; { let d; d = 3 } }", ["module: variable a none", "module: function f def", "module: variable a = literal Number", "function: variable b none", "module: variable c = literal Number", "block: variable d none", "block: variable d = literal Number"]),
        ("const f = function g() {};", ["module: variable f = function[2]", "block: function g = function[2]"]),
        ("class A { constructor(private x: B) {} get y() { return 1; } m() {} z = 2; }", ["module: class A def", "class: function constructor def function[2]", "function: parameter x none", "class: member x none", "class: member y = call(function[3])", "class: function m def function[4]", "class: member z = literal Number"]),
        ("const o = { a, b: 1, c() {} };", ["module: variable o = object[1]", "class: member a = a", "class: member b = literal Number", "class: function c def function[2]"]),
        ("enum E { A = 1, B = A }", ["module: enum E def", "namespace: member A = literal Number", "namespace: member B = A"]),
        ("namespace N.M { export let x; }", ["module: namespace N def", "namespace: namespace M def", "namespace: variable x none"]),
        ("interface I<T> { a: T; m(b: T): void }", ["module: interface I def", "block: type T none", "class: member a none", "class: function m def", "function: parameter b none"]),
        ("type A<T> = B<T>;", ["module: type A = B<T>", "block: type T none"]),
        ("try {} catch ({ message }) {}", ["block: variable message unpack [message]"]),
        ("let x = a ? b : c || d;", ["module: variable x = b | c | d"]),
        ("let x = y as T;", ["module: variable x = y"]),
    ],
)  # fmt: skip
def test_bindings(source: str, told: list[str]) -> None:
    assert bindings(facts(source)) == told


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("a.b?.c!.d(e);", ["read a", "read a.b", "read a.b.c", "call a.b.c.d", "read e"]),
        ("new A.B<C>(d);", ["read A", "instantiate A.B", "type type_argument C", "read d"]),
        ("@a @b.c() class D extends E<F> implements G {}", ["decorate a", "read b", "decorate b.c", "base E", "type type_argument F", "type base G"]),
        ("x instanceof Y;", ["read x", "check Y"]),
        ("x as Y; <Z>w; v satisfies U;", ["read x", "type cast Y", "type cast Z", "read w", "read v", "type cast U"]),
        ("let a: typeof b.c, d: E.F[], g: H['i'];", ["type read b", "type read b.c", "type read E", "type annotation E.F", "type annotation H", "type read H.i"]),
        ("let f: (a: B) => a is C;", ["type annotation B", "type annotation C"]),
        ("type T = A extends infer U ? U[] : { [K in keyof B]: K };", ["type annotation A", "type annotation U", "type annotation B", "type annotation K"]),
        ("a['b']; a[c]; `${d}`; e`f`; delete g.h;", ["read a", "read a.b", "read a", "read c", "read d", "call e", "read g"]),
        ("this.a = super.b;", ["read super[0].b"]),
        ('let x: import("m").N.T<A>;', ["type read import m.N", "type annotation import m.N.T", "type type_argument A"]),
    ],
)  # fmt: skip
def test_names_know_how_they_are_used(source: str, told: list[str]) -> None:
    assert names(facts(source)) == told


def test_jsx_names_components_and_no_intrinsic_elements() -> None:
    found = facts("const x = <A b={c} {...d}><div><E.F/></div></A>;", "javascript")
    assert names(found) == ["instantiate A", "read c", "read d", "read E", "instantiate E.F"]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("export const a = 1, { b } = c;", ["a = a", "b = b"]),
        ("export default function f() {}", ["default = f"]),
        ("export default function () {}", ["default = value function[1]"]),
        ("export default class {}", ["default = value function[1]"]),
        ("export default a;", ["default = value a"]),
        ("export { a as b, c as default };", ["b = a", "default = c"]),
        ('export { a as b } from "m"; export * from "n"; export * as o from "p";', ["b = m[a]", "* = n[*]", "o = p[]"]),
        ('export type { A } from "m"; export { type B } from "m"; export type * from "n";', ["A = m[A] type", "B = m[B] type", "* = n[*] type"]),
        ("export = a;", ["= = value a"]),
        ("exports.a = b; module.exports.c = d;", ["a = value b", "c = value d"]),
        ("module.exports = { a, b: c };", ["= = value object[1]", "a = value a", "b = value c"]),
        ("(function (exports) { exports.a = 1; })(this);", ["a = value literal Number"]),
        ("function f(x, exports) { exports.a = 1; }", []),
        ("namespace N { export const a = 1; }", []),
    ],
)  # fmt: skip
def test_exports(source: str, told: list[str]) -> None:
    assert exports(facts(source)) == told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("a = b; c(a);", "b a! c a"),
        ("a += b; a++;", "a b a! a a!"),
        ("a ??= b;", "a branch(b a!)"),
        ("if (a) b; else c;", "a branch(b / c, True)"),
        ("if (a) b; else if (c) d;", "a branch(b / c branch(d), True)"),
        ("a ? b : c; d && e;", "a branch(b / c, True) d branch(e)"),
        ("for (let i = a; i < b; i++) { continue; }", "{a i! loop(branch(i i!) i b, continue)}"),
        ("for (const x of a) { if (x) break; }", "{a loop(x! x branch(break))}"),
        ("while (true) { a; }", "loop(constant(True), a)"),
        ("do { a; } while (b);", "do(a, b)"),
        ("try { a; } catch (e) { e; } finally { b; }", "try(a, {e! e}, b)"),
        ("switch (a) { case b: c; break; default: d; }", "a b switch(c break / d, True)"),
        ("l: for (;;) { break l; }", "label(l, loop(constant(True), break l))"),
        ("const { a = b } = c; throw a;", "c branch(b) a! a raise"),
        ("g(); function g() {} let h = () => a;", "closure:g g! g closure:h h!"),
        ("{ let a; a; }", "{a! a}"),
        ("return a;", "a return"),
    ],
)
def test_the_order_of_reads_and_bindings(body: str, told: str) -> None:
    found = facts(f"function f() {{ {body} }}")
    assert flow(found, scope(found, "f")) == told


def test_parameters_are_bound_in_order_with_their_defaults() -> None:
    found = facts("function f(a, b = c, { d }: P = e, ...g) {}")
    (function,) = found.functions
    assert [found.bindings[index].name for index in function.parameters] == ["a", "b", "{21}", "g"]
    assert flow(found, function.scope) == "a! branch(c) b! branch(e) {21}! {21} d! g!"


def test_what_functions_return() -> None:
    found = facts("const f = async (): Promise<A> => b; function* g() { yield c; }")
    by_name = {found.bindings[row.binding].name: row for row in found.functions}
    f, g = by_name["f"], by_name["g"]
    assert f.is_async and not f.is_generator and g.is_generator
    assert [found.expressions[index].name for index in (*f.results, *g.results)] == ["b", "c"]
    assert found.expressions[f.returns].kind == "generic"


def test_overloads_and_declarations_have_no_body() -> None:
    found = facts("function f(a: A): B; function f(a) {} declare function g(): void;")
    assert sorted((found.bindings[row.binding].name, row.overload) for row in found.functions) == [
        ("f", False),
        ("f", True),
        ("g", True),
    ]


def test_this_is_the_class_or_object_whose_method_runs() -> None:
    source = (
        "class A { m() { this.a = () => this.b; g(function () { this.c; }); } }\nfunction K() { this.d = 1; }"
    )
    found = facts(source)
    (class_,) = found.classes
    seen = {
        row.name: found.expressions[row.base].scope
        for row in found.expressions
        if row.kind == "attribute" and found.expressions[row.base].kind == "this"
    }
    assert seen == {"a": class_.scope, "b": class_.scope, "d": scope(found, "K")}
    stored = [found.expressions[row.target].name for row in found.attribute_stores]
    assert stored == ["d", "a"] or stored == ["a", "d"]


def test_functions_in_blocks_belong_to_the_block_in_modules_alone() -> None:
    script = facts("function f() { { function g() {} } }", "javascript")
    module = facts("export function f() { { function g() {} } }", "javascript")
    kinds = [
        next(found.scopes[row.scope].kind for row in found.bindings if row.name == "g")
        for found in (script, module)
    ]
    assert kinds == ["function", "block"]
