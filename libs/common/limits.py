"""Plaid's rate limits as data (https://plaid.com/docs/errors/rate-limit-exceeded), and how an operator changes them.

    /transactions/sync=item:50/min client:2500/min start:500/min, /item/get=item:off, /item/remove=off, *=off

One entry per path, `*` for every path that Plaid limits, later entries win. An entry replaces the scopes that it names:
`item` (each item), `client` (all calls), `start` (all syncs without a cursor). Windows: sec, min, hour, day.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Scope(StrEnum):
    """Whose calls are counted together."""

    ITEM = "item"
    CLIENT = "client"
    START = "start"
    """The client's syncs without a cursor."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many calls in any window of so many seconds."""

    scope: Scope
    calls: int
    seconds: float


Limits = Mapping[str, tuple[Limit, ...]]
"""By Plaid's path; what is not named has no limit."""

WINDOWS = {"sec": 1, "min": 60, "hour": 3_600, "day": 86_400}
WORD = re.compile(rf"({'|'.join(Scope)}):(?:off|([1-9][0-9]{{0,8}})/({'|'.join(WINDOWS)}))")
EVERY = "*"
SHAPE = 'must look like "/transactions/sync=item:50/min client:2500/min start:500/min, /item/get=off, *=off"'


def change(limits: Limits, entries: str) -> Limits:
    """Return the limits with these entries in force, or raise ValueError that says which one makes no sense."""
    changed = dict(limits)
    for number, entry in enumerate(filter(None, map(str.strip, entries.split(","))), start=1):
        path, _, words = (part.strip() for part in entry.partition("="))
        if path != EVERY and path not in limits:
            raise ValueError(f"{SHAPE}; entry {number} begins with no path of a call that Plaid limits")
        try:
            for one in changed if path == EVERY else [path]:
                changed[one] = _replace(changed[one], words.split())
        except ValueError as error:
            raise ValueError(f"{SHAPE}; entry {number} {error}") from None
    return changed


def _replace(limits: tuple[Limit, ...], words: list[str]) -> tuple[Limit, ...]:
    if words == ["off"]:
        return ()
    found = [WORD.fullmatch(word) for word in words]
    read = [(Scope(match[1]), match[2], match[3]) for match in found if match]
    if not read or len(read) != len(words):
        raise ValueError("is not read")
    if len({(scope, window) for scope, _, window in read}) != len(read):
        raise ValueError("says the same twice")
    named = {scope for scope, _, _ in read}
    kept = tuple(limit for limit in limits if limit.scope not in named)
    return kept + tuple(Limit(scope, int(calls), WINDOWS[window]) for scope, calls, window in read if calls)


def _table(rows: Mapping[str, str]) -> dict[str, tuple[Limit, ...]]:
    return {path: _replace((), words.split()) for path, words in rows.items()}


PRODUCTION = _table(
    {
        "/transactions/sync": "item:50/min client:2500/min start:500/min",
        "/transactions/refresh": (
            "item:2/min item:120/hour item:2880/day client:100/min client:18000/hour client:432000/day"
        ),
        "/transactions/get": "item:30/min client:20000/min",
        "/accounts/get": "item:15/min client:15000/min",
        "/accounts/balance/get": "item:5/min item:30/hour client:1200/min",
        "/item/get": "item:15/min client:5000/min",
        "/item/remove": "item:20/min client:2000/min",
        "/item/webhook/update": "item:15/min client:5000/min",
        "/item/public_token/exchange": "client:12000/min",
        "/link/token/create": "client:20000/min",
        "/link/token/get": "client:30000/min",
        "/institutions/get_by_id": "client:400/min",
        "/institutions/get": "client:50/min",
        "/institutions/search": "client:1000/min",
        "/webhook_verification_key/get": "client:500/min",
    }
)
SANDBOX = PRODUCTION | _table(
    {
        "/transactions/sync": "item:50/min client:1000/min start:250/min",
        "/transactions/refresh": (
            "item:2/min item:120/hour item:2880/day client:100/min client:6000/hour client:144000/day"
        ),
        "/transactions/get": "item:30/min client:1000/min",
        "/accounts/get": "item:100/min client:5000/min",
        "/accounts/balance/get": "item:25/min item:1500/hour client:1200/min",
        "/item/get": "item:40/min client:5000/min",
        "/item/remove": "item:100/min client:500/min",
        "/institutions/get": "client:10/min",
    }
)
"""Where Plaid names no limit of the sandbox, production's holds."""

BY_ENVIRONMENT: dict[Literal["sandbox", "production"], Limits] = {"production": PRODUCTION, "sandbox": SANDBOX}
