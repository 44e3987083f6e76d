import json
from pathlib import Path

import pytest

from plaid_sandbox.main import create_app
from plaid_sandbox.settings import Settings
from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import Reader, StandIn, eventually, running, settings


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
    asked = {"client_name": "CORA", "language": "en", "country_codes": ["US"], "user": {"client_user_id": "7"}}
    for _ in range(3):
        async with running(kept) as stand_in:
            made = await stand_in.post("/link/token/create", **asked, products=["transactions"])
            tokens.append(made["link_token"])
    assert len(set(tokens)) == 3


async def test_the_state_is_written_while_it_runs(tmp_path: Path) -> None:
    """A stand-in that is killed has lost a fraction of a second, not its Items."""
    file = tmp_path / "state.json"
    async with running(settings(state_file=file)) as stand_in:
        await stand_in.link()

        async def written() -> bool:
            return file.exists() and len(json.loads(file.read_text())["items"]) == 1

        await eventually(written)


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
