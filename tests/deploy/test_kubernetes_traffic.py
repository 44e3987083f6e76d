"""Who talks to whom in Kubernetes, and how many there are of each."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.broker.topology import CATEGORIZE, SWEEP, SYNC
from common.web import probe_routes
from tests.deploy.kustomization import Build, Document, build, pods
from tests.deploy.test_images import COMPOSE

TREE = Path("deploy/kubernetes").resolve()
DEPLOYED, MIGRATED = build(TREE / "overlays/example"), build(TREE / "overlays/example/migration")
BOTH = Build([*DEPLOYED.documents, *MIGRATED.documents])
WORKLOADS = [*BOTH.of("Deployment"), *BOTH.of("Job")]
NAMES, POSTGRES, RABBITMQ, HTTPS = {53}, {5432}, {5671, 5672}, {443}
REACHES = {
    "link-api": NAMES | POSTGRES | RABBITMQ | HTTPS,
    "webhook-ingest": NAMES | POSTGRES | RABBITMQ | HTTPS,
    "sync-worker": NAMES | POSTGRES | RABBITMQ | HTTPS,
    "categorizer": NAMES | POSTGRES | RABBITMQ,
    "migrate": NAMES | POSTGRES,
}
REACHED_BY = {
    "link-api": {"ingress", "monitoring"},
    "webhook-ingest": {"ingress", "monitoring"},
    "sync-worker": {"monitoring"},
    "categorizer": {"monitoring"},
    "migrate": set[str](),
}
NAMESPACE = "kubernetes.io/metadata.name"


def selects(selector: dict[str, Any], workload: Document) -> bool:
    """Return whether a label selector selects a workload's pods."""
    labels = pods(workload)["metadata"]["labels"]
    assert {one["operator"] for one in selector.get("matchExpressions", [])} <= {"In"}
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", [])
    )


def policies(name: str) -> Iterator[dict[str, Any]]:
    """Yield the policies that hold for the pods of a workload."""
    (workload,) = [one for one in WORKLOADS if one["metadata"]["name"] == name]
    yield from (one["spec"] for one in BOTH.of("NetworkPolicy") if selects(one["spec"]["podSelector"], workload))


def test_every_workload_is_accounted_for() -> None:
    """The tables above name all there are."""
    assert {one["metadata"]["name"] for one in WORKLOADS} == set(REACHES) == set(REACHED_BY)


@pytest.mark.parametrize("name", REACHES)
def test_a_pod_reaches_what_it_needs_and_no_more(name: str) -> None:
    """Both directions are shut but for what is named; who needs neither the broker nor Plaid has no way there."""
    assert {direction for policy in policies(name) for direction in policy["policyTypes"]} == {"Ingress", "Egress"}
    rules = [rule for policy in policies(name) for rule in policy.get("egress", [])]
    assert all(rule["to"] for rule in rules)
    assert {port["port"] for rule in rules for port in rule["ports"]} == REACHES[name]


@pytest.mark.parametrize("name", REACHED_BY)
def test_a_pod_is_reached_by_whom_it_serves(name: str) -> None:
    """The proxy reaches what is public, Prometheus all, and nobody anything else; by a port that exists."""
    rules = [rule for policy in policies(name) for rule in policy.get("ingress", [])]
    assert {peer["namespaceSelector"]["matchLabels"][NAMESPACE] for rule in rules for peer in rule["from"]} == (
        REACHED_BY[name]
    )
    assert {port["port"] for rule in rules for port in rule["ports"]} == ({"http"} if rules else set())


def test_every_policy_and_monitor_selects_somebody() -> None:
    """None is left over; what they list is what there is."""
    for one in BOTH.of("NetworkPolicy"):
        selector = one["spec"]["podSelector"]
        listed = [name for each in selector.get("matchExpressions", []) for name in each["values"]]
        assert any(selects(selector, workload) for workload in WORKLOADS)
        assert set(listed) <= set(REACHES)


def test_the_internet_is_what_is_public() -> None:
    """The way to Plaid leads neither to machines of one's own nor to a cloud's metadata."""
    (rule,) = BOTH.one("NetworkPolicy", "internet")["spec"]["egress"]
    shut = {network for peer in rule["to"] for network in peer["ipBlock"]["except"]}
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"} <= shut


def test_the_ingress_has_the_paths_of_the_proxy() -> None:
    """The same addresses are public as behind compose's proxy, and lead to the same services."""
    caddyfile = Path("deploy/Caddyfile").read_text()
    (public,) = re.findall(r"@public path (.+)", caddyfile)
    (webhook,) = re.findall(r"@webhook \{[^}]*path (\S+)", caddyfile)
    (rule,) = DEPLOYED.one("Ingress", "public")["spec"]["rules"]
    found = {(path["path"], path["pathType"], path["backend"]["service"]["name"]) for path in rule["http"]["paths"]}
    below = {path.removesuffix("/*") for path in public.split() if path.endswith("/*")}
    exact = set(public.split()) - below - {f"{path}/*" for path in below}
    assert found == {
        (webhook, "Exact", "webhook-ingest"),
        *((path, "Exact", "link-api") for path in exact),
        *((path, "Prefix", "link-api") for path in below),
    }


