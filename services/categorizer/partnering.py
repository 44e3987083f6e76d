"""Finds the partners of a message's transactions, and those whose partners are no longer what they know."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from categorizer.domain.merchant import Merchant
from categorizer.domain.partners import Counterpart, Partners
from categorizer.domain.plan import Desk, Expense, Known, Posting
from categorizer.domain.refunds import Spending, may_take, refunded
from categorizer.domain.transaction import Transaction
from categorizer.domain.transfers import currency, may_be_half, meeting, pairs
from categorizer.store import expenses, partners, transactions
from categorizer.store.partners import Refund
from categorizer.store.transactions import Mark

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
    marks: list[Mark] = field(default_factory=list)
    others: list[Address] = field(default_factory=list)

    async def settle(self, known: Sequence[Known]) -> None:
        """Post what has no partners whatever happens, then purchases and all else, then what gives purchases back.

        The first needs no claim, and is most of a first import: the work of several messages goes on beside. A refund
        that another message decides meanwhile is looked for behind the claim, when either sees the other.
        """
        alone = [one for one in known if not may_be_half(one.transaction) and not self.desk.refunds(one)]
        await self._post(alone)
        if await partners.claim(self.session, self.user_id):
            known = await self._paired(known)
        rest = [one for one in known if not self.desk.refunds(one)]
        posted = {one.transaction.id for one in alone}
        await self._post([one for one in rest if one.transaction.id not in posted])
        await self._post(await self._linked(rest, [one for one in known if self.desk.refunds(one)]))

    async def _post(self, known: Sequence[Known]) -> None:
        """Write their expenses, and into the transactions what they do not know yet."""
        postings = self.desk.postings(known)
        self.postings += postings
        self.expense_ids |= await expenses.post(self.session, self.user_id, self.desk.version, postings)
        marks = [mark for one in known if (mark := self._mark(one))]
        self.marks += marks
        await transactions.mark(self.session, marks)

    def _mark(self, one: Known) -> Mark | None:
        id_, links = one.transaction.id, one.partners.links
        expense_id = self.expense_ids.get(id_, one.expense.id if one.expense else None)
        if (one.decided_version, one.linked_expense_id, one.links) == (one.version, expense_id, links):
            return None
        return Mark(id_, one.version, expense_id, links)

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

    async def _linked(self, rest: Sequence[Known], returned: Sequence[Known]) -> list[Known]:
        """Return the refunds with their purchases, and find others that may have another purchase than they know."""
        mine = [spending for one in returned if (spending := _spending(one, self.desk.merchant(one)))]
        lost = _names(one.expense for one in (*rest, *returned) if one.links.purchase_id is not None)
        merchants = {one.merchant for one in mine} | lost | self._touched(rest)
        named = [one.transaction.id for one in (*rest, *returned)]
        theirs = await partners.refunds(self.session, self.user_id, merchants, but=named)
        settled = [(one.spending, one.purchase_id) for one in theirs]
        found = refunded(mine, await partners.purchases(self.session, self.user_id, mine), settled)
        linked = [one._replace(partners=Partners(purchase=found.get(one.transaction.id))) for one in returned]
        moved = [
            one for one in (*rest, *linked) if one.links != one.partners.links or one.decided_version < one.version
        ]
        freed = _names(one.expense for one in moved if one.links.purchase_id is not None)
        taken = {one.partners.links.purchase_id for one in moved} - {None}
        offers = self._offers(rest)
        for one in theirs:
            if one.spending.merchant in freed or one.purchase_id in taken or self._concerned(one, offers):
                self.others.append((one.integration_id, one.spending.transaction_id))
        return linked

    def _touched(self, rest: Iterable[Known]) -> set[str]:
        """Return the merchants whose purchases are not what they were, by their old and new names."""
        posted = {posting.draft.transaction_id for posting in self.postings}
        before = _names(one.expense for one in rest if one.transaction.id in posted)
        return before | {name for posting in self.postings if (name := posting.draft.merchant.surest)}

    def _offers(self, rest: Iterable[Known]) -> dict[str, list[Spending]]:
        """Return the purchases that are new or other than they were, by merchant."""
        posted = {posting.draft.transaction_id for posting in self.postings if not posting.withdrawn}
        offers: dict[str, list[Spending]] = {}
        for one in rest:
            if one.transaction.id in posted and (spending := _spending(one, self.desk.merchant(one))):
                offers.setdefault(spending.merchant, []).append(spending)
        return offers

    def _concerned(self, refund: Refund, offers: Mapping[str, Sequence[Spending]]) -> bool:
        """Return whether the refund's purchase has changed, or one that has changed may be it."""
        if refund.purchase_id in self.expense_ids:
            return True
        offered = offers.get(refund.spending.merchant, ())
        return any(may_take(refund.spending, one, refund.purchase) for one in offered)


def _beside(known: Known, other: Transaction | None) -> Known:
    if other is None:
        return known
    return known._replace(partners=Partners(Counterpart(other.id, other.account, other.date)))


def _names(stood: Iterable[Expense | None]) -> set[str]:
    """Return the merchants as these expenses know them."""
    return {name for one in stood if one and (name := one.draft.merchant.surest)}


def _spending(known: Known, merchant: Merchant) -> Spending | None:
    """Return the refund, or the purchase, as the other is looked for; None where it is nobody's."""
    one, name = known.transaction, merchant.surest
    day = one.authorized_date or one.date
    return Spending(known.key, one.id, one.account_id, name, currency(one), one.amount, day) if name else None
