"""Cursors: where a listing goes on, opaque to the client."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final

from app.errors import InputError

_LONGEST: Final = 8_192


def encode(*place: str | int) -> str:
    """A place in a listing as a cursor."""
    text = json.dumps(place, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_text(cursor: str | None) -> str:
    """The place as one string, ``""`` for the beginning; `InputError`."""
    match _place(cursor):
        case []:
            return ""
        case [str(text)]:
            return text
    raise _unusable()


def decode_number(cursor: str | None) -> int:
    """The place as one number, 0 for the beginning; `InputError`."""
    match _place(cursor):
        case []:
            return 0
        case [int(number)] if _is_place(number):
            return number
    raise _unusable()


def decode_path(cursor: str | None) -> tuple[str, int]:
    """The place as a path and a number in the file, ``("", 0)`` for the beginning; `InputError`."""
    match _place(cursor):
        case []:
            return "", 0
        case [str(path), int(number)] if _is_place(number):
            return path, number
    raise _unusable()


def _place(cursor: str | None) -> list[object]:
    if not cursor:
        return []
    try:
        if len(cursor) > _LONGEST:
            raise _unusable()
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = json.loads(text)
        # A lone surrogate is JSON, but nothing that a store can be asked for.
        json.dumps(place, ensure_ascii=False).encode()
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _unusable() from error
    return place if isinstance(place, list) and place else [None]


def _is_place(number: int) -> bool:
    return not isinstance(number, bool) and 0 <= number < 2**53


def _unusable() -> InputError:
    return InputError(
        "the cursor is not one of this listing",
        hint="give next_cursor of the page before, or none for the first page",
        field="cursor",
    )
