"""/transactions/sync and /transactions/refresh."""

from starlette.routing import Route

from plaid_sandbox import rendering
from plaid_sandbox.book import DEFAULT_DAYS, Stage
from plaid_sandbox.changes import Spent
from plaid_sandbox.core import Sandbox
from plaid_sandbox.cursors import Cursor, decode
from plaid_sandbox.encoding import Answer, Ready
from plaid_sandbox.items import Item
from plaid_sandbox.rendering import Form
from plaid_sandbox.requests import OnItem, SyncOptions, TransactionsSync
from plaid_sandbox.routes.endpoint import plaid_item
from plaid_sandbox.sync import Page, page_after


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes of this module."""
    return [
        plaid_item(sandbox, "/transactions/sync", TransactionsSync, sync, reads=True),
        plaid_item(sandbox, "/transactions/refresh", OnItem, refresh),
    ]


async def sync(sandbox: Sandbox, item: Item, ask: TransactionsSync) -> Answer:
    """Return the page after the cursor; before any history was read an empty one without a cursor."""
    options = ask.options or SyncOptions()
    stream = _stream(item, options.account_id)
    told = {options.account_id} if options.account_id else item.book.told_ids
    _arm(sandbox, item, options)
    if item.book.stage == Stage.NOT_READY:
        return _answer(item, Page(Cursor()), options, "")
    page = page_after(item.book.ledger, _begin(item, ask.cursor, stream), ask.count, told, item.book.paging)
    answer = _answer(item, page, options, page.cursor.encode(stream))
    sandbox.occurrences.tell("page sent" if page.has_more else "sync finished", item)
    if page.has_more and item.mutations_due:
        item.mutations_due -= 1
        sandbox.feed.change(item, Spent(day=sandbox.clock.now().date()))
    return answer


async def refresh(sandbox: Sandbox, item: Item, _: OnItem) -> Answer:
    """Ask the bank for news; they come by webhook and sync."""
    _arm_products(sandbox, item, None)
    sandbox.feed.refresh(item)
    return {}


def _arm(sandbox: Sandbox, item: Item, options: SyncOptions) -> None:
    if not item.armed:
        item.armed = True
        sandbox.durability.note()
    _arm_products(sandbox, item, options.days_requested)


def _arm_products(sandbox: Sandbox, item: Item, days_requested: int | None) -> None:
    """Add Transactions to an Item that was made without it; how far back is settled now and for ever."""
    if "transactions" not in item.products:
        item.products.append("transactions")
        item.book.days_requested = days_requested or DEFAULT_DAYS
    sandbox.feed.start(item)


def _stream(item: Item, account_id: str | None) -> str:
    """Return the name of the stream that a cursor belongs to, or raise INVALID_ACCOUNT_ID."""
    if account_id:
        item.book.selected([account_id])
    generation = f" {item.book.cursor_generation}" if item.book.cursor_generation else ""
    return f"{item.item_id}{account_id or ''}{generation}"


def _begin(item: Item, cursor: str, stream: str) -> Cursor:
    if cursor == "now":
        now = item.book.ledger.version
        return Cursor(now, now, now, now)
    return decode(cursor, stream) if cursor else Cursor()


def _answer(item: Item, page: Page, options: SyncOptions, next_cursor: str) -> Answer:
    form = Form(
        options.personal_finance_category_version or "v2",
        original_description=bool(options.include_original_description),
    )
    accounts = item.book.ledger.accounts
    return {
        "accounts": [
            rendering.account(accounts[account_id], item.book.ledger.balance(account_id))
            for account_id in sorted(page.account_ids & item.book.account_ids)
        ],
        "added": Ready(rendering.transaction(row, accounts[row.account_id], form) for row in page.added),
        "modified": Ready(rendering.transaction(row, accounts[row.account_id], form) for row in page.modified),
        "removed": [{"account_id": row.account_id, "transaction_id": row.transaction_id} for row in page.removed],
        "next_cursor": next_cursor,
        "has_more": page.has_more,
        "transactions_update_status": item.book.stage.name,
    }
