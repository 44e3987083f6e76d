"""Update mode from the notification that asks for it to the accounts that it brings, with sync_worker beside."""

from collections.abc import AsyncIterator

import pytest

from common.plaid import Credentials
from common.sealing import Vault
from tests.link_api.world import World, settings
from tests.sync_worker.world import Worker, worker


@pytest.fixture
async def syncing(live: World, database_url: str) -> AsyncIterator[Worker]:
    """A sync_worker over the same database and the same Plaid."""
    made = settings()
    plaid_at = Credentials(made.plaid_client_id, made.plaid_secret, str(live.link.plaid.base_url).rstrip("/"))
    beside = worker(database_url, plaid_at, Vault(made.plaid_encryption_key))
    yield beside
    beside.plaid.close()
    await beside.database.close()


async def test_accounts_that_the_bank_has_anew_are_added(live: World, syncing: Worker) -> None:
    """The notification leads to update mode, nothing is exchanged, and the sync after `repaired` brings the account."""
    integration = await live.linked()
    await syncing.ring(integration["id"], "linked")
    [item] = (await live.link.plaid.get("/sandbox_control/items")).json()["items"]
    offered = f"/sandbox_control/items/{item['item_id']}/accounts/offer"
    opened = await live.link.plaid.post(offered, json={"name": "Reserve", "mask": "4411"})
    assert opened.status_code == 200, opened.text
    await syncing.hear(item["item_id"], "NEW_ACCOUNTS_AVAILABLE", "ITEM")
    await syncing.ring(integration["id"])
    assert "Reserve" not in {one["name"] for one in (await live.get("/api/plaid/accounts")).json()["items"]}
    [standing] = [
        one for one in (await live.get("/api/notifications")).json()["items"] if one["action"] == "add_accounts"
    ]
    asked = {"integration_id": standing["integration_id"], "account_selection_enabled": True}
    token = (await live.post("/api/plaid/create_link_token", asked)).json()["link_token"]
    await live.link.succeed(token)
    assert (await live.post(f"/api/plaid/integrations/{integration['id']}/repaired")).status_code == 202
    assert (await live.emitted("item.sync_requested"))[-1]["trigger"] == "repaired"
    await syncing.ring(integration["id"], "repaired")
    assert "Reserve" in {one["name"] for one in (await live.get("/api/plaid/accounts")).json()["items"]}
    actions = {one["action"] for one in (await live.get("/api/notifications")).json()["items"]}
    assert "add_accounts" not in actions
    assert len((await live.get("/api/plaid/integrations")).json()["items"]) == 1
