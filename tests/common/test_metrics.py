"""What is counted where it happens, for every process alike."""

import pytest
from cryptography.fernet import Fernet
from prometheus_client import REGISTRY
from pydantic import SecretStr
from sqlalchemy import text

from common.database import Database
from common.sealing import SealedToken, Unsealable, Vault

STATES = ("idle", "in_use")


def shown(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


async def test_the_pool_is_told_as_it_is(database_url: str) -> None:
    """Connections in use and idle are those of this moment, the size is the most; a closed pool counts no more."""
    size, idle, used = (shown("database_pool_size"), *(shown("database_pool_connections", state=s) for s in STATES))
    database = Database(database_url, pool_size=3)
    assert shown("database_pool_size") == size + 3
    async with database.transaction() as session, database.transaction() as another:
        for one in (session, another):
            await one.execute(text("SELECT 1"))
        assert shown("database_pool_connections", state="in_use") == used + 2
    assert shown("database_pool_connections", state="in_use") == used
    assert shown("database_pool_connections", state="idle") == idle + 2
    await database.close()
    assert (shown("database_pool_size"), shown("database_pool_connections", state="idle")) == (size, idle)


def test_a_token_that_no_key_opens_is_counted() -> None:
    """Each time that one is asked for, whatever is done with it; one that opens is not."""
    vault, other = (Vault([SecretStr(Fernet.generate_key().decode())]) for _ in range(2))
    sealed, before = other.seal(SecretStr("access")), shown("tokens_unsealable_total")
    other.open(sealed)
    for act in (vault.open, vault.reseal, vault.seal_of):
        with pytest.raises(Unsealable):
            act(SealedToken(sealed.ciphertext))
    assert shown("tokens_unsealable_total") == before + 3
