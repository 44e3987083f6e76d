import json
from datetime import UTC, datetime

import pytest

from tests.webhook_ingest.doubles import webhook
from webhook_ingest.domain.refusal import Unreadable, WrongEnvironment
from webhook_ingest.domain.webhook import DECISIONS, Decision, Doorbell, decide, read

RING, KEEP, IGNORE, UNKNOWN = Decision.RING, Decision.KEEP, Decision.IGNORE, Decision.UNKNOWN

ROWS = [
    ("TRANSACTIONS", "SYNC_UPDATES_AVAILABLE", RING),
    ("TRANSACTIONS", "INITIAL_UPDATE", IGNORE),
    ("TRANSACTIONS", "HISTORICAL_UPDATE", IGNORE),
    ("TRANSACTIONS", "DEFAULT_UPDATE", IGNORE),
    ("TRANSACTIONS", "TRANSACTIONS_REMOVED", IGNORE),
    ("TRANSACTIONS", "RECURRING_TRANSACTIONS_UPDATE", IGNORE),
    ("ITEM", "ERROR", RING),
    ("ITEM", "LOGIN_REPAIRED", RING),
    ("ITEM", "PENDING_DISCONNECT", KEEP),
    ("ITEM", "PENDING_EXPIRATION", RING),
    ("ITEM", "USER_PERMISSION_REVOKED", KEEP),
    ("ITEM", "USER_ACCOUNT_REVOKED", KEEP),
    ("ITEM", "NEW_ACCOUNTS_AVAILABLE", KEEP),
    ("ITEM", "WEBHOOK_UPDATE_ACKNOWLEDGED", IGNORE),
    ("LINK", "SESSION_FINISHED", IGNORE),
    ("LINK", "ITEM_ADD_RESULT", IGNORE),
    ("LINK", "EVENTS", IGNORE),
    ("AUTH", "DEFAULT_UPDATE", IGNORE),
    ("IDENTITY", "DEFAULT_UPDATE", IGNORE),
    ("HOLDINGS", "DEFAULT_UPDATE", IGNORE),
    ("INVESTMENTS_TRANSACTIONS", "HISTORICAL_UPDATE", IGNORE),
    ("LIABILITIES", "DEFAULT_UPDATE", IGNORE),
    ("ASSETS", "PRODUCT_READY", IGNORE),
    ("ASSETS", "ERROR", IGNORE),
    ("TRANSACTIONS", "INVENTED_LATER", UNKNOWN),
    ("INVENTED_LATER", "SYNC_UPDATES_AVAILABLE", UNKNOWN),
    ("SYNC_UPDATES_AVAILABLE", "TRANSACTIONS", UNKNOWN),
    ("item", "error", UNKNOWN),
]


@pytest.mark.parametrize(("webhook_type", "webhook_code", "decision"), ROWS)
def test_decision(webhook_type: str, webhook_code: str, decision: Decision) -> None:
    """Type and code together decide; neither alone does."""
    assert decide(webhook_type, webhook_code) is decision


def test_rows_cover_the_table() -> None:
    """No row of the decision table is without its test."""
    assert set(DECISIONS) <= {row[:2] for row in ROWS}


@pytest.mark.parametrize(("webhook_type", "webhook_code", "decision"), ROWS)
def test_doorbell(webhook_type: str, webhook_code: str, decision: Decision) -> None:
    """There is a doorbell exactly where something follows."""
    body = webhook(webhook_type=webhook_type, webhook_code=webhook_code, account_id="acc")

    found = read(body, "sandbox")

    assert (found.type, found.code, found.decision) == (webhook_type, webhook_code, decision)
    assert (found.doorbell is not None) == (decision in (RING, KEEP))


def facts(doorbell: Doorbell | None) -> dict[str, object]:
    assert doorbell is not None
    return doorbell.model_dump(exclude_none=True)


def test_a_doorbell_keeps_no_more_than_the_item() -> None:
    """Flags, counts and errors in a webhook are never taken for the truth."""
    body = webhook(webhook_type="ITEM", webhook_code="ERROR", error={"error_code": "ITEM_LOGIN_REQUIRED"})

    assert facts(read(body, "sandbox").doorbell) == {"item_id": "wz666MBjYWTp2PDzzggYhM6oWWmBb"}


