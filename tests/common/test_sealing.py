from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from common.sealing import SealedToken, Unsealable, Vault

TOKEN = SecretStr("access-sandbox-8ab976e6-64bc-4b38-98f7-731e7a349970")


def key() -> SecretStr:
    return SecretStr(Fernet.generate_key().decode())


def test_round_trip() -> None:
    """What was sealed opens to itself."""
    vault = Vault([key()])

    assert vault.open(vault.seal(TOKEN)) == TOKEN


def test_at_rest_there_is_no_token() -> None:
    """A sealed token holds nothing of the token, and no two seals of it are alike."""
    vault = Vault([key()])
    first, second = vault.seal(TOKEN), vault.seal(TOKEN)

    assert "access-sandbox" not in first.ciphertext
    assert first.ciphertext != second.ciphertext


def test_rotation() -> None:
    """A new key put in front opens what the old one sealed, and seals so that the old one is needed no more."""
    old, new = key(), key()
    sealed_before = Vault([old]).seal(TOKEN)

    both = Vault([new, old])

    assert both.open(sealed_before) == TOKEN
    assert Vault([new]).open(both.seal(TOKEN)) == TOKEN


def test_a_key_removed_too_early() -> None:
    """A token that no key opens says what to do, and nothing of itself."""
    sealed = Vault([key()]).seal(TOKEN)

    with pytest.raises(Unsealable, match="put the old key back") as error:
        Vault([key()]).open(sealed)
    assert sealed.ciphertext not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize("ciphertext", ["", "no ciphertext", "access-sandbox-1", "é", "gAAAAA" + "A" * 100])
def test_garbage(ciphertext: str) -> None:
    """What was never sealed does not open."""
    with pytest.raises(Unsealable):
        Vault([key()]).open(SealedToken(ciphertext))


def test_a_tampered_token() -> None:
    """One changed character and it does not open."""
    vault = Vault([key()])
    ciphertext = vault.seal(TOKEN).ciphertext
    middle = len(ciphertext) // 2
    other = "A" if ciphertext[middle] != "A" else "B"

    with pytest.raises(Unsealable):
        vault.open(SealedToken(ciphertext[:middle] + other + ciphertext[middle + 1 :]))


def test_masked() -> None:
    """Neither a token nor its seal shows when it is printed."""
    vault = Vault([key()])
    sealed = vault.seal(TOKEN)

    for shown in (
        repr(sealed),
        str(sealed),
        f"{sealed}",
        repr(vault),
        repr(vault.open(sealed)),
        str(vault.open(sealed)),
    ):
        assert sealed.ciphertext not in shown
        assert "access-sandbox" not in shown


def test_a_seal_tells_its_key_and_its_time() -> None:
    """Which of the keys sealed a token is told without opening it; sealing it anew keeps when it was sealed first."""
    old, new = key(), key()
    sealed, both = Vault([old]).seal(TOKEN), Vault([new, old])
    before = both.seal_of(sealed)
    anew = both.reseal(sealed)

    assert (before.key, Vault([old]).seal_of(sealed).key) == (1, 0)
    assert both.seal_of(anew) == replace(before, key=0)
    assert Vault([new]).open(anew) == TOKEN


@pytest.mark.parametrize("act", [Vault.seal_of, Vault.reseal])
def test_what_no_key_opens_is_not_sealed_anew(act: Callable[[Vault, SealedToken], object]) -> None:
    """A seal of no key that we have is told, and says nothing of what it seals."""
    with pytest.raises(Unsealable, match="put the old key back"):
        act(Vault([key()]), Vault([key()]).seal(TOKEN))
