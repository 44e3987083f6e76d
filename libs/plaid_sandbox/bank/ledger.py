"""A bank login's transactions and the log of their changes, in the order Plaid saw them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice

from plaid_sandbox.bank.accounts import Account, Balance
from plaid_sandbox.bank.balances import Balances
from plaid_sandbox.bank.transactions import Transaction


@dataclass(slots=True)
class Entry:
    """A transaction's last state, and by version whether it stood after each of its changes.

    `version` is that of its last change, `stands` whether the bank shows it today. `echoed`: the version at which its
    removal was told to all, also to those who do not know it.
    """

    transaction: Transaction
    changes: list[tuple[int, bool]] = field(default_factory=list)
    version: int = 0
    stands: bool = False
    echoed: int = 0

    def change(self, transaction: Transaction, version: int, *, stands: bool) -> None:
        """Let it be this from this version on."""
        self.transaction, self.version, self.stands = transaction, version, stands
        self.changes.append((version, stands))

    def stood_at(self, version: int, since: int = 0) -> bool:
        """Whether a reader who saw all changes after `since` up to `version` knows it as standing."""
        for changed, stands in reversed(self.changes):
            if changed <= version:
                return stands and changed > since
        return False


class Ledger:
    """The truth about one login. A version is the length of the log, so it grows by one with every change."""

    def __init__(self, accounts: Iterable[Account], history: Iterable[Transaction]) -> None:
        self.accounts = {account.account_id: account for account in accounts}
        self._unread = sorted(history, key=lambda transaction: transaction.date)
        self._entries: dict[str, Entry] = {}
        self._log: list[str] = []
        self._pending: dict[str, Transaction] = {}
        self._balances = Balances()

    @property
    def version(self) -> int:
        """The version after the latest change."""
        return len(self._log)

    def changed_since(self, version: int) -> Iterator[Entry]:
        """Yield what changed after this version, once each, least recently changed first."""
        for index in range(version, len(self._log)):
            entry = self._entries[self._log[index]]
            if entry.version == index + 1:
                yield entry

    def standing(self) -> Iterator[Transaction]:
        """Yield every transaction that Plaid has read and the bank still shows."""
        return (entry.transaction for entry in self._entries.values() if entry.stands)

    def pending(self) -> list[Transaction]:
        """Return the standing transactions that have not posted yet, oldest first."""
        return sorted(self._pending.values(), key=lambda transaction: transaction.date)

    def find(self, transaction_id: str) -> Transaction | None:
        """Return the standing transaction of this id."""
        entry = self._entries.get(transaction_id)
        return entry.transaction if entry and entry.stands else None

    def read(self, wanted: Callable[[Transaction], bool]) -> int:
        """Let Plaid read the wanted part of the history, oldest first; return how many rows that was."""
        unread, self._unread = self._unread, []
        before = self.version
        for transaction in unread:
            if wanted(transaction):
                self._record(transaction, stands=True)
            else:
                self._unread.append(transaction)
        return self.version - before

    def put(self, transactions: Iterable[Transaction]) -> None:
        """Add transactions, or replace those whose id stands already; an equal replacement is a change too."""
        for transaction in transactions:
            before = self.find(transaction.transaction_id)
            self._move(transaction, before)
            self._record(transaction, stands=True)

    def remove(self, transaction_ids: Iterable[str]) -> None:
        """Withdraw standing transactions; unknown ids are ignored."""
        for transaction_id in transaction_ids:
            if (gone := self.find(transaction_id)) is not None:
                self._move(None, gone)
                self._record(gone, stands=False)

    def was_withdrawn(self, transaction_id: str) -> bool:
        """Whether the bank showed this once on an account that it still knows, and does no more."""
        entry = self._entries.get(transaction_id)
        return entry is not None and not entry.stands and entry.transaction.account_id in self.accounts

    def restore(self, transaction_ids: Iterable[str]) -> None:
        """Let withdrawn transactions stand again under their old ids; others are ignored."""
        gone = [transaction_id for transaction_id in transaction_ids if self.was_withdrawn(transaction_id)]
        self.put([self._entries[transaction_id].transaction for transaction_id in gone])

    def echo_removal(self, transaction: Transaction) -> None:
        """Tell a removal that nobody needs: of a transaction withdrawn before, or of this one that never stood."""
        entry = self._entries.get(transaction.transaction_id)
        self._record(entry.transaction if entry else transaction, stands=False)
        self._entries[transaction.transaction_id].echoed = self.version

    def balance(self, account_id: str) -> Balance:
        """Return the balance: the opening one plus what moved since Plaid's first look."""
        return self._balances.of(self.accounts[account_id], self._held(account_id))

    def set_balance(self, account_id: str, wanted: Mapping[str, Decimal | None]) -> None:
        """Let `current`, `available` or both be this now, without any transaction; None hides it."""
        self._balances.set(self.accounts[account_id], self._held(account_id), wanted)

    def open(self, account: Account) -> None:
        """Add an account on which nothing has happened yet."""
        self.accounts[account.account_id] = account

    def churn(self, account_id: str, successor: Account, fresh_id: Callable[[str], str]) -> None:
        """Go on under another account id: what stands is withdrawn and comes again under other ids, as it was."""
        rows = [row for row in self.standing() if row.account_id == account_id]
        known = (successor if one.account_id == account_id else one for one in self.accounts.values())
        self.accounts = {account.account_id: account for account in known}
        self._balances.hand_over(account_id, successor.account_id)
        self._unread = [
            replace(row, account_id=successor.account_id) if row.account_id == account_id else row
            for row in self._unread
        ]
        for row in rows:
            self._record(row, stands=False)
        for row in rows:
            fresh = replace(row, transaction_id=fresh_id(row.transaction_id), account_id=successor.account_id)
            self._record(replace(fresh, pending_transaction_id=None, oddity=None), stands=True)

    def latest(self, count: int) -> list[Transaction]:
        """Return up to `count` standing posted rows, the most recently changed first."""
        recent = (self._entries[transaction_id] for transaction_id in reversed(self._log))
        posted = (entry.transaction for entry in recent if entry.stands and not entry.transaction.pending)
        return list(islice(dict.fromkeys(posted), count))

    def _record(self, transaction: Transaction, *, stands: bool) -> None:
        entry = self._entries.setdefault(transaction.transaction_id, Entry(transaction))
        self._log.append(transaction.transaction_id)
        entry.change(transaction, len(self._log), stands=stands)
        if stands and transaction.pending:
            self._pending[transaction.transaction_id] = transaction
        else:
            self._pending.pop(transaction.transaction_id, None)

    def _move(self, after: Transaction | None, before: Transaction | None) -> None:
        for row, sign in ((after, 1), (before, -1)):
            if row is not None and not row.pending:
                self._balances.move(row.account_id, sign * row.amount)

    def _held(self, account_id: str) -> Decimal:
        return sum((row.amount for row in self._pending.values() if row.account_id == account_id), Decimal(0))
