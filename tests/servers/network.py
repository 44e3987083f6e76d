"""Ports, whether a server answers on one, and who may change this machine's network interfaces."""

import fcntl
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import SystemRandom

LOOPBACK = "127.0.0.1"
PATIENCE = 60.0
"""Seconds that a server may take until it answers."""
UNGIVEN = range(20_000, 32_768)
"""Ports below those that systems give to whoever asks for any (Linux from 32,768 on; RFC 6335: from 49,152 on)."""


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on.

    Not one that the system gives away: until a server of ours listens there, another test might get it.
    """
    while True:
        port = SystemRandom().choice(UNGIVEN)
        with socket.socket() as listener, suppress(OSError):
            listener.bind((LOOPBACK, port))
            return port


def answers(host: str, port: int, hello: bytes, reply: bytes) -> bool:
    """Return whether the server's first byte after our `hello` is `reply`: it is up, not only its port."""
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(hello)
            return connection.recv(1) == reply
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], what: str, *, patience: float = PATIENCE) -> None:
    """Return when the condition holds; raise TimeoutError naming `what` after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not answer within {patience:.0f} s")
        time.sleep(0.1)


@contextmanager
def interfaces(*, change: bool) -> Iterator[None]:
    """Keep the machine's network interfaces as they are, or wait until nobody does and change them.

    A container's start and stop change them, and Chromium then drops its requests (ERR_NETWORK_CHANGED): neither
    happens during the other, in whatever process. A test that does both would wait for itself.
    """
    path = Path(tempfile.gettempdir()) / f"cora-interfaces-{os.getuid()}.lock"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH if change else fcntl.LOCK_EX)  # containers do not wait for each other
        yield
