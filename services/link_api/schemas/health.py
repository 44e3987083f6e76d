"""How well the whole system does."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import RowMapping

from common.budget.tally import Usage
from link_api.domain import ratios
from link_api.store.health import MOST_INSTITUTIONS

EXAMPLE: JsonValue = {
    "at": "2026-11-22T09:00:00Z",
    "active_connections": 1204,
    "connections": {"active": 1204, "login_required": 31},
    "pending_syncs": 3,
    "syncs": 5210,
    "failed_syncs": 12,
    "error_rate": "0.0023",
    "avg_sync_time": "0.412",
    "api_usage": [
        {
            "endpoint": "/transactions/sync",
            "last_minute": 78,
            "limit_per_minute": 2500,
            "used": "0.0312",
            "last_hour": 3120,
            "last_day": 61234,
            "put_off": 0,
            "limited": 0,
            "failed": 9,
        }
    ],
    "institutions": [
        {
            "institution_id": "ins_109508",
            "name": "First Platypus Bank",
            "syncs": 812,
            "failed": 9,
            "error_rate": "0.0111",
        }
    ],
    "connection_success": {"ended": 40, "linked": 37, "rate": "0.9250"},
}
RATIO = "0 to 1; null: there was none"


class EndpointUsage(BaseModel):
    """Calls of one of Plaid's endpoints within 24 hours, beside what may be asked of it in a minute."""

    endpoint: str
    last_minute: int = Field(description="Of the running minute or the one before, whichever saw more")
    limit_per_minute: int | None = Field(description="For all calls together; null: there is none")
    used: str | None = Field(description="last_minute of limit_per_minute; null: there is none")
    last_hour: int
    last_day: int
    put_off: int = Field(description="Not made, for want of budget")
    limited: int = Field(description="Answered with 429")
    failed: int = Field(description="Ended in any other error")

    @classmethod
    def of(cls, usage: Usage) -> "EndpointUsage":
        """Return the usage as clients see it."""
        used = ratios.text(ratios.share(usage.last_minute, usage.limit_per_minute or 0))
        return cls(**asdict(usage), used=used)


class InstitutionHealth(BaseModel):
    """An institution's syncs within 24 hours."""

    institution_id: str | None
    name: str | None
    syncs: int
    failed: int
    error_rate: str | None = Field(description=RATIO)

    @classmethod
    def of(cls, row: RowMapping) -> "InstitutionHealth":
        """Return the counts as clients see them."""
        return cls(**row, error_rate=ratios.text(ratios.share(row["failed"], row["syncs"])))


class ConnectionSuccess(BaseModel):
    """Link sessions for a new bank that ended within 24 hours."""

    ended: int
    linked: int
    rate: str | None = Field(description=RATIO)

    @classmethod
    def of(cls, row: RowMapping) -> "ConnectionSuccess":
        """Return the counts as clients see them."""
        return cls(**row, rate=ratios.text(ratios.share(row["linked"], row["ended"])))


class Health(BaseModel):
    """How well it goes, of all users together: now, and within the last 24 hours."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    at: datetime
    active_connections: int
    connections: dict[str, int] = Field(description="By status: active, login_required, revoked, …")
    pending_syncs: int = Field(description="Connections with a sync that was asked for and has not ended")
    syncs: int
    failed_syncs: int
    error_rate: str | None = Field(description=f"Failed of all syncs, {RATIO}")
    avg_sync_time: str | None = Field(description="Seconds of a sync that did not fail; null: there was none")
    api_usage: list[EndpointUsage]
    institutions: list[InstitutionHealth] = Field(
        description=f"Up to {MOST_INSTITUTIONS}, those that failed most often first"
    )
    connection_success: ConnectionSuccess

    @classmethod
    def of(
        cls,
        connections: dict[str, int],
        pending: int,
        syncs: RowMapping,
        *,
        links: RowMapping,
        institutions: Sequence[RowMapping],
        usage: Sequence[Usage],
        at: datetime,
    ) -> "Health":
        """Return the counts as clients see them."""
        return cls(
            at=at,
            active_connections=connections.get("active", 0),
            connections=connections,
            pending_syncs=pending,
            syncs=syncs["syncs"],
            failed_syncs=syncs["failed"],
            error_rate=ratios.text(ratios.share(syncs["failed"], syncs["syncs"])),
            avg_sync_time=_seconds(syncs["milliseconds"]),
            api_usage=[EndpointUsage.of(one) for one in usage],
            institutions=[InstitutionHealth.of(row) for row in institutions],
            connection_success=ConnectionSuccess.of(links),
        )


def _seconds(milliseconds: Decimal | None) -> str | None:
    return None if milliseconds is None else format(milliseconds / 1000, ".3f")
