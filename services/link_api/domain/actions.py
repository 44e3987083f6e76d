"""What an integration's status asks of its user."""

from typing import Literal

Action = Literal["reconnect", "relink"]

ACTIONS: dict[str, Action] = {"login_required": "reconnect", "revoked": "relink"}
"""Reconnect: Link's update mode repairs it. Relink: Plaid knows the item no more, only a new link helps."""


SYNCED_BY_ITSELF = "active"
"""The one status in which syncs come, and are tried again, without the user."""


def action_required(status: str) -> Action | None:
    """Return what the user has to do before transactions come again, or None."""
    return ACTIONS.get(status)