def test_every_service_leads_to_its_pods() -> None:
    """By the port that the pods open, at compose's number; whoever is named in the ingress exists."""
    (rule,) = DEPLOYED.one("Ingress", "public")["spec"]["rules"]
    backends = [path["backend"]["service"] for path in rule["http"]["paths"]]
    assert {one["name"] for one in backends} == {one["metadata"]["name"] for one in DEPLOYED.of("Service")}
    assert {one["port"]["name"] for one in backends} == {"http"}
    for service in DEPLOYED.of("Service"):
        name = service["metadata"]["name"]
        led = [
            one["metadata"]["name"] for one in WORKLOADS if selects({"matchLabels": service["spec"]["selector"]}, one)
        ]
        port = COMPOSE["services"][name.replace("-", "_")]["environment"]["PORT"]
        assert led == [name]
        assert service["spec"]["ports"] == [{"name": "http", "port": port, "targetPort": "http"}]


def test_the_example_is_one_host_by_https() -> None:
    """The certificate, the webhook's address and the way back from a bank are the door's own host."""
    ingress = DEPLOYED.one("Ingress", "public")["spec"]
    (rule,), (tls,) = ingress["rules"], ingress["tls"]
    told = DEPLOYED.one("ConfigMap", "link-api")["data"]
    assert tls["hosts"] == [rule["host"]]
    assert told["PLAID_WEBHOOK_URL"] == f"https://{rule['host']}/api/plaid/webhook"
    assert told["PLAID_REDIRECT_URI"] == f"https://{rule['host']}/oauth-return"


def test_prometheus_scrapes_every_service() -> None:
    """Each pod that serves is scraped, where its metrics are."""
    monitor = DEPLOYED.one("PodMonitor", "bank-sync")["spec"]
    for deployment in DEPLOYED.of("Deployment"):
        assert selects(monitor["selector"], deployment)
    (endpoint,) = monitor["podMetricsEndpoints"]
    assert endpoint["port"] == "http"
    assert endpoint["path"] in {route.path for route in probe_routes([])}


def test_keda_scales_by_every_queue_of_the_banks() -> None:
    """Each queue that banks fill scales its own service, whose Deployment then says no number itself."""
    scaled = DEPLOYED.of("ScaledObject")
    asked = {
        trigger["metadata"]["queueName"]: one
        for one in scaled
        for trigger in one["spec"]["triggers"]
        if trigger["type"] == "rabbitmq"
    }
    assert set(asked) == {SYNC.name, SWEEP.name, CATEGORIZE.name}
    for queue, one in asked.items():  # what people correct by hand is no load
        target = one["spec"]["scaleTargetRef"]["name"]
        assert target == queue.partition(".")[0].replace("_", "-") == one["metadata"]["name"]
        assert "replicas" not in DEPLOYED.one("Deployment", target)["spec"]
        assert 2 <= one["spec"]["minReplicaCount"] < one["spec"]["maxReplicaCount"]
        for trigger in one["spec"]["triggers"]:
            if trigger["type"] == "rabbitmq":
                DEPLOYED.one("TriggerAuthentication", trigger["authenticationRef"]["name"])


def test_keda_scales_by_the_age_of_work() -> None:
    """Each asks Prometheus for the age of its own queues, all of them, and of no other's."""
    for one in DEPLOYED.of("ScaledObject"):
        [by_age] = [trigger["metadata"] for trigger in one["spec"]["triggers"] if trigger["type"] == "prometheus"]
        [wanted] = re.findall(r'^max\(queue_oldest_seconds\{queue=~"([^"]+)"\}\)$', by_age["query"])
        told = {queue.name for queue in (SYNC, SWEEP, CATEGORIZE) if re.fullmatch(wanted, queue.name)}
        own = one["metadata"]["name"].replace("-", "_")
        assert told == {queue.name for queue in (SYNC, SWEEP, CATEGORIZE) if queue.name.startswith(f"{own}.")}


def test_postgresql_has_a_connection_for_every_place() -> None:
    """As many pods as KEDA may make, and one more of each in a roll-out, fit into what compose's server allows."""
    most = {one["metadata"]["name"]: one["spec"]["maxReplicaCount"] for one in DEPLOYED.of("ScaledObject")}
    count = sum(
        most.get(one["metadata"]["name"]) or one["spec"]["replicas"] for one in DEPLOYED.of("Deployment")
    ) + len(DEPLOYED.of("Deployment"))
    pool = int(DEPLOYED.one("ConfigMap", "postgres")["data"]["DATABASE_POOL_SIZE"])
    (allowed,) = re.findall(r"max_connections=(\d+)", " ".join(COMPOSE["services"]["postgres"]["command"]))
    assert count * pool <= int(allowed)
