import asyncio
import signal
from pathlib import Path

import httpx2

from plaid_sandbox.main import create_app
from tests.plaid_sandbox.processes import started
from tests.plaid_sandbox.running import KEYS, eventually, running, settings


async def test_two_stand_ins_share_nothing() -> None:
    """Each application has a state of its own, so that tests can run side by side."""
    async with running(settings()) as one, running(settings()) as other:
        access_token, _ = await one.link()
        assert await other.refused("/item/get", access_token=access_token) == "INVALID_ACCESS_TOKEN"


async def test_the_same_calls_give_the_same_answers() -> None:
    """Deterministic by seed: ids, tokens and money repeat from run to run."""
    seen = []
    for _ in range(2):
        async with running(settings(seed="x")) as stand_in:
            access_token, item_id = await stand_in.linked(days=90)
            accounts = await stand_in.post("/accounts/get", access_token=access_token)
            seen.append((access_token, item_id, accounts["accounts"], await stand_in.truth(item_id)))
    assert seen[0] == seen[1]


async def test_it_can_be_embedded() -> None:
    """In one process without a port: the application is plain ASGI with a lifespan."""
    app = create_app(settings())
    transport = httpx2.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://a") as http:
        assert (await http.get("/healthz")).text == "ok"


async def test_an_unexpected_fault_is_plaids_internal_error() -> None:
    """A defect of the stand-in looks like one of Plaid's: 500 with a JSON body, so that clients retry it."""
    app = create_app(settings())
    app.state.sandbox.registry.exchange = None
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://a", headers=KEYS) as http:
        answer = await http.post("/item/public_token/exchange", json={"public_token": "x"})
    assert (answer.status_code, answer.json()["error_code"]) == (500, "INTERNAL_SERVER_ERROR")


async def test_it_runs_and_stops_by_itself(tmp_path: Path) -> None:
    """`python -m plaid_sandbox` listens where HOST and PORT say, on all addresses too, and SIGTERM ends it with 0."""
    async with started(tmp_path / "state.json", HOST="0.0.0.0") as process:  # noqa: S104 - as in a container
        assert await process.end(signal.SIGTERM) == 0
    assert (tmp_path / "state.json").exists()


async def test_sigterm_lets_calls_in_hand_finish(tmp_path: Path) -> None:
    """A call that was taken is answered before the process ends."""
    async with started(tmp_path / "state.json") as process:
        await process.post("/sandbox_control/outages", delay=0.5)
        call = asyncio.create_task(process.post("/institutions/get", count=1, offset=0, country_codes=["US"]))

        async def taken() -> bool:
            return bool((await process.get("/sandbox_control/calls"))["calls"])

        await eventually(taken)
        assert await process.end(signal.SIGTERM) == 0
        assert (await call)["institutions"]
