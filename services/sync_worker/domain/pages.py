"""What a page of /transactions/sync says, as rows of ours.

A page of a long history is kept compressed until its loop is complete: only ids and hashes stay readable. The rows of a
page are read by msgspec: pydantic takes five times as long, and its JSON mode loses digits of an amount.
"""

import datetime as dt
import json
import zlib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from common.updates import Updates, with_whole_characters
from sync_worker.domain import accounts
from sync_worker.domain.accounts import Account, without_nul

Id = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
Code = Annotated[str, Meta(max_length=50)]
Moment = Annotated[dt.datetime, Meta(tz=True)]
MOST_DIGITS = 100
"""Of an amount: more than any currency needs, fewer than PostgreSQL's numeric refuses."""


class Category(Struct, frozen=True, gc=False):
    """Plaid's personal finance category; all of its enums are open."""

    primary: str | None = None
    detailed: str | None = None
    confidence_level: str | None = None
    version: str | None = None


class Transaction(Struct, frozen=True, kw_only=True, gc=False):
    """The fields of Plaid's transaction that we keep (plaid.com/docs/api/products/transactions). Amounts are exact."""

    transaction_id: Id
    account_id: Id
    amount: Decimal
    iso_currency_code: str | None = None
    unofficial_currency_code: str | None = None
    date: dt.date
    authorized_date: dt.date | None = None
    datetime: Moment | None = None
    authorized_datetime: Moment | None = None
    name: str
    merchant_name: str | None = None
    merchant_entity_id: str | None = None
    original_description: str | None = None
    category_id: Code | None = None
    category: Any = None
    personal_finance_category: Category | None = None
    payment_channel: Code | None = None
    transaction_code: str | None = None
    check_number: str | None = None
    location: Any = None
    payment_meta: Any = None
    counterparties: Any = None
    pending: bool
    pending_transaction_id: Id | None = None

    def __post_init__(self) -> None:
        """Refuse what no column can hold, and what is in two currencies."""
        if not _is_money(self.amount):
            raise ValueError(f"its amount has more than {MOST_DIGITS} digits")
        if self.iso_currency_code is not None and self.unofficial_currency_code is not None:
            raise ValueError("it names two currencies")


class Removed(Struct, frozen=True, gc=False):
    """What Plaid has removed, if a row of ours can have this id."""

    transaction_id: Id


TRANSACTION = msgspec.json.Decoder(Transaction)
REMOVED = msgspec.json.Decoder(Removed)
ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Unusable:
    """A transaction that our schema refuses; it waits in quarantine while the rest commits."""

    transaction_id: str
    raw: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page, read: `ids[i]`, `hashes[i]` and the i-th line are the same added or modified transaction."""

    ids: Sequence[str]
    hashes: Sequence[bytes]
    oldest: dt.date | None
    removed: Sequence[str]
    accounts: Sequence[Account]
    account_ids: frozenset[str]
    unusable: Sequence[Unusable]
    next_cursor: str
    has_more: bool
    status: str
    lines: bytes
    """Compressed, if there are pages after it."""
    raws: Mapping[int, str]
    """Plaid's own text of the lines whose account the page does not name: perhaps nobody knows it."""

    def rows(self, wanted: Iterable[int]) -> str:
        """Return a JSON array of the wanted rows."""
        lines = self._lines()
        return (b"[" + b",".join(lines[i] for i in wanted) + b"]").decode()

    def strangers(self, known: Container[str]) -> Mapping[int, Unusable]:
        """Return the lines whose account is not among the known ones."""
        reason = "account_id: Plaid names no such account"
        rows = enumerate(map(json.loads, self._lines()))
        strange = {line: row for line, row in rows if row["account_id"] not in known}
        return {
            line: Unusable(row["transaction_id"], self.raws.get(line) or json.dumps(row), reason)
            for line, row in strange.items()
        }

    def _lines(self) -> list[bytes]:
        return (zlib.decompress(self.lines) if self.has_more else self.lines).split(b"\n")


def read(answer: Updates) -> Page:
    """Return the page that Plaid's answer holds; what our schema refuses is set aside in it."""
    good: list[Transaction] = []
    lines: list[bytes] = []
    raws: dict[int, str] = {}
    unusable: list[Unusable] = []
    stated = accounts.read([_plain(raw) for raw in answer.accounts or ()])
    named = {account.account_id for account in stated}
    for raw in answer.transactions:
        try:
            transaction = TRANSACTION.decode(raw)
            line = _line(transaction)
        except (ValueError, RecursionError) as error:
            unusable.append(refuse(_text(raw), str(error)))
            continue
        if transaction.account_id not in named:
            raws[len(lines)] = _text(raw)
        good.append(transaction)
        lines.append(line)
    text = b"\n".join(lines)
    return Page(
        ids=[transaction.transaction_id for transaction in good],
        hashes=[blake2b(line, digest_size=16).digest() for line in lines],
        oldest=min((transaction.date for transaction in good), default=None),
        removed=[one for raw in answer.removed if (one := _removed(raw)) is not None],
        accounts=stated,
        account_ids=frozenset(transaction.account_id for transaction in good),
        unusable=unusable,
        next_cursor=answer.next_cursor or "",
        has_more=answer.has_more,
        status=answer.transactions_update_status or "TRANSACTIONS_UPDATE_STATUS_UNKNOWN",
        lines=zlib.compress(text, 1) if answer.has_more else text,
        raws=raws,
    )


def account_of(raw: str) -> str | None:
    """Return which account a quarantined transaction names."""
    said = json.loads(raw)
    named = said.get("account_id") if isinstance(said, dict) else None
    return named if isinstance(named, str) else None


def replay(raws: Iterable[str]) -> Page:
    """Return quarantined transactions as a page: read once more, by the schema of today."""
    added = [Raw(with_whole_characters(raw.encode())) for raw in raws]
    return read(Updates(added=added, modified=[], removed=[], next_cursor=None, has_more=False))


def refuse(raw: str, reason: str) -> Unusable:
    """Return the transaction as quarantine keeps it: its JSON text and why; one without an id gets one of its text."""
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        said = None
    named = str(said.get("transaction_id") or "") if isinstance(said, dict) else ""
    visible = named if named.isprintable() else json.dumps(named)[1:-1]
    transaction_id = visible or blake2b(raw.encode(), digest_size=16).hexdigest()
    return Unusable(transaction_id[:255], raw, reason)


def _text(raw: Raw) -> str:
    """Return Plaid's own text, but for what is no text."""
    return bytes(raw).decode(errors="replace").replace("\0", "\ufffd")


def _plain(raw: Raw) -> Any:
    """Return what an account says, with exact decimals; nothing, where that is no JSON."""
    try:
        return json.loads(bytes(raw), parse_float=Decimal)
    except (ValueError, RecursionError):
        return None


def _line(transaction: Transaction) -> bytes:
    line = ENCODER.encode(transaction)
    return without_nul(line.decode()).encode() if b"\\u0000" in line else line


def _is_money(amount: Decimal) -> bool:
    return amount.is_finite() and abs(amount.adjusted()) + len(amount.as_tuple().digits) <= MOST_DIGITS


def _removed(raw: Raw) -> str | None:
    """Return which row of ours is meant; what none can have needs no removal."""
    try:
        return REMOVED.decode(raw).transaction_id
    except (ValueError, RecursionError):
        return None
