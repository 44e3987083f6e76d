import json
from pathlib import Path
from typing import Any

import pytest

from plaid_sandbox.main import create_app
from plaid_sandbox.settings import Settings
from plaid_sandbox.state import State
from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import BANK, Reader, StandIn, eventually, running, settings

ASKED = {"client_name": "CORA", "language": "en", "country_codes": ["US"], "user": {"client_user_id": "7"}}
ORDERS: dict[str, dict[str, Any]] = {
    "accounts/open": {"iso_currency_code": "KWD", "persistent_account_id": "p"},
    "accounts/offer": {},
    "accounts/churn": {"account_id": "@credit card", "mask": "0001"},
    "accounts/close": {"account_id": "@savings"},
    "accounts/balance": {"account_id": "@checking", "current": 1.5, "available": None},
    "transactions": {"amount": 3.0000001, "unofficial_currency_code": "BTC", "category": "TRAVEL_LODGING"},
    "transactions/edit": {"transaction_id": "@oldest", "iso_currency_code": "EUR", "account_id": "@checking"},
    "transactions/odd": {"transaction_id": "@newest", "fields": {"amount": "1.10", "date": 1.10}, "drop": ["name"]},
    "transactions/echo_removals": {"transaction_ids": ["stranger"]},
    "pages": {"size": 30, "order": "shuffled:5"},
    "cursors/refuse": {},
    "consent": {"expires_in_days": 9},
    "disconnect_soon": {"in_days": 8},
}
OAUTH_BANK = "ins_127287"


async def begin(chosen: Settings) -> None:
    """Begin the lifespan of a stand-in."""
    app = create_app(chosen)
    async with app.router.lifespan_context(app):
        pass


async def live(stand_in: StandIn, webhook: str) -> tuple[str, str, Reader]:
    """Make an Item to which everything happens, followed by a reader."""
    access_token, item_id = await stand_in.linked("user_transactions_dynamic", days=60, webhook=webhook)
    reader = Reader()
    reader.apply(await stand_in.pages(access_token))
    control = f"/sandbox_control/items/{item_id}/transactions"
    await stand_in.post(control)
    added = (await stand_in.post(control, amount=10.0215217, name="Lowe's"))["added"]
    await stand_in.post(f"{control}/edit", transaction_id=added[0], amount=12)
    await stand_in.post(f"{control}/withdraw", transaction_ids=[next(iter(reader.rows))])
    before = stand_in.sandbox.registry.by_access_token(access_token).book.ledger.version
    await stand_in.post("/transactions/refresh", access_token=access_token)

    async def moved() -> bool:
        return stand_in.sandbox.registry.by_access_token(access_token).book.ledger.version > before

    await eventually(moved)
    return access_token, item_id, reader


async def test_items_survive_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    """Tokens, truth, cursors and keys are the same after a restart, and new Items repeat no id of the old ones."""
    kept = settings(state_file=tmp_path / "state.json")
    async with running(kept) as before:
        access_token, item_id, reader = await live(before, receiver.url)
        truth = await before.truth(item_id)
        item = await before.post("/item/get", access_token=access_token)
        accounts = await before.post("/accounts/get", access_token=access_token)
        before.sandbox.keys.rotate()
        keys = [key["kid"] for key in (before.sandbox.keys.current.fields(),)]
    async with running(kept) as after:
        assert await after.truth(item_id) == truth
        for known, path in ((item, "/item/get"), (accounts, "/accounts/get")):
            again = await after.post(path, access_token=access_token)
            assert again | {"request_id": ""} == known | {"request_id": ""}
        reader.apply(await after.pages(access_token, reader.cursor, count=9))
        assert reader.agrees_with(truth)
        assert [after.sandbox.keys.current.kid] == keys
        _, other_id = await after.link()
        assert other_id != item_id


async def test_whatever_was_ordered_survives_a_restart(tmp_path: Path) -> None:
    """Accounts that came, went or churned, balances, garbled rows, page cuts, forgotten cursors, announced ends."""
    kept = settings(state_file=tmp_path / "state.json")
    async with running(kept) as before:
        access_token, item_id = await before.linked(days=40)
        old = (await before.pages(access_token))[-1]["next_cursor"]
        for lever, body in ORDERS.items():
            await before.post(f"/sandbox_control/items/{item_id}/{lever}", **body)
        known = await everything(before, access_token, item_id)
    async with running(kept) as after:
        assert await everything(after, access_token, item_id) == known
        assert await after.refused("/transactions/sync", access_token=access_token, cursor=old) == "INVALID_FIELD"


async def everything(stand_in: StandIn, access_token: str, item_id: str) -> list[Any]:
    """Return all that a client and a test can read of an Item."""
    item = await stand_in.post("/item/get", access_token=access_token)
    accounts = await stand_in.post("/accounts/get", access_token=access_token)
    told = [item, accounts, *(await stand_in.pages(access_token))]
    return [await stand_in.truth(item_id), *({**one, "request_id": ""} for one in told)]


async def test_a_history_that_was_being_read_is_read_on(tmp_path: Path) -> None:
    """A stop between the two stages delays the second one and no more."""
    file = tmp_path / "state.json"
    async with running(settings(state_file=file, historical_delay=3600)) as before:
        access_token, _ = await before.link()
        await eventually(lambda: _has_begun(before, access_token))
    async with running(settings(state_file=file)) as after:
        await eventually(lambda: after.is_complete(access_token))


