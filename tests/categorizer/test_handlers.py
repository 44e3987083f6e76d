import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError
from sqlalchemy import select

from categorizer.domain.pipeline import PIPELINE_VERSION, Pipeline
from categorizer.handlers import decide, handlers
from common.broker import Message
from common.database import Database
from common.events import CHUNK, TransactionsChanged
from common.tables.link_api import plaid_integrations
from tests.categorizer.bank import Bank, linked_bank

MARKETPLACE = {"pfc_primary": "GENERAL_MERCHANDISE", "pfc_detailed": "GENERAL_MERCHANDISE_ONLINE_MARKETPLACES"}
UNNAMED = {"name": "XQWZK", "merchant_name": None}
TRANSFER = {"pfc_primary": "TRANSFER_OUT", "pfc_detailed": "TRANSFER_OUT_ACCOUNT_TRANSFER"} | UNNAMED


def bodies(messages: list[Message]) -> list[dict[str, object]]:
    return [json.loads(message.body) for message in messages]


async def test_posted(database: Database, bank: Bank, pipeline: Pipeline, emitted: list[Message]) -> None:
    """A posted transaction becomes its user's expense, exact to Plaid's last digit, linked, decided and announced."""
    id_ = await bank.add()
    await decide(bank.changed(id_), database, pipeline)
    expense = await bank.expense()
    assert (expense.user_id, expense.transaction_id, expense.amount) == (1, id_, Decimal("12.3456789"))
    assert (expense.iso_currency_code, expense.unofficial_currency_code) == ("USD", None)
    assert (expense.description, expense.vendor) == ("CHIPOTLE 1234", "Chipotle")
    assert (expense.expense_date, expense.payment_method) == (date(2026, 2, 28), "credit card ••3333, in store")
    assert (expense.auto_category, expense.confidence, expense.source) == ("meals", Decimal("0.99"), "merchant")
    assert (expense.needs_review, expense.pipeline_version, expense.withdrawn_at) == (False, PIPELINE_VERSION, None)
    row = (await bank.transactions())[id_]
    assert (row.expense_id, row.decided_version) == (expense.id, row.version)
    assert bodies(emitted) == [{"version": 1, "user_id": 1, "expense_ids": [expense.id]}]


async def test_again(database: Database, bank: Bank, pipeline: Pipeline, emitted: list[Message]) -> None:
    """The same message once more writes nothing and announces nothing."""
    ids = [await bank.add(), await bank.add(**TRANSFER), await bank.add(pending=True)]
    await decide(bank.changed(*ids), database, pipeline)
    before = (await bank.expenses(), await bank.transactions(), len(emitted))
    await decide(bank.changed(*ids, *ids), database, pipeline)
    assert (await bank.expenses(), await bank.transactions(), len(emitted)) == before


