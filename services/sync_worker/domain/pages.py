"""What a page of /transactions/sync says, as rows of ours.

A page of a long history is kept compressed until its loop is complete: only ids and hashes stay readable.
"""

import datetime as dt
import json
import zlib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Annotated, Any, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticSerializationError

from sync_worker.domain import accounts
from sync_worker.domain.accounts import Account, Amount, without_nul

Json = dict[str, Any]
Id = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
ID: TypeAdapter[str] = TypeAdapter(Id)
Code = Annotated[str, StringConstraints(max_length=50)]


def _as_plain(value: Any) -> Any:
    """Numbers inside free-form objects (a latitude) stay JSON numbers; only amounts need exact decimals."""
    if value is None or isinstance(value, str):  # most of them
        return value
    if isinstance(value, dict):
        return {key: _as_plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_plain(inner) for inner in value]
    return float(value) if isinstance(value, Decimal) else value


FreeForm = Annotated[Any, BeforeValidator(_as_plain)]


class Category(BaseModel):
    """Plaid's personal finance category; all of its enums are open."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    primary: str | None = None
    detailed: str | None = None
    confidence_level: str | None = None
    version: str | None = None


class Transaction(BaseModel):
    """The fields of Plaid's transaction that we keep (plaid.com/docs/api/products/transactions). Amounts are exact."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    transaction_id: Id
    account_id: Id
    amount: Amount
    iso_currency_code: str | None = None
    unofficial_currency_code: str | None = None
    date: dt.date
    authorized_date: dt.date | None = None
    datetime: AwareDatetime | None = None
    authorized_datetime: AwareDatetime | None = None
    name: str
    merchant_name: str | None = None
    merchant_entity_id: str | None = None
    original_description: str | None = None
    category_id: Code | None = None
    category: FreeForm = None
    personal_finance_category: Category | None = None
    payment_channel: Code | None = None
    transaction_code: str | None = None
    check_number: str | None = None
    location: FreeForm = None
    payment_meta: FreeForm = None
    counterparties: FreeForm = None
    pending: bool
    pending_transaction_id: Id | None = None

    @model_validator(mode="after")
    def _has_one_currency(self) -> Self:
        if self.iso_currency_code is not None and self.unofficial_currency_code is not None:
            raise ValueError("it names two currencies")
        return self


@dataclass(frozen=True, slots=True)
class Unusable:
    """A transaction that our schema refuses; it waits in quarantine while the rest commits."""

    transaction_id: str
    raw: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page, read: `ids[i]`, `hashes[i]` and the i-th compressed line are the same added or modified transaction."""

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
    raws: Mapping[int, str]
    """Plaid's own text of the lines whose account the page does not name: perhaps nobody knows it."""

    def rows(self, wanted: Iterable[int]) -> str:
        """Return a JSON array of the wanted rows."""
        lines = self._lines()
        return "[" + ",".join(lines[i] for i in wanted) + "]"

    def strangers(self, known: Container[str]) -> Mapping[int, Unusable]:
        """Return the lines whose account is not among the known ones."""
        reason = "account_id: Plaid names no such account"
        rows = enumerate(map(json.loads, self._lines()))
        strange = {line: row for line, row in rows if row["account_id"] not in known}
        return {
            line: Unusable(row["transaction_id"], self.raws.get(line) or json.dumps(row), reason)
            for line, row in strange.items()
        }

    def _lines(self) -> list[str]:
        return zlib.decompress(self.lines).decode().split("\n")


def read(answer: Json) -> Page:
    """Return the page that Plaid's answer holds. Raises KeyError or TypeError when it is no page at all."""
    good: list[Transaction] = []
    lines: list[str] = []
    raws: dict[int, str] = {}
    unusable: list[Unusable] = []
    stated = accounts.read(answer.get("accounts"))
    named = {account.account_id for account in stated}
    for raw in [*answer["added"], *answer["modified"]]:
        try:
            transaction = Transaction.model_validate(raw)
            lines.append(_line(transaction))
            good.append(transaction)
            if transaction.account_id not in named:
                raws[len(lines) - 1] = _text(raw)
        except ValidationError as error:
            unusable.append(refuse(raw, _reason(error)))
        except PydanticSerializationError:
            unusable.append(refuse(raw, "a text is no valid Unicode"))
    return Page(
        ids=[transaction.transaction_id for transaction in good],
        hashes=[blake2b(line.encode(), digest_size=16).digest() for line in lines],
        oldest=min((transaction.date for transaction in good), default=None),
        removed=[one["transaction_id"] for one in answer["removed"] if _can_be_ours(one.get("transaction_id"))],
        accounts=stated,
        account_ids=frozenset(transaction.account_id for transaction in good),
        unusable=unusable,
        next_cursor=answer["next_cursor"] or "",
        has_more=bool(answer["has_more"]),
        status=str(answer.get("transactions_update_status") or "TRANSACTIONS_UPDATE_STATUS_UNKNOWN"),
        lines=zlib.compress("\n".join(lines).encode(), 1),
        raws=raws,
    )


def account_of(raw: str) -> str | None:
    """Return which account a quarantined transaction names."""
    said = json.loads(raw)
    named = said.get("account_id") if isinstance(said, dict) else None
    return named if isinstance(named, str) else None


def replay(raws: Iterable[str]) -> Page:
    """Return quarantined transactions as a page: read once more, by the schema of today."""
    added = [json.loads(raw, parse_float=Decimal) for raw in raws]
    return read({"added": added, "modified": [], "removed": [], "next_cursor": "", "has_more": True})


def refuse(raw: object, reason: str) -> Unusable:
    """Return the transaction as quarantine keeps it: its JSON text and why; one without an id gets one of its text."""
    text = _text(raw)
    named = str(raw.get("transaction_id") or "") if isinstance(raw, dict) else ""
    visible = named if named.isprintable() else json.dumps(named)[1:-1]
    transaction_id = visible or blake2b(text.encode(), digest_size=16).hexdigest()
    return Unusable(transaction_id[:255], text, reason)


def _text(value: object) -> str:
    """Return JSON with every number as Plaid wrote it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {_text(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return _number(value) if isinstance(value, Decimal) else json.dumps(value)


def _number(value: Decimal) -> str:
    """Return the number as it came; a whole one with an exponent (25.5e1) must not come back as an integer."""
    text = str(value)
    return text if "." in text or "E" in text else f"{text}E0"


def _line(transaction: Transaction) -> str:
    return without_nul(transaction.model_dump_json())


def _reason(error: ValidationError) -> str:
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems)


def _can_be_ours(transaction_id: object) -> bool:
    """Return whether a row of ours can have this id; what none can have needs no removal."""
    try:
        ID.validate_python(transaction_id)
    except ValidationError:
        return False
    return True
