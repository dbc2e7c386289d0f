"""Random programs, built along the languages' grammars, and damage to real ones."""

from __future__ import annotations

import random

from hypothesis import strategies as st

_NAMES = st.sampled_from(["a", "b", "c", "value", "items", "Node", "run", "élan"])


def _expressions(python: bool) -> st.SearchStrategy[str]:
    literals = st.sampled_from(["1", "'s'", '"t"', "[]", "{}", "None" if python else "null", "'é\\n'"])
    leaves = _NAMES | literals

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        both = [
            st.builds("{}.{}".format, inner, _NAMES),
            st.builds("{}({})".format, _NAMES, inner),
            st.builds("({} + {})".format, inner, inner),
            st.builds("[{}, {}]".format, inner, inner),
            st.builds("{}[{}]".format, _NAMES, inner),
        ]
        if python:
            own = [
                st.builds("({} if {} else {})".format, inner, inner, inner),
                st.builds("[{} for {} in {} if {}]".format, inner, _NAMES, inner, inner),
                st.builds("(lambda {}: {})".format, _NAMES, inner),
                st.builds("f'{{{}}} x'".format, _NAMES),
                st.builds("({} := {})".format, _NAMES, inner),
                st.builds("({} and {} or {})".format, inner, inner, inner),
            ]
        else:
            own = [
                st.builds("({} ? {} : {})".format, inner, inner, inner),
                st.builds("(({}) => {})".format, _NAMES, inner),
                st.builds("(function ({}) {{ return {}; }})".format, _NAMES, inner),
                st.builds("`x ${{{}}} y`".format, inner),
                st.builds("({{ {}: {}, {}() {{ return {}; }} }})".format, _NAMES, inner, _NAMES, inner),
                st.builds("({} && {} || {})".format, inner, inner, inner),
            ]
        return st.one_of(*both, *own)

    return st.recursive(leaves, grow, max_leaves=8)


def _indent(lines: list[str]) -> str:
    return "".join(f"    {line}\n" for text in lines for line in text.rstrip("\n").split("\n"))


def python_programs() -> st.SearchStrategy[str]:
    """Python modules: statements of most kinds, nested."""
    expression = _expressions(python=True)
    simple = st.one_of(
        st.builds("{} = {}".format, _NAMES, expression),
        st.builds("{}, {} = {}".format, _NAMES, _NAMES, expression),
        st.builds("{} += {}".format, _NAMES, expression),
        st.builds("{}: {} = {}".format, _NAMES, _NAMES, expression),
        st.builds("from {} import {} as {}".format, _NAMES, _NAMES, _NAMES),
        st.builds("import {}.{}".format, _NAMES, _NAMES),
        expression,
        st.builds("# {}\n{}".format, _NAMES, expression),
        st.builds("{}; {}".format, expression, expression),
        st.just('"""text\n\n  more"""'),
        st.builds("del {}".format, _NAMES),
        st.just(""),
    )

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        body = (
            st.lists(inner, min_size=1, max_size=6)
            .map(lambda lines: "pass\n" + "\n".join(lines))
            .map(lambda text: _indent([text]))
        )
        return st.one_of(
            inner,
            st.builds("if {}:\n{}elif {}:\n{}else:\n{}".format, expression, body, expression, body, body),
            st.builds("for {} in {}:\n{}else:\n{}".format, _NAMES, expression, body, body),
            st.builds("while {}:\n{}".format, expression, body),
            st.builds("with {} as {}:\n{}".format, expression, _NAMES, body),
            st.builds("try:\n{}except {} as {}:\n{}finally:\n{}".format, body, _NAMES, _NAMES, body, body),
            st.builds(
                "match {}:\n    case {}:\n{}    case _:\n        pass".format,
                expression,
                _NAMES,
                body.map(lambda text: _indent([text])),
            ),
            st.builds(
                "@{}\ndef {}({}, *, {}=1):\n{}".format, _NAMES, _NAMES, st.just("p"), st.just("q"), body
            ),
            st.builds("async def {}():\n{}".format, _NAMES, body),
            st.builds("class {}({}):\n{}".format, _NAMES, _NAMES, body),
        )

    statement = st.recursive(simple, grow, max_leaves=12)
    return st.lists(statement, max_size=8).map("\n".join)


