"""Every answer and webhook, held against Plaid's schemas and against plaid-python's own models."""

from collections.abc import AsyncIterator
from typing import Any

import plaid.model.country_code
import plaid.model.products
import pytest

from tests.plaid_sandbox import openapi
from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import BANK, StandIn, eventually

US = [plaid.model.country_code.CountryCode("US")]
TRANSACTIONS = [plaid.model.products.Products("transactions")]


def link_request(**more: Any) -> dict[str, Any]:
    """Return what a service asks /link/token/create."""
    return {"client_name": "CORA", "language": "en", "country_codes": ["US"], "user": {"client_user_id": "7"}} | more


async def answers(stand_in: StandIn, receiver: Receiver) -> AsyncIterator[tuple[str, Any]]:
    """Call every endpoint and yield its path and answer."""

    async def call(path: str, **body: Any) -> Any:
        return (await stand_in.send(path, body)).json()

    made = await call("/link/token/create", **link_request(products=["transactions"]))
    yield "/link/token/create", made
    login = {"link_token": made["link_token"], "institution_id": BANK, "username": "user_good", "password": "pass_good"}
    session = await call("/link/session/authenticate", **login)
    await call("/link/session/event", link_token=made["link_token"], event_name="OPEN", metadata={"view_name": "X"})
    ids = [account["id"] for account in session["accounts"]]
    await call(
        "/link/session/complete",
        link_token=made["link_token"],
        auth_session=session["auth_session"],
        account_ids=ids,
    )
    await call("/link/session/event", link_token=made["link_token"], event_name="OPEN", metadata={})
    exit_metadata = {"status": "requires_credentials", "link_session_id": "x", "request_id": "y", "institution": None}
    await call("/link/session/exit", link_token=made["link_token"], error=None, metadata=exit_metadata)
    yield "/link/token/get", await call("/link/token/get", link_token=made["link_token"])
    public = await call("/sandbox/public_token/create", institution_id=BANK, initial_products=["transactions"])
    yield "/sandbox/public_token/create", public
    exchanged = await call("/item/public_token/exchange", public_token=public["public_token"])
    yield "/item/public_token/exchange", exchanged
    item = {"access_token": exchanged["access_token"]}
    yield "/item/webhook/update", await call("/item/webhook/update", **item, webhook=receiver.url)
    yield "/transactions/sync", await call("/transactions/sync", **item)
    await eventually(lambda: stand_in.is_complete(exchanged["access_token"]))
    yield "/transactions/refresh", await call("/transactions/refresh", **item)
    await receiver.until(lambda: "TRANSACTIONS_REMOVED" in receiver.codes)
    yield "/transactions/sync", await call("/transactions/sync", **item, count=500)
    for path in ("/item/get", "/accounts/get", "/accounts/balance/get"):
        yield path, await call(path, **item)
    metadata = {"include_optional_metadata": True, "include_status": True}
    yield (
        "/institutions/get_by_id",
        await call("/institutions/get_by_id", institution_id="ins_132361", country_codes=["US"], options=metadata),
    )
    day = stand_in.sandbox.clock.now().date().isoformat()
    row = {"date_transacted": day, "date_posted": day, "amount": 1.5, "description": "Lunch"}
    yield "/sandbox/transactions/create", await call("/sandbox/transactions/create", **item, transactions=[row])
    key = stand_in.sandbox.keys.current.kid
    yield "/webhook_verification_key/get", await call("/webhook_verification_key/get", key_id=key)
    for code in ("NEW_ACCOUNTS_AVAILABLE", "PENDING_DISCONNECT", "USER_PERMISSION_REVOKED", "USER_ACCOUNT_REVOKED"):
        yield "/sandbox/item/fire_webhook", await call("/sandbox/item/fire_webhook", **item, webhook_code=code)
    for code in ("RECURRING_TRANSACTIONS_UPDATE", "LOGIN_REPAIRED"):
        yield "/sandbox/item/fire_webhook", await call("/sandbox/item/fire_webhook", **item, webhook_code=code)
    await call(f"/sandbox_control/items/{exchanged['item_id']}/webhooks", webhook_code="PENDING_EXPIRATION")
    yield "/sandbox/item/reset_login", await call("/sandbox/item/reset_login", **item)
    yield "/item/get", await call("/item/get", **item)
    await receiver.until(lambda: {"ERROR", "LOGIN_REPAIRED", "USER_ACCOUNT_REVOKED"} <= set(receiver.codes))
    yield "/item/remove", await call("/item/remove", **item)


