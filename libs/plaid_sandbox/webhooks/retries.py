"""When a webhook that was not taken comes again: after 30 s, then four times as long each, or as the receiver says."""

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

RETRY_DELAYS = (30, 120, 480, 1920, 7680, 30720)
LONGEST_RETRY_AFTER = 4 * 3600


def pause_after(answer: httpx2.Response | None, otherwise: float, now: datetime) -> float:
    """Return the seconds to wait: what a 429's Retry-After asks for, up to four hours, else the back-off."""
    if answer is None or answer.status_code != httpx2.codes.TOO_MANY_REQUESTS:
        return otherwise
    wanted = _seconds(answer.headers.get("Retry-After", ""), now)
    return otherwise if wanted is None else min(max(wanted, 0), LONGEST_RETRY_AFTER)


def _seconds(text: str, now: datetime) -> float | None:
    """Read seconds, an ISO 8601 moment or an HTTP date."""
    if text.isdecimal():
        return float(text)
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        with suppress(ValueError):
            moment = parse(text)
            return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    return None