async def test_broken_and_removed_items_stay_so(tmp_path: Path) -> None:
    """An Item that waits for its user waits on; one that is gone stays gone."""
    kept = settings(state_file=tmp_path / "state.json")
    async with running(kept) as before:
        broken, _ = await before.link()
        gone, _ = await before.link()
        await before.post("/sandbox/item/reset_login", access_token=broken)
        await before.post("/item/remove", access_token=gone)
    async with running(kept) as after:
        assert await after.refused("/accounts/get", access_token=broken) == "ITEM_LOGIN_REQUIRED"
        assert await after.refused("/accounts/get", access_token=gone) == "ITEM_NOT_FOUND"


async def test_no_token_of_an_earlier_run_is_given_out_again(tmp_path: Path) -> None:
    """A link token that a service stored before the restart never comes to mean another session."""
    kept, tokens = settings(state_file=tmp_path / "state.json"), []
    for _ in range(3):
        async with running(kept) as stand_in:
            made = await stand_in.post("/link/token/create", **ASKED, products=["transactions"])
            tokens.append(made["link_token"])
    assert len(set(tokens)) == 3


async def test_nothing_is_answered_before_it_is_kept(tmp_path: Path) -> None:
    """Whatever changes something: as its answer comes, the file holds the state that it tells of."""
    file = tmp_path / "state.json"
    async with running(settings(state_file=file, initial_delay=3600, historical_delay=3600)) as stand_in:
        seen: list[str] = []

        async def post(path: str, **body: Any) -> Any:
            answer = await stand_in.post(path, **body)
            seen.append(file.read_text())
            assert json.loads(seen[-1]) == json.loads(State.of(stand_in.sandbox).model_dump_json()), path
            return answer

        made = await post("/sandbox/public_token/create", institution_id=BANK, initial_products=["transactions"])
        linked = await post("/item/public_token/exchange", public_token=made["public_token"])
        key, control = {"access_token": linked["access_token"]}, f"/sandbox_control/items/{linked['item_id']}"
        await post("/transactions/sync", **key)
        await post("/transactions/refresh", **key)
        await post("/sandbox/item/reset_login", **key)
        await post(f"{control}/repair")
        await post(f"{control}/break")
        await post("/sandbox_control/webhooks/rotate_key")
        await post("/sandbox_control/clock/advance", seconds=1)
        token = {"link_token": (await post("/link/token/create", **ASKED, products=["transactions"]))["link_token"]}
        await post("/link/session/event", **token, event_name="OPEN")
        begun = await post("/link/oauth/start", **token, institution_id=OAUTH_BANK)
        await post("/link/oauth/approve", auth_session=begun["auth_session"])
        await post("/link/session/exit", **token)
        await post("/item/remove", **key)
        assert len(set(seen)) == len(seen)


async def test_a_link_session_goes_on_after_a_restart(tmp_path: Path) -> None:
    """Who was signing in at the bank finishes, and the service finds the session with its public token."""
    kept = settings(state_file=tmp_path / "state.json")
    async with running(kept) as before:
        asked = ASKED | {"products": ["transactions"]}
        token = {"link_token": (await before.post("/link/token/create", **asked))["link_token"]}
        session_id = (await before.get("/link/session", **token))["link_session_id"]
        begun = await before.post("/link/oauth/start", **token, institution_id=OAUTH_BANK)
    async with running(kept) as after:
        await after.post("/link/oauth/approve", auth_session=begun["auth_session"])
        status = await after.get("/link/oauth/status", **token, oauth_state_id=begun["oauth_state_id"])
        chosen = {"auth_session": begun["auth_session"], "account_ids": [one["id"] for one in status["accounts"]]}
        done = await after.post("/link/session/complete", **token, **chosen)
        [session] = (await after.post("/link/token/get", **token))["link_sessions"]
        assert session["link_session_id"] == session_id
        assert session["on_success"]["public_token"] == done["public_token"]


async def test_a_refresh_that_was_asked_for_comes_after_a_restart(tmp_path: Path) -> None:
    """A stop between a refresh and its news delays the news and no more."""
    file = tmp_path / "state.json"
    async with running(settings(state_file=file, refresh_delay=3600)) as before:
        access_token, item_id = await before.linked(days=60)
        await before.post("/transactions/refresh", access_token=access_token)
        truth = await before.truth(item_id)
    async with running(settings(state_file=file)) as after:

        async def refreshed() -> bool:
            return await after.truth(item_id) != truth

        await eventually(refreshed)


async def test_a_state_of_another_seed_is_refused(tmp_path: Path) -> None:
    """The same Items could not be made again, and the message says what to do."""
    file = tmp_path / "state.json"
    async with running(settings(state_file=file, seed="one")):
        pass
    with pytest.raises(ValueError, match="written with the seed 'one'"):
        await begin(settings(state_file=file, seed="other"))


async def test_an_unreadable_state_is_named(tmp_path: Path) -> None:
    """Whatever else stands in the file, the message names the file and nothing is overwritten."""
    file = tmp_path / "state.json"
    file.write_text('{"version": 2}')
    with pytest.raises(ValueError, match=r"state\.json holds no state of this version"):
        await begin(settings(state_file=file))
    assert file.read_text() == '{"version": 2}'


async def _has_begun(stand_in: StandIn, access_token: str) -> bool:
    page = await stand_in.post("/transactions/sync", access_token=access_token, count=1)
    return bool(page["transactions_update_status"] == "INITIAL_UPDATE_COMPLETE")
