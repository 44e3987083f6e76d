"""How delivery can be made to misbehave, by switches that hold until they are set anew."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Forgery = Literal["unknown_key", "tampered_body", "stale", "future", "unsigned", "wrong_algorithm"]


class Faults(BaseModel):
    """All off by default. Forged webhooks come besides the genuine ones, never instead of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    duplicates: int = Field(default=0, ge=0, le=100, description="further copies of every webhook")
    reorder: int = Field(default=0, ge=0, le=100, description="hold so many webhooks, then send them latest first")
    shuffle: int | None = Field(default=None, description="mix what goes out together, copies too, by this seed")
    drop: int = Field(default=0, ge=0, description="the next so many webhooks are lost")
    delay: float = Field(default=0, ge=0, description="seconds that every webhook comes late, by the stand-in's clock")
    forge: tuple[Forgery, ...] = ()
