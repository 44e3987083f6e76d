"""Finds the partners of a message's transactions, and those whose partners are no longer what they know."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.ext.asyncio import AsyncSession

from categorizer.domain.merchant import Merchant
from categorizer.domain.partners import Counterpart, Links, Partners, Purchase
from categorizer.domain.plan import Desk, Known, Posting
from categorizer.domain.refunds import Spending, refunded
from categorizer.domain.transaction import Transaction
from categorizer.domain.transfers import currency, meeting, pairs
from categorizer.store import expenses, partners
from categorizer.store.partners import Refund

Address = tuple[int, int]
"""Of a transaction: its integration's id, and its own."""


@dataclass(slots=True)
class Settlement:
    """Posts what a message's locked transactions of a user come to with their partners.

    No other transaction is written: those whose links are not what they must be are `others`, to be decided anew.
    """

    session: AsyncSession
    user_id: int
    desk: Desk
    postings: list[Posting] = field(default_factory=list)
    expense_ids: dict[int, int] = field(default_factory=dict)
    links: dict[int, Links] = field(default_factory=dict)
    others: list[Address] = field(default_factory=list)

    async def settle(self, known: Sequence[Known]) -> None:
        """Post purchases and all else first, then what gives purchases back."""
        if await partners.claim(self.session, self.user_id):
            known = await self._paired(known)
        rest = [one for one in known if not self.desk.refunds(one)]
        await self._post(rest)
        linked = await self._linked(rest, [one for one in known if self.desk.refunds(one)])
        await self._post(linked)
        self.links = {one.transaction.id: one.partners.links for one in (*rest, *linked)}

    async def _post(self, known: Iterable[Known]) -> None:
        postings = self.desk.postings(known)
        self.postings += postings
        self.expense_ids |= await expenses.post(self.session, self.user_id, postings)

    async def _paired(self, known: Sequence[Known]) -> list[Known]:
        """Return the transactions with the other halves that are found for them."""
        others = await partners.halves(self.session, self.user_id, known)
        found = pairs([self.desk.half(one) for one in meeting((*known, *others))])
        for one in others:
            other = found.get(one.transaction.id)
            # What is not decided yet has a message of its own that is still to come.
            if one.links.counterpart_id != (other.id if other else None) and one.decided_version >= one.version:
                self.others.append((one.integration_id, one.transaction.id))
        return [_beside(one, found.get(one.transaction.id)) for one in known]

    async def _linked(self, rest: Iterable[Known], returned: Sequence[Known]) -> list[Known]:
        """Return the refunds with their purchases, and find others that have another purchase than they know."""
        mine = [spending for one in returned if (spending := _spending(one, self.desk.merchant(one)))]
        merchants = {one.merchant for one in mine} | self._touched([*rest, *returned])
        named = [one.transaction.id for one in (*rest, *returned)]
        theirs = await partners.refunds(self.session, self.user_id, merchants, but=named)
        refunds = [*mine, *(one.spending for one in theirs)]
        found = refunded(refunds, await partners.purchases(self.session, self.user_id, refunds))
        changed = {posting.draft.transaction_id for posting in self.postings if posting.outcome != "unseen"}
        stale = [one for one in theirs if _differs(one, found.get(one.spending.transaction_id), changed)]
        self.others += [(one.integration_id, one.spending.transaction_id) for one in stale]
        return [replace(one, partners=Partners(purchase=found.get(one.transaction.id))) for one in returned]

    def _touched(self, known: Iterable[Known]) -> set[str]:
        """Return the merchants whose purchases or refunds are not what they were, by their old and new names."""
        posted = {posting.draft.transaction_id for posting in self.postings}
        moved = [one for one in known if one.transaction.id in posted or one.links.purchase_id is not None]
        before = [one.expense.draft.merchant for one in moved if one.expense]
        names = {merchant.surest for merchant in (*before, *(posting.draft.merchant for posting in self.postings))}
        return {name for name in names if name}


def _beside(known: Known, other: Transaction | None) -> Known:
    if other is None:
        return known
    return replace(known, partners=Partners(Counterpart(other.id, other.account, other.date)))


def _differs(refund: Refund, purchase: Purchase | None, changed: set[int]) -> bool:
    """Return whether the refund has another purchase than it knows, or one that has changed."""
    if purchase is None:
        return refund.purchase_id is not None
    return purchase.transaction_id != refund.purchase_id or purchase.transaction_id in changed


def _spending(known: Known, merchant: Merchant) -> Spending | None:
    """Return the refund as its purchase is looked for; None where it is nobody's."""
    one, name = known.transaction, merchant.surest
    day = one.authorized_date or one.date
    return Spending(known.key, one.id, one.account_id, name, currency(one), one.amount, day) if name else None
