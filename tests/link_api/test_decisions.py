"""What users decide beside the categorizer that decides too."""

import asyncio
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy import text

from categorizer import data
from categorizer.handlers import decide
from common.events import TransactionsChanged
from tests.categorizer.bank import Bank, linked_bank
from tests.categorizer.locks import waits_for_a_lock
from tests.link_api.world import World, bearer

PIPELINE = data.pipeline()
TRANSFER = {"pfc_primary": "TRANSFER_OUT", "pfc_detailed": "TRANSFER_OUT_ACCOUNT_TRANSFER"}


async def edit(live: World, id_: int, **body: object) -> None:
    """Decide as the user."""
    answer = await live.api.patch(f"/api/expenses/{id_}", json=body, headers=bearer())
    assert answer.status_code == 200, answer.text


async def follow(live: World) -> None:
    """Let the categorizer handle what waits for it, as its queue would."""
    for body in await live.emitted("transactions.changed"):
        await decide(TransactionsChanged.model_validate(body), live.database, PIPELINE)


async def bank(live: World) -> Bank:
    return await linked_bank(live.database, 1)


async def test_a_category_of_money_moved_withdraws_and_returns(live: World) -> None:
    """What the user calls a transfer is no expense, until they say otherwise; note and exclusion go with it."""
    card = await bank(live)
    await decide(card.changed(await card.add()), live.database, PIPELINE)
    id_ = (await card.expense()).id
    await edit(live, id_, category="transfer", note="to my savings")
    await follow(live)
    assert (await card.expense()).withdrawn_at is not None
    shown = (await live.get(f"/api/expenses/{id_}")).json()
    assert (shown["withdrawn"], shown["category"]["slug"], shown["note"]) == (True, "transfer", "to my savings")
    await edit(live, id_, category=None)
    await follow(live)
    assert (await card.expense()).withdrawn_at is None
    [listed] = (await live.get("/api/expenses")).json()["items"]
    assert (listed["category"]["slug"], listed["note"], listed["withdrawn"]) == ("meals", "to my savings", False)


async def test_an_edit_waits_for_the_categorizer_and_sees_what_it_wrote(live: World) -> None:
    """The transaction is locked first: a correction made while it is re-decided is judged by what then stands."""
    card = await bank(live)
    transaction_id = await card.add()
    await decide(card.changed(transaction_id), live.database, PIPELINE)
    id_ = (await card.expense()).id
    async with live.database.transaction() as session:
        await session.execute(text("SELECT FROM plaid_transactions FOR UPDATE"))
        editing = asyncio.create_task(edit(live, id_, category="fuel"))
        await waits_for_a_lock(live.database)
        await session.execute(text("UPDATE expenses SET auto_category = 'transfer', withdrawn_at = now()"))
    await editing
    [event] = await live.emitted("transactions.changed")
    assert event["transaction_ids"] == [transaction_id]


@pytest.mark.parametrize("seed", range(4))
async def test_edits_beside_decisions_end_as_one_after_the_other(live: World, seed: int) -> None:
    """Whoever comes first: the last edit stands, and expenses are what categories and transactions say."""
    dice, card = Random(seed), await bank(live)  # noqa: S311 - a play
    ids = await card.add_many([{}, TRANSFER, {}, {}])
    await decide(card.changed(*ids), live.database, PIPELINE)
    by_transaction = {expense.transaction_id: expense.id for expense in await card.expenses()}
    last: dict[int, str | None] = {}

    async def user(transaction_id: int) -> None:
        for _ in range(4):
            last[transaction_id] = dice.choice(["transfer", "fuel", None])
            await edit(live, by_transaction[transaction_id], category=last[transaction_id])

    async def bank_and_categorizer() -> None:
        for _ in range(8):
            changed = dice.sample(ids, 2)
            for one in changed:
                await card.modify(one, amount=Decimal(dice.randrange(1, 99)), **dice.choice([{}, TRANSFER]))
            await decide(card.changed(*changed), live.database, PIPELINE)

    await asyncio.gather(bank_and_categorizer(), *(user(one) for one in by_transaction))
    await follow(live)
    for transaction_id, row in (await card.transactions()).items():
        if transaction_id in by_transaction:
            [expense] = [one for one in await card.expenses() if one.transaction_id == transaction_id]
            assert expense.user_category_id == last[transaction_id]
            category = last[transaction_id] or expense.auto_category
            assert (expense.withdrawn_at is not None) == (category == "transfer")
            assert expense.withdrawn_at is not None or expense.amount == row.amount
