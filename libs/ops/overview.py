"""How everything stands at one moment, and in words what of it is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from aio_pika.exceptions import AMQPError
from sqlalchemy import text

from common import census
from common.broker import BrokerUnavailable
from common.broker.rabbit.declaration import Names
from common.broker.rabbit.inspection import Shape, Standing, glance
from common.broker.rabbit.link import connection_to, translating
from common.broker.topology import QUEUES
from common.census import Census
from common.database import Database
from common.limits import Limits
from ops import printing
from ops.store import exchanges, orphans, overview
from ops.store.overview import Outbox

READ_ONLY = text("SET TRANSACTION READ ONLY")
LATE = 300.0
"""Seconds that work may wait before somebody should look; as the alerts have it."""
UNPUBLISHED = 60.0
MOST_OF_A_LIMIT = 0.9
HALF = 0.5


@dataclass(frozen=True, slots=True)
class Depth:
    """A work queue: what waits and is buried, how old the oldest is as the tables know it, who takes from it."""

    queue: str
    oldest: float | None
    waiting: int | None = None
    dead: int | None = None
    consumers: int | None = None
    """None where RabbitMQ was not asked or did not answer."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that one screen shows."""

    census: Census
    outbox: Outbox
    queues: Sequence[Depth]
    broker_answers: bool
    orphans: int
    exchanges: int
    """Links that broke off."""
    banks: Mapping[str, str] = field(default_factory=dict)
    """Institutions' names."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong, and the command that tells more or mends it."""

    says: str
    command: str


async def look(database: Database, limits: Limits, max_silence: timedelta, amqp_url: str | None) -> Overview:
    """Return how everything stands; raises SQLAlchemy's errors and OSError when the database cannot serve."""
    taken = await census.take(database, limits, max_silence)
    standings = await _standings(amqp_url) if amqp_url else []
    async with database.transaction() as session:
        await session.execute(READ_ONLY)
        return Overview(
            census=taken,
            outbox=await overview.outbox(session),
            queues=[_depth(queue.name, taken, standings or ()) for queue in QUEUES],
            broker_answers=standings is not None,
            orphans=(await orphans.some(session, 1))[1],
            exchanges=(await exchanges.some(session, 1))[1],
            banks=await overview.names(session, [one.institution_id for one in taken.institutions]),
        )


async def _standings(url: str) -> list[Standing] | None:
    """Return how the queues stand, None where RabbitMQ does not let us know."""
    try:
        with translating():
            async with connection_to(url, "ops status") as connection:
                return await glance(connection, Names(), QUEUES)
    except (BrokerUnavailable, AMQPError, OSError, TimeoutError):
        return None


def _depth(name: str, taken: Census, standings: Sequence[Standing]) -> Depth:
    by_name = {one.name: one for one in standings if one.shape is not Shape.MISSING}
    work, dead, oldest = by_name.get(name), by_name.get(f"{name}.dead"), taken.oldest_work.get(name)
    if work is None:
        return Depth(name, oldest, dead=dead.messages if dead else None)
    return Depth(name, oldest, work.messages, dead.messages if dead else None, work.consumers)


def troubles(seen: Overview) -> list[Trouble]:
    """Return what is wrong, the most pressing first."""
    return [*_of_servers(seen), *_of_queues(seen), *_of_plaid(seen), *_of_data(seen)]


def _of_servers(seen: Overview) -> Iterator[Trouble]:
    if not seen.broker_answers:
        yield Trouble("RabbitMQ does not answer: events wait in the outbox", "ops doctor")
    elif seen.outbox.oldest > UNPUBLISHED:
        events = printing.many(seen.outbox.waiting, "event waits", "events wait")
        says = f"{events} to be published, the oldest for {printing.span(seen.outbox.oldest)}"
        yield Trouble(says, "ops doctor")
    if seen.outbox.buried:
        says = printing.many(seen.outbox.buried, "event is of no queue's", "events are of no queue's")
        yield Trouble(says, "docs/operations.md: EventsBuried")


def _of_queues(seen: Overview) -> Iterator[Trouble]:
    for one in seen.queues:
        service = one.queue.partition(".")[0]
        if one.consumers == 0:
            yield Trouble(f"nobody takes from {one.queue}: no {service} runs", f"docker compose up -d {service}")
        elif one.oldest is not None and one.oldest > LATE:
            says = f"{one.queue} is behind by {printing.span(one.oldest)}"
            yield Trouble(says, f"docker compose up -d --scale {service}=4")
        if one.dead:
            yield Trouble(f"{printing.many(one.dead, 'dead letter')} of {one.queue}", "ops dead list")


def _of_plaid(seen: Overview) -> Iterator[Trouble]:
    for bank in seen.census.institutions:
        if bank.failing_ratio >= HALF:
            items = printing.many(bank.items, "item")
            says = f"{bank.failing} of {items} of {name_of(seen, bank.institution_id)} fail"
            yield Trouble(says, f"ops items --institution {bank.institution_id}")
    for share in seen.census.limits_used:
        if share.used >= MOST_OF_A_LIMIT:
            yield Trouble(f"{share.used:.0%} of Plaid's limit of {share.endpoint} is used", "ops usage")


def _of_data(seen: Overview) -> Iterator[Trouble]:
    if seen.census.quarantined:
        says = printing.many(seen.census.quarantined, "transaction")
        yield Trouble(f"{says} could not be used", "ops quarantine list")
    if seen.orphans:
        says = printing.many(seen.orphans, "item rings", "items ring")
        yield Trouble(f"{says} that no integration has", "ops orphans")
    if seen.exchanges:
        yield Trouble(f"{printing.many(seen.exchanges, 'link')} broke off", "ops exchanges list")


def name_of(seen: Overview, institution_id: str) -> str:
    """Return what an institution is called."""
    return seen.banks.get(institution_id, institution_id)
