from pathlib import Path

import pytest

from common.settings import load
from link_api.settings import Settings
from tests.link_api.world import KEY, SECRET

GOOD = {
    "DATABASE_URL": "postgresql://cora:cora@localhost:5432/cora",
    "AMQP_URL": "amqp://guest:guest@localhost:5672/",
    "PLAID_CLIENT_ID": "client",
    "PLAID_SECRET": "sesame",
    "PLAID_ENV": "sandbox",
    "PLAID_ENCRYPTION_KEY": KEY,
    "AUTH_JWT_SECRET": SECRET,
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment with all that is needed, and no .env file."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_what_is_left_out_has_a_sensible_default(environment: pytest.MonkeyPatch) -> None:
    """Only seven settings have no default; an empty one counts as left out."""
    environment.setenv("PLAID_WEBHOOK_URL", "")
    environment.setenv("PLAID_COUNTRY_CODES", "")
    settings = load(Settings)
    assert (settings.port, settings.plaid_webhook_url, settings.plaid_redirect_uri) == (8000, None, None)
    assert (settings.plaid_client_name, settings.plaid_days_requested) == ("CORA Expense Tracker", 730)
    assert (settings.plaid_country_codes, settings.plaid_language) == (("US",), "en")


def test_country_codes_are_a_list_with_commas(environment: pytest.MonkeyPatch) -> None:
    """Spaces and letter case do not matter."""
    environment.setenv("PLAID_COUNTRY_CODES", "us, ca")
    assert load(Settings).plaid_country_codes == ("US", "CA")


def test_an_address_is_kept_to_the_letter(environment: pytest.MonkeyPatch) -> None:
    """Plaid compares the redirect URI with its allow-list, so not even a slash may be added."""
    environment.setenv("PLAID_REDIRECT_URI", "https://app.example.com")
    assert load(Settings).plaid_redirect_uri == "https://app.example.com"


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_setting_stops_the_start(environment: pytest.MonkeyPatch, name: str) -> None:
    """The process ends naming the variable."""
    environment.delenv(name)
    with pytest.raises(SystemExit, match=f"{name}: is not set"):
        load(Settings)


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("AUTH_JWT_SECRET", "too short to be safe", "at least 32"),
        ("PLAID_ENV", "development", "sandbox"),
        ("PLAID_ENCRYPTION_KEY", "your_32_byte_encryption_key", "Fernet"),
        ("PLAID_WEBHOOK_URL", "app.example.com/hook", "whole URL"),
        ("PLAID_WEBHOOK_URL", "ftp://app.example.com/hook", "whole URL"),
        ("PLAID_REDIRECT_URI", "https://app.example.com/back?x=1", "query string"),
        ("PLAID_REDIRECT_URI", "https://app.example.com/back#x", "fragment"),
        ("PLAID_REDIRECT_URI", "/back", "whole URL"),
        ("PLAID_CLIENT_NAME", "A name that is longer than thirty", "30 characters"),
        ("PLAID_COUNTRY_CODES", "US,XX", "'US'"),
        ("PLAID_COUNTRY_CODES", " , ", "at least 1"),
        ("PLAID_LANGUAGE", "tlh", "'en'"),
        ("PLAID_DAYS_REQUESTED", "731", "730"),
        ("PLAID_DAYS_REQUESTED", "0", "1"),
        ("CORS_ORIGINS", "https://app.example.com, *", "entry 2"),
        ("CORS_ORIGINS", "https://*.example.com", "no wildcard"),
        ("CORS_ORIGINS", "https://app.example.com/", "no slash"),
        ("CORS_ORIGINS", "https://App.example.com", "small letters"),
        ("CORS_ORIGINS", "https://app.example.com:443", "no usual port"),
        ("CORS_ORIGINS", "null", "entry 1"),
        ("API_RATE_LIMIT", "600 a minute", '"600/min"'),
        ("PORT", "70000", "65535"),
    ],
)
def test_a_senseless_setting_stops_the_start(
    environment: pytest.MonkeyPatch, name: str, value: str, advice: str
) -> None:
    """The process ends naming the variable and what to do, without repeating a value that may be secret."""
    environment.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        load(Settings)
    assert f"{name}: " in str(stopped.value)
    assert advice in str(stopped.value)
    assert value not in str(stopped.value)


