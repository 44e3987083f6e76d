from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from common.database import Database
from common.plaid import Credentials, PlaidClient
from common.settings import PlaidSettings
from ops.checks import plaid as checks
from ops.checks.finding import Outcome
from tests.sync_worker.bank import Bank, bank

NEAR, FAR = timedelta(seconds=12), timedelta(minutes=3)
URI = "https://bank.example.com/oauth-return"


@pytest.fixture
async def served() -> AsyncIterator[Bank]:
    """A stand-in that takes one secret."""
    async with bank(secret="right") as made:
        yield made


def client(url: str, secret: str = "right") -> tuple[PlaidClient, PlaidSettings]:
    settings = PlaidSettings(
        _env_file=None, plaid_env="sandbox", plaid_client_id="c", plaid_secret=SecretStr(secret), plaid_base_url=url
    )
    return PlaidClient(Credentials("c", settings.plaid_secret, url)), settings


async def test_why_plaid_does_not_serve(served: Bank) -> None:
    """Keys of another environment, a network that leads nowhere and an error of Plaid's are told apart."""
    [wrong] = await checks.reach(*client(served.url, "hush"))
    [away] = await checks.reach(*client("http://127.0.0.1:1"))
    await served.fail_next(path="/institutions/get", error_code="PLANNED_MAINTENANCE")
    [busy] = await checks.reach(*client(served.url))
    found = (wrong, away, busy)
    assert [one.says.rsplit(" ")[-1] for one in found] == [
        "INVALID_API_KEYS",
        "PLAID_UNREACHABLE",
        "PLANNED_MAINTENANCE",
    ]
    assert len({one.remedy for one in found}) == 3
    assert not any("hush" in f"{one.says} {one.remedy}" for one in found)


@pytest.mark.parametrize(
    ("off", "outcome"), [(timedelta(0), Outcome.OK), (NEAR, Outcome.WARN), (-NEAR, Outcome.WARN), (FAR, Outcome.FAIL)]
)
async def test_a_clock_that_is_wrong(off: timedelta, outcome: Outcome, served: Bank, database_url: str) -> None:
    """Ours is compared with what Plaid's answers say, and with PostgreSQL's."""

    def clock() -> datetime:
        return datetime.now(UTC) + off

    well, beside_plaid = await checks.reach(*client(served.url), clock)
    pool = Database(database_url)
    [beside_database] = await checks.database_clock(pool, clock)
    await pool.close()
    assert (well.outcome, beside_plaid.outcome, beside_database.outcome) == (Outcome.OK, outcome, outcome)
    assert off == timedelta(0) or ("behind" in beside_database.says) == (off < timedelta(0))


async def test_a_redirect_uri_that_plaid_does_not_know(served: Bank) -> None:
    """Plaid says whether it is on the allow-list; what Plaid says of something else proves nothing."""
    plaid, _ = client(served.url)
    [known] = await checks.redirect_uri(plaid, URI, at_home=False)
    message = "OAuth redirect URI must be configured in the developer dashboard"
    await served.fail_next(path="/link/token/create", error_code="INVALID_FIELD", message=message)
    [unknown] = await checks.redirect_uri(plaid, URI, at_home=False)
    await served.fail_next(path="/link/token/create", error_code="INTERNAL_SERVER_ERROR")
    [nothing] = await checks.redirect_uri(plaid, URI, at_home=False)
    assert [one.outcome for one in (known, unknown, nothing)] == [Outcome.OK, Outcome.FAIL, Outcome.SKIPPED]
    assert "allow-list" in str(unknown.remedy)


@pytest.mark.parametrize("uri", ["https://localhost/x", "http://bank.example.com/x", f"{URI}?a=b", f"{URI}#a"])
async def test_a_redirect_uri_that_plaid_would_refuse(uri: str, served: Bank) -> None:
    """Its form is judged before Plaid is asked."""
    [found] = await checks.redirect_uri(client(served.url)[0], uri, at_home=False)
    assert (found.outcome, (await served.calls("", "/link/token/create"))) == (Outcome.FAIL, [])
