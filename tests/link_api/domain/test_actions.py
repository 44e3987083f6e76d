import pytest

from common.tables.link_api import STATUSES
from link_api.domain.actions import action_required

ACTIONS = {"login_required": "reconnect", "revoked": "relink"}


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_says_what_the_user_has_to_do(status: str) -> None:
    """Only a login that broke and a permission that was revoked need the user."""
    assert action_required(status) == ACTIONS.get(status)
