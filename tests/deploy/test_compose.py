import subprocess
import sys
from pathlib import Path

import jwt
import pytest
from pydantic_settings import BaseSettings

import categorizer.settings
import link_api.settings
import sync_worker.settings
import webhook_ingest.settings
from deploy import compose, environment
from tests.compose.stack import need_compose
from tests.servers.skips import skipping

SECRET = "0123456789" * 4
SERVICES: dict[str, type[BaseSettings]] = {
    "link_api": link_api.settings.Settings,
    "webhook_ingest": webhook_ingest.settings.Settings,
    "sync_worker": sync_worker.settings.Settings,
    "categorizer": categorizer.settings.Settings,
}
SECRETS = {*environment.FRESH, "PLAID_SECRET", "DATABASE_URL", "AMQP_URL", "RABBITMQ_DEFAULT_PASS"}


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a first `make up`, and no other."""
    with skipping():
        need_compose()
    file = tmp_path / ".env"
    environment.prepare(file)
    for name in ("COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COMPOSE_ENV_FILES", str(file))
    return file


def files(more: str) -> str:
    """Return what stands in COMPOSE_FILE for these further files."""
    return ":".join(["docker-compose.yml", *(f"docker-compose.{name}.yml" for name in more.split(":"))])


@pytest.mark.parametrize(
    ("listed", "first"),
    [
        (None, environment.FILE),
        ("", environment.FILE),
        ("mine.env", environment.FOLDER / "mine.env"),
        ("/etc/cora/.env,local.env", Path("/etc/cora/.env")),
    ],
)
def test_settings_are_where_compose_finds_them(
    listed: str | None, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several files may be listed, and are found from the folder that compose runs in; ours is the first."""
    monkeypatch.delenv("COMPOSE_ENV_FILES", raising=False)
    if listed is not None:
        monkeypatch.setenv("COMPOSE_ENV_FILES", listed)
    assert compose.settings_file() == first


def test_a_token_is_what_link_api_takes() -> None:
    """The token of `make up` is a JWT of the demo user, signed with the deployment's secret."""
    claims = jwt.decode(compose.token(SECRET), SECRET, algorithms=["HS256"])
    assert claims["sub"] == "1"


@pytest.mark.parametrize(
    ("site", "stand_in", "begins", "signed_in"),
    [
        (":80", True, "http://127.0.0.1:8000/#access_token=", True),
        (":80", False, "http://127.0.0.1:8000/", False),
        ("bank.example.com", False, "https://bank.example.com/", False),
    ],
)
def test_the_address_of_the_page(site: str, stand_in: bool, begins: str, signed_in: bool) -> None:
    """The page is where the deployment's settings say; a user is signed in only where the banks are the stand-in's."""
    services = {"proxy": {"SITE_ADDRESS": site}, "link_api": {"AUTH_JWT_SECRET": SECRET}}
    address = compose.page(services | ({"plaid_sandbox": {}} if stand_in else {}), "127.0.0.1:8000")
    assert address.startswith(begins)
    assert ("access_token" in address) == signed_in


@pytest.mark.parametrize("command", ["up", "down"])
def test_without_docker_it_ends_in_a_sentence(command: str, tmp_path: Path) -> None:
    """A machine without Docker reads what is needed, and no traceback."""
    ended = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "deploy.compose", command],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Docker is needed")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_a_first_deployment_is_valid(service: str, env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What compose makes of the example, its secrets filled in, starts every service."""
    settings = SERVICES[service]
    for name in settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    given = compose.settings_of(compose.config())[service]
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*environment.FRESH} - {*environment.NOT_WANTED, "RABBITMQ_ERLANG_COOKIE"}))
def test_an_empty_secret_is_one_clear_sentence(name: str, env_file: Path) -> None:
    """Plain `docker compose up` with an empty secret names it and says what to do."""
    lines = env_file.read_text().splitlines()
    env_file.write_text("\n".join(f"{name}=" if line.startswith(f"{name}=") else line for line in lines))
    with pytest.raises(SystemExit) as end:
        compose.call("compose", "config", "--quiet")
    assert len(str(end.value).splitlines()) == 1
    assert f"{name} is missing a value: set it in deploy/.env" in str(end.value)


@pytest.mark.slow
@pytest.mark.parametrize("more", ["public", "secrets", "cluster", "public:secrets", "public:cluster"])
def test_every_further_file_fits(more: str, env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that .env.example offers go with the first one, in all profiles."""
    monkeypatch.setenv("COMPOSE_FILE", files(more))
    compose.call("compose", "--profile", "*", "config", "--quiet")


@pytest.mark.slow
@pytest.mark.parametrize("more", ["secrets:cluster", "cluster:secrets", "cluster:public:secrets"])
def test_three_nodes_and_secrets_as_files_are_refused(
    more: str, env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three nodes whose password were the word in `.env` never start."""
    monkeypatch.setenv("COMPOSE_FILE", files(more))
    monkeypatch.setattr(compose, "show", lambda *_words: pytest.fail("started"))
    with pytest.raises(SystemExit) as end:
        compose.up()
    assert end.value.code == compose.ONE_NODE


@pytest.mark.slow
@pytest.mark.parametrize("more", ["secrets", "public:secrets", "secrets:public"])
def test_secrets_as_files_are_nowhere_else(more: str, env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With docker-compose.secrets.yml no container finds a secret in its environment, only the file that holds it."""
    monkeypatch.setenv("COMPOSE_FILE", files(more))
    project = compose.config()
    given = compose.settings_of(project)
    assert [(one, name) for one, values in given.items() for name in SECRETS if values.get(name)] == []
    for one, values in given.items():
        mounted = {secret["target"] for secret in project["services"][one].get("secrets", [])}
        assert {value for value in values.values() if value.startswith("/run/secrets/")} <= mounted
    for service, settings in SERVICES.items():
        demanded = {name.upper() for name in settings.model_fields} & SECRETS
        assert {f"{name}_FILE" for name in demanded} <= set(given[service])
