"""What Plaid says about an account, read so that one odd account stops no sync."""

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import PydanticSerializationError

Amount = Annotated[Decimal, Field(max_digits=100)]
"""Any amount of any currency, and nothing that PostgreSQL's numeric refuses."""
NUL = "\\u0000"
ESCAPE = re.compile(r"\\(u0000|.)")
"""A whole escape of a JSON text: a backslash before u0000 may itself be escaped, and then nothing is NUL."""


class Balances(BaseModel):
    """Plaid's balances; amounts are exact."""

    model_config = ConfigDict(frozen=True, extra="allow")
    current: Amount | None = None
    available: Amount | None = None
    limit: Amount | None = None
    iso_currency_code: str | None = None
    unofficial_currency_code: str | None = None
    last_updated_datetime: AwareDatetime | None = None


class Account(BaseModel):
    """Plaid's account object, whole (plaid.com/docs/api/accounts); its enums are open."""

    model_config = ConfigDict(frozen=True, extra="allow")
    account_id: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
    persistent_account_id: str | None = None
    name: str | None = None
    official_name: str | None = None
    type: str | None = None
    subtype: str | None = None
    mask: str | None = None
    balances: Balances | None = None


def read(raw: Any) -> list[Account]:
    """Return the readable accounts. The transactions of an unreadable one find no account and go to quarantine."""
    return latest(account for one in raw or () if (account := _account(one)) is not None)


def unreadable(raw: Any) -> frozenset[str]:
    """Return the ids of the accounts that are named and cannot be read: odd, but not gone."""
    odd = (one for one in raw or () if isinstance(one, dict) and _account(one) is None)
    return frozenset(one["account_id"] for one in odd if isinstance(one.get("account_id"), str))


def latest(accounts: Iterable[Account]) -> list[Account]:
    """Return each account once, as it was stated last."""
    return list({account.account_id: account for account in accounts}.values())


@dataclass(frozen=True, slots=True)
class Known:
    """Our row of an account."""

    id: int
    account_id: str
    persistent_account_id: str | None
    type: str
    subtype: str | None
    mask: str | None
    is_active: bool
    told_gone: bool = False
    """Its user was told that it is shared no more."""


@dataclass(frozen=True, slots=True)
class Census:
    """What Plaid's whole list of an item's accounts means for our rows."""

    renamed: Mapping[str, str]
    """Our account_id → the one under which Plaid goes on with the same account (it may change on one item)."""
    vanished: frozenset[int]
    """Our ids of those named no more: closed, revoked at the bank, or taken back by the user."""
    returned: frozenset[int]
    """Our ids of those whose loss was told, and that are here again."""


Look = Callable[[Known | Account], Hashable]


def count(known: Collection[Known], stated: Collection[Account], in_use: Collection[str]) -> Census:
    """Return what became of the accounts we know, by Plaid's whole list; one that still has news is not gone.

    The successor of one that is gone has the same persistent_account_id, or is the only newcomer of the same type,
    subtype and mask as the only one gone (plaid.com/docs/errors/invalid-input/#invalid_account_id: account churn).
    """
    ours, theirs = {one.account_id for one in known}, {one.account_id for one in stated}
    gone = [one for one in known if one.account_id not in theirs and one.account_id not in in_use]
    new = [one for one in stated if one.account_id not in ours]
    renamed = _matched(gone, new, _identity)
    renamed |= _matched(
        [one for one in gone if one.account_id not in renamed],
        [one for one in new if one.account_id not in renamed.values()],
        _look,
    )
    lost = {one.account_id for one in gone} - renamed.keys()
    return Census(
        renamed=renamed,
        vanished=frozenset(one.id for one in known if one.account_id in lost and one.is_active),
        returned=frozenset(one.id for one in known if one.account_id not in lost and one.told_gone),
    )


def _identity(account: Known | Account) -> Hashable:
    return account.persistent_account_id


def _look(account: Known | Account) -> Hashable:
    return account.mask and (account.type, account.subtype, account.mask)


def _matched(gone: Iterable[Known], new: Iterable[Account], look: Look) -> dict[str, str]:
    """Return the pairs that look the same, where no third one does."""
    old, fresh = _singles(gone, look), _singles(new, look)
    return {old[seen]: fresh[seen] for seen in old.keys() & fresh.keys()}


def _singles(accounts: Iterable[Known | Account], look: Look) -> dict[Hashable, str]:
    seen: dict[Hashable, list[str]] = {}
    for account in accounts:
        seen.setdefault(look(account), []).append(account.account_id)
    return {key: ids[0] for key, ids in seen.items() if key is not None and len(ids) == 1}


def to_json(accounts: Iterable[Account]) -> str:
    """Return the accounts as a JSON array, decimals as text."""
    return "[" + ",".join(without_nul(account.model_dump_json()) for account in accounts) + "]"


def without_nul(text: str) -> str:
    """Return JSON text that PostgreSQL can hold: NUL becomes the character that shows that something stood there."""
    if NUL not in text:
        return text
    return ESCAPE.sub(lambda found: "\ufffd" if found[0] == NUL else found[0], text)


def _account(raw: Any) -> Account | None:
    try:
        account = Account.model_validate(raw)
        account.model_dump_json()
    except (ValidationError, PydanticSerializationError):
        return None
    return account
