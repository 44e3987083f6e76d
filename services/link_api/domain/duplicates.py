"""Whether a bank is linked already, told before anything is exchanged or billed."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from link_api.domain.link_results import Look


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account that the user has linked at the same institution, by each of its names."""

    integration_id: int
    looks: AbstractSet[Look]


def duplicate_of(accounts: AbstractSet[Look], known: Iterable[KnownAccount]) -> int | None:
    """Return the integration that holds one of these accounts already, or None. A hint: looks are not unique."""
    return next((account.integration_id for account in known if account.looks & accounts), None)
