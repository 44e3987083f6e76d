import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.webhook_ingest.doubles import NOW, Signer
from webhook_ingest import jwk

SIGNER = Signer()


def test_a_key() -> None:
    """Plaid's answer becomes a key that knows when it expired and when we asked."""
    key = jwk.read({"key": SIGNER.jwk(expired_at=1_790_000_001)}, SIGNER.kid, NOW)

    assert (key.expired_at, key.fetched_at) == (1_790_000_001, NOW)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"key": None},
        {"key": []},
        {"key": SIGNER.jwk(kid="another")},
        {"key": SIGNER.jwk(alg="ES384")},
        {"key": SIGNER.jwk(alg="HS256", kty="oct", k="c2VjcmV0")},
        {"key": SIGNER.jwk(crv="P-384")},
        {"key": SIGNER.jwk(kty="RSA")},
        {"key": SIGNER.jwk(use="enc")},
        {"key": SIGNER.jwk(x="AAAA")},
        {"key": SIGNER.jwk(y=SIGNER.jwk()["x"])},
        {"key": SIGNER.jwk(x="!!!")},
        {"key": SIGNER.jwk(expired_at="yesterday")},
        {"key": Signer(ec.SECP384R1()).jwk(kid=SIGNER.kid)},
    ],
)
def test_an_unusable_answer(answer: dict[str, object]) -> None:
    """An answer that is not the ES256 key asked for is as good as no answer."""
    with pytest.raises(jwk.Unusable):
        jwk.read(answer, SIGNER.kid, NOW)
