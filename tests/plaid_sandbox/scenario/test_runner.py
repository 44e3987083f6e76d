from collections import Counter
from typing import Any

from tests.plaid_sandbox.receiver import Receiver
from tests.plaid_sandbox.running import StandIn, eventually

SCENARIO = "/sandbox_control/scenario"
PURCHASE = {"do": "transactions", "with": {"amount": 1, "name": "Step"}}


async def play(stand_in: StandIn, *steps: dict[str, Any]) -> None:
    """Begin a scenario of these steps."""
    await stand_in.post(SCENARIO, step=list(steps))


async def done(stand_in: StandIn) -> list[Any]:
    """Return what was done so far."""
    return list((await stand_in.get(SCENARIO))["done"])


async def advance(stand_in: StandIn, seconds: float, deeds: int) -> list[Any]:
    """Skip time, wait until so much was done in all, and return it."""
    await stand_in.post("/sandbox_control/clock/advance", seconds=seconds)

    async def is_done() -> bool:
        return len(await done(stand_in)) >= deeds

    await eventually(is_done)
    return await done(stand_in)


async def test_steps_come_at_their_moments(stand_in: StandIn) -> None:
    """In order of time, then of the file, again after `every` seconds, and not before the clock says so."""
    _, item_id = await stand_in.linked(days=30)
    again = {"at": 100, "every": 50, "repeat": 3, "item": 1} | PURCHASE
    await play(stand_in, {"at": 200, "do": "outages/clear"}, again, {"at": 100, "do": "refresh", "item": 1})
    await stand_in.post("/sandbox_control/clock/advance", seconds=90)
    assert await done(stand_in) == []
    deeds = await advance(stand_in, 500, 5)
    assert [deed["step"] for deed in deeds] == [2, 3, 2, 1, 2]
    assert {deed["item_id"] for deed in deeds} == {item_id, None}
    assert (await stand_in.get(SCENARIO))["waiting"] == []


async def test_a_step_counts_occurrences(stand_in: StandIn) -> None:
    """It comes on the nth and on every so many after it, so often in all; what waits tells how far it is."""
    access_token, _ = await stand_in.linked(days=30)
    await play(stand_in, {"on": "sync finished", "nth": 2, "every": 3, "repeat": 2, "do": "outages/clear"})
    came = []
    for _ in range(9):
        await stand_in.pages(access_token)
        came.append(len(await done(stand_in)))
    assert came == [0, 1, 1, 1, 2, 2, 2, 2, 2]
    await play(stand_in, {"on": "sync finished", "nth": 5, "do": "outages/clear"})
    await stand_in.pages(access_token)
    (waiting,) = (await stand_in.get(SCENARIO))["waiting"]
    assert (waiting["step"], waiting["seen"], waiting["times"]) == (1, 1, 0)


async def test_items_may_be_counted_each_for_itself(stand_in: StandIn) -> None:
    """`per_item`: the second loop of every Item, whatever the others do; without it the second of all."""
    tokens = [await stand_in.linked(days=30) for _ in range(3)]
    await play(stand_in, {"on": "sync finished", "nth": 2, "per_item": True} | PURCHASE)
    for _ in range(3):
        for access_token, _ in tokens:
            await stand_in.pages(access_token)
    assert Counter(deed["item_id"] for deed in await done(stand_in)) == {item_id: 1 for _, item_id in tokens}


async def test_only_fitting_occurrences_count(stand_in: StandIn, receiver: Receiver) -> None:
    """By Item in the order of linking, by user, by bank and by webhook code."""
    first, _ = await stand_in.linked(days=30)
    await play(
        stand_in,
        {"on": "sync finished", "where": {"item": 2}} | PURCHASE,
        {"on": "sync finished", "where": {"user": "user_household"}} | PURCHASE,
        {"on": "sync finished", "where": {"institution_id": "ins_109511"}} | PURCHASE,
        {"on": "webhook sent", "where": {"webhook_code": "HISTORICAL_UPDATE"}} | PURCHASE,
    )
    second, second_id = await stand_in.linked("user_household", days=30, webhook=receiver.url)
    await stand_in.pages(first)
    await stand_in.pages(second)
    deeds = [(deed["step"], deed["item_id"]) for deed in await done(stand_in)]
    assert sorted(deeds) == [(1, second_id), (2, second_id), (4, second_id)]


