"""A real Prometheus for tests: installed, else its image on the host's network."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen
from uuid import uuid4

from tests.servers import Missing
from tests.servers.containers import docker_answers
from tests.servers.network import free_port

IMAGE = "prom/prometheus:v2.53.3"
PATIENCE = 60.0


@dataclass(frozen=True)
class Prometheus:
    """A running one."""

    url: str

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return what it answers to a query now; AssertionError where it is none."""
        with urlopen(f"{self.url}/api/v1/query?{urlencode({'query': query})}", timeout=30) as answer:  # noqa: S310 - ours
            found = json.load(answer)
        assert found["status"] == "success", found
        result: list[dict[str, Any]] = found["data"]["result"]
        return result


@contextmanager
def prometheus(folder: Path, targets: Mapping[str, int], rules: Path) -> Iterator[Prometheus]:
    """Run one that scrapes these jobs' ports on this machine each second, with these rules; raises Missing."""
    ports = {name: f"127.0.0.1:{port}" for name, port in targets.items()}
    jobs = [{"job_name": name, "static_configs": [{"targets": [place]}]} for name, place in ports.items()]
    every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    written = {"global": every, "rule_files": ["/rules/*.yml" if _in_image() else str(rules)], "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(json.dumps(written))  # YAML, as every JSON is
    folder.chmod(0o755)
    port, name = free_port(), f"cora-prometheus-{uuid4().hex[:8]}"
    listen = f"--web.listen-address=127.0.0.1:{port}"
    if _in_image():
        mounts = [f"--volume={folder}:/etc/prometheus:ro", f"--volume={rules}:/rules/alerts.yml:ro"]
        command = ["docker", "run", "--rm", f"--name={name}", "--network=host", "--user=nobody", *mounts, IMAGE]
        command += ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus", listen]
    else:
        storage = f"--storage.tsdb.path={folder / 'data'}"
        command = ["prometheus", f"--config.file={folder / 'prometheus.yml'}", storage, listen]
    with (folder / "prometheus.log").open("wb") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own words
    try:
        running = Prometheus(f"http://127.0.0.1:{port}")
        _wait(running, len(targets), child, folder / "prometheus.log")
        yield running
    finally:
        child.terminate()
        child.wait(PATIENCE)


def _in_image() -> bool:
    if shutil.which("prometheus") is not None:
        return False
    if docker_answers():
        return True
    raise Missing("Prometheus (install prometheus, or start Docker)")


def _wait(running: Prometheus, targets: int, child: subprocess.Popen[bytes], log: Path) -> None:
    """Return when every target has been scraped."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert child.poll() is None, log.read_text()
        with suppress(OSError):  # it does not listen yet
            if len(running.ask("up == 1")) == targets:
                return
        time.sleep(0.1)
    raise AssertionError(log.read_text())
