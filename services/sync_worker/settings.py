"""What sync_worker needs to know."""

from pydantic import Field

from common.runtime import StandardSettings
from common.settings import LimitSettings, PlaidSettings, SealingSettings, SyncSettings


class Settings(StandardSettings, PlaidSettings, LimitSettings, SealingSettings, SyncSettings):
    """Settings of sync_worker."""

    port: int = Field(default=8002, ge=1, le=65535)
    sync_slots: int = Field(default=4, ge=1, le=64)
    sweep_slots: int = Field(default=2, ge=1, le=64)
    sync_prefetch: int = Field(default=50, ge=1, le=1000)
    sweep_prefetch: int = Field(default=10, ge=1, le=1000)
