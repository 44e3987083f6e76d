"""How the whole system stands, counted from its tables: what sync_worker exports as gauges and `ops status` prints."""

from common.census.taking import Census, take

__all__ = ["Census", "take"]
