"""How well a grammar could read a file."""

from __future__ import annotations

from app.model.facts import Facts, ParseProblem, ParseStatus, Piece
from app.parse.text import Text


def judge(text: Text, problems: list[ParseProblem]) -> tuple[ParseStatus, str]:
    """The file's status and, unless it is ``ok``, the reason.

    Hopeless, and so opaque, is a file of which unreadable text covers more than half.
    """
    if not problems:
        return ("recovered", text.doubt) if text.doubt else ("ok", "")
    covered = 0
    reached = 0
    for problem in sorted(problems, key=lambda problem: (problem.start, -problem.end)):
        start = max(problem.start, reached)
        covered += len(text.grammar[start : problem.end].strip()) if problem.end > start else 0
        reached = max(reached, problem.end)
    if covered * 2 > len(text.grammar.strip()):
        return "opaque", "syntax errors cover more than half of the file"
    first = min(problems, key=lambda problem: problem.start)
    line = text.grammar.count(b"\n", 0, first.start) + 1
    more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
    return "recovered", f"{first.reason} in line {line}{more}"


def opaque_facts(language: str, text: Text, reason: str = "") -> Facts:
    """The file as one piece that nobody looks into."""
    end = len(text.utf8)
    return Facts(
        language=language,
        status="opaque",
        reason=reason or text.reason,
        encoding=text.encoding,
        code_lines=bytes(1 if line.strip() else 0 for line in text.grammar.split(b"\n")),
        decisions=(),
        pieces=(Piece(0, end, "opaque", "opaque"),) if end else (),
    )
