"""The scenarios that come along, each run against a client that keeps Plaid's rules."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt

from plaid_sandbox.scenario.reading import SHIPPED
from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import StandIn, eventually, running, settings
from tests.plaid_sandbox.scenario.client import Client

TESTED = {"bad_day", "webhook_storm", "slow_import"}


@asynccontextmanager
async def played(name: str, **options: Any) -> AsyncIterator[StandIn]:
    """Run a stand-in with this scenario; every lever it pulled must have moved."""
    async with running(settings(scenario=name, **options)) as stand_in:
        yield stand_in
        done = (await stand_in.get("/sandbox_control/scenario"))["done"]
        assert [deed for deed in done if deed["error"]] == []


async def moment(stand_in: StandIn, seconds: float, deeds: int) -> None:
    """Skip time, and wait until the scenario has done so much in all."""
    await stand_in.post("/sandbox_control/clock/advance", seconds=seconds)

    async def is_done() -> bool:
        return len((await stand_in.get("/sandbox_control/scenario"))["done"]) >= deeds

    await eventually(is_done)


def test_every_scenario_is_tested() -> None:
    """What is shipped works."""
    assert {file.stem for file in SHIPPED.glob("*.toml")} == TESTED


async def test_a_bad_day_at_the_bank() -> None:
    """Mutations, an outage, a lost answer, a gateway, a churn, forgotten cursors: a good client holds the truth."""
    async with played("bad_day") as stand_in:
        access_token, item_id = await stand_in.link("user_transactions_dynamic", days=60)
        await eventually(lambda: _is_ready(stand_in))
        client = Client(stand_in, access_token)
        for seconds, deeds in ((0, 1), (43_200, 6), (10_800, 8), (25_200, 9)):
            await moment(stand_in, seconds, deeds)
            await client.sync()
            assert client.reader.agrees_with(await stand_in.truth(item_id))
        assert client.troubles["INSTITUTION_DOWN"] == 3
        assert client.troubles.keys() >= {"cut", "gateway", "INVALID_FIELD"}
        assert client.troubles["TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"] >= 1


async def _is_ready(stand_in: StandIn) -> bool:
    items = (await stand_in.get("/sandbox_control/items"))["items"]
    return bool(items[0]["transactions_update_status"] == "HISTORICAL_UPDATE_COMPLETE")


async def test_a_storm_of_webhooks(receiver: Receiver) -> None:
    """Copies, forgeries and new keys come, some news by no webhook; a client that asks now and then is right."""
    async with played("webhook_storm", retry_scale=0) as stand_in:
        access_token, item_id = await stand_in.link(days=30, webhook=receiver.url)
        client = Client(stand_in, access_token)
        keys = stand_in.sandbox.keys
        await client.sync()
        await eventually(lambda: _is_ready(stand_in))
        for _ in range(6):
            await client.sync()
        await receiver.until(lambda: len(receiver.received) >= 60)
        now = stand_in.sandbox.clock.now().timestamp()
        genuine = [one for one in receiver.received if one.is_genuine(keys, now)]
        assert len(genuine) < len(receiver.received)
        assert max(Counter(one.body for one in genuine).values()) >= 4
        assert len({jwt.get_unverified_header(str(one.signature))["kid"] for one in genuine}) > 1
        held = len(client.reader.rows)
        sent = stand_in.sandbox.registry.by_access_token(access_token).book.ledger.version
        await moment(stand_in, 300, 1)
        await moment(stand_in, 300, 2)
        await eventually(lambda: _moved(stand_in, access_token, sent + 5))
        await client.sync()
        assert len(client.reader.rows) >= held + 5
        assert client.reader.agrees_with(await stand_in.truth(item_id))


async def test_a_slow_first_import() -> None:
    """Tight limits, slow pages, a loop that must begin again: patience brings the whole history."""
    async with played("slow_import") as stand_in:
        access_token, item_id = await stand_in.link()
        await eventually(lambda: _is_ready(stand_in))
        client = Client(stand_in, access_token)
        for _ in range(4):
            await client.sync()
        assert client.reader.agrees_with(await stand_in.truth(item_id))
        assert client.troubles["TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"] == 1
        assert client.troubles["TRANSACTIONS_SYNC_LIMIT"] >= 1
        item = (await stand_in.post("/item/get", access_token=access_token))["item"]
        assert item["consent_expiration_time"] is not None
        counts = (await stand_in.get("/sandbox_control/rate_limits"))["counts"]["/transactions/sync"]
        assert counts["refused"] == client.troubles["TRANSACTIONS_SYNC_LIMIT"]


async def _moved(stand_in: StandIn, access_token: str, version: int) -> bool:
    return stand_in.sandbox.registry.by_access_token(access_token).book.ledger.version >= version
