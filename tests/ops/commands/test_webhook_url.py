import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from common.budget.postgres import PostgresBudget
from common.limits import SANDBOX, change
from common.sealing import Vault
from ops import retargeting
from ops.retargeting import Retargeting
from tests.ops.command import Ops
from tests.sync_worker.bank import Bank
from tests.sync_worker.world import Linked, World

PATH = "/item/webhook/update"
KEY = Fernet.generate_key().decode()
A, B = "http://127.0.0.1:1/a", "http://127.0.0.1:1/b"
URLS = "SELECT id, webhook_url FROM plaid_integrations ORDER BY id"


def ops_of(world: World, database_url: str) -> Ops:
    environment: dict[str, str | None] = {
        "DATABASE_URL": database_url,
        "PLAID_ENV": "sandbox",
        "PLAID_CLIENT_ID": "client",
        "PLAID_SECRET": "secret",
        "PLAID_BASE_URL": world.bank.url,
        "PLAID_ENCRYPTION_KEY": KEY,
        "PLAID_WEBHOOK_URL": A,
    }
    return Ops(environment)


async def linked(world: World, count: int) -> list[Linked]:
    """Link items whose tokens are sealed with KEY."""
    items = [await world.link(user_id=number) for number in range(1, count + 1)]
    for item in items:
        token = Vault([SecretStr(KEY)]).seal(SecretStr(item.access_token)).ciphertext
        await world.rows("UPDATE plaid_integrations SET access_token = :token WHERE id = :id", token=token, id=item.id)
    return items


async def known_to(at: Bank, item: Linked) -> str | None:
    """Return where Plaid posts the item's webhooks."""
    body = {"client_id": "c", "secret": "s", "access_token": item.access_token}
    url = (await at.post("/item/get", body))["item"]["webhook"]
    return None if url is None else str(url)


async def told(world: World) -> list[str | None]:
    return [row["webhook_url"] for row in await world.rows(URLS)]


async def test_plaid_is_told_of_every_item(world: World, database_url: str) -> None:
    """Of all that Plaid still serves, a broken login too; those it serves no more are left out, and that is said."""
    well, broken, gone = await linked(world, 3)
    await world.bank.break_login(broken.access_token)
    await world.rows("UPDATE plaid_integrations SET status = 'login_required' WHERE id = :id", id=broken.id)
    await world.rows("UPDATE plaid_integrations SET status = 'revoked' WHERE id = :id", id=gone.id)
    ops = ops_of(world, database_url)
    dry = await ops("webhook-url", "set", A, "--dry-run", "--json")
    assert {row["status"]: row["to_tell"] for row in dry.rows} == {"active": 1, "login_required": 1, "revoked": 0}
    assert await told(world) == [None, None, None]
    assert await world.rows("SELECT id FROM ops_audit") == []
    ended = await ops("webhook-url", "set", A, "--yes")
    assert (ended.code, "1 item is left out" in ended.err, "1 revoked" in ended.err) == (0, True, True), ended.err
    assert [await known_to(world.bank, item) for item in (well, broken, gone)] == [A, A, None]
    assert await told(world) == [A, A, None]


async def test_who_has_it_is_not_told_again(world: World, database_url: str) -> None:
    """Repeated, it goes on where it was broken off: items that have the URL cost no call; another URL goes to all."""
    first, second = await linked(world, 2)
    await world.bank.fail_next(path=PATH, item_id=second.item_id, error_code="INVALID_ACCESS_TOKEN")
    ops = ops_of(world, database_url)
    ended = await ops("webhook-url", "set", A, "--yes", "--json")
    [refused] = ended.rows
    assert (ended.code, refused["integration_id"], refused["error"]) == (1, second.id, "INVALID_ACCESS_TOKEN")
    assert refused["request_id"]
    assert (await ops("webhook-url", "set", A, "--yes")).code == 0
    assert len(await world.bank.calls(first.item_id, PATH)) == 1
    assert (await ops("webhook-url", "set", B, "--yes")).code == 0
    trail = await world.rows("SELECT outcome, arguments ->> 'url' AS url FROM ops_audit ORDER BY id")
    assert [row["outcome"] for row in trail] == ["1 told, 1 refused", "1 told, 0 refused", "2 told, 0 refused"]
    assert trail[-1]["url"] == B
    assert [await known_to(world.bank, item) for item in (first, second)] == [B, B]


