"""What the services tell each other: past tense or request, ids not objects, never a token.

A consumer ignores fields that it does not know; a new field is optional. What changes the meaning of a field gets a new
`version`: who does not know it buries the message. `type` is the routing key (a sweep's doorbell adds its lane) and
stands in the envelope, not in the body.
"""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from common import tracing
from common.broker import Message, new_message

CHUNK = 500
"""The most ids that one event carries."""

Trigger = Literal["linked", "manual", "webhook", "sweep", "repaired", "audit"]


class Event(BaseModel):
    """A frozen fact or request; its `type` names it on the wire."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    type: ClassVar[str]
    version: Literal[1] = 1

    @property
    def routing_key(self) -> str:
        """Where the broker routes it: its type."""
        return self.type


class UserEvent(Event):
    """A hint for the browser of one user: kept 24 h in `user_events`, so that losing the message loses nothing."""

    user_id: int


class WebhookReceived(Event):
    """Plaid rang for an item; only facts that stand nowhere else are kept (DESIGN: webhooks are doorbells)."""

    type: ClassVar[str] = "item.webhook_received"
    item_id: str
    webhook_type: str
    webhook_code: str
    received_at: AwareDatetime
    account_id: str | None = None
    disconnect_time: AwareDatetime | None = None
    reason: str | None = None


class SyncRequested(Event):
    """Somebody other than Plaid asks for a sync of one integration."""

    type: ClassVar[str] = "item.sync_requested"
    integration_id: int
    trigger: Trigger
    requested_at: AwareDatetime

    @property
    def routing_key(self) -> str:
        """Sweeps and audits have a lane of their own, so that people never wait behind them."""
        return f"{self.type}.sweep" if self.trigger in {"sweep", "audit"} else self.type


class RemovalRequested(Event):
    """The user disconnected: Plaid must forget the item."""

    type: ClassVar[str] = "item.removal_requested"
    integration_id: int


class AuditRequested(Event):
    """Somebody wants an integration's rows compared with all that Plaid says; `audits` has the order and the result."""

    type: ClassVar[str] = "item.audit_requested"
    audit_id: int


class TransactionsChanged(Event):
    """These rows of `plaid_transactions` have a new version; `rung_at` is when the doorbell rang that led to it."""

    type: ClassVar[str] = "transactions.changed"
    integration_id: int
    transaction_ids: list[int] = Field(max_length=CHUNK)
    rung_at: AwareDatetime


class StatusChanged(UserEvent):
    """An integration's status, or what its last sync says, changed."""

    type: ClassVar[str] = "item.status_changed"
    integration_id: int
    status: str


class SyncProgress(UserEvent):
    """How far an item's sync is: `stage` as Plaid says it, and rows of this sync so far."""

    type: ClassVar[str] = "sync.progress"
    integration_id: int
    stage: str
    transactions: int
    done: bool


class UserNotified(UserEvent):
    """A notification for the user stands since now, or (`cleared`) stands no longer."""

    type: ClassVar[str] = "user.notified"
    notification_id: int
    integration_id: int
    kind: str
    cleared: bool = False


class ExpensesChanged(UserEvent):
    """These expenses were posted, changed or withdrawn."""

    type: ClassVar[str] = "expenses.changed"
    expense_ids: list[int] = Field(max_length=CHUNK)


class RulesChanged(UserEvent):
    """The user's category rules are others, or in another order."""

    type: ClassVar[str] = "rules.changed"


class ExpenseCorrected(Event):
    """The user said what these expenses are, or took it back (chose, confirmed, undid): `expenses` says what stands."""

    type: ClassVar[str] = "expense.corrected"
    user_id: int
    expense_ids: list[int] = Field(max_length=CHUNK)


EVENTS: dict[str, type[Event]] = {
    event.type: event
    for event in (
        WebhookReceived,
        SyncRequested,
        RemovalRequested,
        AuditRequested,
        TransactionsChanged,
        StatusChanged,
        SyncProgress,
        UserNotified,
        ExpensesChanged,
        RulesChanged,
        ExpenseCorrected,
    )
}


def to_message(event: Event, correlation_id: str, at: datetime) -> Message:
    """Return the event in its envelope."""
    return new_message(
        type=event.type,
        routing_key=event.routing_key,
        body=event.model_dump_json(exclude_none=True).encode(),
        correlation_id=correlation_id,
        timestamp=at,
        traceparent=tracing.traceparent(),
    )
