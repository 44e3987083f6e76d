"""What categorizer needs from its environment."""

from decimal import Decimal

from pydantic import Field

from common.runtime import StandardSettings


class Settings(StandardSettings):
    """How many messages are in hand at once, and when the user is asked: see `domain.case.Thresholds`."""

    port: int = Field(default=8003, ge=1, le=65535)
    categorizer_prefetch: int = Field(default=4, ge=1, le=100)
    categorizer_review_below: float = Field(default=0.86, ge=0, le=1)
    categorizer_memory_below: Decimal = Field(default=Decimal("0.8"), ge=0, le=1)
    categorizer_disagreement: float = Field(default=0.6, ge=0, le=1)
