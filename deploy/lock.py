"""Pins every dependency anew, with hashes and without any host name: `make lock`.

`requirements.lock` holds everything that work on this tree needs, `deploy/requirements/<service>.lock` what one image
needs, at the same versions.
"""

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
ALL = ROOT / "requirements.lock"
LOCKS = ROOT / "deploy" / "requirements"
SERVICES = ("link_api", "webhook_ingest", "sync_worker", "categorizer", "ops", "plaid_sandbox")
STANDALONE = frozenset({"plaid_sandbox"})
"""What shares no code with the others, and so none of the project's own dependencies."""
IMAGE_PYTHON = "3.13"
SAYING = ("--universal", "--generate-hashes", "--no-header", "--no-emit-index-url", "--no-annotate", "--quiet")


def requirements(service: str) -> list[str]:
    """Return what pyproject.toml says that a service needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    shared = [] if service in STANDALONE else project["dependencies"]
    return [*shared, *project["optional-dependencies"][service.replace("_", "-")]]


def compile_all() -> None:
    """Write requirements.lock."""
    _uv(["pyproject.toml", "--all-extras", "--python-version", "3.11", "-o", str(ALL)])


def compile_one(service: str) -> None:
    """Write the lock of a service's image, held to the versions of requirements.lock."""
    arguments = ["-", "--constraint", str(ALL), "--python-version", IMAGE_PYTHON, "-o", str(lock_of(service))]
    _uv(arguments, "\n".join(requirements(service)))


def pins(lock: Path) -> dict[str, str]:
    """Return each package of a lock with its version and, where it has one, its condition."""
    lines = [line.removesuffix(" \\") for line in lock.read_text().splitlines() if "==" in line]
    return dict(line.split("==", 1) for line in lines)


def lock_of(service: str) -> Path:
    """Return where the lock of a service's image stands."""
    return LOCKS / f"{service}.lock"


def _uv(arguments: Sequence[str], text: str = "") -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", *SAYING, *arguments]
    subprocess.run(command, input=text, text=True, check=True, cwd=ROOT)  # noqa: S603 - our own words


if __name__ == "__main__":
    compile_all()
    for name in SERVICES:
        compile_one(name)
