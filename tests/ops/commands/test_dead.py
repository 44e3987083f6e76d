import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractRobustConnection

from common.broker import BrokerUnavailable, Message, Poison, new_message
from common.broker.rabbit import RabbitBroker
from common.broker.rabbit.dead import DeadLetters, dead_letters
from common.broker.rabbit.declaration import Names
from common.broker.rabbit.envelope import EXCEPTION, LAST_FAILED_AT, REASON, pack
from common.broker.rabbit.letter import Letter
from common.broker.topology import CATEGORIZE, QUEUES, SYNC, Queue
from common.database import Database
from tests.e2e.virtual_hosts import virtual_host
from tests.ops.command import Ops
from tests.servers.rabbitmq import Rabbit
from tests.sync_worker.world import rows, until

TRAIL = "SELECT command, arguments, outcome FROM ops_audit ORDER BY id"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Graveyard:
    """A RabbitMQ of the test's own, what lies in its queues, and the command beside it."""

    broker: RabbitBroker
    connection: AbstractRobustConnection
    database: Database
    ops: Ops

    async def bury(self, queue: Queue, *, reason: str = "poison", age: timedelta = DAY, number: int = 1) -> list[str]:
        """Lay messages among the dead as a consumer of ours does; return their ids."""
        messages = [
            new_message(
                type="item.sync_requested",
                routing_key="item.sync_requested",
                body=b'{"integration_id": 7, "trigger": "manual", "requested_at": "2026-11-23T00:00:00Z"}',
                correlation_id=f"correlation-{n}",
                timestamp=datetime.now(UTC) - age,
            )
            for n in range(number)
        ]
        died = (datetime.now(UTC) - age).isoformat()
        history = {REASON: reason, EXCEPTION: "KeyError: 'amount'", LAST_FAILED_AT: died}
        await asyncio.gather(*(self._lay(queue, replace(message, attempt=5), history) for message in messages))
        return [str(message.id) for message in messages]

    async def _lay(self, queue: Queue, message: Message, history: dict[str, str]) -> None:
        packed = pack(message, **history)
        await self.broker._publisher.put(packed, Names().dead(queue))

    async def throw_in(self, queue: Queue, body: bytes, **properties: Any) -> None:
        """Put anything among the dead, as a stranger may."""
        channel = await self.connection.channel()
        await channel.default_exchange.publish(aio_pika.Message(body, **properties), Names().dead(queue))
        await channel.close()

    async def depth(self, name: str) -> int:
        """Return how many messages wait in a queue."""
        channel = await self.connection.channel()
        found = (await channel.declare_queue(name, passive=True)).declaration_result.message_count
        await channel.close()
        return found or 0

    async def depths(self) -> dict[str, int]:
        """Return how many messages wait in each queue, work and dead."""
        names = [name for queue in QUEUES for name in (queue.name, Names().dead(queue))]
        return {name: await self.depth(name) for name in names}

    async def held(self, name: str) -> Counter[str]:
        """Return the ids of all in a queue, and leave them there."""
        channel = await self.connection.channel()
        queue, found = await channel.get_queue(name), Counter[str]()
        while message := await queue.get(fail=False):
            found[str(message.message_id)] += 1
        await channel.close()
        return found

    async def trail(self) -> Sequence[tuple[Any, ...]]:
        """Return what was written down."""
        return [tuple(row.values()) for row in await rows(self.database, TRAIL)]


@pytest.fixture
async def graveyard(rabbitmq_server: Rabbit, database_url: str, ops: Ops) -> AsyncIterator[Graveyard]:
    url = await virtual_host(rabbitmq_server)
    broker, database = RabbitBroker(url), Database(database_url)
    await broker.start()
    await broker.connected()
    async with await aio_pika.connect_robust(url) as connection:
        yield Graveyard(broker, connection, database, Ops(ops.environment | {"AMQP_URL": url}))
    await broker.close()
    await database.close()


