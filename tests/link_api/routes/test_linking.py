import asyncio

import httpx2
import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from structlog.testing import capture_logs

from common.database import SERVER_SETTINGS
from common.sealing import SealedToken, Vault
from tests.link_api.world import KEY, World, settings, world

CREATE = "/api/plaid/create_link_token"
EXCHANGE = "/api/plaid/exchange_public_token"


async def exchange(live: World, public_token: str, user_id: int = 1, **more: object) -> httpx2.Response:
    return await live.post(EXCHANGE, {"public_token": public_token, "metadata": {}} | more, user_id)


async def test_a_link_makes_an_integration_with_accounts_and_rings_the_first_doorbell(live: World) -> None:
    """After the exchange the bank is shown at once, and its first sync is asked for."""
    integration = await live.linked()
    assert integration["institution"]["name"] == "First Platypus Bank"
    assert (integration["status"], integration["action_required"]) == ("active", None)
    assert (integration["stage"], integration["transactions"]) == ("NOT_READY", 0)
    accounts = (await live.get("/api/plaid/accounts")).json()["items"]
    assert {account["integration_id"] for account in accounts} == {integration["id"]}
    assert {account["subtype"] for account in accounts} == {"checking", "credit card", "savings"}
    [request] = await live.emitted("item.sync_requested")
    assert (request["integration_id"], request["trigger"]) == (integration["id"], "linked")


async def test_tokens_are_stored_sealed(live: World) -> None:
    """Neither the access token nor the link token stands readable in the database."""
    await live.linked()
    [item] = await live.rows("SELECT access_token, days_requested FROM plaid_integrations")
    [session] = await live.rows("SELECT link_token, exchanged_at FROM link_sessions")
    vault = Vault(settings(plaid_encryption_key=KEY).plaid_encryption_key)
    assert vault.open(SealedToken(item["access_token"])).get_secret_value().startswith("access-sandbox-")
    assert vault.open(SealedToken(session["link_token"])).get_secret_value().startswith("link-sandbox-")
    assert session["exchanged_at"] is not None
    assert item["days_requested"] == 730


async def test_a_public_token_of_another_users_session_is_refused(live: World) -> None:
    """A public token counts only for the user who opened its Link session; nothing is exchanged."""
    stolen = await live.link.succeed(await live.link_token(user_id=1))
    await live.link_token(user_id=2)
    answer = await exchange(live, stolen, user_id=2)
    assert (answer.status_code, answer.json()["code"]) == (400, "public_token_foreign")
    assert (await exchange(live, stolen, user_id=1)).status_code == 201


@pytest.mark.parametrize("state", ["none", "expired"])
async def test_without_an_open_link_session_every_public_token_is_foreign(live: World, state: str) -> None:
    """A public token needs a session of its user that is not over for more than its own lifetime."""
    public_token = await live.link.succeed(await live.link_token())
    if state == "none":
        await live.change("DELETE FROM link_sessions")
    else:
        await live.change("UPDATE link_sessions SET expires_at = now() - interval '31 minutes'")
    answer = await exchange(live, public_token)
    assert (answer.status_code, answer.json()["code"]) == (400, "public_token_foreign")


async def test_an_older_open_session_of_the_user_counts_too(live: World) -> None:
    """A user with two tabs may finish either."""
    older = await live.link_token()
    await live.link_token()
    assert (await exchange(live, await live.link.succeed(older))).status_code == 201


async def test_many_loads_of_the_page_hide_no_session(live: World) -> None:
    """The page asks for a link token at each load: the one that was used counts, however many came after it."""
    used = await live.link_token()
    for _ in range(12):
        await live.link_token()
    assert (await exchange(live, await live.link.succeed(used))).status_code == 201


async def test_a_session_whose_token_was_exchanged_takes_no_place(live: World) -> None:
    """However many banks a user has linked since, a tab that is still open may be finished."""
    public_token = await live.link.succeed(await live.link_token())
    await live.change(
        """INSERT INTO link_sessions (user_id, link_token, days_requested, expires_at, exchanged_at)
        SELECT user_id, 'not opened', days_requested, expires_at, now()
        FROM link_sessions, generate_series(1, 30)"""
    )
    assert (await exchange(live, public_token)).status_code == 201


async def test_a_session_that_plaid_forgot_does_not_hide_the_others(live: World) -> None:
    """One unusable link token among a user's sessions is passed over."""
    public_token = await live.link.succeed(await live.link_token())
    await live.link_token()
    forgotten = Vault(settings().plaid_encryption_key).seal(settings().plaid_secret)
    sql = "UPDATE link_sessions SET link_token = :token WHERE id = (SELECT max(id) FROM link_sessions)"
    await live.change(sql, token=forgotten.ciphertext)
    assert (await exchange(live, public_token)).status_code == 201


