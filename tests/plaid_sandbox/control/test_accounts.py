from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import BANK, Reader, StandIn, eventually, running, settings

ASKED = {"client_name": "CORA", "language": "en", "country_codes": ["US"], "user": {"client_user_id": "7"}}


async def accounts(stand_in: StandIn, access_token: str) -> dict[str, Any]:
    """Return the accounts of /accounts/get by id."""
    answer = await stand_in.post("/accounts/get", access_token=access_token)
    return {one["account_id"]: one for one in answer["accounts"]}


async def update_mode(stand_in: StandIn, access_token: str, *, pick: bool) -> Mapping[str, Any]:
    """Go through update mode, sharing every account that is offered; return what Link said."""
    asked = ASKED | {"access_token": access_token} | ({"update": {"account_selection_enabled": True}} if pick else {})
    token = {"link_token": (await stand_in.post("/link/token/create", **asked))["link_token"]}
    login = {"institution_id": BANK, "username": "user_good", "password": "pass_good"}
    begun = await stand_in.post("/link/session/authenticate", **token, **login)
    ids = [one["id"] for one in begun["accounts"]]
    done = await stand_in.post("/link/session/complete", **token, auth_session=begun["auth_session"], account_ids=ids)
    return dict(done["metadata"])


async def test_an_account_appears(stand_in: StandIn) -> None:
    """It is named from now on, with its own currency and persistent id, and transactions on it come."""
    access_token, item_id = await stand_in.linked(days=30)
    cursor = (await stand_in.pages(access_token))[-1]["next_cursor"]
    control = f"/sandbox_control/items/{item_id}"
    new = {"type": "depository", "subtype": "money market", "name": "Reserve", "mask": "4411"}
    opened = await stand_in.post(
        f"{control}/accounts/open", **new, iso_currency_code="KWD", persistent_account_id="p1", balance=10.125
    )
    account_id = opened["account"]["account_id"]
    known = (await accounts(stand_in, access_token))[account_id]
    assert known == opened["account"]
    assert known | new == known
    assert (known["persistent_account_id"], known["balances"]["iso_currency_code"]) == ("p1", "KWD")
    await stand_in.post(f"{control}/transactions", amount=0.125, account_id=account_id)
    (page,) = await stand_in.pages(access_token, cursor)
    assert [row["iso_currency_code"] for row in page["added"]] == ["KWD"]
    assert (await accounts(stand_in, access_token))[account_id]["balances"]["current"] == 10
    assert await stand_in.refused(f"{control}/accounts/open", mask="1") == "INVALID_FIELD"


async def test_an_account_vanishes_without_a_word(stand_in: StandIn, receiver: Receiver) -> None:
    """Neither /accounts/get nor truth nor a read from the start names it, no removal tells, Link offers it no more."""
    access_token, item_id = await stand_in.linked(days=30, webhook=receiver.url)
    reader = Reader()
    reader.apply(await stand_in.pages(access_token))
    control = f"/sandbox_control/items/{item_id}"
    gone = (await stand_in.post(f"{control}/accounts/close", account_id="@checking"))["account_id"]
    assert gone not in await accounts(stand_in, access_token)
    (page,) = await stand_in.pages(access_token, reader.cursor)
    assert page["added"] == page["modified"] == page["removed"] == []
    fresh = Reader()
    fresh.apply(await stand_in.pages(access_token))
    assert 0 < len(fresh.rows) < len(reader.rows)
    assert fresh.agrees_with(await stand_in.truth(item_id))
    body = {"access_token": access_token, "options": {"account_id": gone}}
    assert await stand_in.refused("/transactions/sync", **body) == "INVALID_ACCOUNT_ID"
    assert gone not in {one["id"] for one in (await update_mode(stand_in, access_token, pick=True))["accounts"]}
    assert receiver.codes.count("SYNC_UPDATES_AVAILABLE") <= 2
    assert "USER_ACCOUNT_REVOKED" not in receiver.codes


async def test_permission_for_one_account_can_be_revoked(stand_in: StandIn, receiver: Receiver) -> None:
    """It is gone as a closed one is, and the webhook says which."""
    access_token, item_id = await stand_in.linked(days=30, webhook=receiver.url)
    path = f"/sandbox_control/items/{item_id}/accounts/revoke"
    gone = (await stand_in.post(path, account_id="@savings"))["account_id"]
    assert gone not in await accounts(stand_in, access_token)
    await receiver.until(lambda: "USER_ACCOUNT_REVOKED" in receiver.codes)
    assert receiver.of("USER_ACCOUNT_REVOKED")[0]["account_id"] == gone


async def test_an_account_gets_another_id(stand_in: StandIn) -> None:
    """Its transactions go and come again under other ids, money and balance are the same, also when read afresh."""
    access_token, item_id = await stand_in.linked(days=60)
    control = f"/sandbox_control/items/{item_id}"
    await stand_in.post(f"{control}/transactions", amount=50, account_id="@credit card")
    await stand_in.post(f"{control}/accounts/balance", account_id="@credit card", available=12.5)
    reader = Reader()
    reader.apply(await stand_in.pages(access_token))
    before, held = await accounts(stand_in, access_token), dict(reader.rows)
    churned = await stand_in.post(f"{control}/accounts/churn", account_id="@credit card", mask="0001", name="Renamed")
    old, new = churned["churned_account_id"], churned["account_id"]
    pages = await stand_in.pages(access_token, reader.cursor, count=100)
    removed = {row["transaction_id"] for page in pages for row in page["removed"]}
    assert removed == {key for key, row in held.items() if row["account_id"] == old}
    assert {row["account_id"] for page in pages for row in page["removed"]} == {old}
    assert {one["account_id"] for page in pages for one in page["accounts"]} == {new}
    reader.apply(pages)
    assert not removed & reader.rows.keys()
    truth = await stand_in.truth(item_id)
    assert reader.agrees_with(truth)
    fresh = Reader()
    fresh.apply(await stand_in.pages(access_token))
    assert fresh.agrees_with(truth)
    money = [sorted(row["amount"] for row in rows.values()) for rows in (held, reader.rows)]
    assert money[0] == money[1]
    after = await accounts(stand_in, access_token)
    assert list(after) == [new if key == old else key for key in before]
    assert after[new] == before[old] | {"account_id": new, "mask": "0001", "name": "Renamed"}


