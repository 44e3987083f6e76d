"""Alerts that can fire: on metrics which exist, with a runbook, and at the right moment."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import link_api.main  # noqa: F401 - each of these brings its metrics
import sync_worker.main  # noqa: F401
import webhook_ingest.main  # noqa: F401
from tests.servers import Missing
from tests.servers.containers import docker_answers
from tests.servers.prometheus import IMAGE
from tests.servers.rabbitmq import Rabbit
from tests.servers.skips import skipping

FOLDER = Path("deploy/observability").resolve()
OPERATIONS = Path("docs/operations.md")
RABBITMQS = "rabbitmq_detailed_"
METRIC = re.compile(r"(?<!by \()\b([a-z]+(?:_[a-z]+)+)\s*(?=[\[{)]| unless| offset)")
SCRAPE = (
    "inets:start(), "
    "{ok, Listener} = application:get_env(rabbitmq_prometheus, tcp_config), "
    'Address = "http://127.0.0.1:" ++ integer_to_list(proplists:get_value(port, Listener)), '
    '{ok, {_, _, Text}} = httpc:request(Address ++ "/metrics/detailed?family=queue_coarse_metrics"), '
    "list_to_binary(Text)."
)


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def metrics() -> set[str]:
    """Return every metric that some rule asks for."""
    return {name for rule in rules() for name in METRIC.findall(rule["expr"])}


def test_every_metric_of_ours_exists() -> None:
    """A rule over a metric that nobody exposes would never fire."""
    ours = {name for name in metrics() if not name.startswith(RABBITMQS)}
    assert len(ours) >= 4
    assert ours <= REGISTRY._names_to_collectors.keys()


async def test_every_metric_of_rabbitmq_exists(rabbitmq_server: Rabbit) -> None:
    """RabbitMQ exposes what the rules ask of it, where they ask for it."""
    with skipping():
        if not rabbitmq_server.origin.startswith("container"):
            raise Missing("RabbitMQ from its image, which brings the exporter (start Docker)")
        exposed = await rabbitmq_server.run("eval", SCRAPE)
    theirs = {name for name in metrics() if name.startswith(RABBITMQS)}
    assert theirs
    assert [name for name in theirs if name not in exposed] == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_every_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    """Who is woken reads what happened and finds the page that says what to do."""
    said = rule["annotations"]
    assert said["summary"]
    assert said["description"]
    page, _, anchor = said["runbook_url"].partition("#")
    headings = re.findall(r"^#+ (.+)$", Path(page).read_text(), flags=re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_every_alert_is_tried_both_ways() -> None:
    """Each rule is seen to fire, and to be silent."""
    cases = [
        case
        for one in yaml.safe_load((FOLDER / "alerts.test.yml").read_text())["tests"]
        for case in one["alert_rule_test"]
    ]
    for fires in (True, False):
        tried = {case["alertname"] for case in cases if bool(case["exp_alerts"]) is fires}
        assert tried == {rule["alert"] for rule in rules()}


def test_every_runbook_has_its_alert() -> None:
    """A page for an alert that is no more would mislead."""
    section = OPERATIONS.read_text().partition("\n## Alerts\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^### (.+)$", section, flags=re.MULTILINE)) == {rule["alert"] for rule in rules()}


@pytest.mark.slow
def test_alerts_fire_when_they_should_and_not_before() -> None:
    """Prometheus's own tests of the rules hold."""
    with skipping():
        promtool("check", "rules", "alerts.yml")
        promtool("test", "rules", "alerts.test.yml")


def promtool(*arguments: str) -> None:
    """Run promtool in the rules' folder: installed, or from Prometheus's image; raises Missing where neither is."""
    command = ["promtool", *arguments]
    if shutil.which("promtool") is None:
        if not docker_answers():
            raise Missing("promtool (install prometheus, or start Docker)")
        options = [
            "--rm",
            "--network=none",
            f"--volume={FOLDER}:/rules:ro",
            "--workdir=/rules",
            "--entrypoint=promtool",
        ]
        command = ["docker", "run", *options, IMAGE, *arguments]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    if command[0] == "docker" and done.returncode == 125:
        raise Missing(f"promtool (install prometheus, or let Docker have {IMAGE})")
    assert done.returncode == 0, done.stdout + done.stderr
