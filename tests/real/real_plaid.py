"""The main path at Plaid's own sandbox, with keys of your own: `make test-plaid`. No other run collects this file."""

import os

import pytest
from pydantic import SecretStr

from common.plaid import Credentials
from common.settings import PLAID_HOSTS
from tests.real.main_path import walk

KEYS = ("PLAID_CLIENT_ID", "PLAID_SECRET")


async def test_the_main_path_at_plaids_sandbox(database_url: str) -> None:
    """Link, import in stages, audit, broken login, removal: at the real thing as at the stand-in."""
    lacking = [name for name in KEYS if not os.environ.get(name)]
    if lacking:
        pytest.fail(f"set {' and '.join(lacking)} to the sandbox keys of your Plaid dashboard", pytrace=False)
    client_id, secret = (os.environ[name] for name in KEYS)
    host = os.environ.get("PLAID_BASE_URL") or PLAID_HOSTS["sandbox"]
    found = await walk(database_url, Credentials(client_id, SecretStr(secret), host))
    assert found["transactions"] == found["compared"] > 0
