"""Items: one user's login at one bank, as Plaid keeps it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum

from plaid_sandbox.bank.accounts import Account
from plaid_sandbox.bank.ledger import Ledger
from plaid_sandbox.bank.login import Login
from plaid_sandbox.bank.transactions import Transaction
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.institutions import PRODUCTS, Institution

INITIAL_DAYS = 30
DEFAULT_DAYS = 90


class Stage(IntEnum):
    """How much of the bank's history Plaid has read."""

    NOT_READY = 0
    INITIAL_UPDATE_COMPLETE = 1
    HISTORICAL_UPDATE_COMPLETE = 2


@dataclass(slots=True)
class InjectedError:
    """An error that the next `calls` calls answer, at one endpoint or at all."""

    error: PlaidError
    calls: int
    path: str | None = None


@dataclass(slots=True)
class Item:
    """One Item. `armed` says that sync was called once: before that no SYNC_UPDATES_AVAILABLE fires."""

    item_id: str
    access_token: str
    institution: Institution
    login: Login
    ledger: Ledger
    account_ids: set[str]
    created_at: datetime
    products: list[str]
    days_requested: int | None
    webhook: str | None
    stage: Stage = Stage.NOT_READY
    started: bool = False
    armed: bool = False
    error: PlaidError | None = None
    refreshes: int = 0
    last_successful_update: datetime | None = None
    last_failed_update: datetime | None = None
    last_webhook: tuple[datetime, str] | None = None
    repaired_at: datetime | None = None
    removed: bool = False
    injected: list[InjectedError] = field(default_factory=list)
    mutations_due: int = 0

    @property
    def username(self) -> str:
        """The user name that logged in."""
        return self.login.profile.username

    @property
    def accounts(self) -> list[Account]:
        """The accounts that the user shared, in the bank's order."""
        return [account for account in self.ledger.accounts.values() if account.account_id in self.account_ids]

    @property
    def slots(self) -> dict[str, Account]:
        """The shared accounts by their place in the user's profile."""
        return {account.slot: account for account in self.accounts}

    @property
    def consent_expires_at(self) -> datetime | None:
        """When the user's consent ends, at banks where it does."""
        if self.institution.consent_days is None:
            return None
        return (self.repaired_at or self.created_at) + timedelta(days=self.institution.consent_days)

    def shows(self, row: Transaction, stage: Stage, today: date) -> bool:
        """Whether this stage of the Item includes the row: its account is shared and its day asked for and come."""
        if stage == Stage.NOT_READY:
            return False
        wanted = self.days_requested or DEFAULT_DAYS
        days = min(INITIAL_DAYS, wanted) if stage == Stage.INITIAL_UPDATE_COMPLETE else wanted
        oldest = self.created_at.date() - timedelta(days=days - 1)
        return oldest <= row.date <= today and row.account_id in self.account_ids

    def fault_for(self, path: str) -> PlaidError | None:
        """Return the error that was injected for this call, and count the call."""
        for fault in self.injected:
            if fault.path in {None, path} and fault.calls > 0:
                fault.calls -= 1
                return fault.error
        return None

    def selected(self, account_ids: Collection[str] | None) -> list[Account]:
        """Return the accounts of these ids, all when none are named, or raise INVALID_ACCOUNT_ID."""
        if account_ids is None:
            return self.accounts
        if not self.account_ids.issuperset(account_ids):
            raise PlaidError("INVALID_ACCOUNT_ID")
        return [account for account in self.accounts if account.account_id in account_ids]

    def fields(self) -> dict[str, object]:
        """Return Plaid's Item."""
        return {
            "available_products": [name for name in PRODUCTS if name not in self.products],
            "auth_method": None,
            "billed_products": self.products,
            "consent_expiration_time": instant(self.consent_expires_at),
            "consented_data_scopes": ["account_balance_info", "transactions"],
            "consented_products": self.products,
            "consented_use_cases": [],
            "created_at": instant(self.created_at),
            "error": self.error.fields() if self.error else None,
            "institution_id": self.institution.institution_id,
            "institution_name": self.institution.name,
            "item_id": self.item_id,
            "products": self.products,
            "update_type": "background",
            "webhook": self.webhook,
        }

    def status(self) -> dict[str, object]:
        """Return Plaid's ItemStatus."""
        sent_at, code = self.last_webhook or (None, None)
        return {
            "investments": None,
            "last_webhook": {"code_sent": code, "sent_at": instant(sent_at)} if code else None,
            "transactions": {
                "last_failed_update": instant(self.last_failed_update),
                "last_successful_update": instant(self.last_successful_update),
            },
        }


def instant(moment: datetime | None) -> str | None:
    """Return a moment in ISO 8601, UTC, as Plaid writes it."""
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
