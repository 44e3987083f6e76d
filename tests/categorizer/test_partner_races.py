"""What order, duplication, batching and concurrency may do to partners: nothing."""

import asyncio
import random
from collections.abc import Awaitable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from categorizer.domain.pipeline import Pipeline
from categorizer.handlers import decide
from categorizer.learning import learn
from categorizer.store import transactions
from categorizer.store.transactions import Mark
from common.database import Database
from common.events import ExpenseCorrected
from tests.categorizer.bank import Bank, linked_bank
from tests.categorizer.household import MOVED_IN, MOVED_OUT, UNCLEAR, Household, household
from tests.categorizer.locks import waits_for_a_lock

SHOP = {"name": "LOWES 00907", "pfc_primary": "HOME_IMPROVEMENT", "pfc_detailed": "HOME_IMPROVEMENT_HARDWARE"}
KINDS: list[dict[str, Any]] = [
    UNCLEAR | {"amount": Decimal(50)},
    MOVED_OUT | {"amount": Decimal(50)},
    MOVED_IN | {"amount": Decimal(-50)},
    MOVED_IN | {"amount": Decimal(-50)},
    SHOP | {"amount": Decimal(50)},
    SHOP | {"amount": Decimal(-50)},
    SHOP | {"amount": Decimal(-20)},
]
CHANGES: list[dict[str, Any]] = [
    {"sync_status": "removed"},
    {"sync_status": "synced"},
    {"pending": True},
    {"pending": False},
    {"amount": Decimal(50)},
    {"amount": Decimal(-50)},
    {"amount": Decimal(60)},
    MOVED_IN,
    UNCLEAR,
    SHOP,
]
ROWS, MOVES = 18, 30


async def stored(home: Household, seed: int) -> list[tuple[Bank, int]]:
    """Store the rows of this seed, alike in every household but for our ids."""
    chance = random.Random(seed)  # noqa: S311 - reproducible
    rows = []
    for number in range(ROWS):
        bank = chance.choice([home.card, home.checking, home.savings])
        fields: dict[str, Any] = {
            "transaction_id": f"{number * 7 % ROWS:02}-of-{home.card.user_id}",
            "authorized_date": None,
        }
        fields["date"] = date(2026, 3, 1) + timedelta(chance.randrange(9))
        rows.append((bank, await bank.add(**chance.choice(KINDS) | fields)))
    return rows


async def faces(home: Household, rows: list[tuple[Bank, int]]) -> list[tuple[object, ...]]:
    """Return of each row its partners, by place, and what its user sees."""
    await home.pairs()
    places = {id_: place for place, (_, id_) in enumerate(rows)}
    links, live = await home.links(), await home.live()
    return [
        (
            *(places.get(link) if link else None for link in links.get(id_, (None, None))),
            *((live[id_].amount, live[id_].auto_category, live[id_].reason) if id_ in live else ()),
        )
        for _, id_ in rows
    ]


@pytest.mark.parametrize("seed", range(5))
async def test_any_order_pairs_alike(database_url: str, pipeline: Pipeline, seed: int) -> None:
    """Concurrent, doubled and shuffled messages of both banks beside changing rows end where one at a time ends."""
    chance = random.Random(seed)  # noqa: S311 - reproducible
    wild_side, calm_side = Database(database_url), Database(database_url)
    wild = await household(wild_side, pipeline, await linked_bank(wild_side, 1))
    calm = await household(calm_side, pipeline, await linked_bank(calm_side, 2))
    wild_rows, calm_rows = await stored(wild, seed), await stored(calm, seed)
    moves = [(chance.randrange(ROWS), chance.choice(CHANGES)) for _ in range(MOVES)]
    mutes = [chance.random() < 0.2 for _ in range(MOVES)]

    async def message(place: int) -> None:
        bank, id_ = wild_rows[place]
        beside = [other for at, other in chance.sample(wild_rows, 4) if at.integration_id == bank.integration_id]
        await decide(bank.changed(id_, *beside), wild_side, pipeline)

    async def change(*, speak: bool) -> None:
        for (place, different), mute in zip(moves, mutes, strict=True):
            await wild_rows[place][0].modify(wild_rows[place][1], **different)
            if speak:
                await message(place)
            if mute:
                await wild.savings.mute(enabled=not mute)
                await wild.savings.mute(enabled=True)

    await asyncio.gather(change(speak=True), *(message(place) for place in chance.sample(range(ROWS), ROWS)))
    await asyncio.gather(*(message(place) for place, _ in chance.sample(moves, MOVES)), wild.deliver())
    await wild.deliver()

    for place, different in moves:
        await calm_rows[place][0].modify(calm_rows[place][1], **different)
    for bank, id_ in calm_rows:
        await calm.changed(bank, id_)

    assert await faces(wild, wild_rows) == await faces(calm, calm_rows)
    await wild_side.close()
    await calm_side.close()


