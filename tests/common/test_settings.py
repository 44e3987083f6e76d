from base64 import urlsafe_b64encode
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from common.limits import Limit, Scope
from common.runtime import StandardSettings
from common.settings import LimitSettings, PlaidSettings, SealingSettings, SyncSettings, load


class Everything(StandardSettings, PlaidSettings, LimitSettings, SealingSettings, SyncSettings):
    """All blocks at once."""


KEY = urlsafe_b64encode(bytes(range(32))).decode()  # part of a test's name: the same in every process
VALID = {
    "DATABASE_URL": "postgresql://cora:db-password@db.example:5432/cora",
    "AMQP_URL": "amqp://cora:mq-password@mq.example:5672/",
    "PLAID_CLIENT_ID": "the-client",
    "PLAID_SECRET": "the-plaid-secret",
    "PLAID_ENV": "sandbox",
    "PLAID_ENCRYPTION_KEY": KEY,
}
SECRETS = ["db-password", "mq-password", "the-plaid-secret", KEY]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment that is valid and no .env file."""
    monkeypatch.chdir(tmp_path)
    for name in Everything.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in VALID.items():
        monkeypatch.setenv(name, value)


def complaint() -> str:
    with pytest.raises(SystemExit) as end:
        load(Everything)
    return str(end.value)


def test_what_is_valid_starts() -> None:
    """With what .env.example demands the start succeeds, and everything else has a default."""
    loaded = load(Everything)

    assert (loaded.port, loaded.log_format, loaded.plaid_host) == (8000, "json", "https://sandbox.plaid.com")
    assert loaded.sync_max_silence == timedelta(hours=6)


@pytest.mark.parametrize(("environment", "calls"), [("sandbox", 1000), ("production", 2500)])
def test_plaids_limits(environment: str, calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits are those of the environment that we talk to, and what an operator changes of them."""
    monkeypatch.setenv("PLAID_ENV", environment)
    monkeypatch.setenv("PLAID_LIMITS", "/transactions/sync=item:off start:off, /item/get=off")

    limits = load(Everything).rate_limits

    assert limits["/transactions/sync"] == (Limit(Scope.CLIENT, calls, 60),)
    assert limits["/item/get"] == ()
    assert len(limits["/accounts/get"]) == 2


