"""A merchant whom nobody knows."""

from playwright.async_api import Locator, expect

from tests.browser.bank import Bank
from tests.browser.board import Board

UNKNOWN = "ZORBLAX HOLDINGS"


async def spend_unknown(board: Board, bank: Bank, *amounts: str) -> Locator:
    """Spend at a merchant whom nobody knows; return the rows once they stand on the page."""
    for amount in amounts:
        await bank.spend(amount, UNKNOWN)
    rows = board.expense("Zorblax")
    await expect(rows).to_have_count(len(amounts))
    return rows