async def test_pairs_are_made_in_every_seed(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """The rows of the race do have pairs and linked refunds: it compares something."""
    home = await household(database, pipeline, bank)
    rows = await stored(home, 1)
    for one, id_ in rows:
        await home.changed(one, id_)
    assert len(await home.pairs()) > 1
    assert any(purchase for _, purchase in (await home.links()).values())


async def test_two_categorizers_and_a_sync_of_both_banks(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """Both halves decided at the same time while syncs lock rows of both banks: no deadlock, and both ends agree."""
    home = await household(database, pipeline, bank)
    outs = await home.checking.add_many([MOVED_OUT | {"amount": Decimal(n + 1)} for n in range(40)])
    ins = await home.card.add_many([MOVED_IN | {"amount": -Decimal(n + 1)} for n in range(40)])

    async def sync() -> None:
        for one in (home.checking, home.card) * 10:
            async with database.transaction() as session:
                values = {"id": one.integration_id}
                lock = "SELECT FROM plaid_transactions WHERE integration_id = :id ORDER BY transaction_id FOR UPDATE"
                await session.execute(text(lock), values)
                await session.execute(
                    text("UPDATE plaid_transactions SET version = version + 1 WHERE integration_id = :id"), values
                )
            await asyncio.sleep(0)

    both = [(home.checking, outs), (home.card, ins)]
    await asyncio.gather(
        sync(), *(decide(one.changed(*ids[n::4]), database, pipeline) for one, ids in both * 3 for n in range(4))
    )
    await asyncio.gather(*(decide(one.changed(*ids), database, pipeline) for one, ids in both))
    await home.deliver()
    assert await home.pairs() == {(min(pair), max(pair)) for pair in zip(outs, ins, strict=True)}
    assert all(row.decided_version == row.version for row in (await home.rows()).values())


class Gate:
    """Holds the first message that comes, once it has decided, before it stores that."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self._database = database
        self._reached, self._opened = asyncio.Event(), asyncio.Event()
        self._mark = transactions.mark
        monkeypatch.setattr(transactions, "mark", self._hold)

    async def _hold(self, session: AsyncSession, marks: Sequence[Mark]) -> None:
        if not self._reached.is_set():
            self._reached.set()
            await self._opened.wait()
        await self._mark(session, marks)

    async def reached(self) -> None:
        """Return when a message is held."""
        async with asyncio.timeout(10):
            await self._reached.wait()

    async def open(self, beside: Awaitable[None]) -> None:
        """Let it go on once the other, which runs beside it, has ended or waits for a lock."""
        other = asyncio.ensure_future(beside)
        waits = asyncio.ensure_future(waits_for_a_lock(self._database))
        await asyncio.wait({other, waits}, return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
        self._opened.set()
        await other


async def test_a_pair_seen_late(
    database: Database, bank: Bank, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who saw the other half gone, and stores that after it came back, is not the last word."""
    home = await household(database, pipeline, bank)
    out = await home.checking.add(**UNCLEAR | {"amount": Decimal(50)})
    into = await home.card.add(**MOVED_IN | {"amount": Decimal(-50)})
    await home.changed(home.checking, out)
    await home.changed(home.card, into)
    await home.card.remove(into)
    gate = Gate(database, monkeypatch)
    late = asyncio.create_task(decide(home.checking.changed(out), database, pipeline))
    await gate.reached()
    await home.card.modify(into, sync_status="synced")
    await gate.open(decide(home.card.changed(into), database, pipeline))
    await late
    await home.deliver()
    assert await home.pairs() == {(out, into)}


async def test_a_refund_that_saw_no_purchase(
    database: Database, bank: Bank, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refund and its purchase that are decided at the same time find each other."""
    home = await household(database, pipeline, bank)
    purchase = await bank.add(**SHOP | {"amount": Decimal(50), "authorized_date": None})
    refund = await bank.add(**SHOP | {"amount": Decimal(-50), "authorized_date": None})
    gate = Gate(database, monkeypatch)
    late = asyncio.create_task(decide(bank.changed(refund), database, pipeline))
    await gate.reached()
    await gate.open(decide(bank.changed(purchase), database, pipeline))
    await late
    await home.deliver()
    assert await home.links() == {refund: (None, purchase)}


async def test_corrected_while_a_refund_is_decided(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """A refund that is being decided when its purchase is corrected follows in the end."""
    home = await household(database, pipeline, bank)
    fields = SHOP | {"amount": Decimal(50), "authorized_date": None}
    purchase = await bank.add(**fields)
    refund = await bank.add(**fields | {"amount": Decimal(-50)})
    await home.changed(bank, purchase, refund)
    async with database.transaction() as session:
        await session.execute(text("SELECT FROM plaid_transactions WHERE id = :id FOR UPDATE"), {"id": refund})
        deciding = asyncio.create_task(decide(bank.changed(refund), database, pipeline))
        await waits_for_a_lock(database)
        await bank.decide(purchase, user_category_id="travel")
        answered = (await home.live())[purchase].id
    await deciding
    await learn(ExpenseCorrected(user_id=1, expense_ids=[answered]), database)
    await home.deliver()
    assert (await home.live())[refund].auto_category == "travel"
