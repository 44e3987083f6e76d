"""What an operator does about an item, in a sentence: the first thing that holds it up, or that it is well."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from common.plaid.errors import BY_CODE, OperatorMustAct
from ops.printing import ago

OVER = {
    "removing": "Plaid is asked to remove it, again and again, until it confirms. Nothing to do.",
    "disconnected": "It is disconnected and its token erased; a new link makes another item.",
    "revoked": "Plaid knows it no more: its user must link the bank anew, in the page.",
    "login_required": "Its user must sign in again: Reconnect, in the page. Nothing else helps.",
}
OURS = {
    "TOKEN_UNSEALABLE": "Put the key that sealed its token back into PLAID_ENCRYPTION_KEY (`ops keys status`), then "
    "`ops item sync {id}`.",
    "SYNC_CRASHED": "A fault of ours: sync_worker's log has the traceback, at the correlation_id of its last sync. "
    "It is tried again {again}; `ops item pause {id}` stops that.",
}
OF_OPERATOR = (
    "Plaid refuses what neither user nor time mends: see PlaidNeedsOperator in docs/operations.md, then "
    "`ops item sync {id}`."
)
PAUSED = "Paused by an operator ({since}; `ops history --integration {id}`): `ops item resume {id}` lets it go on."
BANK = "Its bank fails ({bank_error}) and is left alone; tried again {bank_again} by itself."
FAILED = "Its last sync failed; it is tried again {again} by itself. `ops item sync {id}` does so now."
IN_HAND = "A worker has it in hand."
RUNG = "It is rung for: a sync_worker takes it within seconds. If none does, see that one runs (`ops doctor`)."
BUDGET = "It is rung for, and Plaid's limits have no room for it now: it is tried again {again} by itself."
WELL = "All is well: it is synced when Plaid rings, and {again} at the latest."


def next_step(item: Mapping[str, Any], *, limited: bool) -> str:
    """Return what to do about an item of `ops.store.item`; `limited`: Plaid's limits hold it up."""
    now = datetime.now(UTC)
    words = {
        "id": item["id"],
        "since": _when(item["paused_at"], now),
        "again": _when(item["next_sync_at"], now),
        "bank_error": item["bank_error"],
        "bank_again": _when(item["bank_left_alone_until"], now),
    }
    return _which(item, now, limited=limited).format(**words)


def _which(item: Mapping[str, Any], now: datetime, *, limited: bool) -> str:
    status, error = item["status"], item["error"]
    paused = item["paused_at"] is not None and status not in {"removing", "disconnected"}
    choices = (
        (paused, PAUSED),
        (status in OVER, OVER.get(status, "")),
        (error in OURS, OURS.get(error, "")),
        (BY_CODE.get(error) is OperatorMustAct, OF_OPERATOR),
        (item["lease_expires_at"] is not None and item["lease_expires_at"] > now, IN_HAND),
        (item["bank_left_alone_until"] is not None, BANK),
        (error is not None, FAILED),
        (item["doorbells"] > 0 and limited, BUDGET),
        (item["doorbells"] > 0, RUNG),
    )
    return next((said for holds, said in choices if holds), WELL)


def _when(moment: datetime | None, now: datetime) -> str:
    return "never" if moment is None else ago(moment, now)
