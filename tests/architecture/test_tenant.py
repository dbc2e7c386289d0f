"""The tenant comes from one place at each edge, and is passed from there."""

from __future__ import annotations

import re

from app.settings import REPOSITORY

NAMED_IN = {"api/service.py", "cli/person.py", "main.py", "model/tenant.py"}


def test_the_one_tenant_is_named_at_the_edges_only() -> None:
    package = REPOSITORY / "app"
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"\bTENANT\b", path.read_text("utf-8"))
    }
    assert found == NAMED_IN