async def test_a_step_is_about_the_items_it_names(stand_in: StandIn) -> None:
    """This one, that number, all, those of a bank; a number that nobody has is told."""
    ids = [(await stand_in.linked(days=30))[1] for _ in range(2)]
    targets: list[Any] = ["all", 2, "ins_109508", "ins_109509", 3]
    await play(stand_in, *({"at": 1, "item": target} | PURCHASE for target in targets))
    deeds = await advance(stand_in, 1, 7)
    assert [(deed["step"], deed["item_id"]) for deed in deeds] == [
        (1, ids[0]), (1, ids[1]), (2, ids[1]), (3, ids[0]), (3, ids[1]), (4, None), (5, None)
    ]  # fmt: skip
    assert [deed["error"] for deed in deeds[-2:]] == ["item ins_109509 is not here", "item 3 is not here"]


async def test_a_change_comes_between_two_pages(stand_in: StandIn) -> None:
    """Pulled in the middle of a loop, it fails the next page; the answer on its way does not show it."""
    access_token, item_id = await stand_in.linked(days=30)
    await play(stand_in, {"on": "page sent"} | PURCHASE)
    first = await stand_in.post("/transactions/sync", access_token=access_token, count=5)
    body = {"access_token": access_token, "cursor": first["next_cursor"]}
    assert await stand_in.refused("/transactions/sync", **body) == "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
    names = [row["name"] for row in (await stand_in.truth(item_id)).values()]
    assert names.count("Step") == 1


async def test_a_body_may_speak_of_this_item(stand_in: StandIn) -> None:
    """`@this` in an outage is the Item of the occurrence, and no other."""
    await play(
        stand_in,
        {"on": "item linked", "do": "outages", "with": {"item_id": "@this", "error_code": "INSTITUTION_DOWN"}},
    )
    first, _ = await stand_in.link()
    second, _ = await stand_in.link()
    await stand_in.post("/accounts/get", access_token=second)
    assert await stand_in.refused("/accounts/get", access_token=first) == "INSTITUTION_DOWN"


async def test_two_steps_that_call_each_other_come_to_an_end(stand_in: StandIn) -> None:
    """A step does not hear what it brings about itself, so no chain runs for ever."""
    _, item_id = await stand_in.linked(days=30)
    on = {"repeat": "always"}
    await play(
        stand_in,
        {"on": "item broken", "do": "repair"} | on,
        {"on": "item repaired", "do": "break"} | on,
    )
    await stand_in.post(f"/sandbox_control/items/{item_id}/break")
    assert [deed["step"] for deed in await done(stand_in)] == [1, 2]


async def test_a_lever_that_cannot_be_pulled_is_told(stand_in: StandIn) -> None:
    """What Plaid's side refuses at run time stands in the list with its reason, and the rest goes on."""
    _, item_id = await stand_in.linked(days=30)
    wrong = {"do": "transactions/withdraw", "with": {"transaction_ids": ["never"]}}
    await play(stand_in, {"at": 1, "item": 1} | wrong, {"at": 1, "item": 1} | PURCHASE)
    first, second = await advance(stand_in, 1, 2)
    assert (first["item_id"], first["error"]) == (item_id, "NOT_FOUND: no such transaction")
    assert second["error"] is None


async def test_a_scenario_replaces_the_one_before(stand_in: StandIn) -> None:
    """The old one's steps come no more; one without steps ends it; a wrong one leaves it as it is."""
    await stand_in.linked(days=30)
    await play(stand_in, {"at": 5, "do": "outages/clear"})
    await play(stand_in, {"at": 7, "do": "webhooks/rotate_key"})
    assert await stand_in.refused(SCENARIO, step=[{"at": 1, "do": "nothing"}]) == "INVALID_FIELD"
    assert [deed["do"] for deed in await advance(stand_in, 10, 1)] == ["webhooks/rotate_key"]
    await play(stand_in)
    assert await stand_in.get(SCENARIO) | {"request_id": ""} == {"done": [], "waiting": [], "request_id": ""}
