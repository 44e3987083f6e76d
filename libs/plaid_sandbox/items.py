"""Items: one user's login at one bank, as Plaid keeps it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from plaid_sandbox.book import Book
from plaid_sandbox.changes import Change
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.institutions import PRODUCTS, Institution


@dataclass(slots=True)
class Item:
    """One Item. `armed` says that sync was called once: before that no SYNC_UPDATES_AVAILABLE fires."""

    item_id: str
    access_token: str
    institution: Institution
    book: Book
    created_at: datetime
    products: list[str]
    webhook: str | None
    changes: list[Change] = field(default_factory=list)
    started: bool = False
    armed: bool = False
    removed: bool = False
    error: PlaidError | None = None
    repaired_at: datetime | None = None
    last_successful_update: datetime | None = None
    last_failed_update: datetime | None = None
    last_webhook: tuple[datetime, str] | None = None
    consent_ends_at: datetime | None = None
    disconnects_at: datetime | None = None
    mutations_due: int = 0
    refreshes_due: int = 0

    @property
    def username(self) -> str:
        """The user name that logged in."""
        return self.book.login.profile.username

    @property
    def consent_expires_at(self) -> datetime | None:
        """When the user's consent ends, at banks where it does or where that was ordered."""
        if self.consent_ends_at or self.institution.consent_days is None:
            return self.consent_ends_at
        return (self.repaired_at or self.created_at) + timedelta(days=self.institution.consent_days)

    def change(self, change: Change) -> None:
        """Let this happen to the Item's data, and remember it."""
        change.apply(self.book)
        self.changes.append(change)

    def repair(self, now: datetime) -> None:
        """Heal the Item: its user was here, so nothing is wrong or about to end."""
        self.error = self.consent_ends_at = self.disconnects_at = None
        self.repaired_at = now

    def outlived(self, now: datetime, lifetime: timedelta) -> PlaidError | None:
        """Return the error of an Item that is older than Items live, or whose end was announced and has come."""
        if self.consent_expires_at and self.consent_expires_at <= now:
            return PlaidError("ITEM_LOGIN_REQUIRED", reason="OAUTH_CONSENT_EXPIRED")
        ends = (self.repaired_at or self.created_at) + lifetime
        return PlaidError("ITEM_LOGIN_REQUIRED") if min(ends, self.disconnects_at or ends) <= now else None

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
            "error": self.error.fields_of_item() if self.error else None,
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
