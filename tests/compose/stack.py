"""The compose project under test: built, started and removed as a whole, beside whatever else runs here."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from common.database import Database
from deploy import environment
from deploy.compose import remains
from deploy.embedded import System
from tests.servers import Missing
from tests.servers.containers import docker_answers
from tests.servers.network import free_port, interfaces

DEPLOY = Path("deploy").resolve()
FILES = (DEPLOY / "docker-compose.yml", Path(__file__).parent / "published.yml")
SETTINGS = {"SYNC_WORKERS": "4", "CATEGORIZERS": "2", "PLAID_SANDBOX_RETRY_SCALE": "0.02", "API_RATE_LIMIT": "off"}
"""Four sync workers and two categorizers, Plaid's retries in seconds, and tests that poll."""
OURS = ("link_api", "webhook_ingest", "sync_worker", "categorizer", "plaid_sandbox")
CHANGING = frozenset({"up", "down", "start", "stop", "restart", "kill", "rm", "run", "pause", "unpause"})
PATIENCE = 300.0
"""Seconds that a command may take: the first one builds the images."""
KINDS = ("container", "network", "volume", "image")
"""What a project makes."""


class Failed(Exception):
    """A docker command ended badly; the text is what it said."""


def run(*command: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a command and return its output."""
    variables = os.environ | dict(environment or {})
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {done.stderr}{done.stdout}")
    return done.stdout


def docker(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a docker command and return its output."""
    return run("docker", *arguments, environment=environment)


@dataclass(frozen=True)
class Stack:
    """One project: `compose` it, reach it at `system`, look into its `database`."""

    project: str
    environment: dict[str, str]
    """What makes docker compose, and our own commands, mean this project."""
    system: System
    """Its addresses as this machine sees them; `deploy.demo.link` links a bank with it."""
    secrets: dict[str, str] = field(repr=False)

    def compose(self, command: str, *arguments: str) -> str:
        """Run a `docker compose` command on the project and return its output.

        Waits while a browser runs, where the command changes the machine's network interfaces.
        """
        with interfaces(change=True) if command in CHANGING else nullcontext():
            return docker("compose", command, *arguments, environment=self.environment)

    def make(self, target: str) -> str:
        """Run what `make up` and `make down` run, and return what it says."""
        with interfaces(change=True):
            return run(sys.executable, "-m", "deploy.compose", target, environment=self.environment)

    def heal(self) -> None:
        """Start what does not run, and return when every container is healthy."""
        self.compose("up", "--detach", "--wait", "--no-recreate")

    def config(self) -> dict[str, Any]:
        """Return the project as compose resolves it."""
        resolved: dict[str, Any] = json.loads(self.compose("config", "--format", "json"))
        return resolved

    def containers(self, service: str) -> list[str]:
        """Return the names of a service's containers, stopped ones too."""
        said = self.compose("ps", "--all", "--format", "json", service)
        return sorted(json.loads(line)["Name"] for line in said.splitlines())

    def inspect(self, container: str) -> dict[str, Any]:
        """Return what Docker knows of a container."""
        told: list[dict[str, Any]] = json.loads(docker("inspect", container))
        return told[0]

    def address(self, container: str) -> str | None:
        """Return a container's address on the front network, as the stand-in sees it; None where it has none."""
        network = self.inspect(container)["NetworkSettings"]["Networks"].get(f"{self.project}_front")
        return network and str(network["IPAddress"])

    def execute(self, container: str, *command: str) -> str:
        """Run a command in a container and return its output."""
        return docker("exec", container, *command)

    def kill(self, container: str) -> None:
        """Kill every process in a container, as a crash does; unlike after `docker kill` Docker starts it again."""
        with interfaces(change=True), suppress(Failed):  # the shell that kills dies too
            self.execute(container, "sh", "-c", "kill -KILL -1")

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


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """Build and start a project, its settings in the folder; at the end nothing of it may remain.

    Raises Missing where Docker or compose is not there.
    """
    need_compose()
    made = prepared(folder)
    try:
        made.make("up")
        yield made
    finally:
        made.make("down")
    assert [kind for kind in KINDS if remains(kind, made.project)] == []


def prepared(folder: Path) -> Stack:
    """Return a project of its own name, on free ports; nothing of it runs yet."""
    project, env_file = f"cora-test-{uuid4().hex[:8]}", folder / ".env"
    names = ("PROXY_PORT", "SANDBOX_PORT", "POSTGRES_PORT")
    ports = {name: str(free_port()) for name in names}
    ours = {"COMPOSE_FILE": ":".join(map(str, FILES)), "IMAGE_TAG": project} | SETTINGS | ports
    secrets = {name: fresh() for name, fresh in environment.FRESH.items()}
    kept = [line for line in environment.EXAMPLE.read_text().splitlines() if line.split("=")[0] not in ours | secrets]
    # Ours first, since others are told in terms of the ports.
    environment.write(env_file, "\n".join([*(f"{name}={value}" for name, value in (ours | secrets).items()), *kept]))
    page, stand_in, postgres = (f"127.0.0.1:{ports[name]}" for name in names)
    system = System(
        api_url=f"http://{page}",
        ingest_url=f"http://{page}",
        sandbox_url=f"http://{stand_in}",
        database_url=f"postgresql://cora:{secrets['POSTGRES_PASSWORD']}@{postgres}/cora",
        jwt_secret=secrets["AUTH_JWT_SECRET"],
    )
    return Stack(project, {"COMPOSE_PROJECT_NAME": project, "COMPOSE_ENV_FILES": str(env_file)}, system, secrets)


def need_compose() -> None:
    """Raise Missing where Docker or its compose plugin is not there."""
    if shutil.which("docker") is None or not docker_answers():
        raise Missing("Docker (install it and start it)")
    try:
        docker("compose", "version")
    except Failed:
        raise Missing("Docker Compose (install Docker's compose plugin)") from None
