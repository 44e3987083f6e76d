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
