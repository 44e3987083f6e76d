"""Servers in containers, where Docker answers."""

import gc
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.servers.network import answers, interfaces, wait_until


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


def _ping() -> bool:
    try:
        from testcontainers.core.docker_client import DockerClient  # noqa: PLC0415 - slow, and not needed by fast tests

        client = DockerClient().client
        client.ping()
        client.close()
    except Exception:  # noqa: BLE001 - no client, no socket, no permission: all mean no Docker
        return False
    return True


@contextmanager
def container(
    image: str,
    port: int,
    *,
    hello: bytes,
    reply: bytes,
    environment: Mapping[str, str],
    command: str = "",
    in_memory: str = "",
) -> Iterator[Running]:
    """Run the image until the block ends, with the folder `in_memory` there instead of on a disk.

    Raises NotStarted where its server does not answer.
    """
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - as above

    box = DockerContainer(image, env=dict(environment), command=command or None).with_exposed_ports(port)
    if in_memory:
        box.with_tmpfs_mount(in_memory)
    try:
        with interfaces(change=True):
            box.start()
        host, outside = _address(box, port, hello, reply)
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


def _address(box: Any, port: int, hello: bytes, reply: bytes) -> tuple[str, int]:
    """Return where the server answers: the published port of this machine, else where Testcontainers expects it."""
    published = int(box.get_docker_client().port(box.get_container_id(), port))
    candidates = [("127.0.0.1", published), (box.get_container_host_ip(), int(box.get_exposed_port(port)))]
    found: list[tuple[str, int]] = []

    def look() -> bool:
        found.extend(at for at in candidates if not found and answers(*at, hello, reply))
        return bool(found)

    wait_until(look, f"port {port}")
    return found[0]
