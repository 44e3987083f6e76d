"""The banks of the sandbox (https://plaid.com/docs/sandbox/institutions)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from plaid_sandbox.errors import PlaidError

PRODUCTS = ("assets", "auth", "balance", "identity", "signal", "transactions")


@dataclass(frozen=True, slots=True)
class Institution:
    """One bank; `login_error` is the Plaid code that every login fails with, if its logins fail.

    `persistent_accounts`: its accounts carry a `persistent_account_id`, as Chase's do.
    """

    institution_id: str
    name: str
    primary_color: str
    url: str
    routing_numbers: tuple[str, ...] = ()
    oauth: bool = False
    login_error: str | None = None
    country_codes: tuple[str, ...] = ("US",)
    consent_days: int | None = None
    persistent_accounts: bool = False

    def fields(self, *, metadata: bool, status: bool) -> dict[str, object]:
        """Return Plaid's Institution."""
        fields: dict[str, object] = {
            "connection_availability": "SUPPORTED",
            "country_codes": list(self.country_codes),
            "dtc_numbers": [],
            "institution_id": self.institution_id,
            "name": self.name,
            "oauth": self.oauth,
            "products": list(PRODUCTS),
            "routing_numbers": list(self.routing_numbers),
        }
        if metadata:
            fields |= {"logo": None, "primary_color": self.primary_color, "url": self.url}
        return fields | {"status": self._status()} if status else fields

    def _status(self) -> dict[str, object]:
        down = self.login_error is not None
        health = {
            "breakdown": {
                "error_institution": 1.0 if down else 0.0,
                "error_plaid": 0.0,
                "success": 0.0 if down else 1.0,
            },
            "last_status_change": "2026-01-05T09:00:00Z",
            "status": "DOWN" if down else "HEALTHY",
        }
        return {"item_logins": health, "transactions_updates": health}


_ALL = (
    Institution("ins_109508", "First Platypus Bank", "#1f4e79", "https://www.plaid.com", ("011000138",)),
    Institution("ins_109509", "First Gingham Credit Union", "#9c2c3c", "https://www.plaid.com"),
    Institution("ins_109510", "Tattersall Federal Credit Union", "#6a4c93", "https://www.plaid.com"),
    Institution(
        "ins_109511", "Tartan Bank", "#1b6b4a", "https://www.plaid.com", ("021000021",), persistent_accounts=True
    ),
    Institution("ins_109512", "Houndstooth Bank", "#333333", "https://www.plaid.com", ("110000000",)),
    Institution("ins_127287", "Platypus OAuth Bank", "#c55a11", "https://www.plaid.com", oauth=True, consent_days=365),
    Institution(
        "ins_132361",
        "Unhealthy Platypus Bank - Down",
        "#7f7f7f",
        "https://www.plaid.com",
        login_error="INSTITUTION_DOWN",
    ),
    Institution("ins_132363", "Unhealthy Platypus Bank - Degraded", "#a6a6a6", "https://www.plaid.com"),
    Institution(
        "ins_133402",
        "Unsupported Platypus Bank",
        "#bfbfbf",
        "https://www.plaid.com",
        login_error="INSTITUTION_NO_LONGER_SUPPORTED",
    ),
)
INSTITUTIONS: Mapping[str, Institution] = MappingProxyType({one.institution_id: one for one in _ALL})


def find(institution_id: str) -> Institution:
    """Return the institution or raise INVALID_INSTITUTION."""
    try:
        return INSTITUTIONS[institution_id]
    except KeyError:
        raise PlaidError("INVALID_INSTITUTION") from None


def within(country_codes: Iterable[str]) -> list[Institution]:
    """Return the institutions of these countries, in catalogue order."""
    wanted = set(country_codes)
    return [one for one in _ALL if wanted.intersection(one.country_codes)]
