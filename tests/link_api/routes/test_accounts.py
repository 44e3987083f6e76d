from tests.link_api.ledger import ledger
from tests.link_api.world import World

ACCOUNTS = "/api/plaid/accounts"


async def test_an_account_that_plaid_no_longer_names_is_listed_only_when_asked_for(live: World) -> None:
    """Its last balance never passes for a current one; `include=inactive` shows it, marked."""
    book = await ledger(live)
    await live.change("UPDATE plaid_accounts SET is_active = false, revoked_at = '2026-11-20T09:00:00Z'")
    assert (await live.get(ACCOUNTS)).json()["items"] == []
    [shown] = (await live.get(ACCOUNTS, include="inactive")).json()["items"]
    assert (shown["id"], shown["is_active"], shown["revoked_at"]) == (book.account_id, False, "2026-11-20T09:00:00Z")
    assert (await live.get(ACCOUNTS, include="all")).status_code == 422


async def test_an_account_that_is_named_is_active(live: World) -> None:
    """What Plaid names is listed as current."""
    await ledger(live)
    [shown] = (await live.get(ACCOUNTS)).json()["items"]
    assert (shown["is_active"], shown["revoked_at"]) == (True, None)


async def test_accounts_of_a_disconnected_bank_are_never_listed(live: World) -> None:
    """Inactive ones are those of connected banks."""
    book = await ledger(live)
    await live.delete(f"/api/plaid/integrations/{book.integration_id}")
    assert (await live.get(ACCOUNTS, include="inactive")).json()["items"] == []
