import pytest

from link_api.domain.etags import matches, tag


def test_a_tag_follows_the_representation() -> None:
    """The same state has the same strong tag, another state another one."""
    assert tag("a") == tag("a") != tag("b")
    assert tag("ä").startswith('"')
    assert tag("ä").endswith('"')


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        ('"now"', True),
        (' "before" , "now" ', True),
        ("*", True),
        (" * ", True),
        ('"before"', False),
        ('W/"now"', False),
        ("now", False),
        ("", False),
        ('"now', False),
        ('"*"', False),
    ],
)
def test_if_match_compares_strongly(header: str, allowed: bool) -> None:
    """Only a tag that is exactly today's, alone or in a list, or a star lets a change pass (RFC 9110, 13.1.1)."""
    assert matches(header, '"now"') is allowed
