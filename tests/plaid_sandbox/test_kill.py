import asyncio
import signal
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import Response

from tests.plaid_sandbox.processes import Process, started
from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import BANK, Reader, eventually

QUICK = {
    "PLAID_SANDBOX_INITIAL_DELAY": "0.02",
    "PLAID_SANDBOX_HISTORICAL_DELAY": "0.04",
    "PLAID_SANDBOX_RETRY_SCALE": "0.05",
}
WRITERS = 8
ASKED = {"client_name": "CORA", "language": "en", "country_codes": ["US"], "user": {"client_user_id": "7"}}


async def link(process: Process, **asked: Any) -> tuple[str, str]:
    """Go through Link without a browser; return the link token and the public token."""
    token = (await process.post("/link/token/create", **ASKED, products=["transactions"], **asked))["link_token"]
    login = {"institution_id": BANK, "username": "user_good", "password": "pass_good"}
    begun = await process.post("/link/session/authenticate", link_token=token, **login)
    ids = [account["id"] for account in begun["accounts"]]
    done = await process.post(
        "/link/session/complete", link_token=token, auth_session=begun["auth_session"], account_ids=ids
    )
    return token, done["public_token"]


async def pages(process: Process, access_token: str, cursor: str = "") -> list[Any]:
    """Read all pages from this cursor on."""
    read: list[Any] = []
    while not read or read[-1]["has_more"]:
        read.append(await process.post("/transactions/sync", access_token=access_token, cursor=cursor, count=500))
        cursor = read[-1]["next_cursor"]
    return read


async def all_history(process: Process, access_token: str) -> list[Any]:
    """Read the pages as soon as the whole history is there."""

    async def is_complete() -> bool:
        page = await process.post("/transactions/sync", access_token=access_token, count=1)
        return bool(page["transactions_update_status"] == "HISTORICAL_UPDATE_COMPLETE")

    await eventually(is_complete)
    return await pages(process, access_token)


async def transactions(process: Process, item_id: str) -> dict[str, Any]:
    """Return the bank's truth by transaction id."""
    rows = (await process.get(f"/sandbox_control/items/{item_id}/truth"))["transactions"]
    return {row["transaction_id"]: row for row in rows}


async def test_what_was_answered_outlives_a_kill(tmp_path: Path) -> None:
    """SIGKILL at once after an answer: Items, changes and cursors are there, and Link sessions that wait for exchange.

    Whoever never got the answer to an exchange may ask again.
    """
    file = tmp_path / "state.json"
    async with started(file, **QUICK) as process:
        link_token, public_token = await link(process)
        _, other_token = await link(process)
        linked = await process.post("/item/public_token/exchange", public_token=other_token)
        reader = Reader()
        reader.apply(await all_history(process, linked["access_token"]))
        await process.post(f"/sandbox_control/items/{linked['item_id']}/transactions", amount=12.5, name="Lowe's")
        truth = await transactions(process, linked["item_id"])
        await process.end(signal.SIGKILL)
    async with started(file, **QUICK) as process:
        assert await transactions(process, linked["item_id"]) == truth
        added = [row for page in await pages(process, linked["access_token"], reader.cursor) for row in page["added"]]
        assert [row["name"] for row in added] == ["Lowe's"]
        assert await process.post("/item/public_token/exchange", public_token=other_token) | {"request_id": ""} == (
            linked | {"request_id": ""}
        )
        sessions = (await process.post("/link/token/get", link_token=link_token))["link_sessions"]
        assert [session["on_success"]["public_token"] for session in sessions] == [public_token]
        fresh = await process.post("/item/public_token/exchange", public_token=public_token)
        assert fresh["item_id"] != linked["item_id"]


async def test_a_webhook_that_waits_for_its_retry_outlives_a_kill(tmp_path: Path, receiver: Receiver) -> None:
    """What the receiver had refused when the stand-in died comes again after its restart, signed and as it was."""
    receiver.answers.append(Response(status_code=503))
    async with started(tmp_path / "state.json", **QUICK) as process:
        _, public_token = await link(process, webhook=receiver.url)
        linked = await process.post("/item/public_token/exchange", public_token=public_token)
        await process.post("/sandbox/item/fire_webhook", access_token=linked["access_token"], webhook_code="ERROR")
        await receiver.until(lambda: bool(receiver.received))
        await process.end(signal.SIGKILL)
        refused = receiver.received[0]
    async with started(tmp_path / "state.json", **QUICK):
        await receiver.until(lambda: refused.body in [one.body for one in receiver.received[1:]])


@pytest.mark.parametrize("pause", [0.05, 0.3])
async def test_a_kill_between_many_writers_undoes_no_answer(tmp_path: Path, pause: float) -> None:
    """Whatever the moment: every transaction whose creation was answered stands after the restart."""
    answered: list[tuple[str, str]] = []
    numbers = count()
    enough = asyncio.Event()

    async def write(process: Process, item_id: str) -> None:
        with suppress(httpx2.TransportError):
            while True:
                made = await process.post(f"/sandbox_control/items/{item_id}/transactions", amount=next(numbers) + 1)
                answered.extend((item_id, transaction_id) for transaction_id in made["added"])
                if len(answered) >= WRITERS:
                    enough.set()

    async with started(tmp_path / "state.json", **QUICK) as process:
        items = []
        for _ in range(2):
            public_token = (await link(process))[1]
            linked = await process.post("/item/public_token/exchange", public_token=public_token)
            await all_history(process, linked["access_token"])
            items.append(linked["item_id"])
        writers = [asyncio.create_task(write(process, items[number % 2])) for number in range(WRITERS)]
        await enough.wait()
        await asyncio.sleep(pause)
        await process.end(signal.SIGKILL)
        await asyncio.gather(*writers)
    async with started(tmp_path / "state.json", **QUICK) as process:
        standing = {item_id: await transactions(process, item_id) for item_id in items}
    assert [one for one in answered if one[1] not in standing[one[0]]] == []