async def test_a_churned_account_lives_on(stand_in: StandIn) -> None:
    """It spends under its new id, and may churn again."""
    access_token, item_id = await stand_in.linked(days=60)
    reader = Reader()
    reader.apply(await stand_in.pages(access_token))
    control = f"/sandbox_control/items/{item_id}"
    for _ in range(2):
        await stand_in.post(f"{control}/accounts/churn", account_id="@credit card")
        await stand_in.post(f"{control}/transactions")
        reader.apply(await stand_in.pages(access_token, reader.cursor, count=7))
        assert reader.agrees_with(await stand_in.truth(item_id))


async def test_a_persistent_id_outlives_the_account_id(stand_in: StandIn) -> None:
    """At the bank that gives them, money accounts have one that Items share and that a churn does not touch."""
    tokens = []
    for _ in range(2):
        made = await stand_in.post(
            "/sandbox/public_token/create", institution_id="ins_109511", initial_products=["transactions"]
        )
        tokens.append(await stand_in.post("/item/public_token/exchange", public_token=made["public_token"]))
    path = f"/sandbox_control/items/{tokens[1]['item_id']}/accounts/churn"
    await stand_in.post(path, account_id="@checking")
    known = [await accounts(stand_in, token["access_token"]) for token in tokens]
    persistent = [[one.get("persistent_account_id") for one in each.values()] for each in known]
    assert persistent[0] == persistent[1]
    assert persistent[0].count(None) == 1
    assert not known[0].keys() & known[1].keys()


async def test_a_balance_changes_without_a_transaction(stand_in: StandIn) -> None:
    """From then on transactions move it from there; a hidden one is null; nothing else changes."""
    access_token, item_id = await stand_in.linked(days=30)
    cursor = (await stand_in.pages(access_token))[-1]["next_cursor"]
    control = f"/sandbox_control/items/{item_id}"

    async def balances(**given: Any) -> tuple[Any, Any]:
        answer = await stand_in.post(f"{control}/accounts/balance", account_id="@checking", **given)
        known = (await accounts(stand_in, access_token))[answer["account"]["account_id"]]["balances"]
        assert answer["account"]["balances"] == known
        return known["current"], known["available"]

    assert await balances(current=100.5, available=90) == (Decimal("100.5"), 90)
    await stand_in.post(f"{control}/transactions", amount=10)
    assert await balances() == (Decimal("90.5"), 80)
    assert await balances(current=None) == (None, 80)
    assert await balances(current=7, available=None) == (7, None)
    (page,) = await stand_in.pages(access_token, cursor)
    assert (len(page["added"]), page["modified"], page["removed"]) == (1, [], [])


async def test_a_new_account_waits_for_update_mode(stand_in: StandIn, receiver: Receiver) -> None:
    """NEW_ACCOUNTS_AVAILABLE tells; only update mode with account selection brings it."""
    access_token, item_id = await stand_in.linked(days=30, webhook=receiver.url)
    offered = await stand_in.post(f"/sandbox_control/items/{item_id}/accounts/offer", name="Holiday fund")
    account_id = offered["account"]["account_id"]
    await receiver.until(lambda: "NEW_ACCOUNTS_AVAILABLE" in receiver.codes)
    assert account_id not in await accounts(stand_in, access_token)
    await update_mode(stand_in, access_token, pick=False)
    assert account_id not in await accounts(stand_in, access_token)
    await update_mode(stand_in, access_token, pick=True)
    assert account_id in await accounts(stand_in, access_token)


async def test_history_read_after_a_churn_comes_under_the_new_id() -> None:
    """Between the first month and the rest the id changes; the rest is told under the new one, and nothing is lost."""
    async with running(settings(historical_delay=3600)) as stand_in:
        access_token, item_id = await stand_in.link(days=200)
        await stand_in.until_changed(access_token, 1)
        whole = len(stand_in.sandbox.registry.by_access_token(access_token).book.ledger.accounts)
        churned = await stand_in.post(f"/sandbox_control/items/{item_id}/accounts/churn", account_id="@credit card")
        month = [row for row in (await stand_in.truth(item_id)).values() if row["account_id"] == churned["account_id"]]
        await stand_in.post("/sandbox_control/clock/advance", seconds=3600)
        await eventually(lambda: stand_in.is_complete(access_token))
        reader = Reader()
        reader.apply(await stand_in.pages(access_token))
        assert reader.agrees_with(await stand_in.truth(item_id))
        ours = [row for row in reader.rows.values() if row["account_id"] == churned["account_id"]]
        assert len(ours) > 4 * len(month) > 0
        assert len({row["account_id"] for row in reader.rows.values()}) == whole
