"""The system in containers: `make up` builds, starts and waits for it, `make down` removes all that it made.

Needs Python and Docker, and nothing else: what it runs is in the images.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Any

from deploy import environment

DEMO_USER = 1
SIGNED_IN = timedelta(days=30)
UNUSED = "unused"
HELP = """Not everything is up: in deploy/, `docker compose ps --all` and `docker compose logs` tell why.
A port in use? Set PROXY_PORT or SANDBOX_PORT in deploy/.env."""

ONE_NODE = """COMPOSE_FILE names docker-compose.secrets.yml and docker-compose.cluster.yml: take one of the two away.
Secrets as files are for one node of RabbitMQ; three would take the word in .env for their password."""


def call(*arguments: str, **overrides: str) -> str:
    """Run a docker command and return its output; end the process with what it said where it fails."""
    command, variables = ["docker", *arguments], os.environ | overrides
    done = subprocess.run(command, cwd=environment.FOLDER, env=variables, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        sys.exit(done.stderr.strip() or f"{' '.join(command)} failed.")
    return done.stdout


def show(*arguments: str, **overrides: str) -> int:
    """Run a docker command before the user's eyes and return its exit code."""
    command, variables = ["docker", *arguments], os.environ | overrides
    return subprocess.run(command, cwd=environment.FOLDER, env=variables, check=False).returncode  # noqa: S603


def need_docker() -> None:
    """End the process with a sentence where Docker or its compose plugin is not there."""
    if shutil.which("docker") is None:
        sys.exit("Docker is needed for this, with its compose plugin; `make run` does without.")
    for command, advice in [
        (["docker", "info"], "Docker does not answer: start it, and see that you may use it; `make run` does without."),
        (
            ["docker", "compose", "version"],
            "Docker's compose plugin is needed (docker-compose-plugin in most packages).",
        ),
    ]:
        if subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603
            sys.exit(advice)


def settings_file() -> Path:
    """Return where a deployment's settings are: the first file that COMPOSE_ENV_FILES lists, else deploy/.env."""
    return environment.FOLDER / (os.environ.get("COMPOSE_ENV_FILES", "").split(",")[0] or environment.FILE)


def up() -> None:
    """Build, start, wait until all are healthy, and say where the page is."""
    for sentence in environment.prepare(settings_file()):
        print(sentence)
    project = config()
    if "rabbitmq2" in project["services"] and "rabbitmq_password" in project.get("secrets", {}):
        sys.exit(ONE_NODE)
    print("Building the images, and starting PostgreSQL, RabbitMQ and the services ...", flush=True)
    if show("compose", "build", "ops") or show("compose", "up", "--build", "--detach", "--wait", "--remove-orphans"):
        sys.exit(f"\n{HELP}")
    print(f"\n  CORA Bank Sync is running.\n\n  Open  {page(settings_of(project), published('proxy', 80))}\n")
    print("  Scale it    cd deploy && docker compose up -d --scale sync_worker=4 --scale categorizer=2")
    print("  Look at it  cd deploy && docker compose logs --follow")
    print("  Mend it     cd deploy && docker compose run --rm ops --help")
    print("  Remove it   make down, and its data too\n")


def config(**overrides: str) -> dict[str, Any]:
    """Return the project as compose resolves it."""
    resolved: dict[str, Any] = json.loads(call("compose", "config", "--format", "json", **overrides))
    return resolved


def settings_of(project: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return what each service of a resolved project finds in its environment."""
    return {
        name: {key: (value or "").replace("$$", "$") for key, value in service.get("environment", {}).items()}
        for name, service in project["services"].items()
    }


def published(service: str, port: int) -> str:
    """Return where this machine finds a port of a service."""
    return call("compose", "port", service, str(port)).strip()


def page(services: Mapping[str, Mapping[str, str]], proxy: str) -> str:
    """Return the page's address, with a user signed in where the banks are the stand-in's."""
    site = services["proxy"]["SITE_ADDRESS"]
    address = f"http://{proxy}/" if site.startswith(":") else f"https://{site.removeprefix('https://')}/"
    secret = services["link_api"].get("AUTH_JWT_SECRET")
    return f"{address}#access_token={token(secret)}" if secret and "plaid_sandbox" in services else address


def token(secret: str, user_id: int = DEMO_USER) -> str:
    """Return a bearer token as the host application would make it: a JWT, HS256 (RFC 7519)."""
    claims = {"sub": str(user_id), "exp": int((datetime.now(UTC) + SIGNED_IN).timestamp())}
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_base64url(digest(secret.encode(), signed.encode(), sha256))}"


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def down() -> None:
    """Remove the containers, networks, volumes and images of every profile and scale; the settings stay."""
    words = dict.fromkeys(environment.FRESH, UNUSED) | {"PLAID_CLIENT_ID": UNUSED, "PLAID_SECRET": UNUSED}
    project = config(**words)["name"]
    if show("compose", "--profile", "*", "down", "--volumes", "--remove-orphans", **words):
        sys.exit("\nNot everything could be removed; see above.")
    for kind in ("volume", "image"):  # what files added to COMPOSE_FILE once made, and what we built
        if left := remains(kind, project):
            call(kind, "rm", "--force", *left)
    print("Removed, with its data. The settings stay in deploy/.env.")


def remains(kind: str, project: str) -> list[str]:
    """Return what Docker has of this kind (container, network, volume, image) with the project's label."""
    everything = ["--all"] if kind in {"container", "image"} else []
    words = ["--quiet", "--filter", f"label=com.docker.compose.project={project}"]
    return sorted(set(call(kind, "ls", *everything, *words).split()))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Run the system in containers.")
    parser.add_argument("command", choices=["up", "down"])
    command = parser.parse_args().command
    need_docker()
    (up if command == "up" else down)()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
