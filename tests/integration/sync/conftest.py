from __future__ import annotations

from uuid import uuid4

import pytest


@pytest.fixture
def tenant() -> str:
    """A tenant of the test's own: the graph is shared."""
    return f"sync-{uuid4().hex}"
