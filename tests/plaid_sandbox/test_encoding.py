import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaid_sandbox.encoding import Raw, Ready, encode, encode_body, number

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=7)


@given(AMOUNTS)
def test_a_decimal_keeps_every_digit(amount: Decimal) -> None:
    """Money is written as the number it is, never rounded through a float, never in scientific form."""
    text = encode({"amount": amount})
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal)["amount"] == amount
    assert "e" not in number(amount).lower()


def test_numbers_are_as_short_as_plaids() -> None:
    """No zeros are added or kept: 12.50 is 12.5, 100 is 100."""
    numbers = [number(Decimal(text)) for text in ("12.50", "100", "1E+2", "10.021521", "-0.10")]
    assert numbers == ["12.5", "100", "100", "10.021521", "-0.1"]


def test_plain_data_is_encoded_as_json_is() -> None:
    """Whatever is no decimal and no raw text reads back as it was."""
    data = {"a": [1, 2.5, None, True, 'quo"te\n'], "b": {"ü": ()}}
    assert json.loads(encode(data)) == {"a": [1, 2.5, None, True, 'quo"te\n'], "b": {"ü": []}}
    assert encode([Raw('{"x":1}')]) == '[{"x":1}]'


@given(st.lists(st.integers(), max_size=3), st.dictionaries(st.text(), st.none() | st.text(), max_size=3))
def test_what_is_ready_is_written_as_it_stands(numbers: list[int], more: dict[str, str | None]) -> None:
    """An array of ready texts is that array, alone, within an answer and in its bytes."""
    ready = Ready(str(one).encode() for one in numbers)
    assert encode({**more, "rows": ready}) == encode({**more, "rows": numbers})
    for answer in (more, {**more, "rows": ready}, {"rows": ready, **more}):
        assert encode_body(answer) == encode(answer).encode()


def test_what_json_cannot_say_is_refused() -> None:
    """A forgotten conversion is an error here and not a surprise at the client."""
    with pytest.raises(TypeError):
        encode({"a": object()})