def javascript_programs() -> st.SearchStrategy[str]:
    """JavaScript modules: statements of most kinds, nested."""
    return _script_programs(types=False)


def typescript_programs() -> st.SearchStrategy[str]:
    """TypeScript modules, some with JSX."""
    return _script_programs(types=True)


def _script_programs(*, types: bool) -> st.SearchStrategy[str]:
    expression = _expressions(python=False)
    simple = [
        st.builds("const {} = {};".format, _NAMES, expression),
        st.builds("let {{ {}, {}: {} = {} }} = {};".format, _NAMES, _NAMES, _NAMES, expression, expression),
        st.builds("var {} = require('{}');".format, _NAMES, _NAMES),
        st.builds("{};".format, expression),
        st.builds("{}.{} = {}".format, _NAMES, _NAMES, expression),
        st.builds("import {{ {} as {} }} from './{}';".format, _NAMES, _NAMES, _NAMES),
        st.builds("export {{ {} }};".format, _NAMES),
        st.builds("/* {}\n */ {} += 1;".format, _NAMES, _NAMES),
        st.builds("// {}\n{}();".format, _NAMES, _NAMES),
        st.just(";"),
    ]
    if types:
        simple += [
            st.builds("type {} = {} | {{ {}: {} }};".format, _NAMES, _NAMES, _NAMES, _NAMES),
            st.builds("let {}: {} = {} as {};".format, _NAMES, _NAMES, expression, _NAMES),
            st.builds(
                "interface {} extends {} {{ {}(x: {}): {}; }}".format, _NAMES, _NAMES, _NAMES, _NAMES, _NAMES
            ),
            st.builds("enum {} {{ {} = 1 }}".format, _NAMES, _NAMES),
        ]

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        body = st.lists(inner, max_size=6).map("\n".join)
        return st.one_of(
            inner,
            st.builds("if ({}) {{\n{}\n}} else {{\n{}\n}}".format, expression, body, body),
            st.builds("for (const {} of {}) {{\n{}\n}}".format, _NAMES, expression, body),
            st.builds("while ({}) {{\n{}\nbreak;\n}}".format, expression, body),
            st.builds(
                "try {{\n{}\n}} catch ({}) {{\n{}\n}} finally {{\n{}\n}}".format, body, _NAMES, body, body
            ),
            st.builds("switch ({}) {{\ncase 1:\n{}\nbreak;\ndefault:\n{}\n}}".format, expression, body, body),
            st.builds("async function {}({}) {{\n{}\n}}".format, _NAMES, _NAMES, body),
            st.builds("{}({} => {{\n{}\n}});".format, _NAMES, _NAMES, body),
            st.builds(
                "class {} extends {} {{\n{} = 1;\n{}() {{\n{}\n}}\n}}".format,
                _NAMES,
                _NAMES,
                _NAMES,
                _NAMES,
                body,
            ),
        )

    statement = st.recursive(st.one_of(*simple), grow, max_leaves=12)
    return st.lists(statement, max_size=8).map("\n".join)


def mutations(rng: random.Random, data: bytes) -> bytes:
    """The bytes with a few random cuts, repeats, swaps and strange bytes."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(changed) + 1)
        what = rng.randrange(5)
        if what == 0:
            del changed[at : at + rng.randint(1, 40)]
        elif what == 1:
            changed[at:at] = changed[at : at + rng.randint(1, 40)]
        elif what == 2:
            changed[at:at] = rng.choice(
                [b"(", b"}", b'"""', b"'", b"\0", b"\xff", b"\r", b"\t", b"\x0c", b"`", b"/*", b"\\"]
            )
        elif what == 3:
            changed[at:at] = rng.randbytes(rng.randint(1, 8))
        else:
            there = rng.randrange(len(changed) + 1)
            changed[at : at + 10], changed[there : there + 10] = (
                changed[there : there + 10],
                changed[at : at + 10],
            )
    return bytes(changed)
