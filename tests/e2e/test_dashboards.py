"""Each panel's question is answered, with data, by a Prometheus that has scraped a running system."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from deploy.embedded import System
from deploy.observability.dashboards.__main__ import ALL, FOLDER, text
from deploy.observability.dashboards.panels import draw
from tests.e2e.people import link_whatever_happens
from tests.e2e.processes import SERVICES
from tests.e2e.sites import Site, site
from tests.servers.databases import Databases
from tests.servers.prometheus import Prometheus, prometheus
from tests.servers.rabbitmq import Rabbit
from tests.servers.skips import skipping

RULES = Path("deploy/observability/alerts.yml").resolve()
PEOPLE = 3
"""As many items of one bank as its share of failures is told for."""
ROUNDS = 5
"""Of changes at the banks and answers of users, some scrapes apart: a rate needs two."""
ANSWERED = 30.0
QUESTIONS = sorted({query for one in ALL for panel in one.panels() for query in panel.queries.values()})


@pytest.fixture(scope="module")
async def scraped(
    databases: Databases, rabbitmq_server: Rabbit, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Prometheus]:
    """A Prometheus that has watched banks being linked, changes come in, and users answer."""
    folder = tmp_path_factory.mktemp("prometheus")
    async with databases.fresh() as url, site(rabbitmq_server, url, folder) as at:
        targets = {name: at.running.by_name[name].port for name in SERVICES}
        with skipping(), prometheus(folder, targets, RULES) as running:
            await live(at)
            yield running


async def live(at: Site) -> None:
    """Let users link banks, things happen there, and users say what they think of our categories."""
    for number in range(1, PEOPLE + 1):
        await link_whatever_happens(at.running.system, number, "user_business_60")
        await asyncio.sleep(1.5)
    await at.witness.settled()
    for _ in range(ROUNDS):
        for item in await at.witness.items():
            await at.bank.add(item)
        await at.witness.settled()
        await judge(at.running.system)


async def judge(system: System) -> None:
    """Let a user confirm one category that we chose, and correct another."""
    bearer = {"Authorization": f"Bearer {system.token(1)}"}
    async with httpx2.AsyncClient(base_url=system.api_url, headers=bearer) as api:
        listed = (await api.get("/api/expenses", params={"needs_review": "false"})).raise_for_status().json()["items"]
        right, wrong = [expense["id"] for expense in listed if not expense["reviewed"]][:2]
        for expense_id, change in ((right, {"reviewed": True}), (wrong, {"category": "travel"})):
            path = f"/api/expenses/{expense_id}"
            etag = (await api.get(path)).raise_for_status().headers["etag"]
            (await api.patch(path, json=change, headers={"If-Match": etag})).raise_for_status()


@pytest.mark.slow
async def test_every_panel_is_answered(scraped: Prometheus) -> None:
    """No panel asks for what nobody tells: each query has a result that is a number."""
    assert len(QUESTIONS) > 50
    missing, until = QUESTIONS, time.monotonic() + ANSWERED
    while missing and time.monotonic() < until:
        await asyncio.sleep(1)
        missing = [query for query in missing if not answered(scraped, query)]
    told = {
        query: scraped.ask(query.replace("$__rate_interval", "30s").replace("$__range", "10m")) for query in missing
    }
    assert told == {}


def answered(running: Prometheus, query: str) -> bool:
    """Return whether the query, as Grafana sends it, has a number for an answer."""
    sent = query.replace("$__rate_interval", "30s").replace("$__range", "10m")
    return any(series["value"][1] != "NaN" for series in running.ask(sent))


def test_the_files_are_what_is_written_here() -> None:
    """What Grafana reads is what `make docs` draws, and nothing else lies there."""
    assert {path.name: path.read_text() for path in FOLDER.iterdir()} == {f"{one.uid}.json": text(one) for one in ALL}


def test_every_panel_says_what_it_shows() -> None:
    """Each has a title, a question, a unit, and a place of its own."""
    for one in ALL:
        drawn = draw(one)["panels"]
        assert len({panel["id"] for panel in drawn}) == len(drawn)
        places = [tuple(panel["gridPos"].values()) for panel in drawn]
        assert len(set(places)) == len(places)
        for panel in one.panels():
            assert panel.title
            assert panel.question.endswith(("?", ".")), panel.title
            assert panel.queries
            assert panel.unit in {"short", "s", "ops", "reqps", "bytes", "percentunit"}
