from typing import Any

import httpx2
import pytest

from plaid_sandbox.validation import LARGEST_BODY
from tests.plaid_sandbox.running import StandIn, running, settings

CREATE = {"client_name": "C", "language": "en", "country_codes": ["US"], "user": {"client_user_id": "1"}}


@pytest.mark.parametrize(
    ("path", "body", "code", "word"),
    [
        ("/item/get", {}, "MISSING_FIELDS", "access_token"),
        ("/item/get", {"access_token": "x", "colour": 1}, "UNKNOWN_FIELDS", "colour"),
        ("/item/get", {"access_token": 7}, "INVALID_FIELD", "access_token"),
        ("/item/get", {"access_token": "access-sandbox-nobody"}, "INVALID_ACCESS_TOKEN", "access token"),
        ("/item/get", [], "INVALID_BODY", "object"),
        ("/transactions/sync", {"access_token": "x", "count": 501}, "INVALID_FIELD", "count"),
        ("/transactions/sync", {"access_token": "x", "count": "5"}, "INVALID_FIELD", "count"),
        ("/transactions/sync", {"access_token": "x", "cursor": "a" * 257}, "INVALID_FIELD", "cursor"),
        ("/transactions/sync", {"access_token": "x", "options": {"page": 1}}, "UNKNOWN_FIELDS", "options.page"),
        ("/institutions/get_by_id", {"institution_id": "ins_109508"}, "MISSING_FIELDS", "country_codes"),
        ("/institutions/get_by_id", {"institution_id": "no", "country_codes": ["US"]}, "INVALID_INSTITUTION", ""),
        ("/institutions/get_by_id", {"institution_id": "ins_109508", "country_codes": ["XX"]}, "INVALID_FIELD", ""),
        ("/webhook_verification_key/get", {"key_id": "no"}, "INVALID_WEBHOOK_VERIFICATION_KEY_ID", "key_id"),
        ("/item/public_token/exchange", {"public_token": "public-sandbox-x"}, "INVALID_PUBLIC_TOKEN", ""),
        ("/link/token/get", {"link_token": "link-sandbox-x"}, "INVALID_LINK_TOKEN", ""),
        ("/link/token/create", {**CREATE, "products": []}, "INVALID_FIELD", "products"),
        ("/link/token/create", {**CREATE, "products": ["balance"]}, "INVALID_FIELD", "products"),
        ("/link/token/create", {**CREATE, "language": "xx", "products": ["auth"]}, "INVALID_FIELD", "language"),
        ("/link/token/create", {**CREATE, "products": ["auth"], "hosted_link": {}}, "UNKNOWN_FIELDS", "hosted_link"),
        (
            "/link/token/create",
            {**CREATE, "products": ["auth"], "redirect_uri": "https://a.example/?x=1"},
            "INVALID_FIELD",
            "redirect_uri",
        ),
        (
            "/link/token/create",
            {**CREATE, "products": ["transactions"], "transactions": {"days_requested": 731}},
            "INVALID_FIELD",
            "days_requested",
        ),
        ("/link/token/create", {**CREATE, "access_token": "access-sandbox-x"}, "INVALID_ACCESS_TOKEN", ""),
    ],
)
async def test_a_bad_request_is_refused_as_plaid_refuses_it(
    stand_in: StandIn, path: str, body: Any, code: str, word: str
) -> None:
    """Status 400, Plaid's code, a message that names the field, and a request id."""
    answer = await stand_in.send(path, body)
    error = answer.json()
    assert (answer.status_code, error["error_code"]) == (400, code)
    assert word in error["error_message"]
    assert {"error_type", "display_message", "request_id"} <= error.keys()


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b" " * (LARGEST_BODY + 1)])
async def test_an_unreadable_body_is_an_invalid_body(stand_in: StandIn, raw: bytes) -> None:
    """Broken, binary, endlessly nested or oversized: refused, never a 500."""
    answer = await stand_in.http.post("/item/get", content=raw)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_BODY")


async def test_only_json_is_read(stand_in: StandIn) -> None:
    """A form is no JSON body, whatever is in it."""
    answer = await stand_in.http.post("/item/get", data={"access_token": "x"})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_BODY")


async def test_an_unknown_address_is_not_found(stand_in: StandIn) -> None:
    """Neither a path nor a method that Plaid does not have gives anything but NOT_FOUND."""
    for answer in (await stand_in.send("/transactions/got", {}), await stand_in.http.get("/item/get")):
        assert (answer.status_code, answer.json()["error_code"]) == (404, "NOT_FOUND")


async def test_credentials_come_in_headers_or_in_the_body() -> None:
    """Missing ones are named; any pair will do until one is configured, then only that."""
    async with running(settings(client_id="right", secret="right")) as stand_in:
        del stand_in.http.headers["PLAID-CLIENT-ID"], stand_in.http.headers["PLAID-SECRET"]
        asked = {"count": 1, "offset": 0, "country_codes": ["US"]}
        missing = (await stand_in.send("/institutions/get", asked)).json()
        assert missing["error_code"] == "MISSING_FIELDS"
        assert "client_id, secret" in missing["error_message"]
        right = asked | {"client_id": "right", "secret": "right"}
        assert (await stand_in.send("/institutions/get", right)).status_code == 200
        wrong: httpx2.Response = await stand_in.send("/institutions/get", right | {"secret": "wrong"})
        assert (wrong.status_code, wrong.json()["error_code"]) == (400, "INVALID_API_KEYS")