def test_a_redirect_is_encrypted_in_production(environment: pytest.MonkeyPatch) -> None:
    """Plaid takes a plain http redirect in its sandbox only."""
    environment.setenv("PLAID_REDIRECT_URI", "http://localhost:8000/oauth-return")
    assert load(Settings).plaid_redirect_uri
    environment.setenv("PLAID_ENV", "production")
    with pytest.raises(SystemExit, match="PLAID_REDIRECT_URI: must begin with https://"):
        load(Settings)


def test_tokens_have_one_proof(environment: pytest.MonkeyPatch) -> None:
    """A secret or the address of a key set: with both or none, nobody could say what proves a token."""
    environment.setenv("AUTH_JWKS_URL", "https://login.example.com/keys")
    with pytest.raises(SystemExit, match="AUTH_JWT_SECRET: is set beside AUTH_JWKS_URL; empty one"):
        load(Settings)
    environment.setenv("AUTH_JWT_SECRET", "")
    assert str(load(Settings).auth_jwks_url) == "https://login.example.com/keys"
    environment.setenv("AUTH_JWKS_URL", "")
    with pytest.raises(SystemExit, match="AUTH_JWT_SECRET: is not set; set it, or AUTH_JWKS_URL"):
        load(Settings)


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://login.example.com/keys", True),
        ("http://localhost:9000/keys", True),
        ("http://127.0.0.1/keys", True),
        ("http://[::1]/keys", True),
        ("http://login.example.com/keys", False),
        ("http://localhost.example.com/keys", False),
        ("http://10.0.0.1/keys", False),
        ("file:///etc/passwd", False),
    ],
)
def test_keys_come_encrypted(environment: pytest.MonkeyPatch, url: str, fits: bool) -> None:
    """Whoever can change keys on their way could sign anybody in: https, or this very machine."""
    environment.setenv("AUTH_JWT_SECRET", "")
    environment.setenv("AUTH_JWKS_URL", url)
    if fits:
        assert str(load(Settings).auth_jwks_url) == url
    else:
        with pytest.raises(SystemExit) as stopped:
            load(Settings)
        assert [line.split(":")[0].strip() for line in str(stopped.value).splitlines()[1:]] == ["AUTH_JWKS_URL"]


@pytest.mark.parametrize(("base_url", "wrong"), [("", "PLAID_LINK_URL"), ("no URL", "PLAID_BASE_URL")])
def test_a_link_of_its_own_goes_with_a_plaid_of_its_own(
    environment: pytest.MonkeyPatch, base_url: str, wrong: str
) -> None:
    """Browsers are never led to a stand-in while the services talk to Plaid; what is wrong is told once."""
    environment.setenv("PLAID_BASE_URL", base_url)
    environment.setenv("PLAID_LINK_URL", "http://127.0.0.1:8100")
    with pytest.raises(SystemExit) as stopped:
        load(Settings)
    assert [line.split(":")[0].strip() for line in str(stopped.value).splitlines()[1:]] == [wrong]


@pytest.mark.parametrize(
    ("base_url", "link_url", "script", "host"),
    [
        ("", "", "https://cdn.plaid.com", "https://sandbox.plaid.com"),
        ("http://127.0.0.1:8100", "", "http://127.0.0.1:8100", "http://127.0.0.1:8100"),
        ("http://plaid_sandbox:8100", "http://127.0.0.1:8100/", "http://127.0.0.1:8100", "http://127.0.0.1:8100"),
    ],
)
def test_where_browsers_find_link(
    environment: pytest.MonkeyPatch, base_url: str, link_url: str, script: str, host: str
) -> None:
    """Link's script is Plaid's own, else the stand-in's, at the address that browsers know it by."""
    environment.setenv("PLAID_BASE_URL", base_url)
    environment.setenv("PLAID_LINK_URL", link_url)
    settings = load(Settings)
    assert settings.plaid_link_script == f"{script}/link/v2/stable/link-initialize.js"
    assert settings.plaid_link_host == host
