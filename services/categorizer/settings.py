"""What categorizer needs from its environment."""

from decimal import Decimal

from pydantic import Field

from categorizer.domain.case import USUAL, Thresholds
from common.runtime import StandardSettings
from common.settings import Block


class Deciding(Block):
    """When the user is asked: see `domain.case.Thresholds`."""

    categorizer_review_below: float = Field(default=USUAL.review_below, ge=0, le=1)
    categorizer_memory_below: Decimal = Field(default=USUAL.memory_below, ge=0, le=1)
    categorizer_disagreement: float = Field(default=USUAL.disagreement, ge=0, le=1)


class Settings(StandardSettings, Deciding):
    """And how many messages are in hand at once."""

    port: int = Field(default=8003, ge=1, le=65535)
    categorizer_prefetch: int = Field(default=4, ge=1, le=100)


def thresholds(settings: Deciding) -> Thresholds:
    """Return the thresholds that an operator has set."""
    return Thresholds(
        review_below=settings.categorizer_review_below,
        memory_below=settings.categorizer_memory_below,
        disagreement=settings.categorizer_disagreement,
    )
