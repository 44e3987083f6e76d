from datetime import UTC, datetime

import pytest

from sync_worker.domain.login import expiry


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2027-01-31T00:00:00Z", datetime(2027, 1, 31, tzinfo=UTC)),
        (None, None),
        ("", None),
        ("soon", None),
        ("2027-01-31T00:00:00", None),
        (20270131, None),
    ],
    ids=str,
)
def test_when_consent_ends(said: object, moment: datetime | None) -> None:
    """An end that cannot be read, or names no time zone, is none: it stops no look at the login."""
    assert expiry(said) == moment
