from pathlib import Path

from playwright.async_api import Route, expect

from tests.browser.bank import Bank
from tests.browser.board import Board
from tests.browser.unknown import UNKNOWN, spend_unknown

HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


async def cut_the_stream(board: Board) -> None:
    """Let the page hear nothing of what happens elsewhere."""
    await board.page.route("**/api/events", lambda route: route.abort())
    await board.open()


async def test_filters_narrow_the_table_together(ledger: Board, bank: Bank) -> None:
    """Text, amount, category, account and day narrow what is shown, all at once; clearing them brings it back."""
    await spend_unknown(ledger, bank, "11.11", "222.22")
    page, filters = ledger.page, ledger.page.get_by_test_id("filters")
    await filters.get_by_role("searchbox").fill("zorblax")
    await expect(ledger.expenses).to_have_count(2)
    await filters.get_by_text("More filters").click()
    await filters.get_by_label("At least").fill("100")
    await expect(ledger.expenses).to_have_count(1)
    await expect(ledger.expenses).to_contain_text("$222.22")
    await filters.get_by_label("Category").select_option("Fuel")
    await expect(page.get_by_test_id("expenses-empty")).to_contain_text("No expense matches")
    await page.get_by_role("button", name="Clear filters").click()
    await expect(ledger.expenses).to_have_count(50)
    await filters.get_by_label("To", exact=True).fill("2020-01-01")
    await expect(page.get_by_test_id("expenses-empty")).to_be_visible()
    await expect(page.get_by_test_id("filters")).to_be_visible()


async def test_a_new_category_stands_at_once_and_for_all_of_its_merchant(ledger: Board, bank: Bank) -> None:
    """Chosen in its row, it stands; posted ones of the merchant follow after a look at them, and back by one press."""
    for number, amount in enumerate(("931.00", "932.00", "933.00")):
        await bank.spend(amount, f"DOMINOS PIZZA {number}{number}1{number}")
        await expect(ledger.expense(f"${amount}")).to_have_count(1)
    rows = ledger.expense("DOMINOS PIZZA").filter(has_text="$93")
    filed = rows.get_by_test_id("category-chip").get_by_text("Insurance")
    await ledger.file_under(ledger.expense("$932.00"), "Insurance")
    await expect(filed).to_have_count(1)
    await ledger.notice.get_by_role("button", name="Also 2 others").click()
    dialog = ledger.page.get_by_test_id("alike-dialog")
    await expect(dialog.get_by_test_id("alike")).to_have_count(2)
    await dialog.get_by_test_id("apply-alike").click()
    await expect(filed).to_have_count(3)
    await ledger.notice.filter(has_text="2 others").get_by_role("button", name="Undo").click()
    await expect(ledger.notice.filter(has_text="2 are filed as before.")).to_be_visible()
    await expect(filed).to_have_count(1)
    await ledger.page.reload()
    await expect(filed).to_have_count(1)


async def test_the_next_one_of_a_merchant_follows_its_correction(ledger: Board, bank: Bank) -> None:
    """One answer, no rule: open questions of the merchant are answered with it, the next comes filed and says why."""
    rows = await spend_unknown(ledger, bank, "31.00", "32.00")
    await ledger.file_under(rows.nth(0), "Insurance")
    await expect(rows.get_by_test_id("category-chip").get_by_text("Insurance")).to_have_count(2)
    await expect(rows.get_by_text("Needs review")).to_have_count(0)
    await bank.spend("33.00", UNKNOWN)
    row = ledger.expense("$33.00")
    await expect(row.get_by_test_id("category-chip")).to_have_text("Insurance")
    await row.get_by_role("button", name="Why?").click()
    await expect(ledger.details.get_by_test_id("reason")).to_contain_text("You chose Insurance")
    await expect(ledger.details.get_by_test_id("memory")).to_contain_text("newest first: Insurance")


