from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_api.domain.cursors import BadCursor, Cursor, IdCursor, decode, decode_id
from link_api.domain.identifiers import LARGEST_BIG


@given(st.dates(), st.integers(1, LARGEST_BIG))
def test_a_cursor_comes_back_as_it_went(day: date, id_: int) -> None:
    """Encoding loses nothing and needs no quoting in a URL."""
    text = Cursor(day, id_).encode()
    assert decode(text) == Cursor(day, id_)
    assert text.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=40))
def test_any_other_text_is_a_bad_cursor(text: str) -> None:
    """Whatever is not written by us is refused, and no other error escapes."""
    with suppress(BadCursor):
        assert decode(text).encode() == text


@pytest.mark.parametrize(
    "inside", ["2026-11-20:0", "2026-11-20:-1", f"2026-11-20:{2**63}", "20261120:1", "2026-11-20: 1"]
)
def test_what_only_resembles_a_cursor_is_refused(inside: str) -> None:
    """Ids that the database cannot hold and other spellings of a day are none of ours."""
    with pytest.raises(BadCursor):
        decode(urlsafe_b64encode(inside.encode()).decode().rstrip("="))


@given(st.integers(1, LARGEST_BIG))
def test_an_id_cursor_comes_back_as_it_went(id_: int) -> None:
    """The cursor of a list by id alone: the same promises."""
    text = IdCursor(id_).encode()
    assert decode_id(text) == IdCursor(id_)
    assert text.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=40))
def test_any_other_text_is_a_bad_id_cursor(text: str) -> None:
    """Whatever is not written by us is refused, and no other error escapes."""
    with suppress(BadCursor):
        assert decode_id(text).encode() == text


@pytest.mark.parametrize("inside", ["0", "-1", "007", " 1", f"{2**63}", "2026-11-20:1"])
def test_what_only_resembles_an_id_cursor_is_refused(inside: str) -> None:
    """Other spellings, ids that the database cannot hold, and the cursors of other lists are none of ours."""
    with pytest.raises(BadCursor):
        decode_id(urlsafe_b64encode(inside.encode()).decode().rstrip("="))
