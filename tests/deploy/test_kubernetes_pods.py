"""What runs in Kubernetes is what runs in compose: the same images, settings, ports and bounds, held as short."""

import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from common.web import probe_routes
from tests.deploy.kustomization import Build, Document, build, pods
from tests.deploy.test_compose import SECRETS
from tests.deploy.test_images import COMPOSE, NOT_ITS, READS, variables

TREE = Path("deploy/kubernetes").resolve()
BASE, MIGRATION = build(TREE / "base"), build(TREE / "migration")
DEPLOYED, MIGRATED = build(TREE / "overlays/example"), build(TREE / "overlays/example/migration")
SERVICES = ["link_api", "webhook_ingest", "sync_worker", "categorizer"]
PUBLIC = ["link_api", "webhook_ingest"]
OURS = [*SERVICES, "migrate"]
UNUSED = {"PLAID_WEBHOOK_SECRET"}
"""Accepted by a service and of no use, so that nobody has to look for its place."""
FILES_OF_COMPOSE = Path("deploy/docker-compose.secrets.yml").read_text().replace("!reset ", "")
PROVIDED = yaml.safe_load(FILES_OF_COMPOSE)["services"]
SLOWEST_DRAIN = 60
"""Seconds, docs/operations.md."""


def workload(service: str, services: Build = BASE, migration: Build = MIGRATION) -> Document:
    """Return the Deployment, or the Job, of a service of compose."""
    return migration.one("Job", "migrate") if service == "migrate" else services.one("Deployment", kebab(service))


def kebab(service: str) -> str:
    """Return a service's name as Kubernetes allows it."""
    return service.replace("_", "-")


def pod(service: str) -> dict[str, Any]:
    spec: dict[str, Any] = pods(workload(service))["spec"]
    return spec


def container(service: str) -> dict[str, Any]:
    """Return the one container of a pod: no other may stand beside it."""
    all_there_are: list[dict[str, Any]] = pod(service)["containers"] + pod(service).get("initContainers", [])
    (only,) = all_there_are
    return only


def environment(service: str, services: Build = BASE, migration: Build = MIGRATION) -> dict[str, str]:
    """Return the variables that a container finds."""
    (only,) = pods(workload(service, services, migration))["spec"]["containers"]
    blocks = [services.one("ConfigMap", one["configMapRef"]["name"])["data"] for one in only.get("envFrom", [])]
    names = [*chain.from_iterable(blocks), *(one["name"] for one in only["env"])]
    assert len(names) == len(set(names))
    told: dict[str, str] = {}
    for block in blocks:
        told |= block
    return told | {one["name"]: one["value"] for one in only["env"]}


@pytest.mark.parametrize("service", OURS)
def test_a_pod_gets_the_settings_that_it_reads(service: str) -> None:
    """All of them and no other, as in compose; those that are secret as files."""
    given = environment(service)
    read = variables(READS[service]) - NOT_ITS.get(service, set()) - UNUSED
    secret = read & SECRETS
    assert set(given) == (read - secret) | {f"{name}_FILE" for name in secret}


@pytest.mark.parametrize("service", OURS)
def test_a_secret_is_a_file_and_nowhere_else(service: str) -> None:
    """Each is mounted alone from the Secret, named as compose's file is, for the pod's group to read."""
    files = {name: value for name, value in environment(service).items() if name.endswith("_FILE")}
    (volume,) = [one["secret"] for one in pod(service)["volumes"] if "secret" in one]
    (mount,) = [one for one in container(service)["volumeMounts"] if one["name"] == "secrets"]
    assert volume["secretName"] == "bank-sync"
    assert {f"{mount['mountPath']}/{item['path']}" for item in volume["items"]} == set(files.values())
    assert [item["key"] for item in volume["items"]] == PROVIDED[service]["secrets"]
    assert (volume["defaultMode"], mount["readOnly"]) == (0o440, True)


def test_no_value_of_a_secret_is_in_the_tree() -> None:
    """Whoever reads the manifests learns no secret: there is no Secret, and no password in any address."""
    for built in (BASE, MIGRATION, DEPLOYED, MIGRATED):
        assert built.of("Secret") == []
        text = "".join(path.read_text() for path in built.files)
        assert set(re.findall(r"\w+://([^/\s@]+)@", text)) <= {"user:password"}
        told = [one["data"] for one in built.of("ConfigMap")]
        assert {name for data in told for name in data} & SECRETS == set()


@pytest.mark.parametrize("block", BASE.of("ConfigMap"), ids=lambda block: str(block["metadata"]["name"]))
def test_a_setting_begins_as_in_compose(block: Document) -> None:
    """One deployment behaves as the other until somebody decides otherwise."""
    given = [COMPOSE["services"][service]["environment"] for service in SERVICES]
    for name, value in block["data"].items():
        (told,) = {initial(one[name]) for one in given if name in one}
        assert value == told, name


def initial(said: str) -> str:
    """Return what a variable of compose is where .env says nothing of it, empty where that is demanded."""
    told = re.fullmatch(r"\$\{[A-Z_]+:([-?])(.*)\}", said)
    if told is None:
        return said
    return told[2] if told[1] == "-" else ""


