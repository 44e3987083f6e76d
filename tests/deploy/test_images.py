import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

import categorizer.settings
import link_api.settings
import ops.settings
import plaid_sandbox.settings
import sync_worker.settings
import webhook_ingest.settings
from common.settings import PostgresSettings
from deploy.lock import ALL, LOCKS, SERVICES, lock_of, pins

DOCKERFILE = Path("deploy/Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(Path("deploy/docker-compose.yml").read_text())
READS: dict[str, type[BaseSettings]] = {
    "link_api": link_api.settings.Settings,
    "webhook_ingest": webhook_ingest.settings.Settings,
    "sync_worker": sync_worker.settings.Settings,
    "categorizer": categorizer.settings.Settings,
    "plaid_sandbox": plaid_sandbox.settings.Settings,
    "migrate": PostgresSettings,
    "ops": ops.settings.EverySetting,
}
COMMANDS = {"migrate", "ops"}
"""What runs, ends, and takes one connection."""
NOT_ITS = {name: {"DATABASE_POOL_SIZE"} for name in COMMANDS}
OURS = [name for name, service in COMPOSE["services"].items() if "build" in service]


def variables(settings: type[BaseSettings]) -> set[str]:
    """Return the names of the environment variables that a service reads."""
    prefix = settings.model_config.get("env_prefix", "")
    return {str(field.validation_alias or f"{prefix}{name}").upper() for name, field in settings.model_fields.items()}


@pytest.mark.parametrize("service", OURS)
def test_a_service_gets_the_settings_that_it_reads(service: str) -> None:
    """Least privilege: what a service does not read its container does not hold."""
    given = set(COMPOSE["services"][service]["environment"])
    assert given == variables(READS[service]) - NOT_ITS.get(service, set())


def test_every_service_has_an_image() -> None:
    """Each is built by its own name, and none is left out."""
    built = {COMPOSE["services"][name]["build"]["args"]["SERVICE"] for name in OURS}
    assert built == {*SERVICES, "migrate"}
    assert {COMPOSE["services"][name]["image"].partition(":")[0] for name in OURS} == {f"cora/{one}" for one in built}


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_is_held_to_the_lock_of_the_tests(service: str) -> None:
    """What is deployed was tested: each pin of an image stands in requirements.lock too."""
    tested = {name: pin.split(" ;")[0] for name, pin in pins(ALL).items()}
    assert {name: pin.split(" ;")[0] for name, pin in pins(lock_of(service)).items()}.items() <= tested.items()


@pytest.mark.parametrize("lock", [ALL, *map(lock_of, SERVICES)], ids=lambda lock: lock.name)
def test_a_lock_pins_by_hash_and_names_no_host(lock: Path) -> None:
    """A package is taken for what it is, wherever it comes from."""
    text = lock.read_text()
    packages = re.split(r"\n(?=\S)", text.strip())
    assert len(packages) == len(pins(lock))
    assert [one for one in packages if "--hash=sha256:" not in one] == []
    assert "://" not in text


def test_the_locks_are_the_services() -> None:
    """A service that is gone leaves no lock."""
    assert {path.stem for path in LOCKS.iterdir()} == set(SERVICES)


def test_a_stage_contains_the_one_it_stands_on() -> None:
    """Images share layers, so the packages of the stage below must be the service's own."""
    stages = {name: base for base, name in re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)}
    stacked = {name: base for name, base in stages.items() if {name, base} <= set(SERVICES)}
    assert stacked
    for name, base in stacked.items():
        assert pins(lock_of(base)).items() <= pins(lock_of(name)).items()


def test_only_what_is_named_reaches_an_image() -> None:
    """The context is an allow-list: neither secrets nor tests nor history get near an image."""
    patterns = [line for line in Path(".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert patterns[0] == "*"
    let_in = {pattern for pattern in patterns if pattern.startswith("!")}
    assert let_in == {"!services/", "!libs/", "!deploy/", "!deploy/requirements/", "!services/link_api/guide.md"}
    assert "deploy/*" in patterns
    shut_out = patterns[patterns.index("!deploy/requirements/") + 1 :]
    assert "**/.env*" in shut_out  # what comes later counts


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_every_container_is_held_short(service: str) -> None:
    """No container keeps a capability or a writable root, every one is bounded, watched, and logs within bounds."""
    told = COMPOSE["services"][service]
    assert (told["cap_drop"], told["security_opt"], told["read_only"]) == (["ALL"], ["no-new-privileges:true"], True)
    assert {"memory", "pids"} <= set(told["deploy"]["resources"]["limits"])
    assert told["logging"]["options"]["max-size"]
    assert "container_name" not in told
    assert "healthcheck" in told or service in COMMANDS
    assert all(port.startswith("127.0.0.1:") for port in told.get("ports", []))
    assert "ports" not in told or service in {"proxy", "plaid_sandbox", "grafana"}
