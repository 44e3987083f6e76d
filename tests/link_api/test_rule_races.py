"""Rules that are laid down and applied while others decide about the same transactions."""

import asyncio
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from categorizer.handlers import decide
from tests.categorizer.bank import Bank, linked_bank
from tests.categorizer.locks import waits_for_a_lock
from tests.link_api.rulebook import PIPELINE, RULES, apply, categories, follow, posted, preview, rule, rules
from tests.link_api.test_decisions import TRANSFER, edit
from tests.link_api.world import World, bearer

NAMES = ("AA", "AB", "BB")


async def bank(live: World) -> Bank:
    return await linked_bank(live.database, 1)


async def test_a_decision_that_waited_knows_the_rule_it_waited_for(live: World) -> None:
    """A rule laid down and applied while the categorizer waits for its locks counts in what it then decides."""
    card = await bank(live)
    [id_] = await posted(live, card, {})
    async with live.database.transaction() as session:
        await session.execute(text("SELECT FROM plaid_transactions FOR UPDATE"))
        await session.execute(text("UPDATE plaid_transactions SET version = version + 1"))
        waiting = asyncio.create_task(decide(card.changed(id_), live.database, PIPELINE))
        await waits_for_a_lock(live.database)
        await rule(live, contains="chipotle")
    await waiting
    assert (await card.expense()).auto_category == "travel"


async def test_two_applications_at_once_ask_once(live: World) -> None:
    """Whoever comes second finds the rows asked for already, and asks for none of them."""
    card = await bank(live)
    await posted(live, card, *[{}] * 6)
    made = await rule(live, contains="chipotle")
    parts = await asyncio.gather(*(apply(live, made["id"]) for _ in range(3)))
    assert sum(part["requested"] for part in parts) == 6
    events = await live.emitted("transactions.changed")
    assert len([id_ for event in events for id_ in event["transaction_ids"]]) == 6
    await follow(live)
    assert set((await categories(card)).values()) == {"travel"}


async def test_what_the_user_chooses_meanwhile_stays(live: World) -> None:
    """An application that waited for the user's own decision leaves that expense alone."""
    card = await bank(live)
    ids = await posted(live, card, {}, {})
    made = await rule(live, contains="chipotle")
    expense_id = (await card.expenses())[0].id
    async with live.database.transaction() as session:
        await session.execute(text("SELECT FROM plaid_transactions FOR UPDATE"))
        waiting = asyncio.create_task(apply(live, made["id"]))
        await waits_for_a_lock(live.database)
        await session.execute(text("UPDATE expenses SET user_category_id = 'fuel' WHERE id = :id"), {"id": expense_id})
    assert ((await waiting)["changing"], (await waiting)["requested"]) == (2, 1)
    await follow(live)
    assert await categories(card) == dict(zip(ids, ["fuel", "travel"], strict=True))


async def test_a_rule_deleted_before_it_is_followed_decides_nothing(live: World) -> None:
    """What was asked for is decided by the rules of then: without the rule, as it was."""
    card = await bank(live)
    await posted(live, card, {})
    made = await rule(live, contains="chipotle")
    await apply(live, made["id"])
    await live.delete(f"{RULES}/{made['id']}")
    await follow(live)
    assert ((await card.expense()).auto_category, (await card.expense()).rule_id) == ("meals", None)


@pytest.mark.parametrize("seed", range(3))
async def test_all_at_once_ends_as_the_rules_say(live: World, seed: int) -> None:
    """Rules made, edited, moved, deleted and applied beside a bank that tells rows anew and a user who chooses.

    Once every rule that is left is applied and followed, none has anything to change, and each expense is what its
    user chose, else what the first rule says that matches, else what Plaid says.
    """
    dice, card = Random(seed), await bank(live)  # noqa: S311 - a play
    ids = await posted(live, card, *({"name": dice.choice(NAMES), "merchant_name": None} for _ in range(12)))
    by_transaction = {one.transaction_id: one.id for one in await card.expenses()}
    chosen = {id_: dice.choice(["fuel", "transfer"]) for id_ in dice.sample(ids, 3)}
    left = [(await rule(live, "travel", contains=name))["id"] for name in ("a", "b")]

    async def lawgiver() -> None:
        for _ in range(6):
            id_ = dice.choice(left)
            body = {"category": dice.choice(["travel", "meals", "transfer"]), "position": dice.randrange(1, 4)}
            await live.api.patch(f"{RULES}/{id_}", json=body, headers=bearer())
            await apply(live, dice.choice(left))
        left.append((await rule(live, "software", contains="bb", position=dice.randrange(1, 3)))["id"])
        await live.delete(f"{RULES}/{left.pop(0)}")

    async def user() -> None:
        for id_, category in chosen.items():
            await edit(live, by_transaction[id_], category=category)

    async def bank_and_categorizer() -> None:
        for _ in range(6):
            changed = dice.sample(ids, 3)
            for one in changed:
                await card.modify(one, amount=Decimal(dice.randrange(1, 99)), **dice.choice([{}, TRANSFER]))
            await decide(card.changed(*changed), live.database, PIPELINE)

    await asyncio.gather(lawgiver(), user(), bank_and_categorizer(), follow(live))
    await follow(live)
    for id_ in left:
        await apply(live, id_)
    await follow(live)
    await is_as_the_rules_say(live, card, chosen)


async def is_as_the_rules_say(live: World, card: Bank, chosen: dict[int, str]) -> None:
    """Fail where a rule has anything left to change, or a category is none that user or rules give."""
    listed, now = await rules(live), await categories(card)
    for one in listed:
        again = await apply(live, one["id"])
        assert (again["changing"], again["requested"]) == (0, 0)
    for id_, row in (await card.transactions()).items():
        first = next((one for one in listed if one["conditions"]["contains"] in row.name.lower()), None)
        expected = chosen.get(id_) or (first["category"]["slug"] if first else None)
        assert expected is None or now[id_] == (None if expected == "transfer" else expected)
        assert row.decided_version == row.version


async def settle(live: World) -> None:
    """Let all be handled, and what follows from it for refunds of what was handled."""
    for _ in range(3):
        await follow(live)


async def test_what_was_foretold_is_done_to_many(live: World) -> None:
    """Among many rows of all kinds the counts by category of a preview are those of what applying then changes."""
    dice, card = Random(7), await bank(live)  # noqa: S311 - a play
    kinds: list[dict[str, Any]] = [{}, TRANSFER, {"pfc_confidence": "LOW"}, {"amount": Decimal(-5)}]
    rows = [{"name": dice.choice(NAMES), "merchant_name": None} | dice.choice(kinds) for _ in range(150)]
    await rule(live, "software", contains="bb", money="in")
    await posted(live, card, *rows)
    for one in (await card.expenses())[:9]:
        await edit(live, one.id, category=dice.choice(["fuel", "transfer"]))
    await settle(live)
    before = await categories(card)
    outlook = await preview(live, conditions={"contains": "b", "max_amount": "12.35", "currency": "USD"})
    made = await rule(live, contains="b", max_amount="12.35", currency="USD")
    await apply(live, made["id"])
    await settle(live)
    after = await categories(card)
    found: dict[str | None, int] = {}
    for id_ in before:
        if before[id_] != after[id_]:
            found[before[id_]] = found.get(before[id_], 0) + 1
            assert after[id_] == "travel"
    assert {change["from"] and change["from"]["slug"]: change["count"] for change in outlook["changes"]} == found
    assert sum(found.values()) == outlook["changing"] > 20
