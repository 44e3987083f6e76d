"""Servers in containers, where Docker answers."""

import gc
import socket
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.servers.network import LOOPBACK, answers, free_port, interfaces, wait_until

EVERYWHERE = "0.0.0.0"  # noqa: S104 - within the container
ROOTLESS = "name=rootless"
"""As an engine tells it: its "host" is a namespace of its own."""


class NotStarted(Exception):
    """Docker answers but the container did not come up: no image, no network, no memory."""


@dataclass(frozen=True)
class Running:
    """A container's server and the address at which this process reaches it."""

    host: str
    port: int
    container: Any

    def run(self, *command: str) -> str:
        """Run a command inside and return its output; raise with it where the command fails."""
        code, output = self.container.exec(list(command))
        text: str = output.decode(errors="replace")
        if code:
            raise RuntimeError(f"{command}: {text}")
        return text


@cache
def docker_answers() -> bool:
    """Return whether an engine is there to talk to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # a client that finds no engine leaves its socket open
        found = _ping()
        gc.collect()
    return found


@cache
def _runs_beside_us() -> bool:
    """Return whether the engine's host is this machine, so that a container may listen on our loopback interface."""
    from testcontainers.core.docker_client import DockerClient  # noqa: PLC0415 - as below

    client = DockerClient().client
    engine = client.info()
    client.close()
    return engine["Name"] == socket.gethostname() and ROOTLESS not in engine.get("SecurityOptions", ())


def _ping() -> bool:
    try:
        from testcontainers.core.docker_client import DockerClient  # noqa: PLC0415 - slow, and not needed by fast tests

        client = DockerClient().client
        client.ping()
        client.close()
    except Exception:  # noqa: BLE001 - no client, no socket, no permission: all mean no Docker
        return False
    return True


@dataclass(frozen=True)
class Recipe:
    """How an image's server is told where to listen: by its environment, and by its command unless that is empty."""

    environment: Mapping[str, str]
    command: str = ""


@contextmanager
def container(
    image: str,
    port: int,
    *,
    hello: bytes,
    reply: bytes,
    recipe: Callable[[str, int], Recipe],
    in_memory: str = "",
) -> Iterator[Running]:
    """Run the image until the block ends, with the folder `in_memory` there instead of on a disk.

    `recipe` is asked for the address and the port at which the server is to listen: of this machine's own loopback
    interface where the engine runs beside us, since a published port costs a proxy's copying of every packet;
    elsewhere `port`, published. Raises NotStarted where its server does not answer.
    """
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - as above

    beside = _runs_beside_us()
    at = (LOOPBACK, free_port()) if beside else (EVERYWHERE, port)
    told = recipe(*at)
    box = DockerContainer(image, env=dict(told.environment), command=told.command or None)
    box = box.with_kwargs(network_mode="host") if beside else box.with_exposed_ports(port)
    if in_memory:
        box.with_tmpfs_mount(in_memory)
    try:
        with interfaces(change=True):
            box.start()
        host, outside = _first_to_answer([at] if beside else _published(box, port), hello, reply)
    except Exception as error:
        _stop(box)
        raise NotStarted(f"{image}: {error}") from error
    try:
        yield Running(host, outside, box)
    finally:
        _stop(box)


def _stop(box: Any) -> None:
    with interfaces(change=True):
        box.stop()


def _published(box: Any, port: int) -> list[tuple[str, int]]:
    """Return where a published port may be: on this machine, else where Testcontainers expects it."""
    published = int(box.get_docker_client().port(box.get_container_id(), port))
    return [(LOOPBACK, published), (box.get_container_host_ip(), int(box.get_exposed_port(port)))]


def _first_to_answer(candidates: Sequence[tuple[str, int]], hello: bytes, reply: bytes) -> tuple[str, int]:
    found: list[tuple[str, int]] = []

    def look() -> bool:
        found.extend(at for at in candidates if not found and answers(*at, hello, reply))
        return bool(found)

    wait_until(look, f"a server at one of {candidates}")
    return found[0]
