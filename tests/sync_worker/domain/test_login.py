from datetime import UTC, datetime

import pytest

from sync_worker.domain.login import Login, read


def test_no_error_means_active() -> None:
    """An item without an error can be synced, and its consent's end is kept."""
    item = {"error": None, "consent_expiration_time": "2027-01-31T00:00:00Z"}
    assert read(item) == Login("active", consent_expires_at=datetime(2027, 1, 31, tzinfo=UTC))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ITEM_LOGIN_REQUIRED", "login_required"),
        ("A_CODE_OF_TOMORROW", "login_required"),
        ("USER_PERMISSION_REVOKED", "revoked"),
        ("ITEM_NOT_FOUND", "revoked"),
    ],
)
def test_an_error_says_who_must_act(code: str, status: str) -> None:
    """An item's error means that its user must log in again, or that it is gone."""
    error = {"error_code": code, "error_message": "technical", "display_message": "for people"}
    login = read({"error": error})
    assert (login.status, login.error_code, login.error_message) == (status, code, "for people")
