import asyncio
import json
from collections.abc import AsyncIterator
from time import perf_counter

import httpx2
import pytest
from playwright.async_api import BrowserContext, expect

from deploy.compose import page, settings_of
from deploy.demo import link
from deploy.lock import SERVICES, lock_of, pins
from tests.browser.board import OAUTH_BANK, Board
from tests.compose.crowd import crowd
from tests.compose.stack import OURS, Stack, docker

USER, STREAM_USER, PAGE_USER = 4_001, 4_002, 4_003
LONGEST_DRAIN = 45.0
"""Seconds: 20 for requests, 20 for messages in hand, 5 for the outbox."""
SECRETS_OF_OTHERS = {
    "link_api": (),
    "webhook_ingest": ("PLAID_ENCRYPTION_KEY", "AUTH_JWT_SECRET"),
    "sync_worker": ("AUTH_JWT_SECRET",),
    "categorizer": ("PLAID_ENCRYPTION_KEY", "AUTH_JWT_SECRET", "PLAID_SECRET"),
    "plaid_sandbox": ("PLAID_ENCRYPTION_KEY", "AUTH_JWT_SECRET", "POSTGRES_PASSWORD", "RABBITMQ_PASSWORD"),
}
PACKAGES = "from importlib.metadata import distributions; print(*(d.name for d in distributions()))"
WRITE = "import pathlib; pathlib.Path('/app/left.behind').write_text('')"


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    """The system as the world sees it: the proxy's one port."""
    async with httpx2.AsyncClient(base_url=stack.system.api_url, timeout=30) as client:
        yield client


async def test_a_linked_bank_becomes_expenses(stack: Stack) -> None:
    """Through the proxy a user links a bank, its webhooks come in there too, and every expense equals the truth."""
    async with crowd(stack, USER) as people:
        await people.link("user_good")
        await people.stands()
        [row] = await people.rows()
    assert row["expenses"] > 500


async def test_events_are_not_held_back(stack: Stack, api: httpx2.AsyncClient) -> None:
    """Through the proxy a user hears of a link while the stream is open."""
    bearer = {"Authorization": f"Bearer {stack.system.token(STREAM_USER)}"}
    async with asyncio.timeout(60), api.stream("GET", "/api/events", headers=bearer) as stream:
        linking = asyncio.create_task(link(stack.system, STREAM_USER, "user_good"))
        heard = [line async for line in until(stream.aiter_lines(), "event: expenses.changed")]
        await linking
    assert any(line.startswith("event: sync.progress") for line in heard)


async def until(lines: AsyncIterator[str], last: str) -> AsyncIterator[str]:
    """Yield the lines up to the last that is waited for."""
    async for line in lines:
        yield line
        if line == last:
            return


MADE_UP = ("203.0.113.7", "52.21.26.131")
INSIDE = ["/metrics", "/healthz", "/readyz", "/%6detrics", "/METRICS", "/x/../metrics", "/metrics%0A", "/readyz%0A"]


@pytest.mark.parametrize("path", INSIDE)
async def test_what_is_for_operators_stays_inside(api: httpx2.AsyncClient, path: str) -> None:
    """The proxy hands out no probe and no metric of a service, however the address is written."""
    answer = await api.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_nobody_makes_up_where_a_webhook_comes_from(stack: Stack, api: httpx2.AsyncClient) -> None:
    """The proxy tells webhook_ingest its caller's own address, whatever the caller says of it."""
    for made_up in MADE_UP:
        await api.post("/api/plaid/webhook", json={}, headers={"X-Forwarded-For": made_up})
    lines = [line for line in stack.logs("webhook_ingest").splitlines() if "webhook.refused" in line]
    sources = {json.loads(line[line.index("{") :])["source"] for line in lines[-len(MADE_UP) :]}
    proxies = {stack.address(name) for name in stack.containers("proxy")}
    assert len(sources) == 1
    assert not sources & {*MADE_UP, "", *proxies}


async def test_each_address_leads_to_its_service(api: httpx2.AsyncClient) -> None:
    """Webhooks reach webhook_ingest, which asks for the signature; what only resembles one, and the API, link_api."""
    webhook = await api.post("/api/plaid/webhook", json={})
    assert (webhook.status_code, webhook.json()["code"]) == (401, "missing")
    assert (await api.get("/api/plaid/webhook")).json()["detail"].endswith("/docs lists what there is.")
    assert (await api.post("/api/plaid/webhook/", json={})).status_code != 401
    assert (await api.get("/api/plaid/accounts")).json()["code"] == "token_missing"


