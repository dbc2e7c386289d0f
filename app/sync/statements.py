"""The package's SQL."""

from __future__ import annotations

from typing import Final

from app.postgres.queries import statements_beside

sql: Final = statements_beside(__file__)
