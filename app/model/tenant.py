"""Whose plans these are, while there is one owner of all."""

from __future__ import annotations

from typing import Final
from uuid import UUID

TENANT: Final = "default"
LOCAL_USER: Final = UUID("2f7d3c52-66d1-5d0f-a4f1-3a51c8c0e001")