async def test_the_next_one_of_a_merchant_follows_its_rule(ledger: Board, bank: Bank) -> None:
    """Filed once with "always", the next transaction of the merchant comes filed; "Why?" names the rule; it can end."""
    await ledger.file_under(await spend_unknown(ledger, bank, "34.00"), "Fuel")
    await ledger.notice.get_by_role("button", name="Always").click()
    await ledger.page.get_by_test_id("apply-alike").click()
    rule = ledger.page.get_by_test_id("rule")
    await expect(rule).to_contain_text("Fuel")
    await bank.spend("35.00", UNKNOWN)
    row = ledger.expense("$35.00")
    await expect(row.get_by_test_id("category-chip")).to_have_text("Fuel")
    await row.get_by_role("button", name="Why?").click()
    await expect(ledger.details.get_by_test_id("deciding-rule")).to_contain_text("Your rule")
    await ledger.page.keyboard.press("Escape")
    await rule.get_by_role("button", name="End the rule").click()
    await expect(rule).to_have_count(0)
    await expect(row.get_by_test_id("category-chip")).to_have_text("Fuel")


async def test_a_decision_is_undone_with_one_press(ledger: Board, bank: Bank) -> None:
    """Undo brings the automatic category back, and what was left out comes back too."""
    row = await spend_unknown(ledger, bank, "41.00")
    was = await row.get_by_test_id("category-chip").inner_text()
    await ledger.file_under(row, "Meals")
    await expect(row.get_by_test_id("category-chip")).to_have_text("Meals")
    await ledger.notice.get_by_role("button", name="Undo").click()
    await expect(row.get_by_test_id("category-chip")).to_have_text(was)
    await row.get_by_role("button", name="Why?").click()
    await ledger.details.get_by_role("button", name="Leave it out").click()
    await expect(ledger.notice.filter(has_text="left out")).to_be_visible()
    await expect(row).to_have_count(0)
    await ledger.notice.get_by_role("button", name="Undo").click()
    await expect(row).to_have_count(1)


async def test_what_changed_meanwhile_is_shown_and_not_overwritten(ledger: Board, bank: Bank) -> None:
    """A decision about an old state is refused; the page shows the state of now, and says so."""
    row = await spend_unknown(ledger, bank, "51.00")
    await cut_the_stream(ledger)
    [expense] = (await ledger.ask("GET", "expenses?q=zorblax"))["items"]
    await ledger.ask("PATCH", f"expenses/{expense['id']}", {"category": "travel"})
    await ledger.file_under(row, "Fuel")
    await expect(ledger.notice).to_contain_text("changed meanwhile")
    await expect(row.get_by_test_id("category-chip")).to_contain_text("Travel")
    assert (await ledger.ask("GET", f"expenses/{expense['id']}"))["category"]["slug"] == "travel"


async def test_a_decision_that_fails_is_taken_back_from_the_screen(ledger: Board, bank: Bank) -> None:
    """The page never shows as decided what the server would not have."""
    row = await spend_unknown(ledger, bank, "61.00")
    was = await row.get_by_test_id("category-chip").inner_text()

    async def refuse(route: Route) -> None:
        if route.request.method == "PATCH":
            await route.fulfill(status=503, json={"detail": "Our database rests.", "code": "unavailable"})
        else:
            await route.fallback()

    await ledger.page.route("**/api/expenses/*", refuse)
    await ledger.file_under(row, "Fuel")
    await expect(ledger.notice).to_contain_text("database rests")
    await expect(row.get_by_test_id("category-chip")).to_have_text(was)
    await ledger.page.unroute("**/api/expenses/*")
    await ledger.notice.get_by_role("button", name="Try again").click()
    await expect(row.get_by_test_id("category-chip")).to_have_text("Fuel")


