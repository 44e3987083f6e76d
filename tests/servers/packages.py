"""The distribution's packages: installed by tests only where the machine is theirs alone."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PATIENCE = 600


def may_install() -> bool:
    """Return whether this is a throw-away machine: root inside a container, or continuous integration."""
    if shutil.which("apt-get") is None:
        return False
    in_ci = os.environ.get("CI", "").lower() in {"1", "true"}
    return in_ci or (os.geteuid() == 0 and Path("/.dockerenv").exists())


def install(package: str) -> bool:
    """Install the package and return whether that worked; where several processes ask, one after the other."""
    with (Path(tempfile.gettempdir()) / f"cora-packages-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _install(package)


def _install(package: str) -> bool:
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", package]):
        command = [*prefix, "apt-get", "-q", *arguments]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE, env=environment)  # noqa: S603 - our own words
        except (OSError, subprocess.SubprocessError):
            return False
    return True
