import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

import categorizer.settings
import link_api.settings
import plaid_sandbox.settings
import sync_worker.settings
import webhook_ingest.settings

EXAMPLE = Path("deploy/.env.example")
SERVICES: list[type[BaseSettings]] = [
    link_api.settings.Settings,
    webhook_ingest.settings.Settings,
    sync_worker.settings.Settings,
    categorizer.settings.Settings,
    plaid_sandbox.settings.Settings,
]

OF_THE_SHELL = {"USER"}
"""What every shell sets for whoever is signed in."""


def variables(settings: type[BaseSettings]) -> set[str]:
    """Return the names of the environment variables that a service reads."""
    prefix = settings.model_config.get("env_prefix", "")
    return {str(field.validation_alias or f"{prefix}{name}").upper() for name, field in settings.model_fields.items()}


def deployment() -> set[str]:
    """Return the names of the variables that the compose files ask for, and those that compose itself reads."""
    asked = [re.findall(r"\$\{([A-Z_]+)", file.read_text()) for file in Path("deploy").glob("docker-compose*.yml")]
    return set().union(*asked, {"COMPOSE_FILE", "COMPOSE_PROFILES"}) - OF_THE_SHELL


def test_the_example_lists_every_setting_and_nothing_else() -> None:
    """An operator finds every setting in .env.example, and none there that nobody reads."""
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]
    listed = [line.partition("=")[0] for line in lines]
    assert len(listed) == len(set(listed))
    assert set(listed) == deployment().union(*map(variables, SERVICES))


@pytest.mark.parametrize("settings", SERVICES[:4], ids=lambda s: s.__module__.partition(".")[0])
def test_the_example_with_fresh_secrets_is_valid(settings: type[BaseSettings], monkeypatch: pytest.MonkeyPatch) -> None:
    """A copied .env.example with the secrets filled in starts every service: compose adds where the servers are."""
    for name in variables(settings):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://cora:cora@postgres:5432/cora")
    monkeypatch.setenv("AMQP_URL", "amqp://cora:cora@rabbitmq:5672/")
    monkeypatch.setenv("PLAID_ENCRYPTION_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    monkeypatch.setenv("AUTH_JWT_SECRET", "0123456789" * 4)
    settings(_env_file=EXAMPLE)