async def test_why_tells_what_was_decided_and_what_the_bank_said(ledger: Board, bank: Bank) -> None:
    """It says how sure we are and why, shows the bank's row, files by one press, and keeps a note."""
    row = await spend_unknown(ledger, bank, "71.00")
    await row.get_by_role("button", name="Why?").click()
    await expect(ledger.details.get_by_test_id("reason")).not_to_be_empty()
    await expect(ledger.details.get_by_test_id("bank-row")).to_contain_text("$71.00")
    await ledger.details.get_by_label("Another category").select_option("Insurance")
    await ledger.details.get_by_role("button", name="Use it").click()
    await expect(ledger.details.get_by_test_id("overruled")).to_contain_text("We had filed it under")
    await ledger.details.get_by_label("Your note").fill("For the Miller kitchen")
    await ledger.details.get_by_role("button", name="Keep note").click()
    await expect(ledger.notice.filter(has_text="note is kept")).to_be_visible()
    await ledger.details.get_by_role("button", name="Back to the automatic category").click()
    await expect(ledger.details.get_by_test_id("overruled")).to_be_hidden()
    await ledger.page.keyboard.press("Escape")
    await expect(row.get_by_test_id("note")).to_have_text("For the Miller kitchen")
    await expect(row.get_by_role("button", name="Why?")).to_be_focused()


async def test_why_tells_what_the_bank_changed_and_what_was_given_back(ledger: Board, bank: Bank) -> None:
    """Earlier rows of the bank are told as changes, a purchase and its refunds in sentences, amounts without sign."""
    row = await spend_unknown(ledger, bank, "73.00")

    async def live_longer(route: Route) -> None:
        answer = await route.fetch()
        told = await answer.json()
        was = told["bank"] | {"amount": "70.00", "version": 1, "pending": True}
        back = told["bank"] | {"expense_id": None, "amount": "-5.00", "date": "2026-11-20", "vendor": "A Shop"}
        refund = back | {"description": "A SHOP", "account": {"id": 1, "name": "Checking", "mask": "0000"}}
        await route.fulfill(response=answer, json=told | {"earlier": [was], "refunds": [refund]})

    await ledger.page.route("**/explain", live_longer)
    await row.get_by_role("button", name="Why?").click()
    earlier = ledger.details.get_by_test_id("earlier")
    await expect(earlier).to_contain_text("it was booked; amount was $70.00, became $73.00.")
    await expect(ledger.details.get_by_test_id("partners")).to_contain_text("Given back since: A Shop ($5.00, ")


async def test_what_is_shown_can_be_taken_along_as_csv(ledger: Board, bank: Bank, tmp_path: Path) -> None:
    """The file holds what the filters mean, and nothing else."""
    await spend_unknown(ledger, bank, "81.25")
    await ledger.page.get_by_role("searchbox").fill("zorblax")
    await expect(ledger.expenses).to_have_count(1)
    async with ledger.page.expect_download() as download:
        await ledger.page.get_by_test_id("export").click()
    file = await download.value
    assert file.suggested_filename.startswith("expenses-20")
    await file.save_as(tmp_path / "expenses.csv")
    head, row = (tmp_path / "expenses.csv").read_text(encoding="utf-8-sig").splitlines()
    assert head.startswith("Date,Description,")
    assert "81.25" in row


async def test_texts_of_others_are_text(ledger: Board, bank: Bank) -> None:
    """What a bank or a user writes is shown letter by letter: no element and no script comes of it."""
    await bank.spend("91.00", HOSTILE)
    row = ledger.expenses.filter(has_text="$91.00")
    await row.get_by_role("button", name="Why?").click()
    await expect(ledger.details.get_by_test_id("bank-row")).to_contain_text("<img src=x")
    await ledger.details.get_by_label("Your note").fill(HOSTILE)
    await ledger.details.get_by_role("button", name="Keep note").click()
    await ledger.page.keyboard.press("Escape")
    await expect(row.get_by_test_id("note")).to_contain_text("<script>")
    assert await ledger.page.locator("img[src=x], main script").count() == 0
    assert await ledger.page.title() != "taken"
