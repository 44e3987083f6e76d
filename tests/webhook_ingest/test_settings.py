import pytest

from common.settings import load
from webhook_ingest.settings import Settings

VALID = {
    "DATABASE_URL": "postgresql://cora@127.0.0.1/cora",
    "AMQP_URL": "amqp://guest:guest@127.0.0.1/",
    "PLAID_CLIENT_ID": "client",
    "PLAID_SECRET": "a-secret",
    "PLAID_ENV": "sandbox",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.chdir(str(tmp_path))
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in VALID.items():
        monkeypatch.setenv(name, value)


def test_the_port() -> None:
    """webhook_ingest listens on 8001 unless told otherwise."""
    assert load(Settings).port == 8001


@pytest.mark.parametrize("name", VALID)
def test_a_missing_setting(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a setting that it needs the service does not start, and names it."""
    monkeypatch.delenv(name)

    with pytest.raises(SystemExit, match=f"{name}: is not set"):
        load(Settings)


@pytest.mark.parametrize("name", ["WEBHOOK_SOURCES", "TRUSTED_PROXIES"])
def test_networks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses and networks are read from a comma-separated list; unset and empty are none."""
    assert getattr(load(Settings), name.lower()) == []
    monkeypatch.setenv(name, "")
    assert getattr(load(Settings), name.lower()) == []

    monkeypatch.setenv(name, " 52.21.26.131, 10.0.0.0/8,fd00::/8,")

    assert [str(network) for network in getattr(load(Settings), name.lower())] == [
        "52.21.26.131/32",
        "10.0.0.0/8",
        "fd00::/8",
    ]


@pytest.mark.parametrize("name", ["WEBHOOK_SOURCES", "TRUSTED_PROXIES"])
@pytest.mark.parametrize("entry", ["10.0.0.1/8", "10.0.0.0/33", "plaid.com", "*", "1.2.3", "1.2.3.4:80", "/8"])
def test_no_network(name: str, entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no address or network stops the start, and the operator is told which entry it is."""
    monkeypatch.setenv(name, f"127.0.0.1,{entry}")

    with pytest.raises(SystemExit, match=f"{name}: entry 2 is no address or network"):
        load(Settings)
