from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.advice import next_step

SOON = datetime.now(UTC) + timedelta(hours=2, minutes=59)
"""Two hours still when the tests before these have taken half an hour."""
WELL: dict[str, Any] = {
    "id": 3, "status": "active", "error": None, "paused_at": None, "next_sync_at": SOON, "lease_expires_at": None,
    "bank_left_alone_until": None, "bank_error": None, "doorbells": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "limited", "says"),
    [
        ({}, False, "All is well: it is synced when Plaid rings, and in 2 h at the latest."),
        ({"doorbells": 1}, True, "Plaid's limits have no room for it now: it is tried again in 2 h"),
        ({"doorbells": 1}, False, "a sync_worker takes it within seconds"),
        ({"error": "INSTITUTION_DOWN", "bank_left_alone_until": SOON, "bank_error": "X"}, False, "Its bank fails (X)"),
        ({"error": "INSTITUTION_DOWN"}, False, "it is tried again in 2 h by itself"),
        ({"error": "NEW_TO_US"}, False, "it is tried again in 2 h by itself"),
        ({"error": "INVALID_API_KEYS", "doorbells": 9}, True, "PlaidNeedsOperator"),
        ({"status": "removing", "paused_at": SOON, "error": "ITEM_NOT_FOUND"}, False, "until it confirms"),
        ({"status": "login_required", "paused_at": SOON}, False, "`ops item resume 3`"),
        ({"lease_expires_at": SOON - timedelta(hours=3), "doorbells": 1}, False, "rung for"),
    ],
)
def test_the_first_thing_that_holds_it_up(change: dict[str, Any], limited: bool, says: str) -> None:
    """One sentence: what must be mended first, or that nothing must."""
    assert says in next_step(WELL | change, limited=limited)
