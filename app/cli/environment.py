"""What is wrong with the environment's settings, for a person."""

from __future__ import annotations

from pydantic import ValidationError

from app.errors import InputError
from app.settings import Settings


def settings_error(error: Exception) -> InputError | None:
    """What a person can put right, where the error is that `Settings` refused the environment; None for any other."""
    if not isinstance(error, ValidationError) or error.title != Settings.__name__:
        return None
    wrong = error.errors(include_url=False, include_context=False)
    names = [".".join(map(str, one["loc"])).upper() for one in wrong]
    told = [f"{name}={one['input']}: {one['msg']}" for name, one in zip(names, wrong, strict=True)]
    return InputError(
        f"the environment cannot be used: {'; '.join(told)}",
        hint=f"correct or unset {', '.join(names)}; docs/settings.md says what each takes",
        field=names[0],
    )
