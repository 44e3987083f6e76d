"""What categorizer needs from its environment."""

from decimal import Decimal

from pydantic import Field

from common.runtime import StandardSettings


class Settings(StandardSettings):
    """How many messages are in hand at once, and below which confidence (0 to 1) the user is asked."""

    port: int = Field(default=8003, ge=1, le=65535)
    categorizer_prefetch: int = Field(default=4, ge=1, le=100)
    categorizer_review_below: Decimal = Field(default=Decimal("0.8"), ge=0, le=1)
    categorizer_memory_below: Decimal = Field(default=Decimal("0.8"), ge=0, le=1)
