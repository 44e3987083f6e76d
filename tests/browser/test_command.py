from pathlib import Path

from playwright.async_api import BrowserContext, expect

from tests.browser.board import FIRST_PLATYPUS, Board
from tests.deploy.embedded_run import address, command, free_range, interrupt


async def test_the_printed_address_connects_a_bank(tmp_path: Path, context: BrowserContext) -> None:
    """Whoever opens the address that `make run` prints connects a bank and sees accounts, then expenses."""
    async with command(tmp_path, free_range()) as child:
        board = Board(await context.new_page(), await address(child))
        await board.open()
        await board.connect(FIRST_PLATYPUS)
        await expect(board.page.get_by_test_id("account").first).to_contain_text("Business Checking")
        await expect(board.expenses.first).to_be_visible()
        assert board.faults == []
        assert await interrupt(child) == 0
