"""What a failed sync means for its item."""

from dataclasses import dataclass
from datetime import timedelta

from sync_worker.domain.life import Happening


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a sync failed, what happened to the item by it, and when it is due again (None: when its doorbell is)."""

    code: str
    message: str
    request_id: str | None
    pause: timedelta | None
    happening: Happening | None = None
    of_operator: bool = False
    """Only an operator can mend it."""
    of_institution: bool = False
    """The bank fails, and with it probably every item there."""
