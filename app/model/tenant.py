"""Whose plans these are, while there is one owner of all."""

from __future__ import annotations

from typing import Final

TENANT: Final = "default"
