import json
import re
from datetime import UTC, datetime
from pathlib import Path

import plaid.model
import pytest

from tests.webhook_ingest.doubles import webhook
from webhook_ingest.domain.refusal import Unreadable, WrongEnvironment
from webhook_ingest.domain.webhook import DECISIONS, OTHER_PRODUCTS, Decision, Disconnect, Doorbell, decide, read

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


ERROR = {
    "error_type": "ITEM_ERROR",
    "error_code": "ITEM_LOGIN_REQUIRED",
    "error_code_reason": None,
    "error_message": "the login details of this item have changed",
    "display_message": None,
    "status": 400,
}
PAYLOADS: dict[tuple[str, str], dict[str, object]] = {
    ("TRANSACTIONS", "SYNC_UPDATES_AVAILABLE"): {"initial_update_complete": True, "historical_update_complete": False},
    ("TRANSACTIONS", "INITIAL_UPDATE"): {"error": "text", "new_transactions": 19},
    ("TRANSACTIONS", "HISTORICAL_UPDATE"): {"error": ERROR, "new_transactions": 231},
    ("TRANSACTIONS", "DEFAULT_UPDATE"): {"error": None, "new_transactions": 3},
    ("TRANSACTIONS", "TRANSACTIONS_REMOVED"): {
        "error": None,
        "removed_transactions": ["yBVBEwrPyJs8GvR77N7QTxnGg6wG74H7dEDN6"],
    },
    ("TRANSACTIONS", "RECURRING_TRANSACTIONS_UPDATE"): {"account_ids": ["lVzBnNr4e3sAJPlLXKqBFNXLK1g5lVFrxXgPP"]},
    ("ITEM", "ERROR"): {"error": ERROR},
    ("ITEM", "LOGIN_REPAIRED"): {},
    ("ITEM", "PENDING_DISCONNECT"): {"reason": "INSTITUTION_MIGRATION", "disconnect_time": "2026-12-01T13:25:17.766Z"},
    ("ITEM", "PENDING_EXPIRATION"): {"consent_expiration_time": "2026-12-01T13:25:17.766Z"},
    ("ITEM", "USER_PERMISSION_REVOKED"): {"error": ERROR},
    ("ITEM", "USER_ACCOUNT_REVOKED"): {"account_id": "BxBXxLj1m4HMXBm9WZZmCWVbPjX16EHwv99vp"},
    ("ITEM", "NEW_ACCOUNTS_AVAILABLE"): {"error": None},
    ("ITEM", "WEBHOOK_UPDATE_ACKNOWLEDGED"): {"error": None, "new_webhook_url": "https://plaid.com/example/webhook"},
    ("LINK", "SESSION_FINISHED"): {
        "item_id": ...,
        "status": "SUCCESS",
        "link_token": "link-sandbox-1",
        "public_tokens": [],
    },
    ("LINK", "ITEM_ADD_RESULT"): {"item_id": ..., "link_token": "link-sandbox-1", "public_token": "public-sandbox-1"},
    ("LINK", "EVENTS"): {"item_id": ..., "link_token": "link-sandbox-1", "events": [{"event_name": "OPEN"}]},
}
"""Each webhook that Plaid documents for an integration like ours, in its own form."""

EVERYWHERE: dict[str, dict[str, object]] = {
    "as documented": {},
    "a user": {"user_id": "usr_9nSp2KuZ2x4JDw"},
    "no user": {"user_id": None},
    "an error": {"error": ERROR},
    "an error in words": {"error": "it did not work"},
    "no error": {"error": None},
    "a field of tomorrow": {"new_field": {"of": ["tomorrow"]}},
    "no environment": {"environment": ...},
}


def body_of(name: tuple[str, str], **changes: object) -> bytes:
    """Return this webhook's body in Plaid's own form; a field that is ... is not there."""
    payload = json.loads(webhook()) | {"webhook_type": name[0], "webhook_code": name[1]} | PAYLOADS[name] | changes
    return json.dumps({field: value for field, value in payload.items() if value is not ...}, indent=2).encode()


def test_payloads_cover_the_table() -> None:
    """Every row of the decision table has a payload of Plaid's, and every payload a row."""
    assert set(PAYLOADS) == set(DECISIONS)


@pytest.mark.parametrize("variant", EVERYWHERE)
@pytest.mark.parametrize("name", PAYLOADS, ids="/".join)
def test_plaids_payloads(name: tuple[str, str], variant: str) -> None:
    """Each webhook is read in Plaid's own form, and with what Plaid adds here and there."""
    found = read(body_of(name, **EVERYWHERE[variant]), "sandbox")

    assert ((found.type, found.code), found.decision) == (name, DECISIONS[name])
    assert (found.doorbell is not None) == (found.decision in (RING, KEEP))


