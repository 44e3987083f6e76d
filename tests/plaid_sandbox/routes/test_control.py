from collections.abc import Awaitable, Callable
from decimal import Decimal

from plaid_sandbox.bank.profiles import PROFILES
from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import StandIn, running, settings


async def test_every_item_is_listed_with_its_user(stand_in: StandIn) -> None:
    """Whoever tests can find the Item of a user and bank."""
    ids = {username: (await stand_in.link(username))[1] for username in PROFILES}
    items = (await stand_in.get("/sandbox_control/items"))["items"]
    assert {item["user"]: item["item_id"] for item in items} == ids
    assert {item["institution_id"] for item in items} == {"ins_109508"}


async def test_the_truth_is_what_the_stage_shows(stand_in: StandIn) -> None:
    """Nothing before the first read, then each row with kind and exact amount; never a word of it to clients."""
    async with running(settings(initial_delay=3600, historical_delay=3600)) as slow:
        _, item_id = await slow.link()
        assert await slow.truth(item_id) == {}
    access_token, item_id = await stand_in.linked()
    truth = await stand_in.truth(item_id)
    assert {row["kind"] for row in truth.values()} >= {"purchase", "refund", "income", "transfer", "card_payment"}
    assert all(Decimal(row["amount"]) for row in truth.values())
    body = (await stand_in.send("/transactions/sync", {"access_token": access_token, "count": 500})).text
    assert '"kind"' not in body
    assert "card_payment" not in body


async def test_time_can_be_skipped(receiver: Receiver) -> None:
    """An hour's wait for the history is over at once."""
    async with running(settings(initial_delay=60, historical_delay=3600)) as stand_in:
        access_token, _ = await stand_in.link(webhook=receiver.url)
        for seconds, code in ((60, "INITIAL_UPDATE"), (3540, "HISTORICAL_UPDATE")):
            assert code not in receiver.codes
            await stand_in.post("/sandbox_control/clock/advance", seconds=seconds)
            await receiver.until(_has(receiver, code))
        assert await stand_in.is_complete(access_token)


def _has(receiver: Receiver, code: str) -> Callable[[], bool]:
    return lambda: code in receiver.codes


async def test_what_is_not_there_is_not_found(stand_in: StandIn) -> None:
    """An unknown Item, a negative time and an unknown fault are told, in the same form as everything."""
    calls: list[Awaitable[str]] = [
        stand_in.refused("/sandbox_control/items/nobody/transactions"),
        stand_in.refused("/sandbox_control/clock/advance", seconds=-1),
        stand_in.refused("/sandbox_control/webhooks/faults", forge=["by_hand"]),
    ]
    assert [await call for call in calls] == ["NOT_FOUND", "INVALID_FIELD", "INVALID_FIELD"]
