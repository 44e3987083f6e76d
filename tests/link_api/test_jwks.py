import asyncio
import json
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from common.web import Problem
from link_api import jwks
from link_api.jwks import LARGEST, SPACING, KeySet, UnknownKey, over_http
from tests.link_api.identity import Json, Signer, identity

OLD, NEW = Signer.rsa("old"), Signer.ec("new")


def shown(*keys: Json) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


@dataclass
class Address:
    """Answers with a set, an error, or not before it is let."""

    body: bytes | Exception
    asked: int = 0
    open: asyncio.Event = field(default_factory=asyncio.Event)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.open.set()

    async def fetch(self) -> bytes:
        self.asked += 1
        await self.open.wait()
        if isinstance(self.body, Exception):
            raise self.body
        return self.body

    def keys(self) -> KeySet:
        return KeySet(self.fetch, clock=lambda: self.now)


async def outcome(keys: KeySet, key_id: str | None) -> str:
    """Return what a caller with this key id meets."""
    try:
        return f"key {(await keys.get(key_id)).key_id}"
    except UnknownKey:
        return "unknown"
    except Problem as problem:
        return str(problem.status)


async def test_many_callers_cost_one_fetch() -> None:
    """Whoever asks while a fetch is under way waits for that one."""
    address = Address(shown(OLD.jwk()))
    address.open.clear()
    keys = address.keys()
    asking = [asyncio.create_task(outcome(keys, "old")) for _ in range(50)]
    await asyncio.sleep(0)
    address.open.set()
    assert set(await asyncio.gather(*asking)) == {"key old"}
    assert address.asked == 1


