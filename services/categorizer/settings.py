"""What categorizer needs from its environment."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, PlainValidator

from categorizer.data import model_file
from categorizer.domain.case import USUAL, Thresholds
from categorizer.domain.text.model import WordModel
from common.runtime import StandardSettings
from common.settings import Block


def _model(told: object) -> WordModel | None:
    return told if isinstance(told, WordModel | None) else model_file.read(Path(str(told)))


class Deciding(Block):
    """When the user is asked, see `domain.case.Thresholds`, and the file of the model that reads unknown words."""

    categorizer_review_below: float = Field(default=USUAL.review_below, ge=0, le=1)
    categorizer_memory_below: Decimal = Field(default=USUAL.memory_below, ge=0, le=1)
    categorizer_disagreement: float = Field(default=USUAL.disagreement, ge=0, le=1)
    categorizer_model: Annotated[WordModel | None, PlainValidator(_model)] = None


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