@pytest.mark.parametrize(("webhook_type", "webhook_code", "decision"), ROWS)
def test_doorbell(webhook_type: str, webhook_code: str, decision: Decision) -> None:
    """There is a doorbell exactly where something follows."""
    body = webhook(webhook_type=webhook_type, webhook_code=webhook_code, account_id="acc")

    found = read(body, "sandbox")

    assert (found.type, found.code, found.decision) == (webhook_type, webhook_code, decision)
    assert (found.doorbell is not None) == (decision in (RING, KEEP))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-01T13:25:17.766Z", datetime(2026, 12, 1, 13, 25, 17, 766_000, UTC)),
        ("2026-12-01T13:25:17Z", datetime(2026, 12, 1, 13, 25, 17, tzinfo=UTC)),
        ("2026-12-01T13:25:17.123456+00:00", datetime(2026, 12, 1, 13, 25, 17, 123_456, UTC)),
        ("2026-12-01T08:25:17-05:00", datetime(2026, 12, 1, 13, 25, 17, tzinfo=UTC)),
        (None, None),
    ],
)
def test_the_time_of_a_disconnect(text: str | None, moment: datetime | None) -> None:
    """It is read in each form that ISO 8601 gives a time with an offset, or as absent."""
    doorbell = read(body_of(("ITEM", "PENDING_DISCONNECT"), disconnect_time=text), "sandbox").doorbell

    assert isinstance(doorbell, Disconnect)
    assert doorbell.disconnect_time == moment


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


NO_TIMES: list[object] = [
    "0001-01-01T00:00:00+23:00",
    "9999-12-31T23:59:59-23:00",
    12,
    1.5,
    True,
    "12",
    "1.5",
    "",
    [],
    "2026-12-01",
    "2026-13-01T00:00:00Z",
    "9" * 400,
]
DEEP = b'{"webhook_type":"ITEM","webhook_code":"ERROR","item_id":"i","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "body"),
        (b"not json", "body"),
        (b"\xff\xfe{}", "body"),
        (b'{"webhook_type":"ITEM"', "body"),
        (b'{"webhook_type":"\xff","webhook_code":"ERROR","item_id":"i"}', "body"),
        (b'{"webhook_type":"\\ud800","webhook_code":"ERROR","item_id":"i"}', "webhook_type"),
        (b'\xef\xbb\xbf{"webhook_type":"NEW","webhook_code":"NEW"}', "body"),
        ('{"webhook_type":"NEW","webhook_code":"NEW"}'.encode("utf-16"), "body"),
        (b'{"webhook_type":"NEW","webhook_code":"NEW","webhook_code":"NEW"}', "body"),
        (b'{"webhook_type":"NEW","webhook_code":"NEW","x":{"y":1,"y":1}}', "body"),
        (b'{"webhook_type":"NEW","webhook_code":"NEW","x":NaN}', "body"),
        (b'{"webhook_type":"NEW","webhook_code":"NEW","x":[-Infinity]}', "body"),
        (b'{"webhook_type":"NEW","webhook_code":"NEW"} {}', "body"),
        (b"{'webhook_type':'NEW','webhook_code':'NEW'}", "body"),
        (b"[]", "body"),
        (b'"ITEM"', "body"),
        (b"null", "body"),
        (b"1" * 10_000, "body"),
        (DEEP, "body"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "body"),
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
        *(
            (webhook(webhook_type="ITEM", webhook_code="PENDING_DISCONNECT", disconnect_time=time), "disconnect_time")
            for time in NO_TIMES
        ),
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


UNKNOWN_ON_PURPOSE = (
    "BANK_TRANSFERS BASE_REPORT BEACON CASH_FLOW_UPDATES CHECK_REPORT CRA_INCOME CRA_INSIGHTS CRA_REPORT "
    "DASHBOARD_CONFIGURED_ALERT ENTITY_SCREENING IDENTITY_VERIFICATION INCOME ISSUES LAYER LINK_DELIVERY PARTNER "
    "PAYMENT_INITIATION PROCESSOR_TOKEN PROTECT SCREENING STATEMENTS TRANSFER WALLET"
)
"""Of products that nobody can add to an item of ours: one that comes all the same is worth a line in the log."""


def names_in(library: Path) -> set[tuple[str, str]]:
    """Return the type and code of every webhook that Plaid's library documents."""
    found = set()
    for file in library.glob("*webhook*.py"):
        words = [
            re.search(rf"webhook_{part} \(str\): [`\\\"]+([A-Z_]+)", file.read_text()) for part in ("type", "code")
        ]
        if words[0] and words[1]:
            found.add((words[0][1], words[1][1]))
    return found


def test_every_webhook_of_plaids_library() -> None:
    """Each webhook that Plaid documents is in the table, is another product's, or is unknown on purpose."""
    names = names_in(Path(plaid.model.__path__[0]))
    assert len(names) > 60

    undecided = {name for name in names if decide(*name) is UNKNOWN and name[0] not in UNKNOWN_ON_PURPOSE.split()}

    assert undecided == set()
    assert not OTHER_PRODUCTS.intersection(UNKNOWN_ON_PURPOSE.split())
