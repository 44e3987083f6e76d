import asyncio
import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from starlette.applications import Starlette

from tests.link_api.identity import Signer, identity
from tests.link_api.security.doors import closed, with_ids
from tests.link_api.world import SECRET, World, bearer, world

LATER = datetime.now(UTC) + timedelta(hours=1)
EARLIER = datetime.now(UTC) - timedelta(seconds=31)
RSA, EC = Signer.rsa("rsa"), Signer.ec("ec")
Headers = dict[str, dict[str, str]]


def part(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def hmac_over(public_key: bytes, kid: str) -> dict[str, str]:
    """Return a token whose HS256 signature takes a public key for a secret."""
    header = json.dumps({"alg": "HS256", "kid": kid, "typ": "JWT"}).encode()
    claims = json.dumps({"sub": "1", "exp": int(LATER.timestamp())}).encode()
    signed = f"{part(header)}.{part(claims)}"
    signature = hmac.digest(public_key, signed.encode(), hashlib.sha256)
    return {"Authorization": f"Bearer {signed}.{part(signature)}"}


def unsigned(**claims: object) -> dict[str, str]:
    token = jwt.encode({"sub": "1", "exp": LATER} | claims, "", algorithm="none", headers={"kid": "rsa"})
    return {"Authorization": f"Bearer {token}"}


NO_TOKENS: Headers = {
    "none": {},
    "no scheme": {"Authorization": bearer()["Authorization"].removeprefix("Bearer ")},
    "basic": {"Authorization": "Basic dXNlcjpwYXNz"},
    "empty": {"Authorization": "Bearer"},
    "garbage": {"Authorization": "Bearer a.b.c"},
    "nested": {"Authorization": f"Bearer {part(b'[' * 5_000)}.e30.e30"},
    "long": {"Authorization": f"Bearer {bearer(name='x' * 8_000)['Authorization']}"},
    "alg none": unsigned(),
}
OF_THE_SECRET: Headers = NO_TOKENS | {
    "expired": bearer(exp=EARLIER),
    "not yet valid": bearer(nbf=LATER),
    "wrong secret": bearer(secret="another secret of thirty-two bytes"),
    "alg HS512": bearer(algorithm="HS512"),
    "alg RS256": RSA.bearer(),
    "no expiry": bearer(exp=None),
    "endless expiry": bearer(exp=10**30),
    "another audience": bearer(aud="somebody-else"),
    "no subject": {"Authorization": f"Bearer {jwt.encode({'exp': LATER}, SECRET)}"},
    "subject a name": bearer("alice"),
    "subject empty": bearer(""),
    "subject zero": bearer(0),
    "subject negative": bearer(-1),
    "subject too large": bearer(2**31),
    "subject a fraction": bearer("1.5"),
}
OF_THE_KEYS: Headers = NO_TOKENS | {
    "expired": RSA.bearer(aud="us", iss="them", exp=EARLIER),
    "not yet valid": EC.bearer(aud="us", iss="them", nbf=LATER),
    "another's key of this id": Signer.rsa("rsa").bearer(aud="us", iss="them"),
    "another key's id": RSA.bearer(kid="ec", aud="us", iss="them"),
    "unknown id": RSA.bearer(kid="invented", aud="us", iss="them"),
    "no id": {"Authorization": f"Bearer {jwt.encode({'sub': '1', 'exp': LATER}, RSA.private, algorithm='RS256')}"},
    "HS256 by our secret": bearer(aud="us", iss="them"),
    "HS256 over the public key": hmac_over(RSA.pem, "rsa"),
    "HS256 over the key as shown": hmac_over(json.dumps(RSA.jwk()).encode(), "rsa"),
    "alg RS512": RSA.bearer(algorithm="RS512", aud="us", iss="them"),
    "alg PS256": RSA.bearer(algorithm="PS256", aud="us", iss="them"),
    "no expiry": RSA.bearer(aud="us", iss="them", exp=None),
    "no audience": RSA.bearer(iss="them"),
    "another audience": RSA.bearer(aud="others", iss="them"),
    "no issuer": RSA.bearer(aud="us"),
    "another issuer": EC.bearer(aud="us", iss="https://them.example.com"),
    "no subject": RSA.bearer(aud="us", iss="them", sub=None),
    "subject a name": RSA.bearer("alice", aud="us", iss="them"),
}


@asynccontextmanager
async def keys_world(database_url: str, sandbox: Starlette) -> AsyncIterator[World]:
    """link_api that believes the keys `rsa` and `ec`, of tokens by `them` for `us`."""
    async with identity(RSA, EC) as provider:
        own = {"auth_jwt_secret": None, "auth_jwks_url": provider.url, "auth_audience": "us", "auth_issuer": "them"}
        async with world(database_url, sandbox, **own) as running:
            yield running


@pytest.fixture
async def by_keys(database_url: str, sandbox: Starlette) -> AsyncIterator[World]:
    """The same, for a test."""
    async with keys_world(database_url, sandbox) as running:
        yield running


@pytest.mark.parametrize("bad", [OF_THE_SECRET, OF_THE_KEYS], ids=["by a secret", "by keys"])
async def test_no_route_opens_without_a_valid_token(database_url: str, sandbox: Starlette, bad: Headers) -> None:
    """Every route of the app answers every kind of bad token with 401 and asks for a bearer token, in both modes."""
    async with (world if bad is OF_THE_SECRET else keys_world)(database_url, sandbox) as live:
        assert len(closed()) >= 20
        for name, headers in bad.items():
            for method, path in closed():
                answer = await live.api.request(method, with_ids(path, 1), headers=headers)
                assert answer.status_code == 401, (name, method, path, answer.text)
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.headers["www-authenticate"] == "Bearer"
        assert await live.rows("SELECT id FROM users") == []


@pytest.mark.parametrize(
    ("which", "code"), [("none", "token_missing"), ("expired", "token_expired"), ("alg none", "token_invalid")]
)
async def test_a_refusal_says_whether_to_sign_in_again(shared: World, which: str, code: str) -> None:
    """A client can tell a missing, an expired and a bad token apart; the token is not repeated."""
    answer = await shared.api.get("/api/expenses", headers=OF_THE_SECRET[which])
    assert answer.json()["code"] == code
    assert "eyJ" not in answer.text


async def test_a_user_is_made_at_first_sight(live: World) -> None:
    """The first call of a user makes the row, also when many come at once; later calls find it."""
    answers = await asyncio.gather(*(live.get("/api/expenses", 2_147_483_647) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert [row["id"] for row in await live.rows("SELECT id FROM users")] == [2_147_483_647]
    await live.change("DELETE FROM users")
    await live.get("/api/expenses", 2_147_483_647)
    assert await live.rows("SELECT id FROM users") == []  # not one INSERT per request


@pytest.mark.parametrize("signer", [RSA, EC], ids=["RS256", "ES256"])
async def test_the_host_applications_keys_sign_users_in(by_keys: World, signer: Signer) -> None:
    """RS256 and ES256 by a key of the set; an audience may be one of several."""
    answer = await by_keys.api.get("/api/expenses", headers=signer.bearer(7, aud=["others", "us"], iss="them"))
    assert answer.status_code == 200, answer.text
    assert [row["id"] for row in await by_keys.rows("SELECT id FROM users")] == [7]


async def test_clocks_may_differ_by_half_a_minute(live: World) -> None:
    """A token that ended or begins within 30 seconds counts: the two clocks need not agree to the second."""
    now = datetime.now(UTC)
    for headers in (bearer(exp=now - timedelta(seconds=15)), bearer(nbf=now + timedelta(seconds=15))):
        assert (await live.api.get("/api/expenses", headers=headers)).status_code == 200


async def test_without_any_key_people_may_try_again(database_url: str, sandbox: Starlette) -> None:
    """While the keys cannot be had and none is known: 503, retryable, and when to try; never 401."""
    own = {"auth_jwt_secret": None, "auth_jwks_url": "http://127.0.0.1:1/keys"}
    async with world(database_url, sandbox, **own) as live:
        answer = await live.api.get("/api/expenses", headers=RSA.bearer())
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["retryable"]) == (503, "auth_keys_unavailable", True)
        assert 1 <= int(answer.headers["retry-after"]) <= 15
        assert (await live.api.get("/api/expenses")).status_code == 401
