"""Amounts, currencies, signs, days and words."""

import os
import time
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest

from deploy.truth import EXPENSE_KINDS
from tests.failures.chain import Chain
from tests.failures.scenes import Json, stored
from tests.sync_worker.world import World
from tests.sync_worker.world import world as over

AMOUNTS = ("999999999.1234567", "-1000000000", "100000000.01", "0.0000001", "0.1")
RARE: list[Json] = [
    {"iso_currency_code": "JPY", "amount": Decimal(1200)},
    {"iso_currency_code": "KWD", "amount": Decimal("1.234")},
    {"unofficial_currency_code": "USDT", "amount": Decimal("0.7654321")},
]
LUNCH = {"category": "FOOD_AND_DRINK_FAST_FOOD"}
FAR_WEST = "Pacific/Pago_Pago"
KEPT = ("name", "merchant_name", "merchant_entity_id", "original_description", "check_number", "payment_channel")


async def test_no_digit_is_lost(chain: Chain) -> None:
    """Amounts go through binary fractions, or through columns of ten digits with two decimals."""
    item = await chain.link(days=1)
    amounts = [Decimal(amount) for amount in AMOUNTS]
    ids = [(await chain.world.bank.add(item.item_id, amount=amount, **LUNCH))[0] for amount in amounts]
    await chain.sync(item)
    rows = await chain.world.transactions(item)
    spent = {one["plaids_id"]: one["amount"] for one in await chain.expenses(item)}
    assert [rows[one]["amount"] for one in ids] == [spent[one] for one in ids] == amounts


async def test_a_rare_currency_is_neither_skipped_nor_rounded_nor_guessed(chain: Chain) -> None:
    """A currency that nobody expected costs the transaction: left out, made zero, or taken for dollars."""
    item = await chain.link(days=1)
    ids = [(await chain.world.bank.add(item.item_id, **line, **LUNCH))[0] for line in RARE]
    await chain.sync(item)
    rows = await chain.world.transactions(item)
    for one, line in zip(ids, RARE, strict=True):
        [expense] = await chain.expenses(item, plaids_id=one)
        told = {"iso_currency_code": None, "unofficial_currency_code": None} | line
        for row in (expense, rows[one]):
            assert {name: row[name] for name in told} == told


async def test_a_row_without_any_currency_breaks_nothing(chain: Chain) -> None:
    """Where the bank names no currency the whole sync fails, or somebody's default is put in its place."""
    item = await chain.link(days=1)
    [one] = await chain.world.bank.add(item.item_id, amount=3, **LUNCH)
    nothing = {"iso_currency_code": None, "unofficial_currency_code": None}
    await chain.world.bank.control(item.item_id, "transactions/odd", transaction_id=one, fields=nothing)
    await chain.sync(item)
    [expense] = await chain.expenses(item, plaids_id=one)
    assert (expense["amount"], expense["iso_currency_code"], expense["unofficial_currency_code"]) == (3, None, None)


async def test_spending_is_not_taken_for_income_nor_transfers_for_spending(chain: Chain) -> None:
    """Signs are turned round, purchases are skipped for theirs, and card payments count as a second spending."""
    item = await chain.link(days=120)
    truth = await chain.world.bank.truth(item.item_id)
    spent = {one["plaids_id"]: one for one in await chain.expenses(item)}
    kinds = {row["kind"] for row in truth.values()}
    assert {"purchase", "refund", "income", "transfer", "card_payment"} <= kinds
    wanted = {one for one, row in truth.items() if row["kind"] in EXPENSE_KINDS and not row["pending"]}
    assert spent.keys() == wanted
    assert all(expense["amount"] == truth[one]["amount"] for one, expense in spent.items())
    assert {row["amount"] > 0 for row in truth.values() if row["kind"] == "purchase"} == {True}


@pytest.fixture
async def own_chain(database_url: str, shared_world: World) -> AsyncIterator[Chain]:
    """A chain over a database of the test's own, at the bank of all."""
    async with over(database_url, shared_world.bank) as made:
        yield Chain(made)


@pytest.fixture
def far_east() -> Iterator[None]:
    """A process whose clock is fourteen hours ahead."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Pacific/Kiritimati"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


async def test_days_do_not_move(own_chain: Chain, far_east: None) -> None:
    """A day becomes midnight somewhere, and is yesterday elsewhere; of posted and authorised one is thrown away."""
    world = own_chain.world
    await world.rows(f"ALTER ROLE CURRENT_USER IN DATABASE {await database(world)} SET timezone = '{FAR_WEST}'")
    await world.worker.database.close()  # whoever connects from now on is there
    item = await own_chain.link(days=3)
    [one] = await world.bank.add(item.item_id, amount=3, date="2026-03-01", **LUNCH)
    days = {"date": "2026-03-01", "authorized_date": "2026-02-28"}
    await world.bank.control(item.item_id, "transactions/odd", transaction_id=one, fields=days)
    await own_chain.sync(item)
    row = (await world.transactions(item))[one]
    assert (await world.rows("SHOW timezone"))[0]["TimeZone"] == FAR_WEST
    assert {name: row[name].isoformat() for name in days} == days
    assert (await own_chain.expenses(item, plaids_id=one))[0]["expense_date"].isoformat() == "2026-02-28"


async def database(world: World) -> str:
    """Return the database's name, quoted."""
    return str((await world.rows("SELECT quote_ident(current_database()) AS name"))[0]["name"])


async def test_the_banks_own_words_are_not_tidied_away(world: World) -> None:
    """Names are cleaned up before they are stored, wrongly at times, and nobody can say what the bank had written."""
    item = await world.link(days=60)
    said: dict[str, Any] = {}

    async def note(name: str, answer: Json) -> Json:
        said.update({row["transaction_id"]: dict(row) for row in answer.get("added", ())})
        return answer

    world.worker.plaid.watch.after = note
    await world.worker.ring(item.id, "linked")
    rows = await stored(world, item)
    assert rows.keys() == said.keys()
    assert all(rows[one][name] == row.get(name) for one, row in said.items() for name in KEPT)
    assert sum(row["merchant_name"] is not None and row["merchant_name"] != row["name"] for row in said.values()) > 5
    assert any(row["merchant_entity_id"] for row in said.values())


async def test_a_name_of_five_hundred_characters_is_not_cut(world: World) -> None:
    """A long name fails the row, or its end is lost."""
    item = await world.synced(days=1)
    name = "Ж" * 480 + " ☕ 日本 '; --  "[:20].strip()
    [one] = await world.bank.add(item.item_id, amount=1, name=name)
    await world.worker.hear(item.item_id)
    assert (await world.transactions(item))[one]["name"] == name
