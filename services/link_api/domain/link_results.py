"""What /link/token/get says came of a Link session: the only proof of who a public token belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """What tells one account from another before the exchange; Plaid's ids differ from link to link."""

    mask: str | None
    kind: str | None
    name: str

    @classmethod
    def of(cls, mask: str | None, subtype: str | None, type_: str | None, name: str | None) -> "Look":
        """Return the look, letter case aside."""
        return cls(mask, subtype or type_, (name or "").strip().casefold())


@dataclass(frozen=True, slots=True)
class LinkedItem:
    """An item that a Link session added; not ours before its public token is exchanged."""

    institution_id: str | None
    institution_name: str | None
    accounts: frozenset[Look]


def find(answer: Json, public_token: str) -> LinkedItem | None:
    """Return the item that this public token stands for in the sessions of a link token, or None."""
    return next((_item(added) for added in _added(answer) if added.get("public_token") == public_token), None)


def _added(answer: Json) -> Iterator[Json]:
    """Yield every added item, in today's form and in the older `on_success`."""
    for session in answer.get("link_sessions") or ():
        yield from (session.get("results") or {}).get("item_add_results") or ()
        if old := session.get("on_success"):
            yield {"public_token": old.get("public_token"), **(old.get("metadata") or {})}


def _item(added: Json) -> LinkedItem:
    institution = added.get("institution") or {}
    accounts = added.get("accounts") or ()
    return LinkedItem(
        institution.get("institution_id"),
        institution.get("name"),
        frozenset(Look.of(a.get("mask"), a.get("subtype"), a.get("type"), a.get("name")) for a in accounts),
    )
