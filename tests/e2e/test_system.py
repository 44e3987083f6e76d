"""The system without faults, and under a storm of webhooks."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from common.runtime import NICENESS
from tests.e2e.people import link_whatever_happens
from tests.e2e.processes import SERVICES
from tests.e2e.settled import CONVERGED
from tests.e2e.sites import Site, site
from tests.e2e.traces import traces_of_a_life
from tests.servers.databases import Databases
from tests.servers.rabbitmq import Rabbit

USERNAMES = ["user_good", "user_household", "user_transactions_dynamic", *(f"user_business_{n}" for n in range(1, 18))]
SECRETS = ("access-sandbox-", "public-sandbox-", "link-sandbox-", "the-plaid-secret", "Bearer ")
OF_WORK = {"integration_id", "item_id", "message_id", "message_type", "webhook_code", "user_id", "expense_id"}
"""Fields of lines about somebody's item; others tell of processes and servers."""
COPIES = 10
CHANGES = 8
DOORBELLS_A_SYNC = 4
"""At the least: a sync answers all that rang before it began."""
PRIVATE = text("""
    SELECT DISTINCT word FROM plaid_transactions, unnest(ARRAY[name, merchant_name, original_description]) word
    WHERE length(word) > 5
    UNION SELECT name FROM plaid_accounts UNION SELECT official_name FROM plaid_accounts WHERE official_name IS NOT NULL
""")
SYNCED = text("SELECT count(*) FROM plaid_sync_history")


@pytest.fixture(scope="module")
async def everyone(
    databases: Databases, rabbitmq_server: Rabbit, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """A system of four processes, where 20 users have linked at the same moment."""
    async with databases.fresh() as url, site(rabbitmq_server, url, tmp_path_factory.mktemp("system")) as started:
        people = enumerate(USERNAMES, start=1)
        await asyncio.gather(*(link_whatever_happens(started.running.system, *person) for person in people))
        yield started


async def test_twenty_banks_become_expenses(everyone: Site) -> None:
    """All transactions of 20 users become their expenses, exactly once."""
    await everyone.witness.settled()
    assert len(await everyone.witness.items()) == 20
    assert (await everyone.witness.compare()).transactions > 3_000


async def test_one_correlation_id_from_webhook_to_expense(everyone: Site) -> None:
    """What a webhook led to bears its correlation id in every service's log."""
    await everyone.witness.settled()
    await everyone.bank.add((await everyone.witness.items())[0])
    await everyone.witness.settled()
    trails = (everyone.running.by_name[name].lines() for name in ("webhook_ingest", "sync_worker", "categorizer"))
    assert set.intersection(*({line.get("correlation_id") for line in trail} - {None} for trail in trails))


async def test_every_line_of_the_work_has_a_correlation_id(everyone: Site) -> None:
    """Whatever a service says of an item, an account, a message or a webhook can be followed through all services."""
    await everyone.witness.settled()
    lines = [line for name in SERVICES for line in everyone.running.by_name[name].lines()]
    work = [line for line in lines if OF_WORK & line.keys()]
    assert len(work) > 50
    assert [line for line in work if not line.get("correlation_id")] == []


async def test_no_log_tells_a_secret_or_what_somebody_bought(everyone: Site) -> None:
    """After twenty imports no service's log holds a token, a credential, or a word of an account or a transaction."""
    await everyone.witness.settled()
    async with everyone.witness.database.transaction() as session:
        private = [str(word) for word in (await session.execute(PRIVATE)).scalars()]
    said = everyone.running.logs()
    assert len(private) > 100
    assert [word for word in (*SECRETS, *private) if word in said] == []


async def test_who_is_waited_for_goes_first(everyone: Site) -> None:
    """On a full machine what works off queues gives way to what answers Plaid and people."""
    pids = {name: process.child.pid for name, process in everyone.running.by_name.items() if process.child}
    niceness = {name: os.getpriority(os.PRIO_PROCESS, pid) for name, pid in pids.items()}
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    assert niceness["webhook_ingest"] == niceness["link_api"] == usual
    assert niceness["sync_worker"] == niceness["categorizer"] == min(usual + NICENESS, 19)


@pytest.mark.parametrize("order", [{}, {"reorder": 20, "shuffle": 1}], ids=["at once", "shuffled"])
async def test_a_storm_of_webhooks(everyone: Site, order: dict[str, int]) -> None:
    """Each webhook comes ten times, mixed with others: the result is the truth, and a burst costs few syncs."""
    witness, bank = everyone.witness, everyone.bank
    await witness.settled()
    items = (await witness.items())[-5:]
    rung, synced = len(await bank.doorbells()), await syncs(everyone)
    await bank.tell("webhooks/faults", duplicates=COPIES - 1, **order)
    await asyncio.gather(*(bank.add(item) for _ in range(CHANGES) for item in items))
    await bank.tell("webhooks/faults")
    async with asyncio.timeout(CONVERGED):
        while len(await bank.doorbells()) - rung < CHANGES * COPIES * len(items):  # noqa: ASYNC110 - others work
            await asyncio.sleep(0.05)
    await witness.settled()
    doorbells = len(await bank.doorbells()) - rung
    assert (await syncs(everyone) - synced) * DOORBELLS_A_SYNC <= doorbells


async def syncs(everyone: Site) -> int:
    """Return how many syncs there were so far."""
    async with everyone.witness.database.transaction() as session:
        return int((await session.execute(SYNCED)).scalar_one())


async def test_a_whole_life_leaves_no_secret_anywhere(everyone: Site) -> None:
    """Linked, synced, rung, broken, repaired, disconnected: no log, message, column or answer tells a secret."""
    traces = await traces_of_a_life(everyone, user_id=len(USERNAMES) + 1)
    assert len(traces.secrets) > len(USERNAMES)
    assert len(traces.link_tokens) == 2
    assert len(traces.answers) > 50
    assert len(traces.messages) > 5
    assert await traces.found() == {}
    traces.secrets = {"item.linked", "transactions.changed", "First Platypus Bank"}  # had they been secrets
    assert {"logs", "messages", "database"} < set(await traces.found())


async def test_every_process_ends_in_order(everyone: Site) -> None:
    """On SIGTERM each service drains and exits with 0."""
    ends = (everyone.running.by_name[name].end(signal.SIGTERM) for name in SERVICES)
    assert await asyncio.gather(*ends) == [0, 0, 0, 0]
