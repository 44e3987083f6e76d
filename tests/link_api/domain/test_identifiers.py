import pytest

from link_api.domain import identifiers


@pytest.mark.parametrize("text", ["1", "007", "2147483647"])
def test_digits_within_the_databases_range_are_an_id(text: str) -> None:
    """What PostgreSQL's integer can hold may be an id."""
    assert identifiers.read(text) == int(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "+1", " 1", "1.0", "1e3", "²", "\u0661", "2147483648", "9" * 5000])
def test_anything_else_is_none(text: str) -> None:
    """Nothing that the database would choke on gets that far."""
    assert identifiers.read(text) is None


@pytest.mark.parametrize(
    ("text", "id_"), [("9223372036854775807", 2**63 - 1), ("9223372036854775808", None), ("0", None)]
)
def test_a_table_with_larger_ids_has_a_larger_range(text: str, id_: int | None) -> None:
    """What PostgreSQL's bigint can hold may be an id where the column is one."""
    assert identifiers.read(text, identifiers.LARGEST_BIG) == id_