async def test_a_bank_that_is_linked_already_is_told_before_the_exchange(live: World) -> None:
    """The same accounts at the same bank: 409 with the existing integration, and the public token stays unused."""
    first = await live.linked()
    again = await live.link.succeed(await live.link_token())
    refused = await exchange(live, again)
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate_bank")
    assert refused.json()["integration"]["id"] == first["id"]
    assert await live.rows("SELECT id FROM public_token_exchanges WHERE integration_id IS NULL") == []
    assert len(await live.rows("SELECT id FROM plaid_integrations")) == 1
    assert len(await live.emitted("item.sync_requested")) == 1
    wanted = await exchange(live, again, allow_duplicate=True)  # works, so it was not exchanged before
    assert wanted.status_code == 201
    assert wanted.json()["id"] != first["id"]


@pytest.mark.parametrize(
    ("user_id", "login"),
    [(2, {}), (1, {"institution_id": "ins_109509"}), (1, {"username": "user_transactions_dynamic"})],
    ids=["another user", "another bank", "another login"],
)
async def test_what_only_resembles_a_linked_bank_is_no_duplicate(
    live: World, user_id: int, login: dict[str, str]
) -> None:
    """Another user, another bank or other accounts at the same bank link freely."""
    await live.linked()
    await live.linked(user_id, **login)


@pytest.mark.parametrize("status", ["revoked", "removing", "disconnected"])
async def test_a_connection_that_is_over_is_no_duplicate(live: World, status: str) -> None:
    """Whoever disconnected a bank, or was told to link it anew, can."""
    first = await live.linked()
    sql = "UPDATE plaid_integrations SET status = :status, is_active = :status = 'revoked' WHERE id = :id"
    await live.change(sql.replace(":status = ", "CAST(:status AS text) = "), status=status, id=first["id"])
    assert (await live.linked())["id"] != first["id"]


async def test_two_exchanges_of_one_token_make_one_integration(live: World) -> None:
    """A double click links once: the loser hears to ask again, and then gets the same integration."""
    public_token = await live.link.succeed(await live.link_token())
    answers = await asyncio.gather(*(exchange(live, public_token, allow_duplicate=True) for _ in range(4)))
    assert 201 in {answer.status_code for answer in answers}
    assert {answer.json()["code"] for answer in answers if answer.status_code != 201} <= {"in_progress"}
    [row] = await live.rows("SELECT id FROM plaid_integrations")
    again = await exchange(live, public_token)
    assert (again.status_code, again.json()["id"]) == (201, row["id"])
    assert len(await live.emitted("item.sync_requested")) == 1


async def test_an_integration_stands_although_its_accounts_cannot_be_read(live: World, sandbox: Starlette) -> None:
    """What fails after the exchange does not undo it: token and doorbell are stored, accounts come with the sync."""
    await live.linked()
    await live.change("TRUNCATE plaid_accounts CASCADE")
    await live.change("ALTER TABLE plaid_accounts ADD CONSTRAINT broken CHECK (id < 0)")
    public_token = await live.link.succeed(await live.link_token())
    answer = await exchange(live, public_token)
    assert answer.status_code == 201
    assert len(await live.emitted("item.sync_requested")) == 2
    assert (await live.get("/api/plaid/accounts")).json()["items"] == []


