"""The compose project under test: built, started and removed as a whole, beside whatever else runs here."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy import RowMapping

from common.database import Database
from deploy import environment
from deploy.demo import state
from deploy.embedded import System
from deploy.truth import Comparison, compare, items
from tests.servers import Missing
from tests.servers.containers import docker_answers
from tests.servers.network import free_port, interfaces

DEPLOY = Path("deploy").resolve()
FILES = (DEPLOY / "docker-compose.yml", Path(__file__).parent / "published.yml")
REPLICAS = {"sync_worker": 4, "categorizer": 2}
OURS = ("link_api", "webhook_ingest", "sync_worker", "categorizer", "plaid_sandbox")
PATIENCE = 300.0
"""Seconds that a command may take: the first one builds the images."""


class Failed(Exception):
    """A docker command ended badly; the text is what it said."""


def docker(*arguments: str) -> str:
    """Run a docker command and return its output."""
    command = ["docker", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {done.stderr}{done.stdout}")
    return done.stdout


@dataclass(frozen=True)
class Stack:
    """One project: `compose` it, reach it at `system`, look into its `database`."""

    project: str
    env_file: Path
    system: System
    """Its addresses as this machine sees them; `deploy.demo.link` links a bank with it."""

    def compose(self, *arguments: str) -> str:
        """Run a `docker compose` command on the project and return its output.

        Waits while a browser runs: most commands change the machine's network interfaces.
        """
        files = [word for file in FILES for word in ("--file", str(file))]
        project = ["--project-name", self.project, "--env-file", str(self.env_file)]
        with interfaces(change=True):
            return docker("compose", *files, *project, *arguments)

    def up(self, *options: str) -> None:
        """Start what does not run, at four sync workers and two categorizers; return when all are healthy."""
        scale = [word for name, number in REPLICAS.items() for word in ("--scale", f"{name}={number}")]
        self.compose("up", "--detach", "--wait", *scale, *options)

    def containers(self, service: str) -> list[str]:
        """Return the names of a service's containers, stopped ones too."""
        said = self.compose("ps", "--all", "--format", "json", service)
        return sorted(json.loads(line)["Name"] for line in said.splitlines())

    def inspect(self, container: str) -> dict[str, Any]:
        """Return what Docker knows of a container."""
        told: list[dict[str, Any]] = json.loads(docker("inspect", container))
        return told[0]

    def execute(self, container: str, *command: str) -> str:
        """Run a command in a container and return its output."""
        return docker("exec", container, *command)

    def kill(self, container: str) -> None:
        """Kill every process in a container, as a crash does; unlike after `docker kill` Docker starts it again."""
        with interfaces(change=True), suppress(Failed):  # the shell that kills dies too
            self.execute(container, "sh", "-c", "kill -KILL -1")

    def wait(self) -> None:
        """Return when every container is healthy again."""
        self.up("--no-recreate")

    def logs(self, *services: str) -> str:
        """Return what these services said, all of them when none is named."""
        return self.compose("logs", "--no-color", "--no-log-prefix", *services)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """Yield the project's database."""
        opened = Database(self.system.database_url, application_name="test")
        try:
            yield opened
        finally:
            await opened.close()

    async def settled(self, within: float = 90.0) -> Comparison:
        """Return what was compared once every linked bank is imported whole and PostgreSQL equals the truth."""
        async with (
            self.database() as database,
            httpx2.AsyncClient(base_url=self.system.sandbox_url, timeout=60) as bank,
        ):
            deadline = perf_counter() + within
            while True:
                whole = all(map(_is_whole, await state(database)))
                compared = await compare(database, bank, await items(bank))
                if whole and compared.equal:
                    return compared
                assert perf_counter() < deadline, (
                    f"after {within:.0f} s: whole {whole}, {len(compared.lost)} lost, {len(compared.duplicated)} twice"
                )
                await asyncio.sleep(0.2)

    def down(self) -> None:
        """Remove all that the project made."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "0")
        if images := docker("image", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={self.project}"):
            docker("image", "rm", "--force", *set(images.split()))


def _is_whole(row: RowMapping) -> bool:
    return row["stage"] == "HISTORICAL_UPDATE_COMPLETE" and row["settled"] and not row["undecided"]


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """Build and start the project, its settings in the folder; raises Missing where Docker or compose is not there."""
    _need_compose()
    project, ports = f"cora-test-{uuid4().hex[:8]}", [free_port() for _ in range(3)]
    named = dict(zip(("PROXY_PORT", "SANDBOX_PORT", "POSTGRES_PORT"), ports, strict=True))
    env_file = folder / ".env"
    environment.prepare(env_file)
    environment.write(env_file, settings(env_file.read_text(), project, named))
    told = dict(line.split("=", 1) for line in env_file.read_text().splitlines() if "=" in line)
    started = Stack(
        project,
        env_file,
        System(
            api_url=f"http://127.0.0.1:{named['PROXY_PORT']}",
            ingest_url=f"http://127.0.0.1:{named['PROXY_PORT']}",
            sandbox_url=f"http://127.0.0.1:{named['SANDBOX_PORT']}",
            database_url=f"postgresql://cora:{told['POSTGRES_PASSWORD']}@127.0.0.1:{named['POSTGRES_PORT']}/cora",
            jwt_secret=told["AUTH_JWT_SECRET"],
        ),
    )
    try:
        started.up("--build")
        yield started
    finally:
        started.down()


def settings(example: str, project: str, ports: dict[str, int]) -> str:
    """Return the example's settings for a project of this name on these ports; Plaid's retries come in seconds."""
    ours = {"IMAGE_TAG": project, "PLAID_SANDBOX_RETRY_SCALE": "0.02"} | {key: str(port) for key, port in ports.items()}
    kept = [line for line in example.splitlines() if line.split("=", 1)[0] not in ours]
    # First, since others are told in terms of the ports.
    return "\n".join([*(f"{name}={value}" for name, value in ours.items()), *kept]) + "\n"


def _need_compose() -> None:
    if shutil.which("docker") is None or not docker_answers():
        raise Missing("Docker (install it and start it)")
    try:
        docker("compose", "version")
    except Failed:
        raise Missing("Docker Compose (install Docker's compose plugin)") from None
