"""The three RabbitMQ nodes of the cluster's compose file, alone: started, killed and removed."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.compose.stack import DEPLOY, Failed, docker, need_compose
from tests.servers.network import free_port, interfaces
from tests.servers.proxy import Proxy

FILES = (
    DEPLOY / "docker-compose.yml",
    DEPLOY / "docker-compose.cluster.yml",
    Path(__file__).parent / "three_nodes.yml",
)
SERVICES = ("rabbitmq", "rabbitmq2", "rabbitmq3")
REQUIRED = re.compile(r"\$\{(\w+):\?")
SECRET = "x1y2z3"


@dataclass(frozen=True)
class Cluster:
    """One project; its nodes listen on these ports of the loopback interface."""

    project: str
    env_file: Path
    ports: tuple[int, ...]

    def compose(self, *arguments: str) -> str:
        """Run a `docker compose` command on the project and return its output."""
        files = [word for file in FILES for word in ("--file", str(file))]
        project = ["--project-name", self.project, "--env-file", str(self.env_file)]
        return docker("compose", *files, *project, *arguments)

    def change(self, *arguments: str) -> None:
        """Run one that starts or ends containers."""
        with interfaces(change=True):
            self.compose(*arguments)

    async def up(self, *, wait: bool = False) -> None:
        """Start the nodes that do not run; with `wait` return when all are healthy: in a cluster."""
        options = ["--wait"] if wait else []
        await asyncio.to_thread(self.change, "up", "--detach", *options, *SERVICES)

    async def kill(self, *services: str) -> None:
        """Lose these nodes at once."""
        await asyncio.to_thread(self.change, "kill", *services)

    async def queues(self, prefix: str) -> dict[str, dict[str, Any]]:
        """Return what the first node that answers says of the queues of this prefix, by name: `leader`, `online`."""
        command = ("rabbitmqctl", "-q", "list_queues", "--formatter", "json", "name", "leader", "online")
        listed = json.loads(await self._ask(*command))
        return {entry["name"]: entry for entry in listed if entry["name"].startswith(prefix)}

    async def forget_members_on(self, node: str) -> None:
        """Take every queue's member on this node away, as if the queues were older than it."""
        await self._ask("rabbitmq-queues", "-q", "shrink", node)

    async def _ask(self, *command: str) -> str:
        """Return what the first node says that can."""
        said = []
        for service in SERVICES:
            try:
                return await asyncio.to_thread(self.compose, "exec", "-T", service, *command)
            except Failed as failed:
                said.append(str(failed))
        raise Failed("\n".join(said))

    @asynccontextmanager
    async def reached(self) -> AsyncIterator[str]:
        """Yield a URL behind which is whichever node lives, as behind the name that the nodes share."""
        first, *others = (("127.0.0.1", port) for port in self.ports)
        async with Proxy(*first, *others).running() as proxy:
            yield f"amqp://cora:{SECRET}@127.0.0.1:{proxy.port}/"


def service_of(node: str) -> str:
    """Return the service that runs a node: of rabbit@rabbitmq1 it is rabbitmq."""
    return node.partition("@")[2].removesuffix("1")


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Yield a project of which nothing runs yet; raises Missing where Docker or compose is not there."""
    need_compose()
    ports = tuple(free_port() for _ in SERVICES)
    settings = {name: SECRET for file in FILES for name in REQUIRED.findall(file.read_text())}
    settings |= {f"NODE{number}_PORT": str(port) for number, port in enumerate(ports, start=1)}
    env_file = folder / ".env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    found = Cluster(f"cora-cluster-{uuid4().hex[:8]}", env_file, ports)
    try:
        yield found
    finally:
        found.change("down", "--volumes", "--timeout", "0")
