"""Anything at all, sent by anybody: the client fixture lets no unhandled exception pass."""

import base64
import json

import httpx2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.webhook_ingest.doubles import PATH, Signer, signed, webhook

fuzz = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])

LATIN = st.characters(min_codepoint=32, max_codepoint=255)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(["webhook_type", "webhook_code", "item_id", "environment", "account_id", "disconnect_time"])
KINDS = st.sampled_from([("ITEM", "PENDING_DISCONNECT"), ("ITEM", "USER_ACCOUNT_REVOKED"), ("ITEM", "ERROR")])


@fuzz
@given(body=st.binary(max_size=500), signature=st.text(LATIN, max_size=300), content_type=st.text(LATIN, max_size=40))
async def test_anything(client: httpx2.AsyncClient, body: bytes, signature: str, content_type: str) -> None:
    """Unsigned, anything is answered 401."""
    headers = {b"Plaid-Verification": signature.encode("latin-1"), b"Content-Type": content_type.encode("latin-1")}

    assert (await client.post(PATH, content=body, headers=headers)).status_code == 401


@fuzz
@given(place=st.integers(min_value=0), byte=st.characters(min_codepoint=33, max_codepoint=126))
async def test_a_signature_changed_anywhere(client: httpx2.AsyncClient, signer: Signer, place: int, byte: str) -> None:
    """A genuine signature with one character changed is never taken for another genuine one."""
    genuine = signer.sign(b"{}")
    place %= len(genuine)
    changed = genuine[:place] + byte + genuine[place + 1 :]
    answer = await client.post(PATH, content=b"{}", headers={"Plaid-Verification": changed})

    assert answer.status_code in ({400} if changed == genuine else {401, 503})


@fuzz
@given(body=st.binary(max_size=500) | VALUES.map(lambda value: json.dumps(value).encode()))
async def test_anything_signed(client: httpx2.AsyncClient, signer: Signer, body: bytes) -> None:
    """Signed, anything that is no webhook is answered 400."""
    assert (await client.post(PATH, content=body, headers=signed(signer, body))).status_code == 400


@fuzz
@given(kind=KINDS, fields=st.dictionaries(FIELDS, VALUES, min_size=1))
async def test_any_field_signed(
    client: httpx2.AsyncClient, signer: Signer, kind: tuple[str, str], fields: dict[str, object]
) -> None:
    """Signed, a webhook with any value in any field is taken or answered 400."""
    payload = {"webhook_type": kind[0], "webhook_code": kind[1], "item_id": "item"} | fields
    body = json.dumps(payload).encode()

    assert (await client.post(PATH, content=body, headers=signed(signer, body))).status_code in {200, 400}


@fuzz
@given(claims=st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
async def test_any_claims_signed(client: httpx2.AsyncClient, signer: Signer, claims: bytes) -> None:
    """Signed by Plaid's own key, claims of any other kind prove nothing."""
    headers = {"Plaid-Verification": signer.sign_claims(claims)}

    assert (await client.post(PATH, content=b"{}", headers=headers)).status_code == 401


MEMBERS = st.sampled_from(["alg", "kid", "typ", "jwk", "jku", "x5u", "x5c", "crit", "b64", "cty", "zip"])


@fuzz
@given(members=st.dictionaries(MEMBERS, VALUES, min_size=1))
async def test_any_header_of_a_signature(
    client: httpx2.AsyncClient, signer: Signer, members: dict[str, object]
) -> None:
    """A signature whose header was replaced by any other is never taken; many unknown keys are put off."""
    header = json.dumps({"alg": "ES256", "kid": signer.kid} | members).encode()
    _, *rest = signer.sign(b"{}").split(".")
    forged = ".".join([base64.urlsafe_b64encode(header).decode().rstrip("="), *rest])

    assert (await client.post(PATH, content=b"{}", headers={"Plaid-Verification": forged})).status_code in {401, 503}


@fuzz
@given(depth=st.integers(1, 20_000), opening=st.sampled_from(["[", '{"a":', '[{"a":']))
async def test_any_depth_signed(client: httpx2.AsyncClient, signer: Signer, depth: int, opening: str) -> None:
    """However deep a body goes, it is answered."""
    closing = "".join({"[": "]", "{": "}"}.get(letter, "") for letter in reversed(opening))
    body = f'{{"webhook_type":"A","webhook_code":"B","x":{opening * depth}1{closing * depth}}}'.encode()

    assert (await client.post(PATH, content=body, headers=signed(signer, body))).status_code in {200, 400}


@fuzz
@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from(["Content-Length", "Content-Type", "Expect", "X-A", "X-Correlation-ID"]),
            st.text(LATIN, max_size=80),
        ),
        max_size=4,
    )
)
async def test_any_headers(client: httpx2.AsyncClient, signer: Signer, headers: list[tuple[str, str]]) -> None:
    """Whatever headers stand beside a genuine signature, the webhook is taken, refused as too large, or as no JSON."""
    head = [(b"Plaid-Verification", signer.sign(webhook()).encode())]
    head += [(name.encode(), value.encode("latin-1")) for name, value in headers]

    assert (await client.post(PATH, content=webhook(), headers=head)).status_code in {200, 400, 413}