async def test_the_life_of_a_dead_letter(graveyard: Graveyard) -> None:
    """Buried by a handler's fault, it is listed and shown with why; replayed, it is tried as if for the first time."""
    seen: list[Message] = []

    async def fail_once(message: Message) -> None:
        seen.append(message)
        if len(seen) == 1:
            raise Poison("no such trigger")

    sent = new_message(
        type="item.sync_requested", routing_key="item.sync_requested", correlation_id="c-1",
        body=b'{"integration_id": 7, "trigger": "manual", "requested_at": "2026-11-23T00:00:00Z", "owner": "Jane"}',
        timestamp=datetime.now(UTC),
    )  # fmt: skip
    consumer = await graveyard.broker.consume(SYNC, fail_once, prefetch=1)
    await graveyard.broker.publish(sent)

    async def buried() -> bool:
        return await graveyard.depth("sync_worker.sync.dead") == 1

    await until(buried)
    [listed] = (await graveyard.ops("dead", "list", "--json")).rows
    assert (listed["id"], listed["queue"], listed["ours"], listed["tries"]) == (str(sent.id), SYNC.name, True, 1)
    assert (listed["reason"], listed["exception"]) == ("poison", "Poison: no such trigger")
    [shown] = json.loads((await graveyard.ops("dead", "show", str(sent.id), "--json")).out)
    assert (shown["correlation_id"], shown["body"]["integration_id"]) == ("c-1", 7)
    assert "Jane" not in json.dumps(shown)
    ended = await graveyard.ops("dead", "replay", str(sent.id), "--yes")
    assert (ended.code, "1 letter is replayed" in ended.err) == (0, True)

    async def worked_on() -> bool:
        return len(seen) == 2

    await until(worked_on)
    await consumer.stop(5)
    assert seen[1] == replace(sent, attempt=1)
    assert set((await graveyard.depths()).values()) == {0}


async def test_a_dry_run_changes_nothing(graveyard: Graveyard) -> None:
    """Without --yes queues, their order and tables are after it what they were; it tells what would be done."""
    ids = await graveyard.bury(SYNC, number=30)
    await graveyard.throw_in(CATEGORIZE, b"?")
    before = await graveyard.depths()
    for words in (
        ["replay", "--all"],
        ["drop", "--all"],
        ["list"],
        ["replay", "--reason", "KeyError"],
        ["drop", ids[3]],
    ):
        ended = await graveyard.ops("dead", *words, "--json")
        assert ended.err == ""
    assert {row["outcome"] for row in (await graveyard.ops("dead", "replay", "--all", "--json")).rows} == {
        "would be replayed",
        "not ours",
    }
    assert await graveyard.depths() == before
    assert list(await graveyard.held("sync_worker.sync.dead")) == ids
    assert await graveyard.trail() == []


async def test_letters_are_chosen(graveyard: Graveyard) -> None:
    """By id, queue, reason, exception and age, all of which must fit; what was not chosen stays."""
    old = await graveyard.bury(SYNC, age=3 * DAY)
    young = await graveyard.bury(SYNC, reason="attempts exhausted", age=timedelta(minutes=5))
    other = await graveyard.bury(CATEGORIZE)

    async def chosen(*words: str) -> list[str]:
        return [row["id"] for row in (await graveyard.ops("dead", "list", *words, "--json")).rows]

    assert await chosen() == [*old, *other, *young]
    assert await chosen("--queue", "sync_worker.sync") == [*old, *young]
    assert await chosen("--reason", "exhausted") == young
    assert await chosen("--reason", "keyerror", "--queue", "categorizer.categorize.dead") == other
    assert await chosen("--older", "2d") == old
    ended = await graveyard.ops("dead", "drop", "--older", "1h", "--queue", "sync_worker.sync", "--yes", "--json")
    assert (ended.code, [row["id"] for row in ended.rows]) == (0, old)
    assert await chosen() == [*other, *young]
    [(command, arguments, outcome)] = await graveyard.trail()
    assert (command, arguments["ids"], outcome) == ("dead drop", old, "done: 1 of 1 dropped")
    for words in (["drop"], ["replay", "--all", "--queue", "sync_worker.sync"], ["list", "--queue", "nobody's"]):
        assert (await graveyard.ops("dead", *words)).code == 2
    assert (await graveyard.ops("dead", "show", "nobody's")).code == 2
    assert (await graveyard.ops("dead", "list", "--older", "soon")).code == 2


STRANGERS: list[dict[str, Any]] = [
    {},
    {"message_id": "no uuid", "headers": {"x-attempt": "many", "x-reason": 5, "secret": "hush"}},
    {
        "message_id": "8a6e0804-2bd0-4672-b79d-d97027f9071a",
        "type": "item.sync_requested",
        "headers": {"x-death": ["?"]},
    },
    {
        "headers": {"x-death": [{"time": 5, "reason": {"a": 1}}], "x-last-failed-at": "yesterday"},
        "content_encoding": "z",
    },
]


