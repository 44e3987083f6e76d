from datetime import timedelta

import pytest
import typer

from ops.durations import parse


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30min", 1800), ("6h", 21_600), (" 2 D ", 172_800), ("0s", 0), ("36500d", 3_153_600_000)],
)
def test_spans_as_people_write_them(text: str, seconds: int) -> None:
    """A number and a unit, with or without a space."""
    assert parse(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "6", "h", "-1h", "1.5h", "1w", "6h30min", "36501d", "999999999d", "9999999999d", "٣h"]
)
def test_what_is_no_span_is_told(text: str) -> None:
    """Anything else is refused with how to write it; so is what no clock counts."""
    with pytest.raises(typer.BadParameter):
        parse(text)
