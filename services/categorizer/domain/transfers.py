"""Which two transactions are one movement of money between accounts of the same user.

Equal amounts also meet by chance. So neither half may clearly be a purchase, a refund or an income, and one at least
must look like a movement; where the money that left does not look like one, the other half must say that it came from
an own account: what hides an expense needs more than what explains a transfer. Who is in doubt is asked, not hidden.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Protocol, TypeVar

from categorizer.domain.text.evidence import Opinion
from categorizer.domain.text.normalise import Line
from categorizer.domain.transaction import Transaction

MOST_DAYS = 5
"""Between the two halves, as banks book them."""
MOVEMENTS = frozenset({"TRANSFER_IN", "TRANSFER_OUT", "LOAN_PAYMENTS", "LOAN_DISBURSEMENTS"})
CLEAR = frozenset({"VERY_HIGH", "HIGH", "MEDIUM"})
"""Plaid's confidence from which a category that is no movement rules one out."""
OWN = frozenset({
    "TRANSFER_IN_ACCOUNT_TRANSFER", "TRANSFER_IN_SAVINGS", "TRANSFER_IN_INVESTMENT_AND_RETIREMENT_FUNDS",
})  # fmt: skip
"""What Plaid calls money that came from an own account, beside every payment of a loan."""
STRANGERS = frozenset({
    "ATM", "CASH", "CASHAPP", "CASHOUT", "CHECK", "CHEQUE", "DEPOSIT", "INTERAC", "PAYPAL", "REFUND", "RETURN",
    "VENMO", "WIRE", "ZELLE",
})  # fmt: skip
"""Words with which money comes from other people, a machine or a shop, whatever else is said."""
MOVED = frozenset({"transfer", "debt_payment"})
KNOWN = frozenset({"phrase", "merchant", "keyword"})
"""Sources of an opinion that rests on a name; the rest is a guess."""
SAYS = 0.5
"""Confidence from which a text says something."""
Size = tuple[Decimal, str | None]
"""An amount without its sign, and its currency."""


class Fact(Protocol):
    """Whatever holds a transaction."""

    @property
    def transaction(self) -> Transaction:
        """Return it."""


Standing = TypeVar("Standing", bound=Fact)


class Look(Enum):
    """What a half looks like by itself: `OWN` names an own account, and `OTHER` is clearly something else."""

    OTHER = "other"
    UNCLEAR = "unclear"
    MOVEMENT = "movement"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Half:
    """A transaction that may be half of a transfer; `key` is Plaid's id, which is the same in any order of arrival."""

    key: str
    transaction: Transaction
    look: Look


def may_be_half(transaction: Transaction) -> bool:
    """Return whether it can be half of a transfer as far as its columns say: posted, standing, not clearly spent."""
    known = transaction.amount != 0 and currency(transaction) is not None
    return transaction.stands and known and not _clearly_other(transaction)


def currency(transaction: Transaction) -> str | None:
    """Return the currency, official or not; None where it is unknown, and then equals no other."""
    return transaction.iso_currency_code or transaction.unofficial_currency_code


def _size(transaction: Transaction) -> Size:
    return abs(transaction.amount), currency(transaction)


def look(transaction: Transaction, line: Line, opinion: Opinion, *, spent: bool) -> Look:
    """Return what the half looks like; `spent` when its user chose a category of spending for it."""
    says = opinion.source in KNOWN and opinion.confidence >= SAYS
    moved = says and opinion.category in MOVED
    if spent or _clearly_other(transaction) or (says and not moved):
        return Look.OTHER
    if not moved and transaction.pfc_primary not in MOVEMENTS:
        return Look.UNCLEAR
    strange = not STRANGERS.isdisjoint(line.said)
    return Look.OWN if _from_own_account(transaction, moved=moved) and not strange else Look.MOVEMENT


def _clearly_other(transaction: Transaction) -> bool:
    primary = transaction.pfc_primary
    return primary is not None and primary not in MOVEMENTS and transaction.pfc_confidence in CLEAR


def _from_own_account(transaction: Transaction, *, moved: bool) -> bool:
    if transaction.pfc_primary not in MOVEMENTS:
        return moved
    return transaction.pfc_primary == "LOAN_PAYMENTS" or transaction.pfc_detailed in OWN


def pairs(halves: Iterable[Half]) -> dict[int, Transaction]:
    """Return each paired transaction's other half, by its id: the same for every order of the halves.

    Pairs are made greedily: first those of which both halves look like a movement, then those nearest in days, then
    by Plaid's ids. So who stays alone has no influence, and only halves of one amount and currency have any.
    """
    groups = defaultdict[Size, list[Half]](list)
    for half in halves:
        groups[_size(half.transaction)].append(half)
    found: dict[int, Transaction] = {}
    for group in groups.values():
        for _, left, came in sorted(_possible(group), key=lambda pair: pair[0]):
            if left.transaction.id not in found and came.transaction.id not in found:
                found[left.transaction.id] = came.transaction
                found[came.transaction.id] = left.transaction
    return found


def _possible(group: Iterable[Half]) -> Iterator[tuple[tuple[bool, int, str, str], Half, Half]]:
    """Yield the pairs that may be, each with its place in the order."""
    outs, ins = list[Half](), list[Half]()
    for half in group:
        (ins if half.transaction.money_in else outs).append(half)
    for left in outs:
        for came in ins:
            days = abs((left.transaction.date - came.transaction.date).days)
            if (
                days <= MOST_DAYS
                and left.transaction.account_id != came.transaction.account_id
                and plausible(left, came)
            ):
                unclear = Look.UNCLEAR in (left.look, came.look)
                yield (unclear, days, left.key, came.key), left, came


def plausible(left: Half, came: Half) -> bool:
    """Return whether money that left one account can be what came into another, by what both look like."""
    if Look.OTHER in (left.look, came.look):
        return False
    return left.look is not Look.UNCLEAR or came.look is Look.OWN


def meeting(known: Iterable[Standing]) -> list[Standing]:
    """Return those that can be halves and meet one: the same size left one account and came into another."""
    moved = defaultdict[Size, tuple[list[Standing], list[Standing]]](lambda: ([], []))
    for one in known:
        if may_be_half(one.transaction):
            moved[_size(one.transaction)][one.transaction.money_in].append(one)
    return [one for outs, ins in moved.values() if outs and ins for one in (*outs, *ins)]