async def test_every_answer_and_webhook_keeps_plaids_schema(stand_in: StandIn, receiver: Receiver) -> None:
    """No answer of any endpoint and no webhook differs from what Plaid published."""
    known = openapi.schemas()
    seen = set()
    async for path, body in answers(stand_in, receiver):
        assert list(openapi.faults(known["endpoints"][path], body)) == [], path
        seen.add(path)
    assert seen == known["endpoints"].keys()
    sent = {one.code: one.payload for one in receiver.received}
    assert len(sent.keys() & known["webhooks"].keys()) >= 12
    for code, payload in sent.items():
        assert list(openapi.faults(known["webhooks"][code], payload)) == [], code


@pytest.mark.parametrize("username", ["user_good", "user_household", "user_business", "user_transactions_dynamic"])
async def test_every_profile_keeps_plaids_schema(stand_in: StandIn, username: str) -> None:
    """All rows and accounts of a profile are Plaid transactions and accounts, unknown enum values aside."""
    access_token, _ = await stand_in.linked(username, days=120)
    for _ in range(2):
        body = {"access_token": access_token, "count": 500}
        page = (await stand_in.http.post("/transactions/sync", json=body)).json()
        assert list(openapi.faults("TransactionsSyncResponse", page)) == []


ORDERED: list[tuple[str, dict[str, Any]]] = [
    ("accounts/open", {"iso_currency_code": "KWD", "persistent_account_id": "p"}),
    ("accounts/open", {"type": "credit", "subtype": "credit card", "limit": 500, "unofficial_currency_code": "USDT"}),
    ("accounts/offer", {}),
    ("accounts/churn", {"account_id": "@credit card"}),
    ("accounts/revoke", {"account_id": "@savings"}),
    ("accounts/balance", {"account_id": "@checking", "current": None, "available": 1.0000001}),
    ("transactions", {"amount": -999999999.1234567, "iso_currency_code": "JPY", "name": "x" * 500}),
    ("transactions/edit", {"transaction_id": "@oldest", "unofficial_currency_code": "BTC"}),
    ("transactions/echo_removals", {"transaction_ids": ["stranger"]}),
    ("pages", {"size": 40, "order": "shuffled:1"}),
    ("consent", {}),
    ("disconnect_soon", {}),
    ("revoke", {}),
]


async def test_whatever_is_ordered_keeps_plaids_schema(stand_in: StandIn, receiver: Receiver) -> None:
    """Accounts, rows, Items and webhooks of the control API are Plaid's too, to the schema and to Plaid's client."""
    access_token, item_id = await stand_in.linked(days=30, webhook=receiver.url)
    item, cursor = {"access_token": access_token}, ""
    for lever, body in ORDERED:
        await stand_in.post(f"/sandbox_control/items/{item_id}/{lever}", **body)
        if lever != "revoke":
            page = (await stand_in.http.post("/transactions/sync", json=item | {"cursor": cursor, "count": 500})).json()
            assert list(openapi.faults("TransactionsSyncResponse", page)) == [], lever
            parsed = await stand_in.call(
                "transactions_sync", **item, count=500, **({"cursor": cursor} if cursor else {})
            )
            assert [row.transaction_id for row in parsed.removed] == [row["transaction_id"] for row in page["removed"]]
            cursor = page["next_cursor"]
            await stand_in.call("accounts_get", **item)
            accounts = (await stand_in.http.post("/accounts/get", json=item)).json()
            assert list(openapi.faults("AccountsGetResponse", accounts)) == [], lever
        told = (await stand_in.http.post("/item/get", json=item)).json()
        assert list(openapi.faults(openapi.schemas()["endpoints"]["/item/get"], told)) == [], lever
    assert (await stand_in.call("item_get", **item)).item.error.error_code == "USER_PERMISSION_REVOKED"
    codes = {"NEW_ACCOUNTS_AVAILABLE", "USER_ACCOUNT_REVOKED", "PENDING_EXPIRATION", "PENDING_DISCONNECT"}
    await receiver.until(lambda: codes | {"USER_PERMISSION_REVOKED"} <= set(receiver.codes))
    for one in receiver.received:
        assert list(openapi.faults(openapi.schemas()["webhooks"][one.code], one.payload)) == [], one.code


