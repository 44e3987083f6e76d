import pytest

from link_api.domain import ratios


@pytest.mark.parametrize(
    ("part", "whole", "share"), [(0, 0, None), (0, 3, "0.0000"), (1, 3, "0.3333"), (2, 3, "0.6667"), (3, 3, "1.0000")]
)
def test_a_share_of_nothing_is_none(part: int, whole: int, share: str | None) -> None:
    """To four places, in plain digits."""
    assert ratios.text(ratios.share(part, whole)) == share
