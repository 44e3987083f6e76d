import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaid_sandbox.cursors import Cursor, decode
from plaid_sandbox.errors import PlaidError

PLACES = st.integers(min_value=0, max_value=10**9)


@given(
    st.builds(Cursor, PLACES, PLACES, PLACES, PLACES, st.sampled_from(["log", "removed_last", "shuffled:999999999"]))
)
def test_a_cursor_reads_back_as_it_was_written(cursor: Cursor) -> None:
    """Encoding loses nothing and stays within Plaid's 256 characters."""
    text = cursor.encode("item")
    assert decode(text, "item") == cursor
    assert len(text) <= 256


@given(st.text(max_size=64))
def test_no_other_text_is_a_cursor(text: str) -> None:
    """Whatever was not handed out for this stream is refused, and nothing but refused."""
    with pytest.raises(PlaidError, match="cursor"):
        decode(text, "item")


def test_a_cursor_is_good_for_its_stream_only() -> None:
    """The cursor of one Item opens no other."""
    with pytest.raises(PlaidError, match="cursor"):
        decode(Cursor(0, 1, 1, 1).encode("item"), "other")