async def test_what_plaid_may_take_later_is_tried_again(
    world: World, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An internal error of Plaid's costs a pause, not the item."""
    monkeypatch.setattr(retargeting, "PAUSES", (0.01, 0.01))
    [item] = await linked(world, 1)
    await world.bank.fail_next(path=PATH, error_code="INTERNAL_SERVER_ERROR", calls=2)
    assert (await ops_of(world, database_url)("webhook-url", "set", A, "--yes")).code == 0
    assert await known_to(world.bank, item) == A


async def test_where_nothing_goes_it_stops(world: World, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many failures in a row are not the items': it stops early and says whom to look at."""
    monkeypatch.setattr(retargeting, "HOPELESS", 2)
    monkeypatch.setattr(retargeting, "AT_ONCE", 1)
    await linked(world, 4)
    await world.bank.fail_next(path=PATH, error_code="INVALID_API_KEYS", calls="all")
    ended = await ops_of(world, database_url)("webhook-url", "set", A, "--yes", "--json")
    assert (ended.code, "Stopped" in ended.err) == (1, True)
    assert 2 <= len(ended.rows) <= 3
    assert await told(world) == [None] * 4


async def test_it_keeps_within_plaids_limits(world: World) -> None:
    """Its calls wait for their turn in the budget that all processes share, as those that are least urgent."""
    await linked(world, 3)
    limits = change(SANDBOX, f"{PATH}=client:60/sec")
    hired = await world.hire(limits=limits)
    spenders = []
    budget = PostgresBudget(hired.database, limits)
    take = budget.take

    async def watch(endpoint: str, spender: object, *, from_start: bool) -> None:
        spenders.append((endpoint, getattr(spender, "priority", None)))
        await take(endpoint, spender, from_start=from_start)  # type: ignore[arg-type]

    budget.take = watch  # type: ignore[method-assign]
    hired.plaid._budget = budget
    run = Retargeting(hired.database, hired.plaid, Vault([SecretStr(KEY)]), A)
    outcome = await run.run(lambda _: None)
    assert (outcome.told, outcome.refused) == (3, [])
    assert spenders == [(PATH, 2)] * 3
    usage = await world.rows("SELECT calls FROM plaid_api_usage WHERE endpoint = :path", path=PATH)
    assert sum(row["calls"] for row in usage) == 3


async def test_two_at_once_leave_nobody_sure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two commands told different URLs at the same moment, none counts as told: the next run tells again."""
    [item] = await linked(world, 1)
    worker = world.worker
    other = Retargeting(worker.database, worker.plaid, Vault([SecretStr(KEY)]), B)

    async def be_overtaken(name: str, _ask: object) -> None:
        if name == "item_webhook_update":
            worker.plaid.watch.before = None
            await other.run(lambda _: None)

    worker.plaid.watch.before = be_overtaken
    await Retargeting(worker.database, worker.plaid, Vault([SecretStr(KEY)]), A).run(lambda _: None)
    assert await told(world) == [None]
    assert await known_to(world.bank, item) == A


@pytest.mark.parametrize(
    "url",
    ["bank.example.com", "http://bank.example.com/x", "https://localhost/x", "https://10.0.0.7/x", "https://proxy/x",
     "https://me:hush@bank.example.com/x", "https://bank.example.com:x/", "ftp://bank.example.com/"],
)  # fmt: skip
async def test_plaid_must_be_able_to_use_it(url: str, database_url: str) -> None:
    """For Plaid itself a URL is whole, public and https; else nothing is done."""
    environment = {"DATABASE_URL": database_url, "PLAID_ENV": "production", "PLAID_CLIENT_ID": "c",
                   "PLAID_SECRET": "s", "PLAID_BASE_URL": None, "PLAID_ENCRYPTION_KEY": KEY}  # fmt: skip
    ended = await Ops(environment)("webhook-url", "set", url, "--yes")
    assert (ended.code, "hush" in ended.err, ended.err.startswith("The URL ")) == (2, False, True)


async def test_new_links_are_thought_of(world: World, database_url: str) -> None:
    """Where the setting that new links take is another, that is said first; told no, nothing is done."""
    await linked(world, 1)
    ended = await ops_of(world, database_url)("webhook-url", "set", B, answer="n\n")
    assert (ended.code, f"PLAID_WEBHOOK_URL is {A}" in ended.err) == (1, True)
    assert await told(world) == [None]
