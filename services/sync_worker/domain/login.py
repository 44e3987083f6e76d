"""How an item's login stands, by /item/get: the one trusted source: webhooks come late, twice, in any order."""

from dataclasses import dataclass
from datetime import datetime

from sync_worker.domain.life import Happening


@dataclass(frozen=True, slots=True)
class Login:
    """What /item/get means for the item, with Plaid's error when it names one."""

    happening: Happening
    error_code: str | None = None
    error_message: str | None = None
    consent_expires_at: datetime | None = None


def expiry(said: object) -> datetime | None:
    """Return Plaid's consent_expiration_time, or None where it names none or none that can be read."""
    try:
        moment = datetime.fromisoformat(str(said)) if said else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
