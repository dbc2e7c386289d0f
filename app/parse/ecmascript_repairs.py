"""Valid source that the grammars cannot read, in a form of the same length that they can.

Only what a grammar parses is changed: names are still taken from the source, and every offset stays.
Tried only after a first reading found errors, and kept only where it leaves fewer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from tree_sitter import Node

_Change: TypeAlias = Callable[[re.Match[bytes]], bytes]

_RESERVED: Final = (
    rb"await|break|case|catch|class|const|continue|debugger|delete|do|else|enum|export|extends|false|finally|for"
    rb"|function|if|import|in|instanceof|new|null|return|super|switch|this|throw|true|try|typeof|var|void|while|with"
)
_AFTER_AS: Final = re.compile(rb"(\bas\s+)(" + _RESERVED + rb")\b")
_BEFORE_AS: Final = re.compile(rb"\b(" + _RESERVED + rb")(?=\s+as\s)")
_TYPE_WORDS: Final = rb"any|boolean|bigint|never|number|object|string|symbol|unknown|void"


def _blank(match: re.Match[bytes]) -> bytes:
    return re.sub(rb"\S", b" ", match[0])


def _blank_last_group(match: re.Match[bytes]) -> bytes:
    last = match[match.lastindex or 0]
    return match[0][: len(match[0]) - len(last)] + b" " * len(last)


def _identifier(match: re.Match[bytes]) -> bytes:
    return b"i" + b"$" * (len(match[0]) - 1)


def _unreserved(match: re.Match[bytes]) -> bytes:
    return match[0][:-1] + b"_"


def _clause(match: re.Match[bytes]) -> bytes:
    return _BEFORE_AS.sub(_unreserved, _AFTER_AS.sub(_unreserved, match[0]))


_BOTH: Final[tuple[tuple[re.Pattern[bytes], _Change], ...]] = (
    # export { x as null }, import { if as y }
    (re.compile(rb"\b(?:export|import)\b[^{};\"'()=]*\{[^{}]*\}"), _clause),
    # export * from "m" with { type: "json" }
    (
        re.compile(rb"\bfrom\s*(?:\"[^\"\n]*\"|'[^'\n]*')\s*((?:with|assert)\s*\{[^{}]*\})"),
        _blank_last_group,
    ),
    # static accessor x = 1
    (re.compile(rb"\baccessor(?=[ \t]+(?!(?:as|in|instanceof|of|satisfies)\b)[\w$#\[\"'])"), _blank),
    # import defer * as x, import source x
    (re.compile(rb"\bimport\s+(defer(?=\s+\*)|source(?=\s+\w+\s+from\b))"), _blank_last_group),
)
_TYPESCRIPT: Final[tuple[tuple[re.Pattern[bytes], _Change], ...]] = (
    *_BOTH,
    # import("m").T<A>
    (
        re.compile(
            rb"\bimport\s*\(\s*(?:\"[^\"\n]*\"|'[^'\n]*')\s*(?:,\s*\{[^{}]*(?:\{[^{}]*\})?[^{}]*\}\s*)?,?\s*\)"
        ),
        _identifier,
    ),
    # export import x = require("m")
    (
        re.compile(rb"\bexport\s+import\s+(?:type\s+)?[\w$]+\s*=\s*(require\s*\([^()]*\))"),
        lambda match: match[0][: -len(match[1])] + b"i" + b"$" * (len(match[1]) - 1),
    ),
    # export type * from "m"
    (re.compile(rb"\bexport\s+(type)(?=\s*\*)"), _blank_last_group),
    # interface Box<in out T>
    (
        re.compile(rb"[<,]\s*((?:in\s+|out\s+)+)(?=[A-Za-z_$][\w$]*\s*(?:extends\b|[=,>]))"),
        _blank_last_group,
    ),
    # keyof readonly T[]
    (re.compile(rb"\bkeyof\s+(readonly)(?=\s)"), _blank_last_group),
    # a member of an interface that ends without a semicolon before `<T>(…)` or `[key: K]`
    (
        re.compile(rb"(?:[\w$\])}\"'`]|(?<!=)>)[ \t]*\r?(\n)(?=\s*<\s*(?:const\s+)?[A-Za-z_$])"),
        lambda match: match[0][:-1] + b";",
    ),
    # declare module "m" { global { … } }
    (re.compile(rb"(?<!declare )\bglobal\s(?=\s*\{)"), lambda match: b"global:"),
    # export default function (): T; without a body or a name
    (
        re.compile(rb"\bdefault(\s+)function(\s*)(?=[(<])"),
        lambda match: b"function" + match[1] + b"defaul_" + match[2],
    ),
    # (any) => T, where `any` is a parameter's name
    (re.compile(rb"\(\s*(?:" + _TYPE_WORDS + rb")(?=\s*\)\s*=>)"), _unreserved),
    # { abstract?: T }
    (re.compile(rb"\babstract(?=\s*\??\s*:)"), _unreserved),
    # ({a}?: T) => U
    (re.compile(rb"\}\s*(\?)(?=\s*:)"), _blank_last_group),
    # using resource = open()
    (
        re.compile(rb"\bawait\s+using(?=\s+[A-Za-z_$][\w$]*\s*(?:[=:]|of\b))"),
        lambda match: b"const".rjust(len(match[0])),
    ),
    (re.compile(rb"\busing(?=\s+[A-Za-z_$][\w$]*\s*(?:[=:]|of\b))"), lambda match: b"const"),
    (re.compile(rb"\busing(?=\s*[:,)?])"), _unreserved),
)


def repaired(grammar: bytes, language: str, comments: Iterable[tuple[int, int]]) -> bytes:
    """``grammar`` with what its grammar is known not to read put in other words of the same length."""
    shown = bytearray(grammar)
    for start, end in comments:
        if grammar.startswith(b"#!", start):
            continue
        shown[start:end] = re.sub(rb"[^\r\n]", b" ", grammar[start:end])
    text = bytes(shown)
    for found, change in _BOTH if language == "javascript" else _TYPESCRIPT:
        text = found.sub(change, text)
    return text


def is_unnamed_default(source: bytes, export: Node) -> bool:
    """Whether an export is `export default function (…)` that the grammar was shown as a named function."""
    start = next((child.end_byte for child in export.children if child.type == "export"), export.end_byte)
    return source[start : export.end_byte].lstrip().startswith(b"default") and not any(
        child.type == "default" for child in export.children
    )
