"""Who gives a command, and whose plans it is about: the one place of the command line that a login will answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import uuid4

from app.main import TENANT
from app.model.tenant import LOCAL_USER

if TYPE_CHECKING:
    from app.plans.write import Owner

ACTOR: Final = "user:local"


def tenant() -> str:
    """Whose plans a command is about."""
    return TENANT


def local_owner() -> Owner:
    """Who makes a plan, with an id for the conversation that it is made in."""
    from app.plans.write import Owner  # with Postgres's driver, which most commands do without

    return Owner(tenant(), LOCAL_USER, uuid4(), ACTOR)