async def test_refund(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """Money back from a merchant is a negative expense."""
    await decide(bank.changed(await bank.add(amount=Decimal("-7.10"))), database, pipeline)
    expense = await bank.expense()
    assert (expense.amount, expense.auto_category) == (Decimal("-7.10"), "meals")


@pytest.mark.parametrize(
    "fields",
    [
        TRANSFER,
        UNNAMED | {"amount": Decimal(-900), "pfc_primary": "INCOME", "pfc_detailed": "INCOME_CONTRACTOR"},
        UNNAMED | {"pfc_primary": "LOAN_PAYMENTS", "pfc_detailed": "LOAN_PAYMENTS_CREDIT_CARD_PAYMENT"},
        {"pending": True},
        {"amount": Decimal(0)},
        {"sync_status": "removed"},
    ],
)
async def test_no_expense(
    database: Database, bank: Bank, pipeline: Pipeline, emitted: list[Message], fields: dict[str, object]
) -> None:
    """What is no expense is decided, leaves no row, and is not announced."""
    id_ = await bank.add(**fields)
    await decide(bank.changed(id_), database, pipeline)
    row = (await bank.transactions())[id_]
    assert (await bank.expenses(), row.expense_id, row.decided_version) == ([], None, row.version)
    assert emitted == []


@pytest.mark.parametrize(
    "currency",
    [
        {"iso_currency_code": "JPY"},
        {"iso_currency_code": None, "unofficial_currency_code": "GBX"},
        {"iso_currency_code": None},
    ],
)
async def test_currency(database: Database, bank: Bank, pipeline: Pipeline, currency: dict[str, str | None]) -> None:
    """The currency is Plaid's, an unofficial one and none included; never guessed."""
    await decide(bank.changed(await bank.add(**currency)), database, pipeline)
    expense = await bank.expense()
    assert expense.iso_currency_code == currency["iso_currency_code"]
    assert expense.unofficial_currency_code == currency.get("unofficial_currency_code")


async def test_question(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """What cannot be decided is an expense in `other` that waits for its user."""
    await decide(bank.changed(await bank.add(**UNNAMED, **MARKETPLACE)), database, pipeline)
    expense = await bank.expense()
    assert (expense.auto_category, expense.needs_review) == ("other", True)


async def test_strangers_are_ignored(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """Unknown ids, another integration's and unknown integrations are ignored, beside ids that are ours."""
    stranger = await linked_bank(database, 2)
    foreign, mine = await stranger.add(transaction_id="x"), await bank.add(pending_transaction_id="x")
    await decide(bank.changed(10**15, foreign, mine), database, pipeline)
    await decide(
        TransactionsChanged(integration_id=10**6, transaction_ids=[mine], rung_at=datetime.now(UTC)), database, pipeline
    )
    assert (await bank.expense()).transaction_id == mine
    assert await stranger.expenses() == []
    assert (await stranger.transactions())[foreign].decided_version == 0
    await decide(stranger.changed(foreign), database, pipeline)
    assert (await stranger.expense()).user_id == 2


async def test_full_chunk_with_twins(
    database: Database, bank: Bank, pipeline: Pipeline, emitted: list[Message]
) -> None:
    """A full event whose twins all change too is announced in events that are not too large."""
    pending = await bank.add_many([{"transaction_id": f"pending-{n}"} for n in range(CHUNK)])
    await decide(bank.changed(*pending), database, pipeline)
    posted = await bank.add_many([{"pending_transaction_id": f"pending-{n}"} for n in range(CHUNK)])
    await decide(bank.changed(*posted), database, pipeline)
    live = [expense.transaction_id for expense in await bank.expenses() if expense.withdrawn_at is None]
    assert live == posted
    announced = [set(body["expense_ids"]) for body in bodies(emitted)]  # type: ignore[call-overload]
    assert [len(ids) for ids in announced] == [CHUNK, CHUNK, CHUNK]
    assert announced[1] | announced[2] == {expense.id for expense in await bank.expenses()}


async def test_integration_is_not_locked(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """Deciding waits for no lock on the integration, so that a sync of it goes on beside."""
    id_ = await bank.add()
    async with database.transaction() as session:
        await session.execute(select(plaid_integrations).with_for_update())
        await decide(bank.changed(id_), database, pipeline)
    assert (await bank.expense()).transaction_id == id_


async def test_latency_is_measured(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """The time since the doorbell is observed once the decision stands, and not for messages that decide nothing."""

    def measured() -> tuple[float, float]:
        names = ("webhook_to_expense_seconds_count", "webhook_to_expense_seconds_sum")
        count, total = (REGISTRY.get_sample_value(name) or 0.0 for name in names)
        return count, total

    event = bank.changed(await bank.add(), rung_at=datetime.now(UTC) - timedelta(seconds=30))
    count, total = measured()
    await decide(event, database, pipeline)
    await decide(event, database, pipeline)
    count_after, total_after = measured()
    assert count_after == count + 1
    assert 30 <= total_after - total < 60


async def test_outcomes_are_counted(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """Every expense that came, changed, went or returned is counted, with the share that waits for its user."""

    def counted(outcome: str, review: str) -> float:
        return REGISTRY.get_sample_value("expenses_total", {"outcome": outcome, "review": review}) or 0.0

    before = {outcome: counted(outcome, "no") for outcome in ("posted", "changed", "withdrawn", "returned")}
    asked = counted("posted", "yes")
    id_ = await bank.add()
    await decide(bank.changed(id_, await bank.add(**UNNAMED, **MARKETPLACE)), database, pipeline)
    for different in ({"amount": Decimal(1)}, {"sync_status": "removed"}, {"sync_status": "synced"}):
        await bank.modify(id_, **different)
        await decide(bank.changed(id_), database, pipeline)
    assert {outcome: counted(outcome, "no") for outcome in before} == {name: n + 1 for name, n in before.items()}
    assert counted("posted", "yes") == asked + 1


async def test_handlers(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """The queue's only event is handled as `decide` does; one that carries too many ids is refused."""
    (handle,) = handlers(database, pipeline).values()
    await handle(bank.changed(await bank.add()))
    assert (await bank.expense()).auto_category == "meals"
    with pytest.raises(ValidationError):
        bank.changed(*range(CHUNK + 1))
