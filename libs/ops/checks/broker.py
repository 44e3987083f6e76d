"""RabbitMQ: that it lets us in and takes messages, and that our queues are there, as we declare them, and served."""

from collections.abc import Sequence

from aio_pika.exceptions import AuthenticationError, ConnectionClosed, ProbableAuthenticationError
from aiormq.exceptions import InvalidFrameError

from common.broker.rabbit.declaration import Names
from common.broker.rabbit.inspection import Shape, Standing, inspect, takes_messages
from common.broker.rabbit.link import connection_to
from common.broker.topology import QUEUES
from ops.checks.finding import Finding, fail, ok, warn

CONFIRM_WITHIN = 3.0
REFUSED = (AuthenticationError, ProbableAuthenticationError, ConnectionClosed, InvalidFrameError)
"""The last is how aiormq takes the refusal of a virtual host."""


async def reach(url: str, prefix: str = "") -> Sequence[Finding]:
    """Return whether the server serves us, and how each queue stands."""
    names = Names(prefix)
    try:
        async with connection_to(url, "ops doctor") as connection:
            standings = await inspect(connection, names, QUEUES)
            takes = await takes_messages(connection, CONFIRM_WITHIN)
    except REFUSED:
        remedy = "The user, the password or the virtual host in AMQP_URL is not the server's: mend either."
        return [fail("RabbitMQ", "does not let us in", remedy)]
    except (OSError, TimeoutError):
        return [fail("RabbitMQ", "cannot be reached", "See that it runs and that AMQP_URL names its host and port.")]
    return [_room(takes), _shapes(standings), _served(names, standings), _dead(names, standings)]


def _room(takes: bool) -> Finding:
    if takes:
        return ok("RabbitMQ", "takes messages")
    remedy = "Look at `rabbitmq-diagnostics alarms` (memory, disk) and at whether a majority of its nodes runs."
    return fail("RabbitMQ", f"confirms no message within {CONFIRM_WITHIN:g} s", remedy)


def _shapes(standings: Sequence[Standing]) -> Finding:
    missing = [one.name for one in standings if one.shape is Shape.MISSING]
    differing = [one.name for one in standings if one.shape is Shape.DIFFERS]
    if missing:
        remedy = "Restart one of our processes: each declares all queues when it connects."
        return fail("queues", f"missing: {', '.join(missing)}", remedy)
    if differing:
        remedy = "They work as they are; docs/operations.md (QueueInTrouble) says how to bring them up to date."
        return warn("queues", f"not as this release declares them: {', '.join(differing)}", remedy)
    return ok("queues", f"all {len(standings)} are there, as we declare them")


def _served(names: Names, standings: Sequence[Standing]) -> Finding:
    work = {names.work(queue) for queue in QUEUES}
    idle = [one.name for one in standings if one.name in work and not one.consumers and one.shape is not Shape.MISSING]
    if idle:
        services = sorted({name.removeprefix(names.prefix).partition(".")[0] for name in idle})
        remedy = f"Start {' and '.join(services)}, or look in the logs why it is not ready."
        return fail("consumers", f"nobody takes from {', '.join(idle)}", remedy)
    return ok("consumers", "every queue that is there is served")


def _dead(names: Names, standings: Sequence[Standing]) -> Finding:
    graves = {names.dead(queue) for queue in QUEUES}
    dead = {one.name: one.messages for one in standings if one.name in graves and one.messages}
    if dead:
        says = ", ".join(f"{count} in {name}" for name, count in dead.items())
        return warn("dead letters", says, "`ops dead list` shows them and why; `ops dead replay` tries them again.")
    return ok("dead letters", "none")