@pytest.mark.parametrize("service", OURS)
def test_the_example_starts_every_service(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the example says, its secrets made, is what a service starts with."""
    values = {
        "database_url": "postgresql://cora:word@postgres/cora",
        "amqp_url": "amqps://cora:word@rabbitmq:5671/",
        "plaid_secret": "word",
        "plaid_encryption_key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "auth_jwt_secret": "0123456789" * 4,
    }
    for name, value in values.items():
        (tmp_path / name).write_text(f"{value}\n")
    settings: type[BaseSettings] = READS[service]
    for name in variables(settings):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment(service, DEPLOYED, MIGRATED).items():
        monkeypatch.setenv(name, value.replace("/run/secrets", str(tmp_path)))
    settings()


@pytest.mark.parametrize("service", OURS)
def test_images_are_composes(service: str) -> None:
    """What make up builds is what runs; the example changes where it comes from and which release it is."""
    name, _, _ = COMPOSE["services"][service]["image"].partition(":")
    assert container(service)["image"] == f"{name}:latest"
    (deployed,) = pods(workload(service, DEPLOYED, MIGRATED))["spec"]["containers"]
    assert re.fullmatch(rf"[a-z.]+/{name}:[\d.]+", deployed["image"])


@pytest.mark.parametrize("service", OURS)
def test_every_pod_is_held_short(service: str) -> None:
    """No root, no capability, no writable root, no system call that the runtime shuts, no token, bounded memory."""
    told, only, limits = pod(service), container(service), COMPOSE["services"][service]["deploy"]["resources"]["limits"]
    assert told["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert (told["automountServiceAccountToken"], told["enableServiceLinks"]) == (False, False)
    assert {"hostNetwork", "hostPID", "hostIPC"} & set(told) == set()
    assert {key for volume in told["volumes"] for key in volume} == {"name", "secret", "emptyDir"}
    assert only["resources"]["limits"] == {"memory": {"512m": "512Mi", "1g": "1Gi"}[limits["memory"]]}
    assert set(only["resources"]["requests"]) == {"cpu", "memory"}


def test_the_image_runs_as_the_user_of_the_pods() -> None:
    """Files that a pod mounts are read by the user that the image knows."""
    assert f"USER {pod('link_api')['securityContext']['runAsUser']}:" in Path("deploy/Dockerfile").read_text()
    assert BASE.one("ServiceAccount", pod("link_api")["serviceAccountName"])["automountServiceAccountToken"] is False


@pytest.mark.parametrize("service", SERVICES)
def test_ports_and_probes_are_the_services_own(service: str) -> None:
    """A probe asks what is answered, where it is answered; a start may take a minute, as in compose."""
    only, routes = container(service), {route.path for route in probe_routes([])}
    port = COMPOSE["services"][service]["environment"]["PORT"]
    assert only["ports"] == [{"name": "http", "containerPort": port}]
    assert environment(service)["PORT"] == str(port)
    asked = {name: only[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {probe["port"] for probe in asked.values()} == {"http"}
    assert {name: probe["path"] for name, probe in asked.items()} == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }
    assert {probe["path"] for probe in asked.values()} <= routes
    assert only["startupProbe"]["periodSeconds"] * only["startupProbe"]["failureThreshold"] == 60


@pytest.mark.parametrize("service", OURS)
def test_a_pod_is_given_the_time_to_drain(service: str) -> None:
    """As long as in compose; what the public ones wait before they begin is within it."""
    grace = pod(service)["terminationGracePeriodSeconds"]
    assert f"{grace}s" == COMPOSE["services"][service]["stop_grace_period"]
    wait = container(service).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    assert wait + SLOWEST_DRAIN <= grace
    assert (wait > 0) == (service in PUBLIC)


@pytest.mark.parametrize("service", SERVICES)
def test_a_roll_out_and_a_drained_node_leave_somebody(service: str) -> None:
    """A new pod is ready before an old one goes, one goes at a time, and they stand on different machines."""
    deployment = workload(service)
    labels = pods(deployment)["metadata"]["labels"]
    assert deployment["spec"]["replicas"] >= 2
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    mine = {"app.kubernetes.io/name": kebab(service)}
    assert labels == mine | {"app.kubernetes.io/part-of": "bank-sync"}
    assert deployment["spec"]["selector"]["matchLabels"] == mine
    spread = {
        one["topologyKey"]: one["labelSelector"]["matchLabels"] for one in pod(service)["topologySpreadConstraints"]
    }
    assert spread == {"kubernetes.io/hostname": mine, "topology.kubernetes.io/zone": mine}
    budget = BASE.one("PodDisruptionBudget", kebab(service))["spec"]
    assert (budget["selector"]["matchLabels"], budget["maxUnavailable"]) == (mine, 1)


def test_nothing_else_is_budgeted_or_run() -> None:
    """A budget or a workload that is left over from a service which is gone is found."""
    names = sorted(map(kebab, SERVICES))
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert sorted(one["metadata"]["name"] for one in BASE.of(kind)) == names
    assert [one["metadata"]["name"] for one in MIGRATION.of("Job")] == ["migrate"]
