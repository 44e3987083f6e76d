"""Which purchase a refund gives back."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from categorizer.domain.partners import Purchase

MOST_DAYS = 180
"""From a purchase to its refund."""


class Spending(NamedTuple):
    """A purchase or a refund of a merchant's, as its expense stands; `key` is Plaid's id of the transaction."""

    key: str
    transaction_id: int
    account_id: int
    merchant: str
    currency: str | None
    amount: Decimal
    date: date


class Bought(NamedTuple):
    """A purchase, and what its refunds take over from it: its merchant as people know it, and its category."""

    spending: Spending
    merchant: str
    category: str
    confidence: Decimal
    asks: bool = False
    alternatives: Sequence[str] = ()

    @property
    def purchase(self) -> Purchase:
        """The purchase as a decision about its refund needs it."""
        id_, amount, date = self.spending.transaction_id, self.spending.amount, self.spending.date
        also = tuple(self.alternatives)
        return Purchase(id_, self.merchant, amount, date, self.category, self.confidence, self.asks, also)


def refunded(
    refunds: Iterable[Spending], bought: Iterable[Bought], others: Sequence[tuple[Spending, int | None]] = ()
) -> dict[int, Purchase]:
    """Return the purchase of each refund for which there is one, by the refund's transaction.

    Earlier refunds choose first, so that a later one changes nothing: the exact amount before a part, the same account
    before another, the newest before older ones. Nothing is given back beyond what was paid. Ties are broken by
    Plaid's ids: the same for every order of arrival. `others` keep the purchase that they know, by its transaction: so
    only what comes after a refund depends on it.
    """
    offers: dict[tuple[str, str | None], list[Bought]] = {}
    for one in bought:
        offers.setdefault((one.spending.merchant, one.spending.currency), []).append(one)
    left = {one.spending.transaction_id: one.spending.amount for offer in offers.values() for one in offer}
    found: dict[int, Purchase] = {}
    settled = {one.transaction_id: purchase_id for one, purchase_id in others}
    for refund in sorted([*refunds, *(one for one, _ in others)], key=earliest):
        if refund.transaction_id in settled:
            if (known := settled[refund.transaction_id]) in left:
                left[known] += refund.amount
            continue
        offer = offers.get((refund.merchant, refund.currency), ()) if refund.currency else ()
        fitting = [one for one in offer if _fits(refund, one.spending, left[one.spending.transaction_id])]
        if fitting:
            best = min(fitting, key=lambda one: _preference(refund, one.spending))
            left[best.spending.transaction_id] += refund.amount
            found[refund.transaction_id] = best.purchase
    return found


def earliest(refund: Spending) -> tuple[date, str]:
    """The order in which refunds choose."""
    return refund.date, refund.key


def may_take(refund: Spending, offer: Spending, present: Spending | None) -> bool:
    """Return whether a purchase that is new, or changed, may be the refund's rather than the one that it has."""
    if offer.currency != refund.currency or not _fits(refund, offer, offer.amount):
        return False
    return present is None or _preference(refund, offer) < _preference(refund, present)


def _fits(refund: Spending, purchase: Spending, left: Decimal) -> bool:
    return 0 <= (refund.date - purchase.date).days <= MOST_DAYS and -refund.amount <= left


def _preference(refund: Spending, purchase: Spending) -> tuple[bool, bool, int, str]:
    days = (refund.date - purchase.date).days
    return purchase.amount != -refund.amount, purchase.account_id != refund.account_id, days, purchase.key
