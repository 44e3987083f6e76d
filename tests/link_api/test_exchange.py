"""What an exchange leaves behind, wherever its process dies."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import RowMapping

from common.plaid import Credentials, PlaidClient
from common.sealing import Vault
from link_api.exchange import Exchange
from link_api.institutions import Institutions
from link_api.presentation import Presentation
from tests.link_api.world import World, settings

EXCHANGE = "/api/plaid/exchange_public_token"
RECORDS = "SELECT *, claimed_until > now() AS claimed FROM public_token_exchanges"
LATER = "UPDATE public_token_exchanges SET claimed_until = now()"


class Died(Exception):
    """The process ended here."""


async def die(*_: object, **__: object) -> Any:
    raise Died


@pytest.fixture
async def dying(live: World) -> AsyncIterator[Exchange]:
    """The use case in a process of its own, so to say: nobody answers for it once it died."""
    plaid = PlaidClient(Credentials("client", SecretStr("secret"), str(live.link.plaid.base_url).rstrip("/")))
    vault = Vault(settings().plaid_encryption_key)
    presentation = Presentation(live.database, plaid, vault, Institutions(live.database, plaid, ["US"]))
    yield Exchange(live.database, plaid, vault, presentation)
    plaid.close()


async def records(live: World) -> list[RowMapping]:
    return await live.rows(RECORDS)


async def test_an_exchange_is_on_record_before_plaid_is_asked(
    live: World, dying: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who dies before Plaid has heard of it leaves a record with the token's hash; once its time is over it goes on."""
    public_token = await live.link.succeed(await live.link_token())
    with monkeypatch.context() as patch:
        patch.setattr(PlaidClient, "exchange_public_token", die)
        with pytest.raises(Died):
            await dying.run(1, SecretStr(public_token), allow_duplicate=False)
    [record] = await records(live)
    assert record["public_token_hash"] == hashlib.sha256(public_token.encode()).digest()
    assert (record["institution_id"], record["institution_name"]) == ("ins_109508", "First Platypus Bank")
    assert (record["integration_id"], record["claimed"]) == (None, True)
    assert (await live.post(EXCHANGE, {"public_token": public_token})).json()["code"] == "in_progress"
    await live.change(LATER)
    answer = await live.post(EXCHANGE, {"public_token": public_token})
    assert (answer.status_code, (await records(live))[0]["integration_id"]) == (201, answer.json()["id"])


async def test_who_dies_between_exchange_and_storing_leaves_a_record(
    live: World, dying: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plaid made an item that nobody holds: its record outlasts every retry, which Plaid refuses."""
    public_token = await live.link.succeed(await live.link_token())
    with monkeypatch.context() as patch:
        patch.setattr(Exchange, "_keep", die)
        with pytest.raises(Died):
            await dying.run(1, SecretStr(public_token), allow_duplicate=False)
    await live.change(LATER)
    for _ in range(2):
        answer = await live.post(EXCHANGE, {"public_token": public_token})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_public_token")
    [record] = await records(live)
    assert (record["integration_id"], record["claimed"], record["attempts"]) == (None, False, 3)


async def test_who_dies_after_storing_is_answered_for_by_the_next(
    live: World, dying: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bank is linked, and whoever sends the same public token again hears so, though its Link session is over."""
    public_token = await live.link.succeed(await live.link_token())
    with monkeypatch.context() as patch:
        patch.setattr(Presentation, "show", die)
        with pytest.raises(Died):
            await dying.run(1, SecretStr(public_token), allow_duplicate=False)
    await live.change("DELETE FROM link_sessions")
    [row] = await live.rows("SELECT id FROM plaid_integrations")
    answer = await live.post(EXCHANGE, {"public_token": public_token})
    assert (answer.status_code, answer.json()["id"]) == (201, row["id"])
    assert (await live.post(EXCHANGE, {"public_token": public_token}, 2)).json()["code"] == "public_token_foreign"


async def test_a_token_of_a_bank_that_was_disconnected_since_is_used_up(live: World) -> None:
    """It links nothing and shows nothing."""
    public_token = await live.link.succeed(await live.link_token())
    integration = (await live.post(EXCHANGE, {"public_token": public_token})).json()
    await live.delete(f"/api/plaid/integrations/{integration['id']}")
    answer = await live.post(EXCHANGE, {"public_token": public_token})
    assert (answer.status_code, answer.json()["code"]) == (400, "public_token_foreign")


async def test_what_plaid_refused_leaves_no_record(live: World) -> None:
    """Nothing was made, so an operator has nothing to clean up; the same token may be tried again."""
    public_token = await live.link.succeed(await live.link_token())
    await live.outage(error_code="ITEM_LOCKED", path="/item/public_token/exchange")
    assert (await live.post(EXCHANGE, {"public_token": public_token})).status_code == 422
    assert await records(live) == []
    assert (await live.post(EXCHANGE, {"public_token": public_token})).status_code == 201


@pytest.mark.parametrize("fault", [{"cut": True}, {"error_code": "INTERNAL_SERVER_ERROR"}, {"gateway_error": True}])
async def test_an_exchange_without_a_clear_answer_stays_on_record(live: World, fault: dict[str, object]) -> None:
    """Plaid may have made an item: an operator can see it, and the user may try again at once."""
    public_token = await live.link.succeed(await live.link_token())
    await live.outage(path="/item/public_token/exchange", **fault)
    assert (await live.post(EXCHANGE, {"public_token": public_token})).json()["retryable"]
    [record] = await records(live)
    assert (record["integration_id"], record["claimed"]) == (None, False)
    again = await live.post(EXCHANGE, {"public_token": public_token})
    assert again.status_code == (422 if "cut" in fault else 201)
    assert len(await records(live)) == 1


async def test_an_item_that_cannot_be_stored_is_named_on_its_record(live: World) -> None:
    """Its item_id is what Plaid's support asks for."""
    public_token = await live.link.succeed(await live.link_token())
    await live.change("ALTER TABLE plaid_integrations ADD CONSTRAINT broken CHECK (id < 0)")
    assert (await live.post(EXCHANGE, {"public_token": public_token})).status_code == 500
    [record] = await records(live)
    items = (await live.link.plaid.get("/sandbox_control/items")).json()["items"]
    assert record["item_id"] in {item["item_id"] for item in items}
    assert record["integration_id"] is None
