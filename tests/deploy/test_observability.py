"""Prometheus and Grafana of the profile `observability`: they find what they are to show, and let nobody else in."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.observability.dashboards.panels import DATASOURCE
from tests.deploy.test_alerts import promtool
from tests.servers.prometheus import IMAGE
from tests.servers.skips import skipping

FOLDER = Path("deploy/observability")
SERVICES = ("link_api", "webhook_ingest", "sync_worker", "categorizer")
COMPOSE: dict[str, Any] = yaml.safe_load(Path("deploy/docker-compose.yml").read_text())["services"]
SCRAPED: dict[str, Any] = {
    job["job_name"]: job for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
}


def test_every_replica_of_every_service_is_scraped() -> None:
    """Each service is found by its name, as many as there are, at the port on which it listens."""
    found = {name: job["dns_sd_configs"][0] for name, job in SCRAPED.items()}
    assert {name: [place["names"], place["port"]] for name, place in found.items() if name in SERVICES} == {
        name: [[name], COMPOSE[name]["environment"]["PORT"]] for name in SERVICES
    }
    assert found["rabbitmq"]["port"] == 15692
    assert {place["type"] for place in found.values()} == {"A"}


def test_it_runs_where_it_is_asked_for_and_leads_nowhere_else() -> None:
    """Both stand behind the profile; Prometheus has no port at all, Grafana one of this machine's alone."""
    assert {name for name, one in COMPOSE.items() if one.get("profiles") == ["observability"]} == {
        "prometheus",
        "grafana",
    }
    assert "ports" not in COMPOSE["prometheus"]
    assert COMPOSE["prometheus"]["networks"] == ["back"]
    assert [port.split(":")[0] for port in COMPOSE["grafana"]["ports"]] == ["127.0.0.1"]


def test_grafana_reads_what_is_there() -> None:
    """Its data source is the one that panels name, and its folder the one that compose gives it."""
    provisioning = FOLDER / "grafana" / "provisioning"
    [source] = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    [provider] = yaml.safe_load((provisioning / "dashboards" / "bank-sync.yml").read_text())["providers"]
    mounts = dict(volume.split(":")[:2] for volume in COMPOSE["grafana"]["volumes"])
    assert {"type": source["type"], "uid": source["uid"]} == DATASOURCE
    assert provider["options"]["path"] == mounts["./observability/grafana/dashboards"]
    assert mounts["./observability/grafana/provisioning"] == "/etc/grafana/provisioning"
    home = COMPOSE["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (FOLDER / "grafana" / "dashboards" / Path(home).name).exists()


def test_one_version_everywhere() -> None:
    """What is tested is what runs."""
    assert COMPOSE["prometheus"]["image"] == IMAGE


@pytest.mark.slow
def test_prometheus_takes_its_configuration() -> None:
    """Prometheus itself finds nothing wrong with it."""
    with skipping():
        promtool("check", "config", "--syntax-only", "prometheus.yml")
