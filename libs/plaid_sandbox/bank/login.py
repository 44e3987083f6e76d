"""One customer's login at one bank: which accounts open, and the seed of everything that happens on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from plaid_sandbox.bank.accounts import Account, Currency
from plaid_sandbox.bank.plans import AccountPlan, Profile
from plaid_sandbox.identifiers import Mint


@dataclass(frozen=True, slots=True)
class Login:
    """The same user at the same bank sees the same money; `number` keeps the ids of two Items apart.

    `persistent`: the bank gives each account that holds money an id which all Items share.
    """

    mint: Mint
    institution_id: str
    profile: Profile
    number: int
    persistent: bool = False

    def draw(self, *words: object) -> Random:
        """Return the dice for these words; they fall the same way every time."""
        return Random(self.mint.identifier(self.institution_id, self.profile.username, *words))  # noqa: S311 - a play

    def identifier(self, *words: object) -> str:
        """Return an id that no other Item has, not even one of the same user at the same bank."""
        return self.mint.identifier(self.number, *words)

    def open_accounts(self) -> Mapping[str, Account]:
        """Return the accounts by slot. Masks belong to the user and the bank, ids to the Item."""
        return {plan.slot: self._account(plan) for plan in self.profile.accounts}

    def _account(self, plan: AccountPlan) -> Account:
        return Account(
            account_id=self.identifier("account", plan.slot),
            slot=plan.slot,
            name=plan.name,
            official_name=plan.official_name,
            mask=f"{self.draw('mask', plan.slot).randrange(10_000):04}",
            type=plan.type,
            subtype=plan.subtype,
            currency=Currency(plan.iso, plan.unofficial),
            opening=plan.opening,
            limit=plan.limit,
            holder=plan.holder,
            persistent_id=self._persistent_id(plan),
        )

    def _persistent_id(self, plan: AccountPlan) -> str | None:
        if not self.persistent or plan.type != "depository":
            return None
        return self.mint.identifier("persistent", self.institution_id, self.profile.username, plan.slot)
