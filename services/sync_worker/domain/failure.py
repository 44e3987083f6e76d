"""What a failed sync means for its item."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a sync failed, what state that leaves the item in, and when it is due again (None: when its doorbell is)."""

    status: str
    code: str
    message: str
    request_id: str | None
    pause: timedelta | None
