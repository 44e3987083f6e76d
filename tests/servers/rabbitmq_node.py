"""A private RabbitMQ node from an installed rabbitmq-server: own name, ports, cookie and data; no system service."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tests.servers.network import answers, free_port, wait_until

HELLO = b"AMQP\x00\x00\x09\x01"
"""AMQP 0-9-1's protocol header; a server that is up answers with a method frame: 1."""
PLAIN_SCRIPTS = Path("/usr/lib/rabbitmq/bin")
"""Debian's own; the ones on its PATH change user and insist on the system's node."""


def find_scripts() -> Path | None:
    """Return the folder of rabbitmq-server and rabbitmqctl, or None where RabbitMQ is not installed."""
    if (PLAIN_SCRIPTS / "rabbitmq-server").exists():
        return PLAIN_SCRIPTS
    found = shutil.which("rabbitmq-server")
    return Path(found).parent if found else None


@contextmanager
def node(scripts: Path) -> Iterator[tuple[str, Callable[..., str]]]:
    """Run a node until the block ends; yield its URL and a function that runs rabbitmqctl on it."""
    folder = Path(tempfile.mkdtemp(prefix="cora-rabbitmq-"))
    port = free_port()
    environment = _environment(folder, port)

    def control(*arguments: str) -> str:
        command = [str(scripts / "rabbitmqctl"), "-q", "-n", environment["RABBITMQ_NODENAME"], *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own words
        if done.returncode:
            raise RuntimeError(f"rabbitmqctl {arguments}: {done.stderr or done.stdout}")
        return done.stdout

    with (folder / "output").open("w") as output:
        server = subprocess.Popen(  # noqa: S603 - our own words
            [str(scripts / "rabbitmq-server")], env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_until(lambda: answers("127.0.0.1", port, HELLO, b"\x01"), f"RabbitMQ of {scripts}")
        yield f"amqp://guest:guest@127.0.0.1:{port}/", control
    finally:
        _end(server, environment)
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, port: int) -> dict[str, str]:
    (folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{port}\n")
    (folder / "enabled_plugins").write_text("[].\n")
    return os.environ | {
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(free_port()),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"cora-{uuid4().hex[:8]}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "LANG": "C.UTF-8",
    }


def _end(server: "subprocess.Popen[bytes]", environment: dict[str, str]) -> None:
    os.killpg(server.pid, signal.SIGKILL)  # nothing of it is kept, and an orderly end takes seconds
    server.wait()
    epmd = shutil.which("epmd")
    if epmd:  # the node started its own
        subprocess.run([epmd, "-kill"], env=environment, capture_output=True, timeout=30, check=False)  # noqa: S603 - our own words