async def test_the_check_can_fail(stand_in: StandIn) -> None:
    """A transaction without its date, or with a date that is none, does not pass as one."""
    access_token, _ = await stand_in.linked(days=30)
    page = (await stand_in.http.post("/transactions/sync", json={"access_token": access_token, "count": 2})).json()
    del page["added"][0]["date"]
    page["added"][1]["date"] = "yesterday"
    assert len(list(openapi.faults("TransactionsSyncResponse", page))) == 2


async def test_plaids_client_parses_every_profile(stand_in: StandIn) -> None:
    """The SDK's models take every row, the odd ones included: no missing key, no null where none may be."""
    for username in ("user_household", "user_transactions_dynamic"):
        access_token, item_id = await stand_in.linked(username, days=60)
        await stand_in.post(f"/sandbox_control/items/{item_id}/transactions", amount=10.021521)
        truth, rows = await stand_in.truth(item_id), []
        page = await stand_in.call("transactions_sync", access_token=access_token, count=250)
        rows += page.added
        while page.has_more:
            body = {"access_token": access_token, "cursor": page.next_cursor, "count": 250}
            page = await stand_in.call("transactions_sync", **body)
            rows += page.added
        assert {row.transaction_id for row in rows} == truth.keys()
        assert {account.account_id for account in page.accounts} <= {row["account_id"] for row in truth.values()}


async def test_plaids_client_parses_all_else(stand_in: StandIn, receiver: Receiver) -> None:
    """The SDK's request models are accepted and its response models take what comes back."""
    made = await stand_in.call(
        "link_token_create",
        client_name="CORA",
        language="en",
        country_codes=US,
        user={"client_user_id": "7"},
        products=TRANSACTIONS,
        transactions={"days_requested": 730},
        webhook=receiver.url,
    )
    assert made.expiration.tzinfo is not None
    assert (await stand_in.call("link_token_get", link_token=made.link_token)).link_sessions == []
    public = await stand_in.call("sandbox_public_token_create", institution_id=BANK, initial_products=TRANSACTIONS)
    exchanged = await stand_in.call("item_public_token_exchange", public_token=public.public_token)
    item = {"access_token": exchanged.access_token}
    accounts = await stand_in.call("accounts_get", **item)
    assert accounts.accounts[0].balances.current is not None
    assert (await stand_in.call("accounts_balance_get", **item)).item.item_id == exchanged.item_id
    assert (await stand_in.call("item_get", **item)).item.error is None
    assert (await stand_in.call("item_webhook_update", **item, webhook=receiver.url)).item.webhook == receiver.url
    assert (await stand_in.call("sandbox_item_fire_webhook", **item, webhook_code="DEFAULT_UPDATE")).webhook_fired
    bank = await stand_in.call("institutions_get_by_id", institution_id="ins_127287", country_codes=US)
    assert bank.institution.oauth
    banks = await stand_in.call("institutions_get", count=2, offset=1, country_codes=US)
    assert len(banks.institutions) == 2 < banks.total
    key = await stand_in.call("webhook_verification_key_get", key_id=stand_in.sandbox.keys.current.kid)
    assert key.key.alg == "ES256"
    assert (await stand_in.call("sandbox_item_reset_login", **item)).reset_login
    with pytest.raises(plaid.ApiException) as refused:
        await stand_in.call("accounts_get", **item)
    assert refused.value.status == 400
    assert "ITEM_LOGIN_REQUIRED" in refused.value.body
    await stand_in.call("item_remove", **item)


async def test_plaids_client_parses_the_sessions_of_a_link_token(stand_in: StandIn) -> None:
    """A service finds in /link/token/get the public token that the browser was given."""
    made = await stand_in.post("/link/token/create", **link_request(products=["transactions"]))
    token = {"link_token": made["link_token"]}
    login = token | {"institution_id": BANK, "username": "user_good", "password": "pass_good"}
    session = await stand_in.post("/link/session/authenticate", **login)
    chosen = {"auth_session": session["auth_session"], "account_ids": [session["accounts"][0]["id"]]}
    linked = await stand_in.post("/link/session/complete", **token, **chosen)
    await stand_in.post("/link/session/event", **token, event_name="OPEN", metadata={})
    await stand_in.post("/link/session/exit", **token, error=None, metadata={"status": "requires_credentials"})
    first, second = (await stand_in.call("link_token_get", **token)).link_sessions
    assert first.results.item_add_results[0].public_token == linked["public_token"] == first.on_success.public_token
    assert second.exit.metadata.status == "requires_credentials"
