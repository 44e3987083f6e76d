import asyncio
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from tests.link_api.world import SECRET, World, bearer

LATER = datetime.now(UTC) + timedelta(hours=1)
EARLIER = datetime.now(UTC) - timedelta(seconds=1)
BAD_TOKENS = {
    "none": {},
    "no scheme": {"Authorization": bearer()["Authorization"].removeprefix("Bearer ")},
    "basic": {"Authorization": "Basic dXNlcjpwYXNz"},
    "empty": {"Authorization": "Bearer"},
    "garbage": {"Authorization": "Bearer a.b.c"},
    "expired": bearer(exp=EARLIER),
    "not yet valid": bearer(nbf=LATER),
    "wrong secret": bearer(secret="another secret of thirty-two bytes"),
    "alg none": {"Authorization": f"Bearer {jwt.encode({'sub': '1', 'exp': LATER}, '', algorithm='none')}"},
    "alg HS512": bearer(algorithm="HS512"),
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


async def operations(live: World) -> list[tuple[str, str]]:
    """Return method and path of every operation under /api."""
    paths = (await live.api.get("/openapi.json")).json()["paths"]
    return [(method.upper(), path.replace("{integration_id}", "1")) for path in paths for method in paths[path]]


async def test_no_route_opens_without_a_valid_token(live: World) -> None:
    """Every operation answers every kind of bad token with 401 and asks for a bearer token."""
    all_operations = await operations(live)
    assert len(all_operations) >= 11
    for name, headers in BAD_TOKENS.items():
        for method, path in all_operations:
            answer = await live.api.request(method, path, headers=headers)
            assert answer.status_code == 401, (name, method, path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"
    assert await live.rows("SELECT id FROM users") == []


@pytest.mark.parametrize(
    ("which", "code"), [("none", "token_missing"), ("expired", "token_expired"), ("alg none", "token_invalid")]
)
async def test_a_refusal_says_whether_to_sign_in_again(shared: World, which: str, code: str) -> None:
    """A client can tell a missing, an expired and a bad token apart; the token is not repeated."""
    answer = await shared.api.get("/api/expenses", headers=BAD_TOKENS[which])
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
