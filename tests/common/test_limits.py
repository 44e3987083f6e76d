from typing import Literal

import pytest

from common.limits import BY_ENVIRONMENT, PRODUCTION, SANDBOX, Limit, Scope, change
from tests.common.plaid.test_client import CALLS

ITEM, CLIENT, START = Scope.ITEM, Scope.CLIENT, Scope.START
SYNC = "/transactions/sync"
MINUTE, HOUR, DAY = 60, 3600, 86_400

PER_ITEM: dict[str, tuple[int | None, int | None]] = {
    "/transactions/sync": (50, 50),
    "/transactions/refresh": (2, 2),
    "/transactions/get": (30, 30),
    "/accounts/get": (15, 100),
    "/accounts/balance/get": (5, 25),
    "/item/get": (15, 40),
    "/item/remove": (20, 100),
    "/item/webhook/update": (15, 15),
    "/item/public_token/exchange": (None, None),
    "/link/token/create": (None, None),
    "/link/token/get": (None, None),
    "/institutions/get_by_id": (None, None),
    "/institutions/get": (None, None),
    "/institutions/search": (None, None),
    "/webhook_verification_key/get": (None, None),
}
PER_CLIENT: dict[str, tuple[int, int]] = {
    "/transactions/sync": (2500, 1000),
    "/transactions/refresh": (100, 100),
    "/transactions/get": (20_000, 1000),
    "/accounts/get": (15_000, 5000),
    "/accounts/balance/get": (1200, 1200),
    "/item/get": (5000, 5000),
    "/item/remove": (2000, 500),
    "/item/webhook/update": (5000, 5000),
    "/item/public_token/exchange": (12_000, 12_000),
    "/link/token/create": (20_000, 20_000),
    "/link/token/get": (30_000, 30_000),
    "/institutions/get_by_id": (400, 400),
    "/institutions/get": (50, 10),
    "/institutions/search": (1000, 1000),
    "/webhook_verification_key/get": (500, 500),
}
LONGER = {
    "production": {
        ("/transactions/refresh", Limit(ITEM, 120, HOUR)),
        ("/transactions/refresh", Limit(ITEM, 2880, DAY)),
        ("/transactions/refresh", Limit(CLIENT, 18_000, HOUR)),
        ("/transactions/refresh", Limit(CLIENT, 432_000, DAY)),
        ("/accounts/balance/get", Limit(ITEM, 30, HOUR)),
    },
    "sandbox": {
        ("/transactions/refresh", Limit(ITEM, 120, HOUR)),
        ("/transactions/refresh", Limit(ITEM, 2880, DAY)),
        ("/transactions/refresh", Limit(CLIENT, 6000, HOUR)),
        ("/transactions/refresh", Limit(CLIENT, 144_000, DAY)),
        ("/accounts/balance/get", Limit(ITEM, 1500, HOUR)),
    },
}


@pytest.mark.parametrize(("column", "environment"), [(0, "production"), (1, "sandbox")])
def test_what_plaid_publishes(column: int, environment: Literal["production", "sandbox"]) -> None:
    """Every limit of Plaid's page, per item and per client, of both environments, and no other."""
    expected = {(path, Limit(CLIENT, most[column], MINUTE)) for path, most in PER_CLIENT.items()} | LONGER[environment]
    expected |= {(path, Limit(ITEM, calls, MINUTE)) for path, most in PER_ITEM.items() if (calls := most[column])}
    expected.add((SYNC, Limit(START, (500, 250)[column], MINUTE)))
    limits = BY_ENVIRONMENT[environment]
    assert {(path, limit) for path, several in limits.items() for limit in several} == expected


def test_every_call_of_ours_has_its_limits() -> None:
    """Whatever the client asks of Plaid is within a limit that we know."""
    assert {path for _, path, _ in CALLS.values()} <= set(PRODUCTION)
    assert set(SANDBOX) == set(PRODUCTION)


@pytest.mark.parametrize("entries", ["", "  ", ",", " , "])
def test_nothing_changes_nothing(entries: str) -> None:
    """Unset, the limits are Plaid's."""
    assert change(PRODUCTION, entries) == PRODUCTION


CHANGES: dict[str, tuple[Limit, ...]] = {
    f"{SYNC}=item:100/min": (Limit(CLIENT, 2500, 60), Limit(START, 500, 60), Limit(ITEM, 100, 60)),
    f" {SYNC} = item:1/sec  item:9/day client:off start:off ": (Limit(ITEM, 1, 1), Limit(ITEM, 9, DAY)),
    f"{SYNC}=off": (),
    "*=off": (),
    f"*=off,{SYNC}=client:7/hour": (Limit(CLIENT, 7, HOUR),),
    f"{SYNC}=client:7/hour, *=off": (),
    "*=client:off item:off": (Limit(START, 500, 60),),
}


@pytest.mark.parametrize("entries", CHANGES)
def test_an_operators_changes(entries: str) -> None:
    """A scope that is named is replaced, what is not named stays, later entries win, * is every path."""
    assert change(PRODUCTION, entries)[SYNC] == CHANGES[entries]
    assert PRODUCTION[SYNC] == (Limit(ITEM, 50, 60), Limit(CLIENT, 2500, 60), Limit(START, 500, 60))


def test_other_paths_stay() -> None:
    """An entry is for its own path."""
    changed = change(PRODUCTION, f"{SYNC}=off")
    assert {path: changed[path] for path in changed if path != SYNC} == {
        path: PRODUCTION[path] for path in PRODUCTION if path != SYNC
    }


SENSELESS = {
    "500/10000": "begins with no path",
    "/transaction/sync=off": "begins with no path",
    "transactions/sync=off": "begins with no path",
    f"{SYNC}=off, =off": "entry 2 begins with no path",
    SYNC: "entry 1 is not read",
    f"{SYNC}=": "entry 1 is not read",
    f"{SYNC}=50": "is not read",
    f"{SYNC}=item:50": "is not read",
    f"{SYNC}=item:0/min": "is not read",
    f"{SYNC}=item:-5/min": "is not read",
    f"{SYNC}=item:5/week": "is not read",
    f"{SYNC}=items:5/min": "is not read",
    f"{SYNC}=item:²/min": "is not read",
    f"{SYNC}=item:5/min off": "is not read",
    f"{SYNC}=item:9999999999/min": "is not read",
    f"*=off, {SYNC}=item:5/min;client:5/min": "entry 2 is not read",
    f"{SYNC}=item:5/min item:6/min": "says the same twice",
}


@pytest.mark.parametrize("entries", SENSELESS)
def test_what_makes_no_sense(entries: str) -> None:
    """The complaint shows what it must look like and which entry it is about."""
    with pytest.raises(ValueError, match=SENSELESS[entries]) as error:
        change(PRODUCTION, entries)
    assert f'"{SYNC}=item:50/min client:2500/min' in str(error.value)
