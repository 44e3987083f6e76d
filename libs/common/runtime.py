"""How every service runs: open what it needs, serve, and on SIGTERM drain within a bound and exit 0."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
import uvicorn
from starlette.types import ASGIApp

from common import logging, settings
from common.broker import Broker
from common.broker.rabbit import RabbitBroker
from common.connections import LARGEST_HEAD, MOST, bounded
from common.database import Database
from common.outbox import Outbox
from common.tracing import tracing

log = structlog.get_logger(__name__)

GRACE = 20.0
"""Seconds that work in hand gets after SIGTERM."""
BACKLOG = 2048
OWN_FILES = 240
"""Beside the connections that it serves: its own to the servers, logs, code."""
NICENESS = 10
"""Of a service whose work waits in queues (nice(2)): on a full machine those go first whom somebody waits for."""
LOG_LEVEL = "error"
"""Of uvicorn: it warns of each request that is none, and whoever sends them could fill a disk."""


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """What every service stands on."""

    database: Database
    broker: Broker
    outbox: Outbox


@dataclass(frozen=True, slots=True)
class Service:
    """A built service: its HTTP face, its connections at a time, the loops that run beside it until cancelled."""

    app: ASGIApp
    loops: Sequence[Callable[[], Awaitable[None]]] = field(default=())
    connections: int = MOST


class StandardSettings(settings.ProcessSettings, settings.PostgresSettings, settings.BrokerSettings):
    """What a service needs besides its own blocks."""


SettingsT = TypeVar("SettingsT", bound=StandardSettings)
Build = Callable[[SettingsT, Infrastructure], AbstractAsyncContextManager[Service]]


def run(name: str, settings_class: type[SettingsT], build: Build[SettingsT], *, gives_way: bool = False) -> None:
    """Run one service as this process until SIGTERM or Ctrl-C; one that gives way works when nobody else needs to."""
    loaded = settings.load(settings_class)
    if gives_way and hasattr(os, "nice"):
        os.nice(NICENESS)
    allow_files(MOST + OWN_FILES)
    logging.configure(loaded.log_format, loaded.log_level)
    endpoint = loaded.otel_exporter_otlp_endpoint
    with tracing(name, str(endpoint) if endpoint else None), asyncio.Runner(loop_factory=loop_factory()) as runner:
        try:
            runner.run(_run(name, loaded, build))
        except PortInUse as error:
            sys.exit(f"Cannot start: {error}")
        except LoopDied as error:
            sys.exit(f"Stopped: {error}")


def allow_files(number: int) -> None:
    """Let this process have so many files open, or as many as it may: systemd and containers begin with 1,024."""
    try:
        import resource  # noqa: PLC0415 - not on every platform
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop where it exists."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _run(name: str, loaded: SettingsT, build: Build[SettingsT]) -> None:
    async with infrastructure(name, loaded) as parts, build(loaded, parts) as service:
        await serve([(service, loaded.host, loaded.port)])


@asynccontextmanager
async def infrastructure(name: str, loaded: StandardSettings) -> AsyncIterator[Infrastructure]:
    """Open the database pool, the broker and the outbox; on the way out, publish what is in flight, then close."""
    database = Database(
        loaded.database_url.get_secret_value(), pool_size=loaded.database_pool_size, application_name=name
    )
    broker = RabbitBroker(loaded.amqp_url.get_secret_value())
    outbox = Outbox(database, broker)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        stack.push_async_callback(broker.close)
        stack.push_async_callback(outbox.settle, 5.0)
        await broker.start()
        await stack.enter_async_context(running([outbox.run]))
        yield Infrastructure(database, broker, outbox)


@asynccontextmanager
async def running(loops: Sequence[Callable[[], Awaitable[None]]]) -> AsyncIterator[None]:
    """Run endless loops beside the block; cancel them at its end.

    A loop that dies is logged and ends the process as SIGTERM does; then the block raises LoopDied.
    """
    tasks = [asyncio.ensure_future(loop()) for loop in loops]
    for task in tasks:
        task.add_done_callback(_report_death)
    try:
        yield
    finally:
        died = [task.exception() for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if died:
        raise LoopDied(f"a loop died of {died[0]!r}")


def _report_death(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("loop.died", exc_info=task.exception())
        signal.raise_signal(signal.SIGTERM)  # half a service helps nobody


class LoopDied(Exception):
    """A loop that should have run until the end did not; a supervisor starts the process again."""


class PortInUse(Exception):
    """Somebody listens there already."""


class _Server(uvicorn.Server):
    """Uvicorn that leaves the signals to us, since several may share one process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: `serve` handles the signals."""
        yield


async def serve(services: Sequence[tuple[Service, str, int]]) -> None:
    """Serve each service on its address until SIGTERM or SIGINT, then drain them all."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        for service, host, port in services:
            await stack.enter_async_context(serving(service.app, host, port, connections=service.connections))
            await stack.enter_async_context(running(service.loops))
        gc.freeze()  # what stands now stays: no collection stops the work to look through all of it
        await stop.wait()
        log.info("stopping")


@asynccontextmanager
async def serving(app: ASGIApp, host: str, port: int, *, connections: int = MOST) -> AsyncIterator[int]:
    """Serve an ASGI app beside the block and yield its port (ask for 0 to get a free one), or raise PortInUse.

    No proxy's headers are believed: who trusts one says so in its app.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        http=bounded(connections),
        h11_max_incomplete_event_size=2 * LARGEST_HEAD,  # ours comes first, and says why
        log_config=None,
        log_level=LOG_LEVEL,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(GRACE),
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if task.done():
                raise RuntimeError("the app did not start")
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio: no Nagle where TCP is named
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # two that bind at the same moment are told apart only here
    except OSError as error:
        listener.close()
        raise PortInUse(
            f"cannot listen on {host}:{port} ({error.strerror}); stop what runs there, or set another PORT"
        ) from error
    return listener
