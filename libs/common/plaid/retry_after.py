"""How long the Retry-After of an answer asks us to wait (RFC 9110, section 10.2.3)."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
LONGEST = 4 * 3_600.0
"""Seconds. Plaid itself honours no more of ours (plaid.com/docs/api/webhooks)."""


def seconds_of(header: str, now: datetime) -> float | None:
    """Return the seconds from now, at most LONGEST, or None when it cannot be read.

    Seconds and HTTP-dates as the RFC says, ISO 8601 as Plaid's own words on webhooks name it; what is past is now.
    """
    text = header.strip()
    if SECONDS.fullmatch(text):
        return min(float(text), LONGEST)
    moment = _moment(text)
    return None if moment is None else min(max((moment - now).total_seconds(), 0.0), LONGEST)


def _moment(text: str) -> datetime | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