def test_the_self_test_finds_nothing_wrong(stack: Stack) -> None:
    """From its own image, through the proxy, `webhook_ingest check` proves the whole way of a webhook."""
    asked = ("--url", "http://proxy/api/plaid/webhook", "--sandbox", "http://plaid_sandbox:8100", "--json")
    told = json.loads(stack.compose("exec", "-T", "webhook_ingest", "python", "-m", "webhook_ingest", "check", *asked))
    proven = [one["name"] for one in told["findings"] if one["mark"] == "right"]
    assert (told["ok"], proven) == (True, ["unsigned", "stranger", "clock", "environment", "genuine", "other"])


async def test_a_body_is_bounded_at_the_door(api: httpx2.AsyncClient) -> None:
    """More than a megabyte is refused at once by its length; without one, no later than it has come."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(32):
            yield bytes(65_536)

    told = await api.post("/api/plaid/webhook", content=bytes(1_000_000))
    assert (told.status_code, told.json()["status"]) == (413, 413)
    untold = await api.post("/api/plaid/webhook", content=chunks())
    assert untold.status_code in {413, 502}  # the answer may be lost with the connection that it closes


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_what_its_service_needs(stack: Stack, service: str) -> None:
    """Locked packages and pip, its own code and what it shares; another service's is not there to be run."""
    image = str(stack.config()["services"]["link_api"]["image"]).replace("link_api", service)
    inside = ("run", "--rm", "--network=none", "--entrypoint")
    listed = docker(*inside, "python", image, "-c", PACKAGES)
    installed = {name.lower().replace("_", "-") for name in listed.split()}
    elsewhere = ("== 'emscripten'", "== 'win32'")
    locked = {name for name, pin in pins(lock_of(service)).items() if not any(one in pin for one in elsewhere)}
    assert installed - {"pip"} == locked
    folders = set(docker(*inside, "ls", image, "/app").split())
    assert folders == {service} | ({"common"} if service != "plaid_sandbox" else set())


@pytest.mark.parametrize("service", OURS)
def test_a_container_can_do_little(stack: Stack, service: str) -> None:
    """A container of ours is nobody special, writes nowhere, gains nothing, is bounded, and knows its own secrets."""
    known = stack.secrets | {"PLAID_SECRET": settings_of(stack.config())["link_api"]["PLAID_SECRET"]}
    for container in stack.containers(service):
        told = stack.inspect(container)
        host = told["HostConfig"]
        assert told["Config"]["User"] == "10001:10001"
        assert host["ReadonlyRootfs"]
        assert (host["CapDrop"], host["SecurityOpt"]) == (["ALL"], ["no-new-privileges:true"])
        assert min(host["Memory"], host["PidsLimit"]) > 0
        environment = json.dumps(told["Config"]["Env"])
        assert [name for name in SECRETS_OF_OTHERS[service] if known[name] in environment] == []
        assert "Read-only" in stack.execute(container, "sh", "-c", f'python -c "{WRITE}" 2>&1 || true')


async def test_a_browser_links_a_bank(stack: Stack, context: BrowserContext) -> None:
    """In the page, as the proxy hands it out, a bank with a page of its own is linked and its expenses stand there."""
    board = Board(await context.new_page(), stack.system.page(PAGE_USER))
    await board.open()
    await board.choose_bank(OAUTH_BANK)
    await board.link.get_by_test_id("link-oauth").click()
    await board.page.get_by_test_id("bank-sign-in").click()
    await board.page.get_by_test_id("bank-approve").click()
    await board.share_accounts()
    await expect(board.expenses.first).to_be_visible()
    assert board.faults == []


def test_the_printed_page_is_signed_in(stack: Stack) -> None:
    """What `make up` prints is the proxy's address, with a token that link_api takes."""
    printed = page(settings_of(stack.config()), stack.system.api_url.removeprefix("http://"))
    address, _, token = printed.partition("#access_token=")
    answer = httpx2.get(f"{address}api/plaid/accounts", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


async def test_stopping_drains(stack: Stack, api: httpx2.AsyncClient) -> None:
    """Asked to stop while a browser listens, every service ends by itself within the bound, with exit code 0."""
    bearer = {"Authorization": f"Bearer {stack.system.token(USER)}"}
    try:
        async with api.stream("GET", "/api/events", headers=bearer):
            began = perf_counter()
            await asyncio.to_thread(stack.compose, "stop", *OURS)
            seconds = perf_counter() - began
        ended = {name: stack.inspect(name)["State"]["ExitCode"] for one in OURS for name in stack.containers(one)}
        assert ended == dict.fromkeys(ended, 0)
        assert len(ended) == 9
        assert seconds < LONGEST_DRAIN
    finally:
        await asyncio.to_thread(stack.heal)