def test_a_pending_disconnect_keeps_its_time_and_reason() -> None:
    """The time of a disconnect stands nowhere else."""
    body = webhook(
        webhook_type="ITEM",
        webhook_code="PENDING_DISCONNECT",
        disconnect_time="2026-12-01T13:25:17.766Z",
        reason="INSTITUTION_MIGRATION",
    )

    assert facts(read(body, "sandbox").doorbell) == {
        "item_id": "wz666MBjYWTp2PDzzggYhM6oWWmBb",
        "disconnect_time": datetime(2026, 12, 1, 13, 25, 17, 766_000, UTC),
        "reason": "INSTITUTION_MIGRATION",
    }


def test_a_pending_disconnect_without_a_time_still_rings() -> None:
    """Plaid's older form, which has no disconnect_time, is readable."""
    body = webhook(webhook_type="ITEM", webhook_code="PENDING_DISCONNECT", reason="INSTITUTION_TOKEN_EXPIRATION")

    assert "disconnect_time" not in facts(read(body, "sandbox").doorbell)


def test_a_revoked_account_is_kept() -> None:
    """Which account was taken back stands nowhere else."""
    body = webhook(webhook_type="ITEM", webhook_code="USER_ACCOUNT_REVOKED", account_id="BxBXxLj1m4HM")

    assert facts(read(body, "sandbox").doorbell)["account_id"] == "BxBXxLj1m4HM"


def test_the_environment_must_be_ours() -> None:
    """A webhook of Plaid's other environment is refused."""
    with pytest.raises(WrongEnvironment):
        read(webhook(environment="production"), "sandbox")


@pytest.mark.parametrize("environment", [..., None])
def test_a_missing_environment_is_tolerated(environment: object) -> None:
    """Webhooks of 2020 name no environment; their key already proves which one it is."""
    payload = json.loads(webhook()) | {"environment": environment}
    body = json.dumps({name: value for name, value in payload.items() if value is not ...}).encode()

    assert read(body, "sandbox").decision is RING


DEEP = b'{"webhook_type":"ITEM","webhook_code":"ERROR","item_id":"i","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "body"),
        (b"not json", "body"),
        (b"\xff\xfe{}", "body"),
        (b'{"webhook_type":"ITEM"', "body"),
        (b'{"webhook_type":"\xff","webhook_code":"ERROR","item_id":"i"}', "body"),
        (b'{"webhook_type":"\\ud800","webhook_code":"ERROR","item_id":"i"}', "body"),
        (b"[]", "body"),
        (b'"ITEM"', "body"),
        (b"null", "body"),
        (b"1" * 10_000, "body"),
        (DEEP, "body"),
        (b"{}", "webhook_code, webhook_type"),
        (webhook(webhook_type=None), "webhook_type"),
        (webhook(webhook_type=["ITEM"]), "webhook_type"),
        (webhook(webhook_code=7), "webhook_code"),
        (webhook(webhook_code=""), "webhook_code"),
        (webhook(webhook_code="A B"), "webhook_code"),
        (webhook(webhook_code="LINE\nBREAK"), "webhook_code"),
        (webhook(webhook_code="X" * 129), "webhook_code"),
        (webhook(environment=True), "environment"),
        (webhook(item_id=None), "item_id"),
        (webhook(item_id=12), "item_id"),
        (webhook(item_id=""), "item_id"),
        (webhook(item_id="a\x00b"), "item_id"),
        (webhook(item_id={"id": "x"}), "item_id"),
        (webhook(webhook_type="ITEM", webhook_code="USER_ACCOUNT_REVOKED"), "account_id"),
        (webhook(webhook_type="ITEM", webhook_code="USER_ACCOUNT_REVOKED", account_id=1), "account_id"),
        (webhook(webhook_type="ITEM", webhook_code="PENDING_DISCONNECT", disconnect_time="soon"), "disconnect_time"),
        (webhook(webhook_type="ITEM", webhook_code="PENDING_DISCONNECT", disconnect_time=12), "disconnect_time"),
        (
            webhook(webhook_type="ITEM", webhook_code="PENDING_DISCONNECT", disconnect_time="2026-12-01T00:00:00"),
            "disconnect_time",
        ),
        (webhook(webhook_type="ITEM", webhook_code="PENDING_DISCONNECT", reason=[]), "reason"),
    ],
)
def test_unreadable(body: bytes, complaint: str) -> None:
    """What is not as documented is refused, naming fields and never their values."""
    with pytest.raises(Unreadable) as refusal:
        read(body, "sandbox")
    assert str(refusal.value) == complaint


def test_an_unknown_webhook_may_have_any_other_fields() -> None:
    """A type that Plaid invents later is not refused for what its fields hold."""
    body = webhook(webhook_type="NEW", webhook_code="NEW", item_id=None, reason={}, account_id=5, disconnect_time=0)

    assert read(body, "sandbox").decision is UNKNOWN
