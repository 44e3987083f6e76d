"""How delivery can be made to misbehave, by switches that hold until they are set anew."""

from collections.abc import Sequence
from random import Random
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Forgery = Literal["unknown_key", "tampered_body", "stale", "future", "unsigned", "wrong_algorithm"]

T = TypeVar("T")


class Faults(BaseModel):
    """All off by default. Forged webhooks come besides the genuine ones, never instead of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    duplicates: int = Field(default=0, ge=0, le=100, description="further copies of every webhook")
    reorder: int = Field(default=0, ge=0, le=100, description="hold so many webhooks, then send them latest first")
    shuffle: int | None = Field(default=None, description="seed: mix what goes out together, all at once")
    drop: int = Field(default=0, ge=0, description="the next so many webhooks are lost")
    delay: float = Field(default=0, ge=0, description="seconds that every webhook comes late, by the stand-in's clock")
    forge: tuple[Forgery, ...] = ()

    def copies(self, held: Sequence[T]) -> list[T]:
        """Return what goes out for what was held, each with its copies: latest first, or mixed by the seed."""
        going = [one for one in reversed(held) for _ in range(1 + self.duplicates)]
        if self.shuffle is not None:
            Random(self.shuffle).shuffle(going)  # noqa: S311 - an order, no secret
        return going
