"""Any reader, in any pace, over any history of changes, ends up with the bank's truth."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from plaid_sandbox.bank.ledger import Ledger
from plaid_sandbox.bank.lines import described
from plaid_sandbox.bank.login import Login
from plaid_sandbox.bank.profiles import PROFILES
from plaid_sandbox.bank.transactions import Transaction
from plaid_sandbox.cursors import Cursor
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.identifiers import Mint
from plaid_sandbox.sync import AS_ASKED, Page, Paging, page_after

LOGIN = Login(Mint("seed"), "ins_109508", PROFILES["user_good"], 1)
ACCOUNTS = LOGIN.open_accounts()
CARD = ACCOUNTS["card"]
STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "change", "resend", "remove", "read"]), st.integers(0, 11), st.integers(1, 4)),
    max_size=60,
)
ORDERS = ["log", "removed_first", "removed_last", "shuffled:0", "shuffled:1", "shuffled:2"]
PAGINGS = st.builds(Paging, st.none() | st.integers(1, 4), st.sampled_from(ORDERS))


def row(number: int, amount: int = 1) -> Transaction:
    """Return the row of this number."""
    return described(f"t{number}", CARD, f"Line {number}", date(2026, 1, 1), Decimal(amount))


class Reader:
    """Reads page by page and keeps what it was told; a loop takes effect as a whole."""

    def __init__(self, paging: Paging = AS_ASKED) -> None:
        self.paging = paging
        self.held: dict[str, Transaction] = {}
        self.cursor = Cursor()
        self.staged: dict[str, Transaction | None] = {}
        self.begun = self.cursor

    def read(self, ledger: Ledger, count: int) -> bool:
        """Read one page; return whether more follow."""
        try:
            page = page_after(ledger, self.cursor, count, ledger.accounts, self.paging)
        except PlaidError as error:
            if error.code != "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION":
                raise
            self.cursor, self.staged = self.begun, {}
            return True
        assert len(page) <= min(count, self.paging.size or count)
        for added in page.added:
            assert added.transaction_id not in self.held
        for known in (*page.modified, *page.removed):
            assert known.transaction_id in self.held
        self.staged |= {one.transaction_id: one for one in (*page.added, *page.modified)}
        self.staged |= {one.transaction_id: None for one in page.removed}
        self.cursor = page.cursor
        if not page.has_more:
            self.held = {key: one for key, one in (self.held | self.staged).items() if one is not None}
            self.begun, self.staged = page.cursor, {}
        return page.has_more


def step(ledger: Ledger, reader: Reader, what: str, number: int, size: int) -> None:
    """Do one thing to the bank's data, or let the reader read a page."""
    standing = ledger.find(f"t{number}")
    match what:
        case "put":
            ledger.put([row(number + index) for index in range(size)])
        case "change" if standing:
            ledger.put([replace(standing, amount=standing.amount + size)])
        case "resend" if standing:
            ledger.put([standing])
        case "remove":
            ledger.remove([f"t{number}"])
        case "read":
            reader.read(ledger, size)


@given(STEPS, st.integers(1, 5), PAGINGS)
def test_a_reader_ends_up_with_the_truth(steps: list[tuple[str, int, int]], count: int, paging: Paging) -> None:
    """Changes and pages in any order: nothing is added twice, nothing unknown is removed, the end is the truth."""
    ledger, reader = Ledger(ACCOUNTS.values(), []), Reader(paging)
    for what, number, size in steps:
        step(ledger, reader, what, number, size)
    while reader.read(ledger, count):
        pass
    assert reader.held == {one.transaction_id: one for one in ledger.standing()}


@given(STEPS)
def test_a_row_that_came_and_went_is_never_mentioned(steps: list[tuple[str, int, int]]) -> None:
    """Between two cursors only the difference counts, and each id is told once."""
    ledger, reader = Ledger(ACCOUNTS.values(), []), Reader()
    for what, number, size in steps:
        if what != "read":
            step(ledger, reader, what, number, size)
    page = page_after(ledger, Cursor(), 500, ledger.accounts)
    assert page.modified == page.removed == []
    assert len({one.transaction_id for one in page.added}) == len(page.added)


def loop(ledger: Ledger, cursor: Cursor, count: int, paging: Paging) -> list[Page]:
    """Read a whole loop; its pages may be cut otherwise from one to the next."""
    pages = [page_after(ledger, cursor, count, ledger.accounts, paging)]
    while pages[-1].has_more:
        page = page_after(ledger, pages[-1].cursor, count, ledger.accounts, paging)
        assert page == page_after(ledger, pages[-1].cursor, count, ledger.accounts, AS_ASKED._replace(size=paging.size))
        pages.append(page)
    return pages


def delta(pages: list[Page]) -> list[set[Transaction]]:
    """Return all that a loop added, modified and removed, and that it told each id once."""
    arrays = [[row for page in pages for row in getattr(page, name)] for name in ("added", "modified", "removed")]
    ids = [row.transaction_id for rows in arrays for row in rows]
    assert len(ids) == len(set(ids))
    return [set(rows) for rows in arrays]


@given(STEPS, STEPS, st.integers(1, 5), PAGINGS)
def test_however_a_loop_is_cut_it_tells_the_same(
    before: list[tuple[str, int, int]], after: list[tuple[str, int, int]], count: int, paging: Paging
) -> None:
    """Any size and order: the same delta in all, ending at the same cursor, each page the same when asked again."""
    ledger, reader = Ledger(ACCOUNTS.values(), []), Reader()
    for what, number, size in before:
        step(ledger, reader, what, number, size)
    start = page_after(ledger, Cursor(), 10_000, ledger.accounts).cursor
    for what, number, size in after:
        step(ledger, reader, what, number, size)
    whole = page_after(ledger, start, 10_000, ledger.accounts)
    pages = loop(ledger, start, count, paging)
    assert delta(pages) == delta([whole])
    assert pages[-1].cursor == whole.cursor