async def test_a_caller_who_leaves_takes_nobody_along() -> None:
    """The fetch belongs to all who wait: one that is cancelled ends nothing."""
    address = Address(shown(OLD.jwk()))
    address.open.clear()
    keys = address.keys()
    first, second = (asyncio.create_task(outcome(keys, "old")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    address.open.set()
    assert await second == "key old"


async def test_invented_ids_cost_one_fetch_in_a_while() -> None:
    """A thousand unknown ids make us fetch once, and once more when SPACING is over."""
    address = Address(shown(OLD.jwk()))
    keys = address.keys()
    for number in range(1000):
        assert await outcome(keys, f"invented {number}") == "unknown"
    assert address.asked == 1
    address.now = SPACING
    assert await outcome(keys, "invented") == "unknown"
    assert await outcome(keys, "invented") == "unknown"
    assert address.asked == 2


async def test_a_token_without_a_key_id_costs_nothing() -> None:
    """No id, no fetch."""
    address = Address(shown(OLD.jwk()))
    assert await outcome(address.keys(), None) == "unknown"
    assert address.asked == 0


async def test_a_new_key_is_found_and_one_withdrawn_ends() -> None:
    """After a rotation the new key counts at its first use; the old one goes with the set that no longer shows it."""
    address = Address(shown(OLD.jwk()))
    keys = address.keys()
    assert await outcome(keys, "old") == "key old"
    address.body, address.now = shown(NEW.jwk()), SPACING
    assert await outcome(keys, "new") == "key new"
    assert await outcome(keys, "old") == "unknown"


@pytest.mark.parametrize("failure", [OSError("away"), b"<html>", b'{"keys": 1}', b"\xff"], ids=repr)
async def test_known_keys_outlast_their_address(failure: bytes | Exception) -> None:
    """While the set cannot be had or read, what is known goes on; of what is unknown nobody can tell: 503."""
    address = Address(shown(OLD.jwk()))
    keys = address.keys()
    assert await outcome(keys, "old") == "key old"
    address.body, address.now = failure, SPACING
    assert [await outcome(keys, "new"), await outcome(keys, "new"), await outcome(keys, "old")] == [
        "503",
        "503",
        "key old",
    ]
    assert address.asked == 2
    address.body, address.now = shown(NEW.jwk()), 2 * SPACING
    assert await outcome(keys, "new") == "key new"


async def test_a_silent_address_holds_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch ends within PATIENCE, whatever the address does; then the next may begin."""
    monkeypatch.setattr(jwks, "PATIENCE", 0.05)
    address = Address(shown(OLD.jwk()))
    address.open.clear()
    keys = address.keys()
    async with asyncio.timeout(5):
        assert await outcome(keys, "old") == "503"
    address.open.set()
    address.now = SPACING
    assert await outcome(keys, "old") == "key old"


async def test_the_set_is_fetched_again_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is withdrawn ends though nobody misses one, also when a fetch in between fails."""
    monkeypatch.setattr(jwks, "EVERY", 0.02)
    monkeypatch.setattr(jwks, "SPACING", 0.01)
    address = Address(shown(OLD.jwk(), NEW.jwk()))
    keys = KeySet(address.fetch)
    running = asyncio.create_task(keys.run())
    try:
        for body in (OSError("away"), shown(NEW.jwk())):
            asked = address.asked
            async with asyncio.timeout(10):
                while address.asked < asked + 2:  # noqa: ASYNC110 - a counter
                    await asyncio.sleep(0.005)
            assert await outcome(keys, "old") == "key old"
            address.body = body
        async with asyncio.timeout(10):
            while await outcome(keys, "old") == "key old":  # noqa: ASYNC110 - the clock fetches
                await asyncio.sleep(0.005)
        assert await outcome(keys, "new") == "key new"
    finally:
        running.cancel()


PASSED_OVER: dict[str, Json] = {
    "another use": OLD.jwk(use="enc"),
    "another algorithm": OLD.jwk(alg="RS512"),
    "an algorithm of another kind": OLD.jwk(alg="ES256"),
    "a shared secret": {"kty": "oct", "kid": "old", "k": "c2VjcmV0"},
    "a short key": Signer.rsa("old", 1024).jwk(),
    "another curve": Signer.ec("old", ec.SECP384R1()).jwk(alg=None),
    "no id": OLD.jwk(kid=None),
    "half a key": {name: value for name, value in OLD.jwk().items() if name != "n"},
}


@pytest.mark.parametrize("name", PASSED_OVER)
def test_what_cannot_prove_a_token_is_passed_over(name: str) -> None:
    """An odd key in the set hides none of the others, and verifies nothing."""
    assert list(jwks.read(shown(PASSED_OVER[name], NEW.jwk()))) == ["new"]


def test_a_key_need_not_say_what_it_is_for() -> None:
    """`alg` and `use` are optional (RFC 7517): the kind of the key decides the algorithm."""
    read = jwks.read(shown(OLD.jwk(alg=None, use=None), NEW.jwk(alg=None, use=None)))
    assert {key_id: key.algorithm_name for key_id, key in read.items()} == {"old": "RS256", "new": "ES256"}


def test_a_private_key_that_was_shown_is_read_as_its_public_half() -> None:
    """Whatever else the set gives away is not looked at."""
    assert list(jwks.read(shown(OLD.jwk(d="AQAB", p="AQAB")))) == ["old"]


def test_what_is_no_set_is_refused() -> None:
    """A page, a list or nothing is not taken for a set without keys."""
    for body in (b"", b"[]", b"{}", b"<html>"):
        with pytest.raises(ValidationError):
            jwks.read(body)


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [(500, b"", {}), (200, b" " * (LARGEST + 1), {}), (302, b"", {"Location": "/elsewhere"})],
    ids=["an error", "too large", "a redirect"],
)
async def test_over_http_nothing_but_a_set_is_taken(status: int, body: bytes, headers: dict[str, str]) -> None:
    """A failure, a body without end and a redirect are failures; nothing else is asked."""
    async with identity(OLD) as provider:
        fetch = over_http(provider.url)
        assert list(jwks.read(await fetch())) == ["old"]
        provider.status, provider.body, provider.headers = status, body, headers
        with pytest.raises(ValueError, match=r"status|too large"):
            await fetch()
        assert provider.asked == 2
