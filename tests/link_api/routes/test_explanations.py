from datetime import date
from decimal import Decimal
from typing import Any

from tests.link_api.ledger import ledger
from tests.link_api.world import Json, World, bearer


async def explained(live: World, id_: int) -> Json:
    answer = await live.get(f"/api/expenses/{id_}/explain")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def write(live: World, table: str, id_: int, **columns: Any) -> None:
    """Set columns of a row."""
    values = ", ".join(f"{name} = :{name}" for name in columns)
    await live.change(f"UPDATE {table} SET {values} WHERE id = :id", id=id_, **columns)


async def test_what_we_decided_stands_beside_what_the_user_chose(live: World) -> None:
    """Source, confidence, reason and alternatives are the automatic decision's, also once the user chose another."""
    book = await ledger(live)
    id_ = await book.expense()
    await write(live, "expenses", id_, alternatives=["fuel", "gone_since"], reason="Because <b>of</b> 'that'")
    before = await explained(live, id_)
    await live.api.patch(f"/api/expenses/{id_}", json={"category": "travel"}, headers=bearer())
    after = await explained(live, id_)
    assert before["automatic"] == after["automatic"]
    assert after["automatic"] == {
        "category": {"slug": "materials", "name": "Materials & supplies (job)", "group": "Materials"},
        "source": "plaid_category",
        "confidence": "0.98",
        "reason": "Because <b>of</b> 'that'",
        "needs_review": False,
        "alternatives": [{"slug": "fuel", "name": "Fuel", "group": "Vehicle"}],
        "pipeline_version": "1",
    }
    assert after["expense"] == (await live.get(f"/api/expenses/{id_}")).json()
    assert (after["expense"]["category"]["slug"], after["expense"]["source"]) == ("travel", "user")


async def test_the_banks_row_is_shown_as_it_was_told(live: World) -> None:
    """Name, merchant, Plaid's category and confidence level, both dates, exact amount, and whether it is gone."""
    book = await ledger(live)
    id_ = await book.expense("-10.021521")
    [stored] = await live.rows("SELECT * FROM plaid_transactions")
    await write(
        live, "plaid_transactions", stored["id"], merchant_name="Home Depot", pfc_primary="P", pfc_detailed="P_D",
        pfc_confidence="NEW_LEVEL", pfc_version="v3", authorized_date=date(2026, 11, 18), sync_status="removed",
        version=4, original_description="SQ *'; DROP TABLE users; --",
    )  # fmt: skip
    shown = await explained(live, id_)
    assert shown["pending_twin"] is None
    assert (
        shown["bank"].items()
        >= {
            "transaction_id": stored["transaction_id"],
            "name": "HOME DEPOT 4411",
            "merchant_name": "Home Depot",
            "original_description": "SQ *'; DROP TABLE users; --",
            "amount": "-10.021521",
            "currency": "USD",
            "posted_date": "2026-11-20",
            "authorized_date": "2026-11-18",
            "pending": False,
            "removed": True,
            "version": 4,
        }.items()
    )
    assert shown["bank"]["plaid_category"] == {
        "primary": "P", "detailed": "P_D", "confidence_level": "NEW_LEVEL", "version": "v3",
    }  # fmt: skip


async def test_the_pending_twin_is_shown_beside(live: World) -> None:
    """A posted expense tells what the bank said while it was pending; another bank's row of that name is none."""
    book, other = await ledger(live, 1), await ledger(live, 2)
    id_ = await book.expense("12")
    twin, strange = await book.transaction("10", pending=True), await other.transaction("11", pending=True)
    named = {
        row["id"]: row["transaction_id"] for row in await live.rows("SELECT id, transaction_id FROM plaid_transactions")
    }
    link = (
        "UPDATE plaid_transactions t SET pending_transaction_id = :name FROM expenses e WHERE e.transaction_id = t.id"
    )
    await live.change(link, name=named[twin])
    shown = (await explained(live, id_))["pending_twin"]
    assert (shown["transaction_id"], shown["amount"], shown["pending"]) == (named[twin], "10.00", True)
    await live.change(link, name=named[strange])
    assert (await explained(live, id_))["pending_twin"] is None


async def test_partners_are_shown(live: World) -> None:
    """The other half of a transfer, a refund's purchase and a purchase's refunds are told; nobody else's ever is."""
    book, others = await ledger(live), await ledger(live, user_id=2)
    bought, returned, foreign = await book.expense("89.90"), await book.expense("-20"), await others.expense("-89.90")
    rows = {row["id"]: row["transaction_id"] for row in await live.rows("SELECT id, transaction_id FROM expenses")}
    await write(live, "plaid_transactions", rows[returned], purchase_id=rows[bought], counterpart_id=rows[foreign])
    await write(live, "plaid_transactions", rows[foreign], purchase_id=rows[bought])
    paid, back = await explained(live, bought), await explained(live, returned)
    assert (paid["counterpart"], paid["refund_of"]) == (None, None)
    assert [(one["expense_id"], one["amount"]) for one in paid["refunds"]] == [(returned, "-20.00")]
    assert (back["refunds"], back["counterpart"]) == ([], None)
    assert back["refund_of"] == {
        "expense_id": bought,
        "date": paid["expense"]["date"],
        "description": "HOME DEPOT 4411",
        "vendor": paid["expense"]["vendor"],
        "amount": "89.90",
        "currency": "USD",
        "unofficial_currency": None,
        "account": paid["expense"]["account"],
    }
    await write(live, "plaid_transactions", rows[returned], counterpart_id=rows[bought])
    assert (await explained(live, returned))["counterpart"] == back["refund_of"]


EARLIER = """
    INSERT INTO plaid_transaction_versions (transaction_id, version, told_at, amount, iso_currency_code, date, name,
        pending, sync_status)
    SELECT id, :version, now(), :amount, 'USD', '2026-11-19', :name, true, 'synced' FROM plaid_transactions
    WHERE id = (SELECT transaction_id FROM expenses WHERE id = :id)
"""


async def test_what_the_bank_told_before_is_shown(live: World) -> None:
    """Earlier rows, newest first, exact, of this expense's transaction alone."""
    book = await ledger(live)
    id_, other = await book.expense("12"), await book.expense("13")
    for version, amount in ((1, "9.99"), (2, "10")):
        await live.change(EARLIER, id=id_, version=version, amount=Decimal(amount), name=f"NAME {version}")
    earlier = (await explained(live, id_))["earlier"]
    assert [(row["version"], row["amount"], row["name"], row["pending"]) for row in earlier] == [
        (2, "10.00", "NAME 2", True),
        (1, "9.99", "NAME 1", True),
    ]
    assert (await explained(live, other))["earlier"] == []
