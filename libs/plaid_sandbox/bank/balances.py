"""What stands in the accounts: the opening balance, what moved since, and what the bank set by hand."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from plaid_sandbox.bank.accounts import Account, Balance

_NOTHING = Decimal(0)


class Balances:
    """One login's balances. A balance that was set goes on moving from there; one that was hidden stays unknown."""

    def __init__(self) -> None:
        self._moved: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._shifts: defaultdict[str, dict[str, Decimal | None]] = defaultdict(dict)

    def move(self, account_id: str, amount: Decimal) -> None:
        """Note that so much left the account."""
        self._moved[account_id] += amount

    def of(self, account: Account, held: Decimal) -> Balance:
        """Return the balance while so much is pending."""
        spent = self._moved[account.account_id]
        current = account.opening + (spent if account.owes else -spent)
        available: Decimal | None = current - held
        if account.owes:
            available = None if account.limit is None else account.limit - current - held
        told = self._shifts.get(account.account_id, {})
        return Balance(
            _shifted(current, told.get("current", _NOTHING)),
            _shifted(available, told.get("available", _NOTHING)),
            account.limit if account.owes else None,
        )

    def set(self, account: Account, held: Decimal, wanted: Mapping[str, Decimal | None]) -> None:
        """Let `current`, `available` or both be this now; None hides it, and what is left out stays as it is."""
        shifts = self._shifts[account.account_id]
        for name, goal in wanted.items():
            shifts.pop(name, None)
            natural: Decimal | None = getattr(self.of(account, held), name)
            shifts[name] = None if goal is None else goal - (natural or _NOTHING)

    def hand_over(self, account_id: str, successor_id: str) -> None:
        """Let another account id go on with this balance."""
        self._moved[successor_id] = self._moved.pop(account_id, _NOTHING)
        self._shifts[successor_id] = self._shifts.pop(account_id, {})


def _shifted(natural: Decimal | None, shift: Decimal | None) -> Decimal | None:
    if shift is None or (natural is None and not shift):
        return None
    return (natural or _NOTHING) + shift
