import ast
from pathlib import Path

import pytest

import webhook_ingest
from webhook_ingest.answers import ADVICE, problem
from webhook_ingest.domain.refusal import KeyUnavailable, NotAccepted, Refusal, Unreadable, Unverified, WrongEnvironment

EXAMPLES: dict[type[Refusal], tuple[Refusal, int]] = {
    Unverified: (Unverified("stale"), 401),
    Unreadable: (Unreadable("item_id"), 400),
    WrongEnvironment: (WrongEnvironment(), 400),
    KeyUnavailable: (KeyUnavailable("Plaid does not hand out keys"), 503),
    NotAccepted: (NotAccepted(), 503),
}


def test_every_kind_is_here() -> None:
    """No kind of refusal is without its answer."""
    assert set(EXAMPLES) == set(Refusal.__subclasses__())


@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)
def test_status(kind: type[Refusal]) -> None:
    """The status tells Plaid whether to come again: after a 503, and it says when."""
    refusal, status = EXAMPLES[kind]

    answer = problem(refusal, "sandbox")

    assert answer.status == status
    assert answer.body["retryable"] == ("Retry-After" in (answer.headers or {})) == (status == 503)


def test_every_reason_has_a_sentence() -> None:
    """Whatever a webhook lacks, its sender is told in words."""
    reasons = set()
    for path in Path(webhook_ingest.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Unverified":
                reasons |= {part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)}

    assert reasons - {"alg"} == set(ADVICE)


def test_the_environment() -> None:
    """A sender that may have come to the wrong environment is told which one this is; no other refusal tells it."""
    telling = {
        (name or type(refusal).__name__)
        for refusal in [refusal for refusal, _ in EXAMPLES.values()] + [Unverified(reason) for reason in ADVICE]
        for name in [getattr(refusal, "reason", None)]
        if problem(refusal, "production").body.get("environment") == "production"
    }

    assert telling == {"unknown_key", "WrongEnvironment"}
