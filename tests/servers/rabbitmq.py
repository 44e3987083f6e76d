"""RabbitMQ for tests: TEST_AMQP_URL, else a container, else a private node of an installed rabbitmq-server."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit
from uuid import uuid4

from tests.servers import Missing, packages
from tests.servers.containers import NotStarted, Recipe, container, docker_answers
from tests.servers.network import answers, free_port
from tests.servers.rabbitmq_node import HELLO, find_scripts, node

IMAGE = "rabbitmq:4"
DATA = "/var/lib/rabbitmq"


@dataclass(frozen=True)
class Rabbit:
    """A server; `control` runs rabbitmqctl with its arguments, and is None where the server is not ours."""

    url: str
    origin: str
    control: Callable[..., str] | None = None

    def answers(self) -> bool:
        """Return whether it takes connections."""
        parts = urlsplit(self.url)
        return answers(parts.hostname or "", parts.port or 5672, HELLO, b"\x01")

    async def stop(self) -> None:
        """Stop the broker: connections break, ports close, what is durable stays on disk."""
        await self.run("stop_app")

    async def start(self) -> None:
        """Start it again; return when it takes connections."""
        await self.run("start_app")

    async def run(self, *arguments: str) -> str:
        """Run rabbitmqctl and return its output; raises Missing where the server is not ours to command."""
        return await asyncio.to_thread(self.commands(), *arguments)

    def commands(self) -> Callable[..., str]:
        """Return what runs rabbitmqctl; raises Missing where the server is not ours to command."""
        if self.control is None:
            raise Missing("a RabbitMQ that tests may stop (unset TEST_AMQP_URL)")
        return self.control


@contextmanager
def rabbitmq() -> Iterator[Rabbit]:
    """Yield the first server that can be had; raises Missing where none can."""
    if url := os.environ.get("TEST_AMQP_URL"):
        yield Rabbit(url, "TEST_AMQP_URL")
        return
    with ExitStack() as stack:
        yield _start(stack)


def _start(stack: ExitStack) -> Rabbit:
    note = ""
    if docker_answers():
        try:
            return stack.enter_context(_in_container())
        except NotStarted as error:
            note = f" (Docker answers, but {error})"
    server = stack.enter_context(of_distribution())
    return replace(server, origin=f"{server.origin}{note}")


@contextmanager
def of_distribution() -> Iterator[Rabbit]:
    """Yield a private node of the distribution's rabbitmq-server, installed where the machine is ours.

    Raises Missing where there is none.
    """
    if find_scripts() is None and packages.may_install():
        packages.install("rabbitmq-server")
    scripts = find_scripts()
    if scripts is None:
        raise Missing("RabbitMQ (start Docker, or install rabbitmq-server, or set TEST_AMQP_URL)")
    with node(scripts) as (url, control):
        yield Rabbit(url, f"private node of {scripts}", control)


@contextmanager
def _in_container() -> Iterator[Rabbit]:
    with container(IMAGE, 5672, hello=HELLO, reply=b"\x01", recipe=_recipe, in_memory=DATA) as box:
        yield Rabbit(
            f"amqp://cora:cora@{box.host}:{box.port}/",
            f"container {IMAGE}",
            lambda *arguments: box.run("rabbitmqctl", "-q", *arguments),
        )


def _recipe(address: str, port: int) -> Recipe:
    """A node whose every port is its own: others may run on the same interface."""
    arguments = f"""-kernel inet_dist_use_interface {{127,0,0,1}}
        -rabbitmq_prometheus tcp_config [{{port,{free_port()}}},{{ip,"127.0.0.1"}}]"""
    return Recipe(
        {
            "RABBITMQ_DEFAULT_USER": "cora",
            "RABBITMQ_DEFAULT_PASS": "cora",
            "RABBITMQ_NODENAME": f"cora-{uuid4().hex[:8]}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": address,
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": " ".join(arguments.split()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(free_port()),
        }
    )
