from pydantic import SecretStr

from link_api.domain.digests import digest


def test_a_digest_tells_secrets_apart_and_shows_none() -> None:
    """32 bytes, the same for the same secret, also for what is no text."""
    secrets = [SecretStr(text) for text in ("", "a", "A", "\ud800", "\x00")]
    assert len({digest(secret) for secret in secrets}) == len(secrets)
    assert {len(digest(secret)) for secret in secrets} == {32}
    assert digest(SecretStr("a")) == digest(SecretStr("a"))
