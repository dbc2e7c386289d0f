"""Patterns as git reads them in `.gitignore`, matched byte for byte.

pathspec is not used here: its expressions also match everything below a folder that they match, which
loses git's order of precedence (`build`, `*.py`, `!build` gives another answer), and they backtrack without
bound on patterns that a stranger wrote. The expressions below use atomic groups, so that matching takes
time proportional to pattern times path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.errors import InputError

_CLASSES = {
    b"alnum": rb"[a-zA-Z0-9]",
    b"alpha": rb"[a-zA-Z]",
    b"blank": rb"[ \t]",
    b"cntrl": rb"[\x00-\x1f\x7f]",
    b"digit": rb"[0-9]",
    b"graph": rb"[!-~]",
    b"lower": rb"[a-z]",
    b"print": rb"[ -~]",
    b"punct": rb"[!-/:-@\[-`{-~]",
    b"space": rb"[ \t\n\r\f\v]",
    b"upper": rb"[A-Z]",
    b"xdigit": rb"[0-9a-fA-F]",
}
_SPECIAL = re.compile(rb"[*?\[\\]")
_STAR = b"*"
_ANY_FOLDERS = b"**/"
_SOME_FOLDERS = b"**\\/"
_EVERYTHING = b"**"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line: ``expression`` matches a whole path that is relative to the pattern's folder, or a name alone."""

    text: bytes
    expression: re.Pattern[bytes]
    negated: bool
    folders_only: bool
    name_only: bool


@dataclass(frozen=True, slots=True)
class Patterns:
    """The patterns of one file, in order; the last one that matches decides."""

    patterns: tuple[Pattern, ...]
    any_name: re.Pattern[bytes] | None
    any_path: re.Pattern[bytes] | None

    def verdict(self, path: bytes, folder: bool) -> bool | None:
        """True: matched, False: matched by a `!` pattern, None: the patterns do not speak of this path."""
        name = path[path.rfind(b"/") + 1 :]
        if not (self.any_name and self.any_name.match(name)) and not (
            self.any_path and self.any_path.match(path)
        ):
            return None
        for pattern in reversed(self.patterns):
            if (folder or not pattern.folders_only) and pattern.expression.match(
                name if pattern.name_only else path
            ):
                return not pattern.negated
        return None


def parse_patterns(text: bytes) -> Patterns:
    """The patterns of a `.gitignore`; a line that can match nothing is left out, as git does."""
    lines = text.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return _together(pattern for line in lines if (pattern := _parse_line(line.removesuffix(b"\r"))))


def parse_options(options: Iterable[str], field: str) -> Patterns:
    """Patterns that a person gave on the command line.

    Raises InputError, naming ``field``, for a pattern that can match nothing.
    """
    parsed = []
    for option in options:
        pattern = _parse_line(option.removeprefix("./").encode("utf-8", "surrogateescape"))
        if pattern is None:
            raise InputError(
                f"the --{field} pattern {option!r} can match nothing",
                hint="write it as in a .gitignore: *.py, src/, docs/**/*.ts, !keep.py",
                field=field,
            )
        parsed.append(pattern)
    return _together(parsed)


def _together(patterns: Iterable[Pattern]) -> Patterns:
    kept = tuple(patterns)
    return Patterns(
        kept,
        _union(pattern for pattern in kept if pattern.name_only),
        _union(pattern for pattern in kept if not pattern.name_only),
    )


def _union(patterns: Iterable[Pattern]) -> re.Pattern[bytes] | None:
    sources = [b"(?:" + pattern.expression.pattern + b")" for pattern in patterns]
    return re.compile(b"|".join(sources), re.DOTALL) if sources else None


def _parse_line(line: bytes) -> Pattern | None:
    if line.startswith(b"#"):
        return None
    text = _trim(line.split(b"\0", 1)[0])
    body = text
    negated = body.startswith(b"!")
    body = body.removeprefix(b"!")
    folders_only = body.endswith(b"/")
    body = body.removesuffix(b"/")
    if not body:
        return None
    tokens = _tokens(body.removeprefix(b"/"), as_path=b"/" in body)
    if tokens is None:
        return None
    expression = re.compile(_expression(tokens), re.DOTALL)
    return Pattern(text, expression, negated, folders_only, name_only=b"/" not in body)


def _trim(line: bytes) -> bytes:
    """Without trailing spaces, unless a backslash keeps them."""
    end = at = 0
    while at < len(line):
        if line[at : at + 1] == b"\\":
            at += 1
            end = min(at + 1, len(line))
        elif line[at : at + 1] != b" ":
            end = at + 1
        at += 1
    return line[:end]


