"""Any one container is killed while banks are imported and webhooks come in: it is soon back, and nothing is lost."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from common.broker import topology
from deploy.calls import overlaps
from tests.compose.crowd import CONVERGED, Crowd, crowd
from tests.compose.stack import Stack, docker

FIRST_USER = 6_001
SERVICES = (
    "plaid_sandbox", "proxy", "link_api", "webhook_ingest", "sync_worker", "categorizer", "postgres", "rabbitmq",
)  # fmt: skip
START = 120.0
"""Seconds that a container may take to be healthy again, RabbitMQ on a machine with other work."""

PLAIDS_PATIENCE = 600.0
"""Seconds until Plaid tries the last time but one to tell us what nobody took: skipped, since each try waits longer."""


@pytest.fixture(scope="module")
async def people(stack: Stack) -> AsyncIterator[Crowd]:
    """Users with banks that were linked before anything was killed."""
    async with crowd(stack, FIRST_USER) as gathered:
        await gathered.link(*["user_business_60"] * 4)
        await gathered.stands()
        yield gathered


@pytest.mark.parametrize("service", SERVICES)
async def test_killed_container_comes_back(stack: Stack, people: Crowd, service: str) -> None:
    """Docker starts it again and no other; what was being linked, imported and told meanwhile becomes expenses."""
    before = starts(stack)
    async with people.news():
        [importing] = await people.link("user_business_700")
        async with people.being_read(importing) as reader:
            victim = container_of(stack, service, reader)
            await asyncio.to_thread(stack.kill, victim)
        async with asyncio.TaskGroup() as together:
            together.create_task(people.link("user_business_60"))
            await healthy(stack, victim, before[victim])
    await people.bank.tell("clock/advance", seconds=PLAIDS_PATIENCE)
    await people.stands(within=CONVERGED)
    assert [str(overlap) for overlap in overlaps(await people.calls())] == []
    assert begun_since(before, stack) == {victim}


async def test_stopped_by_hand_stays_down_until_told(stack: Stack, people: Crowd) -> None:
    """`docker kill` counts as an operator's wish: the others do the work, and `docker compose up -d` brings it back."""
    victim = stack.containers("sync_worker")[0]
    before = starts(stack)
    await asyncio.to_thread(docker, "kill", victim)
    async with people.news():
        await people.link("user_business_60")
    await people.stands(within=CONVERGED)
    assert stack.inspect(victim)["State"]["Status"] == "exited"
    await asyncio.to_thread(stack.heal)
    assert stack.inspect(victim)["State"]["Health"]["Status"] == "healthy"
    assert begun_since(before, stack) == {victim}


def test_nothing_was_given_up(stack: Stack, people: Crowd) -> None:
    """After all that no message lies among the dead letters."""
    assert people
    command = ("rabbitmqctl", "-q", "list_queues", "--formatter", "json", "name", "messages")
    listed = json.loads(stack.execute(stack.containers("rabbitmq")[0], *command))
    dead = {queue["name"]: queue["messages"] for queue in listed if queue["name"].endswith(".dead")}
    assert dead == {f"{queue.name}.dead": 0 for queue in topology.QUEUES}


def container_of(stack: Stack, service: str, reader: str) -> str:
    """Return a container of the service; of the sync workers the one that has this address, and the import in hand."""
    names = stack.containers(service)
    return next((name for name in names if stack.address(name) == reader), names[0])


def starts(stack: Stack) -> dict[str, str]:
    """Return when each container that should run has started."""
    names = stack.compose("ps", "--all", "--format", "{{.Name}}", *SERVICES).split()
    return {name: stack.inspect(name)["State"]["StartedAt"] for name in names}


def begun_since(before: dict[str, str], stack: Stack) -> set[str]:
    """Return the containers that have started since then."""
    return {name for name, started in starts(stack).items() if started != before.get(name)}


async def healthy(stack: Stack, container: str, killed: str) -> None:
    """Return once the container that had started at `killed` has started again and is healthy."""
    async with asyncio.timeout(START):
        while True:
            told = (await asyncio.to_thread(stack.inspect, container))["State"]
            if told["StartedAt"] != killed and told["Health"]["Status"] == "healthy":
                return
            await asyncio.sleep(0.2)
