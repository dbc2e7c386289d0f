"""The ids of plans that are imported from code."""

from __future__ import annotations

import uuid
from typing import Final

_PLANS: Final = uuid.UUID("6b1f0a53-6a41-5f0e-9d2c-0f6d1c8a7e11")


def plan_id_for(tenant_id: str, name: str) -> str:
    """The id of an imported plan: the same name is the same plan, so a new import replaces it."""
    return str(uuid.uuid5(_PLANS, f"{tenant_id}/{name}"))
