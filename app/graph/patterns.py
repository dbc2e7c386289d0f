"""Regular expressions that a stranger gives and the database has to match."""

from __future__ import annotations

from typing import Final

_MOST_REPEATS: Final = 8
_LONGEST: Final = 500


def may_run_away(pattern: str) -> bool:
    """Whether matching may take more than a small power of the text's length, as far as that can be told simply.

    True where a group that repeats or chooses inside is repeated itself, for back references, look-around and all else
    that starts with ``(?`` but ``(?:`` and ``(?i)``, and where too much is repeated.
    """
    if len(pattern) > _LONGEST:
        return True
    repeats = at = 0
    inside: list[bool] = []
    branching = False
    closed: bool | None = None
    while at < len(pattern):
        char = pattern[at]
        after, closed = closed, None
        if char == "\\":
            if pattern[at + 1 : at + 2].isdigit() or pattern[at + 1 : at + 2] in ("k", "Q", ""):
                return True
            at += 1
        elif char == "[":
            end = _class_end(pattern, at)
            if end < 0:
                return True
            at = end
        elif char == "(":
            if pattern.startswith("(?i)", at):
                at += 3
            elif pattern.startswith("(?", at) and not pattern.startswith("(?:", at):
                return True
            else:
                at += 2 if pattern.startswith("(?:", at) else 0
                inside.append(branching)
                branching = False
        elif char == ")":
            if not inside:
                return True
            closed = branching
            branching = inside.pop() or branching
        elif char == "|":
            branching = True
        elif char in "*+{":
            if after:
                return True
            repeats += 1
            branching = True
        at += 1
    return bool(inside) or repeats > _MOST_REPEATS


def _class_end(pattern: str, start: int) -> int:
    """Where the character class that begins at ``start`` ends; -1 where it does not, or holds another one."""
    at = start + (2 if pattern.startswith("[^", start) else 1)
    at += 1 if pattern.startswith("]", at) else 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
        elif pattern[at] == "[":
            return -1
        elif pattern[at] == "]":
            return at
        at += 1
    return -1
