"""What a verified webhook means: a decision by its type and code, and the few facts to keep of it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, ValidationError

from webhook_ingest.domain.fields import Strict, Word
from webhook_ingest.domain.refusal import Unreadable, WrongEnvironment


class Decision(Enum):
    """What follows from a webhook."""

    RING = "ring the doorbell: a sync finds out the rest"
    KEEP = "ring, and keep a fact that Plaid tells nowhere else"
    IGNORE = "known, and nothing follows"
    UNKNOWN = "not known, counted"


DECISIONS = {
    ("TRANSACTIONS", "SYNC_UPDATES_AVAILABLE"): Decision.RING,
    ("TRANSACTIONS", "INITIAL_UPDATE"): Decision.IGNORE,
    ("TRANSACTIONS", "HISTORICAL_UPDATE"): Decision.IGNORE,
    ("TRANSACTIONS", "DEFAULT_UPDATE"): Decision.IGNORE,
    ("TRANSACTIONS", "TRANSACTIONS_REMOVED"): Decision.IGNORE,
    ("TRANSACTIONS", "RECURRING_TRANSACTIONS_UPDATE"): Decision.IGNORE,
    ("ITEM", "ERROR"): Decision.RING,
    ("ITEM", "LOGIN_REPAIRED"): Decision.RING,
    ("ITEM", "PENDING_DISCONNECT"): Decision.KEEP,
    ("ITEM", "PENDING_EXPIRATION"): Decision.RING,
    ("ITEM", "USER_PERMISSION_REVOKED"): Decision.KEEP,
    ("ITEM", "USER_ACCOUNT_REVOKED"): Decision.KEEP,
    ("ITEM", "NEW_ACCOUNTS_AVAILABLE"): Decision.KEEP,
    ("ITEM", "WEBHOOK_UPDATE_ACKNOWLEDGED"): Decision.IGNORE,
    ("LINK", "EVENTS"): Decision.IGNORE,
    ("LINK", "ITEM_ADD_RESULT"): Decision.IGNORE,
    ("LINK", "SESSION_FINISHED"): Decision.IGNORE,
}
"""By type and code. What is ignored of TRANSACTIONS serves /transactions/get, and arrives beside the first."""

OTHER_PRODUCTS = frozenset({"ASSETS", "AUTH", "HOLDINGS", "IDENTITY", "INVESTMENTS_TRANSACTIONS", "LIABILITIES"})
"""Types that are ignored whatever their code."""


def _text(value: object) -> object:
    if not isinstance(value, str) or "T" not in value:
        raise ValueError("no date and time")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("before the year 1 or after 9999") from None


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_text), AfterValidator(_in_utc)]
"""A date and time as text (ISO 8601), with its offset."""


class Doorbell(Strict):
    """Which item rang."""

    item_id: Word


class Disconnect(Doorbell):
    """When the item will be disconnected, and why; webhooks before 2026 lack the time."""

    disconnect_time: Moment | None = None
    reason: Word | None = None


class AccountRevoked(Doorbell):
    """Which account the user took back."""

    account_id: Word


FACTS: dict[tuple[str, str], type[Doorbell]] = {
    ("ITEM", "PENDING_DISCONNECT"): Disconnect,
    ("ITEM", "USER_ACCOUNT_REVOKED"): AccountRevoked,
}
"""Facts to keep besides the code itself."""


class _Envelope(Strict):
    webhook_type: Word
    webhook_code: Word
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook that was read; `doorbell` is None when nothing follows."""

    type: str
    code: str
    decision: Decision
    doorbell: Doorbell | None


def decide(webhook_type: str, webhook_code: str) -> Decision:
    """Return what follows from a webhook of this type and code."""
    if webhook_type in OTHER_PRODUCTS:
        return Decision.IGNORE
    return DECISIONS.get((webhook_type, webhook_code), Decision.UNKNOWN)


def read(body: bytes, environment: str) -> Webhook:
    """Return what the body says, or raise Unreadable or WrongEnvironment; a body that names no environment is taken."""
    payload = _parse(body)
    try:
        envelope = _Envelope.model_validate(payload)
        if envelope.environment not in (None, environment):
            raise WrongEnvironment
        name = (envelope.webhook_type, envelope.webhook_code)
        decision = decide(*name)
        rings = decision in (Decision.RING, Decision.KEEP)
        doorbell = FACTS.get(name, Doorbell).model_validate(payload) if rings else None
    except ValidationError as error:
        fields = {".".join(map(str, problem["loc"])) or "body" for problem in error.errors(include_input=False)}
        raise Unreadable(", ".join(sorted(fields))) from None
    return Webhook(*name, decision, doorbell)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unreadable("body") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("says the same twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
