from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api import cursor
from app.errors import InputError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, st.integers(0, 2**53 - 1))
def test_a_place_comes_back_as_it_went(path: str, number: int) -> None:
    assert cursor.decode_path(cursor.encode(path, number)) == (path, number)
    assert cursor.decode_text(cursor.encode(path)) == path
    assert cursor.decode_number(cursor.encode(number)) == number


def test_no_cursor_is_the_beginning() -> None:
    assert cursor.decode_path(None) == ("", 0)
    assert cursor.decode_text("") == ""
    assert cursor.decode_number(None) == 0


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_junk_is_refused_and_nothing_else_happens(junk: str) -> None:
    for decode in (cursor.decode_path, cursor.decode_text, cursor.decode_number):
        try:
            decode(junk)
        except InputError as error:
            assert error.field == "cursor"


@pytest.mark.parametrize(
    "place", ["[]", "{}", "[true]", "[-1]", '["\\ud800", 1]', '["a", 1, 2]', "[1e9]", "[" * 5000, "9" * 5000]
)
def test_what_no_listing_made_is_refused(place: str) -> None:
    junk = base64.urlsafe_b64encode(place.encode()).decode()
    for decode in (cursor.decode_path, cursor.decode_number):
        with pytest.raises(InputError):
            decode(junk)