async def test_what_is_not_ours_stands_in_no_ones_way(graveyard: Graveyard) -> None:
    """Whatever anybody put there is listed, shown without its body, never replayed, given back, and can be dropped."""
    for stranger in STRANGERS:
        await graveyard.throw_in(SYNC, b"\xff hush", **stranger)
    [broken] = await graveyard.bury(SYNC)
    listed = (await graveyard.ops("dead", "list", "--json")).rows
    assert sorted(row["ours"] for row in listed) == [False, False, False, False, True]
    for row in listed:
        ended = await graveyard.ops("dead", "show", row["id"])
        assert (ended.code, "hush" in ended.out) == (0, False)
    ended = await graveyard.ops("dead", "replay", "--all", "--yes", "--json")
    assert (ended.code, Counter(row["outcome"] for row in ended.rows)) == (1, {"not ours": 4, "replayed": 1})
    assert await graveyard.held("sync_worker.sync") == {broken: 1}
    assert await graveyard.depth("sync_worker.sync.dead") == 4
    assert (await graveyard.ops("dead", "drop", "--all", "--yes")).code == 0
    assert await graveyard.depth("sync_worker.sync.dead") == 0


async def test_a_broken_body_of_ours_is_said_to_be_one(graveyard: Graveyard) -> None:
    """What cannot be read is told by its fields' names, never by what stands there."""
    message = new_message(
        type="item.sync_requested", routing_key="x", body=b'{"integration_id": "hush"}', correlation_id="c",
        timestamp=datetime.now(UTC),
    )  # fmt: skip
    await graveyard._lay(SYNC, message, {REASON: "poison"})
    ended = await graveyard.ops("dead", "show", str(message.id))
    assert "integration_id: int_parsing" in ended.out
    assert "hush" not in ended.out


async def test_broken_off_between_copy_and_burial_nothing_is_lost(
    graveyard: Graveyard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever dies when the copies are safe leaves both; the trail says how far it came, and again it is done."""
    ids = await graveyard.bury(SYNC, number=5)

    async def lost(_self: DeadLetters, _letters: Sequence[Letter], _advance: object) -> None:
        raise BrokerUnavailable("connection lost")

    with monkeypatch.context() as patched:
        patched.setattr(DeadLetters, "drop", lost)
        ended = await graveyard.ops("dead", "replay", "--all", "--yes")
    assert (ended.code, "RabbitMQ cannot serve" in ended.err) == (3, True)
    assert await graveyard.held("sync_worker.sync") == Counter(ids)
    assert await graveyard.held("sync_worker.sync.dead") == Counter(ids)
    assert (await graveyard.ops("dead", "replay", "--all", "--yes")).code == 0
    assert await graveyard.held("sync_worker.sync") == Counter(ids * 2)
    outcomes = [outcome for _, _, outcome in await graveyard.trail()]
    assert outcomes == ["broken off: 0 of 5 replayed", "done: 5 of 5 replayed"]


async def test_killed_in_mid_replay_nothing_is_lost(graveyard: Graveyard) -> None:
    """A process that is killed while it moves letters leaves each in one place or in both; the next one ends it."""
    ids = set(await graveyard.bury(SYNC, number=500))
    child = await graveyard.ops.start("dead", "replay", "--all", "--yes")
    moved = 0
    while not moved and child.returncode is None:
        moved = await graveyard.depth("sync_worker.sync")
    child.kill()
    await child.wait()
    assert ids == set(await graveyard.held("sync_worker.sync.dead")) | set(await graveyard.held("sync_worker.sync"))

    async def again() -> bool:
        return (await graveyard.ops("dead", "replay", "--all", "--yes", "--json")).code == 0

    await until(again)  # the killed one's turn ends when RabbitMQ sees it gone
    assert await graveyard.depth("sync_worker.sync.dead") == 0
    assert set(await graveyard.held("sync_worker.sync")) == ids


async def test_one_at_a_time(graveyard: Graveyard) -> None:
    """While one command has the letters another says so, and does nothing."""
    await graveyard.bury(SYNC)
    async with dead_letters(str(graveyard.ops.environment["AMQP_URL"])):
        ended = await graveyard.ops("dead", "drop", "--all", "--yes")
    assert (ended.code, "wait until it is done" in ended.err) == (2, True)
    assert await graveyard.depth("sync_worker.sync.dead") == 1
    assert await graveyard.trail() == []


async def test_without_a_broker_it_says_so(ops: Ops) -> None:
    """With RabbitMQ away it ends with 3 and a line, without the password."""
    ended = await Ops(ops.environment | {"AMQP_URL": "amqp://cora:hush@127.0.0.1:1/"})("dead", "list")
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (3, "", 1)
    assert "hush" not in ended.err
