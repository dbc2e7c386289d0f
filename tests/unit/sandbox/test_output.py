"""What is kept of an output: all of it, or its two ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.sandbox.output import Kept


@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(0, 300))
def test_the_two_ends_are_kept_and_never_more_than_the_limit(chunks: list[bytes], limit: int) -> None:
    kept, whole = Kept(limit), b"".join(chunks)
    for chunk in chunks:
        kept.add(chunk)
    assert kept.total == len(whole)
    assert kept.left_out == max(len(whole) - limit, 0)
    assert len(kept.head) + len(kept.tail) == min(len(whole), limit)
    assert whole.startswith(kept.head)
    assert whole.endswith(kept.tail)


def test_the_gap_says_how_much_is_missing() -> None:
    kept = Kept(4)
    kept.add(b"ab123cd")
    assert kept.text() == "ab\n… 3 bytes left out …\ncd"


def test_nothing_missing_is_nothing_said() -> None:
    kept = Kept(8)
    kept.add(b"ab\xffcd")
    assert kept.text() == "ab\N{REPLACEMENT CHARACTER}cd"
