"""What a sender is told when its webhook is not taken: a status that Plaid understands, a sentence for people."""

from common.web import Problem
from webhook_ingest.domain.refusal import KeyUnavailable, Refusal, Unreadable, Unverified, WrongEnvironment

RETRY = {"Retry-After": "30"}
CHALLENGE = {"WWW-Authenticate": "Plaid-Verification"}

ADVICE = {
    "missing": "The header Plaid-Verification is missing; only Plaid posts here, and it signs what it sends.",
    "malformed": "The header Plaid-Verification holds no JWT; a proxy may have changed it.",
    "algorithm": "The signature must be ES256.",
    "header": "The signature must name its key by kid alone.",
    "unknown_key": "Plaid has no such key in this environment; is PLAID_ENV the one that the webhook comes from?",
    "signature": "The signature does not fit its key.",
    "claims": "The signature must say iat and request_body_sha256.",
    "stale": "The signature is older than 5 minutes; is the clock right?",
    "from_the_future": "The signature is from the future; is the clock right?",
    "key_expired": "The signature's key had expired when it signed.",
    "body_changed": "The signature belongs to another body; a proxy may have changed it.",
}


def problem(refusal: Refusal, environment: str) -> Problem:
    """Return the answer to a webhook that was not taken."""
    match refusal:
        case Unverified():
            ours = environment if refusal.reason == "unknown_key" else None
            return Problem(401, ADVICE[refusal.reason], code=refusal.reason, headers=CHALLENGE, environment=ours)
        case Unreadable():
            return Problem(400, f"Signed, but missing or not as documented: {refusal}.", code="unreadable")
        case WrongEnvironment():
            advice = f"This service takes webhooks of {environment} only."
            return Problem(400, advice, code="wrong_environment", environment=environment)
        case KeyUnavailable():
            return Problem(503, f"Cannot verify now: {refusal}.", code="no_key", retryable=True, headers=RETRY)
        case _:
            return Problem(
                503, "Cannot keep it now; send it again.", code="not_accepted", retryable=True, headers=RETRY
            )