async def test_a_database_that_falters_after_the_exchange_costs_no_token(
    database_url: str, sandbox: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was exchanged cannot be asked for again, so storing it is tried again while the database cannot."""
    monkeypatch.setitem(SERVER_SETTINGS, "lock_timeout", "200")
    async with world(database_url, sandbox) as live:
        public_token = await live.link.succeed(await live.link_token())
        with capture_logs() as lines:
            async with live.database.transaction() as session:
                await session.execute(text("LOCK plaid_integrations IN SHARE MODE"))
                answering = asyncio.create_task(exchange(live, public_token, allow_duplicate=True))
                async with asyncio.timeout(10):
                    while not any(line["event"] == "item.not_stored_yet" for line in lines):  # noqa: ASYNC110 - a log
                        await asyncio.sleep(0.02)
            assert (await answering).status_code == 201
        assert not any(line["event"] == "item.orphaned" for line in lines)
        assert len(await live.emitted("item.sync_requested")) == 1


async def test_an_item_that_cannot_be_stored_is_told_to_operators(live: World) -> None:
    """The log names the item, so that it can be found and removed; neither token stands there."""
    public_token = await live.link.succeed(await live.link_token())
    await live.change("ALTER TABLE plaid_integrations ADD CONSTRAINT broken CHECK (id < 0)")
    with capture_logs() as lines:
        answer = await exchange(live, public_token)
    assert answer.status_code == 500
    [orphan] = [line for line in lines if line["event"] == "item.orphaned"]
    assert (orphan["log_level"], orphan["user_id"], bool(orphan["item_id"])) == ("error", 1, True)
    assert "access-sandbox" not in repr(lines)
    assert public_token not in repr(lines)


async def test_an_item_of_another_user_is_refused(live: World) -> None:
    """One item belongs to one user: the second hears 409, the first keeps it, and nobody is told to remove it."""
    first = await live.linked()
    await live.change("UPDATE plaid_integrations SET item_id = 'taken', access_token = 'sealed'")
    await live.change(
        """CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.item_id = 'taken'; RETURN NEW; END $$"""
    )
    await live.change("CREATE TRIGGER take BEFORE INSERT ON plaid_integrations FOR EACH ROW EXECUTE FUNCTION take()")
    public_token = await live.link.succeed(await live.link_token(user_id=2))
    with capture_logs() as lines:
        answer = await exchange(live, public_token, user_id=2)
    assert (answer.status_code, answer.json()["code"]) == (409, "item_foreign")
    assert not any(line["event"] == "item.orphaned" for line in lines)
    [row] = await live.rows("SELECT id, user_id, access_token FROM plaid_integrations")
    assert (row["id"], row["user_id"], row["access_token"]) == (first["id"], 1, "sealed")


async def test_institutions_are_asked_for_once_in_30_days(live: World) -> None:
    """An institution's name and colour are cached, and refreshed when old."""
    await live.linked()
    await live.change("UPDATE institutions SET name = 'Cached'")
    assert (await live.linked(user_id=2))["institution"]["name"] == "Cached"
    await live.change("UPDATE institutions SET fetched_at = now() - interval '31 days'")
    assert (await live.linked(user_id=3))["institution"]["name"] == "First Platypus Bank"


async def test_update_mode_repairs_this_item(live: World) -> None:
    """With integration_id the link token leads to the same item, and its session yields no new integration."""
    integration = await live.linked()
    answer = await live.post(CREATE, {"integration_id": integration["id"]})
    assert answer.status_code == 200, answer.text
    session = await live.link.plaid.get("/link/session", params={"link_token": answer.json()["link_token"]})
    assert session.json()["mode"] == "update"
    public_token = await live.link.succeed(answer.json()["link_token"])
    assert (await exchange(live, public_token)).json()["code"] == "public_token_foreign"


async def test_a_disconnected_bank_has_no_update_mode(live: World) -> None:
    """What is disconnected must be linked anew."""
    integration = await live.linked()
    await live.delete(f"/api/plaid/integrations/{integration['id']}")
    answer = await live.post(CREATE, {"integration_id": integration["id"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "disconnected")


async def test_a_link_session_carries_our_terms(database_url: str, sandbox: Starlette) -> None:
    """Webhook, redirect URI, name, language and days go to Plaid with the link token."""
    changes = {
        "plaid_webhook_url": "http://127.0.0.1:1/api/plaid/webhook",
        "plaid_redirect_uri": "http://127.0.0.1:8000/oauth-return",
        "plaid_client_name": "Builders Inc",
        "plaid_days_requested": 90,
    }
    async with world(database_url, sandbox, **changes) as live:
        token = await live.link_token()
        ask = {"link_token": token, "client_id": "c", "secret": "s"}
        terms = (await live.link.plaid.post("/link/token/get", json=ask)).json()["metadata"]
        assert terms["webhook"] == changes["plaid_webhook_url"]
        assert terms["redirect_uri"] == changes["plaid_redirect_uri"]
        assert terms["client_name"] == "Builders Inc"
        assert terms["initial_products"] == ["transactions"]
        await live.linked()
        [row] = await live.rows("SELECT days_requested FROM plaid_integrations")
        assert row["days_requested"] == 90


async def test_a_refusal_of_plaid_reaches_the_caller_with_its_request_id(database_url: str, sandbox: Starlette) -> None:
    """Plaid's type, code, message and request_id stand in the problem, so that support can find the call."""
    async with world(database_url, sandbox, plaid_redirect_uri="http://example.com/back") as live:
        answer = await live.post(CREATE)
    problem = answer.json()
    assert (answer.status_code, problem["retryable"]) == (502, False)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["plaid"]["error_type"] == "INVALID_REQUEST"
    assert problem["plaid"]["error_code"] == "INVALID_FIELD"
    assert problem["plaid"]["request_id"]


async def test_a_silent_plaid_is_a_retryable_problem(database_url: str, sandbox: Starlette) -> None:
    """Without an answer from Plaid: 502, and trying again may help."""
    async with world(database_url, sandbox, plaid_base_url="http://127.0.0.1:1") as live:
        answer = await live.post(CREATE)
    assert (answer.status_code, answer.json()["retryable"]) == (502, True)
    assert answer.json()["plaid"]["error_code"] == "PLAID_UNREACHABLE"