@pytest.mark.parametrize("name", VALID)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_missing(name: str, value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that is missing, empty or blank stops the start with its name."""
    monkeypatch.delenv(name)
    if value is not None:
        monkeypatch.setenv(name, value)

    assert f"\n  {name}: " in complaint()


SENSELESS = [
    ("PLAID_ENV", "development", "'sandbox' or 'production'"),
    ("PLAID_ENV", "Sandbox", "'sandbox' or 'production'"),
    ("PLAID_LIMITS", "500/10000", 'must look like "/transactions/sync=item:50/min'),
    ("PLAID_LIMITS", "*=off, /item/gets=off", "entry 2 begins with no path"),
    ("PLAID_ENCRYPTION_KEY", "your_32_byte_encryption_key", "is no Fernet key"),
    ("PLAID_ENCRYPTION_KEY", f"{KEY},short", "is no Fernet key"),
    ("PLAID_ENCRYPTION_KEY", ",", "at least 1 item"),
    ("DATABASE_URL", "mysql://cora:db-password@db.example/cora", "must look like postgresql://"),
    ("DATABASE_URL", "postgres://cora:db-password@db.example/cora", "must look like postgresql://"),
    ("DATABASE_URL", "postgresql://cora:db-password@db.example:port/cora", "must look like postgresql://"),
    ("DATABASE_URL", "postgresql://", "must look like postgresql://"),
    ("DATABASE_URL", "postgresql://[db-password/cora", "must look like postgresql://"),
    ("AMQP_URL", "http://cora:mq-password@mq.example/", "must look like amqp://"),
    ("AMQP_URL", "amqp://cora:mq-password@mq.example:0/", "must look like amqp://"),
    ("AMQP_URL", "localhost", "must look like amqp://"),
    ("PLAID_BASE_URL", "sandbox.plaid.com", "valid URL"),
    ("PLAID_BASE_URL", "ftp://sandbox.plaid.com", "URL scheme"),
    ("PORT", "0", "greater than or equal to 1"),
    ("PORT", "65536", "less than or equal to 65535"),
    ("PORT", "eight thousand", "valid integer"),
    ("LOG_FORMAT", "xml", "'json' or 'console'"),
    ("LOG_LEVEL", "info", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
    ("DATABASE_POOL_SIZE", "0", "greater than or equal to 1"),
    ("SYNC_MAX_SILENCE", "6h", "PT6H"),
    ("SYNC_MAX_SILENCE", "0", "1 minute"),
    ("SYNC_MAX_SILENCE", "-PT6H", "1 minute"),
]


@pytest.mark.parametrize(("name", "value", "advice"), SENSELESS)
def test_senseless(name: str, value: str, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A senseless value stops the start with the setting's name and what to do, and tells no secret."""
    monkeypatch.setenv(name, value)

    said = complaint()

    assert f"\n  {name}: " in said
    assert advice in said
    assert not any(secret in said for secret in SECRETS)


@pytest.mark.parametrize("name", ["DATABASE_URL", "AMQP_URL", "PLAID_ENCRYPTION_KEY"])
def test_an_error_that_nobody_explains(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even pydantic's own error, printed as it is, tells no secret."""
    monkeypatch.setenv(name, "http://cora:the-secret@example/")

    with pytest.raises(ValidationError) as error:
        Everything()
    assert "the-secret" not in str(error.value)


def test_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator hears of everything that is wrong at one go."""
    for name in VALID:
        monkeypatch.delenv(name)

    assert set(complaint().splitlines()[1:]) == {f"  {name}: is not set" for name in VALID}


def test_secrets_do_not_show() -> None:
    """Settings that are printed show no secret."""
    shown = repr(load(Everything)) + str(load(Everything).model_dump())

    assert not any(secret in shown for secret in SECRETS)


def test_blanks_around_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line break that a mounted secret file brings along is not part of the secret."""
    monkeypatch.setenv("PLAID_SECRET", "the-plaid-secret\n")

    assert load(Everything).plaid_secret.get_secret_value() == "the-plaid-secret"


def test_a_socket_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL may be reached by its socket file."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://cora@/cora?host=/run/postgresql")

    assert load(Everything).database_url.get_secret_value().endswith("?host=/run/postgresql")


def test_several_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are separated by commas, newest first, blanks around them allowed."""
    older = Fernet.generate_key().decode()
    monkeypatch.setenv("PLAID_ENCRYPTION_KEY", f"{KEY}, {older},")

    assert [key.get_secret_value() for key in load(Everything).plaid_encryption_key] == [KEY, older]


@pytest.mark.parametrize(
    ("environment", "base_url", "host"),
    [
        ("sandbox", "", "https://sandbox.plaid.com"),
        ("production", "", "https://production.plaid.com"),
        ("sandbox", "http://127.0.0.1:8100", "http://127.0.0.1:8100"),
        ("sandbox", "http://127.0.0.1:8100/", "http://127.0.0.1:8100"),
        ("production", "https://proxy.example/plaid", "https://proxy.example/plaid"),
    ],
)
def test_plaids_host(environment: str, base_url: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PLAID_ENV says where Plaid is, and PLAID_BASE_URL overrides it."""
    monkeypatch.setenv("PLAID_ENV", environment)
    monkeypatch.setenv("PLAID_BASE_URL", base_url)

    assert load(Everything).plaid_host == host


def test_production_is_reached_by_https_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """In production no secret and no bank data goes over an open line, to a stand-in least of all."""
    monkeypatch.setenv("PLAID_ENV", "production")
    monkeypatch.setenv("PLAID_BASE_URL", "http://plaid_sandbox:8100")

    assert complaint().splitlines()[1].startswith("  PLAID_BASE_URL: must begin with https:// in production")


@pytest.mark.parametrize("name", [*VALID, "SYNC_MAX_SILENCE"])
def test_a_file_instead(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting may be the text of a file that NAME_FILE names, without its last line break."""
    value = VALID.get(name, "PT6H")
    before = load(Everything)
    monkeypatch.delenv(name, raising=False)
    (tmp_path / "secret").write_text(f"{value}\n")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "secret"))

    assert load(Everything) == before


@pytest.mark.parametrize("content", ["", "\n", "  \n"])
def test_an_empty_file_is_unset(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty file counts as an unset setting: its default holds, or it is missing."""
    monkeypatch.delenv("PLAID_SECRET")
    (tmp_path / "secret").write_text(content)
    monkeypatch.setenv("PLAID_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("LOG_LEVEL_FILE", str(tmp_path / "secret"))

    assert complaint().splitlines()[1:] == ["  PLAID_SECRET: is not set"]


def test_a_variable_and_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says it twice is asked which one counts, and neither value is told."""
    (tmp_path / "secret").write_text("the-other-secret")
    monkeypatch.setenv("PLAID_SECRET_FILE", str(tmp_path / "secret"))

    said = complaint()

    assert said.splitlines()[1:] == ["  PLAID_SECRET: is set, and PLAID_SECRET_FILE is too; keep one of the two"]


def test_an_empty_variable_beside_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable counts as unset, so the file is the one."""
    monkeypatch.setenv("PLAID_SECRET", " ")
    (tmp_path / "secret").write_text("from-a-file\r\n")
    monkeypatch.setenv("PLAID_SECRET_FILE", str(tmp_path / "secret"))

    assert load(Everything).plaid_secret.get_secret_value() == "from-a-file"


@pytest.mark.parametrize("name", ["PLAID_SECRET", "PLAID_ENCRYPTION_KEY", "DATABASE_POOL_SIZE", "SYNC_MAX_SILENCE"])
@pytest.mark.parametrize(("file", "why"), [("absent", "No such file"), (".", "Is a directory"), ("bytes", "no UTF-8")])
def test_an_unreadable_file(name: str, file: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read stops the start with the variable's name; what stands in the variable is not told."""
    monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("PLAID_CLIENT_ID")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / file))

    said = complaint()

    assert f"\n  {name}: the file that {name}_FILE names " in said
    assert why in said
    assert "PLAID_CLIENT_ID: is not set" in said
    assert str(tmp_path) not in said


def test_a_file_that_dotenv_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NAME_FILE may stand in .env too."""
    monkeypatch.delenv("PLAID_SECRET")
    (tmp_path / "secret").write_text("from-a-file")
    (tmp_path / ".env").write_text(f"PLAID_SECRET_FILE={tmp_path / 'secret'}\n")

    assert load(Everything).plaid_secret.get_secret_value() == "from-a-file"


@pytest.mark.parametrize("value", ["21600", "PT6H", "06:00:00"])
def test_durations(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A duration may be told in seconds or as ISO 8601."""
    monkeypatch.setenv("SYNC_MAX_SILENCE", value)

    assert load(Everything).sync_max_silence == timedelta(hours=6)


def test_a_dotenv_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment does not say may stand in .env; the environment wins."""
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    (tmp_path / ".env").write_text("PORT=9000\nLOG_LEVEL=DEBUG\nSOMEBODY_ELSES=1\n")

    assert (load(Everything).port, load(Everything).log_level) == (9000, "ERROR")