def _tokens(body: bytes, *, as_path: bool) -> list[bytes] | None:
    """Wildcards as the constants above, everything else as expressions of one byte; None: matches nothing."""
    tokens: list[bytes] = []
    at = 0
    while at < len(body):
        char = body[at : at + 1]
        if char == b"\\":
            if at + 1 == len(body):
                return None
            tokens.append(re.escape(body[at + 1 : at + 2]))
            at += 2
        elif char == b"?":
            tokens.append(rb"[^/]")
            at += 1
        elif char == b"*":
            end = at
            while body[end : end + 1] == b"*":
                end += 1
            # git compares what stands before the first wildcard on its own, and so takes `a**/b` for `a` + `**/b`
            starts = body[at - 1 : at] == b"/" or not _SPECIAL.search(body, 0, at)
            whole_segment = as_path and end - at > 1 and starts
            if whole_segment and body[end : end + 1] == b"/":
                tokens.append(_ANY_FOLDERS)
                end += 1
            elif whole_segment and body[end : end + 2] == b"\\/":
                tokens.append(_SOME_FOLDERS)
                end += 2
            elif whole_segment and end == len(body):
                tokens.append(_EVERYTHING)
            else:
                tokens.append(_STAR)
            at = end
        elif char == b"[":
            bracket = _bracket(body, at)
            if bracket is None:
                return None
            expression, at = bracket
            tokens.append(expression)
        else:
            tokens.append(re.escape(char))
            at += 1
    return tokens


def _bracket(body: bytes, start: int) -> tuple[bytes, int] | None:
    """The expression of the bracket at ``start`` and the offset after it; None where it does not end."""
    at = start + 1
    negated = body[at : at + 1] in (b"!", b"^")
    at += negated
    members: set[int] = set()
    previous = -1
    first = True
    while first or body[at : at + 1] != b"]":
        first = False
        if at >= len(body):
            return None
        char = body[at]
        if char == ord("\\"):
            at += 1
            if at >= len(body):
                return None
            previous = body[at]
            members.add(previous)
        elif char == ord("-") and previous > 0 and at + 1 < len(body) and body[at + 1] != ord("]"):
            at += 1
            if body[at] == ord("\\"):
                at += 1
                if at >= len(body):
                    return None
            members.update(range(previous, body[at] + 1))
            previous = -1
        elif body[at : at + 2] == b"[:":
            close = body.find(b"]", at + 2)
            if close < 0:
                return None
            if close == at + 2 or body[close - 1] != ord(":"):
                members.add(char)
                previous = char
            else:
                named = _CLASSES.get(body[at + 2 : close - 1])
                if named is None:
                    return None
                members.update(byte for byte in range(256) if re.match(named, bytes([byte])))
                previous = -1
                at = close
        else:
            members.add(char)
            previous = char
        at += 1
    allowed = (set(range(256)) - members if negated else members) - {ord("/"), 0}
    return (
        b"[" + b"".join(b"\\x%02x" % byte for byte in sorted(allowed)) + b"]" if allowed else b"(?!)"
    ), at + 1


def _expression(tokens: list[bytes]) -> bytes:
    """Everything up to the next wildcard of the same reach is best matched as early as it can be.

    So all that stands before the last `**`, and before the last `*` of a part between two `**`, is
    put into atomic groups: there is nothing to go back for.
    """
    parts: list[tuple[bytes, list[bytes]]] = [(b"", [])]
    for token in tokens:
        if token in (_ANY_FOLDERS, _SOME_FOLDERS):
            parts.append((rb"(?:[^/]*/)*?" if token == _ANY_FOLDERS else rb"(?:[^/]*/)+?", []))
        else:
            parts[-1][1].append(token)
    sources = [b"(?>" + lead + _between_folders(part) + b")" for lead, part in parts[:-1]]
    lead, part = parts[-1]
    return b"".join(sources) + lead + _between_folders(part) + rb"\Z"


def _between_folders(tokens: list[bytes]) -> bytes:
    chunks: list[list[bytes]] = [[]]
    for token in tokens:
        if token == _STAR:
            chunks.append([])
        else:
            chunks[-1].append(b".*" if token == _EVERYTHING else token)
    first, *rest = [b"".join(chunk) for chunk in chunks]
    if not rest:
        return first
    return first + b"".join(rb"(?>[^/]*?" + chunk + b")" for chunk in rest[:-1]) + rb"[^/]*?" + rest[-1]
