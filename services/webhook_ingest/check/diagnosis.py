"""From an answer to what is right or wrong. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from urllib.parse import urlsplit

from webhook_ingest.check import advice
from webhook_ingest.check.answer import Answer, Silence
from webhook_ingest.domain.signature import MAX_AGE, MAX_AHEAD

CLOCK_CODES = {"stale": "more than 5 minutes old", "from_the_future": "from the future"}
APART = 10.0
"""Seconds that clocks may differ before it is worth a word."""


class Mark(Enum):
    """How a finding is to be taken; only WRONG is."""

    RIGHT = "✓"
    NOTE = "·"
    WRONG = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found out: a word for programs, a sentence for people, and where it is wrong what to do next."""

    mark: Mark
    name: str
    text: str
    mend: str | None = None


class Question(Enum):
    """What a sample asks, and how webhook_ingest has to answer it: status, code, and what that shows."""

    UNSIGNED = (401, "missing", "webhook_ingest answers ({milliseconds:.0f} ms), and refuses what is not signed.")
    STRANGER = (401, "unknown_key", "A signed webhook arrives as it was sent, and its key is looked up.")
    GENUINE = (200, None, "A webhook that the stand-in signed is verified and taken.")
    OTHER = (400, "wrong_environment", "A webhook of the environment {other} is refused.")


WHEN_TAKEN = {
    Question.UNSIGNED: "unsigned_taken",
    Question.STRANGER: "stranger_taken",
    Question.GENUINE: "not_200",
    Question.OTHER: "other_taken",
}
BY_STATUS = {
    **dict.fromkeys((301, 302, 303, 307, 308), "redirect"),
    **dict.fromkeys((401, 407, 511), "password"),
    **dict.fromkeys((403, 451), "forbidden"),
    **dict.fromkeys((404, 410), "nothing_there"),
    **dict.fromkeys((405, 501), "no_post"),
    413: "foreign_limit",
    429: "throttled",
    **dict.fromkeys((502, 503, 504, *range(520, 527)), "no_service"),
}
"""What the status of an answer says that is not ours; 520 to 526 are Cloudflare's."""
OTHER_NAMES = {"cut_off": "cut_off_body", "header": "malformed", "algorithm": "malformed", "claims": "malformed"}


def diagnose(question: Question, answer: Answer, **facts: object) -> Finding:
    """Return what the answer to a sample shows."""
    status, code, right = question.value
    facts = _facts(answer) | facts
    if (answer.status, answer.code) == (status, code):
        return Finding(Mark.RIGHT, question.name.lower(), right.format_map(facts))
    if answer.code in CLOCK_CODES:
        told = facts | {"when": CLOCK_CODES[answer.code], "evidence": _evidence(answer)}
        return _wrong("clock", advice.CLOCK, told)
    name = _name(question, answer)
    return _wrong(name, advice.ALL[name], facts)


def of_silence(silence: Silence, *, timeout: float) -> Finding:
    """Return what it shows that no answer came."""
    facts = _place(silence.url) | {"said": silence, "timeout": timeout}
    return _wrong(silence.reason, advice.SILENCES[silence.reason], facts)


def of_address(answer: Answer) -> list[Finding]:
    """Return what is to be said of the address itself."""
    host = _place(answer.url)["host"]
    if answer.private:
        shown = host if host == answer.peer else f"{host} ({answer.peer})"
        text = f"{shown} is a private address: the way that Plaid takes is not tried."
        return [Finding(Mark.NOTE, "private_address", text)]
    if urlsplit(answer.url).scheme == "http":
        return [Finding(Mark.NOTE, "plain_http", "Plain HTTP: whoever is on the way can read the webhooks.")]
    return []


def of_clock(answer: Answer) -> list[Finding]:
    """Return how the clocks stand to each other where a signature of just now was not refused for its time."""
    if answer.ahead is None:
        return []
    if abs(answer.ahead) < APART:
        return [Finding(Mark.RIGHT, "clock", f"Clocks agree within {abs(answer.ahead):.0f} s.")]
    text = f"{_evidence(answer)} Refused is what is {MAX_AGE} s old or {MAX_AHEAD} s ahead."
    return [Finding(Mark.NOTE, "clocks_differ", text)]


def of_environment(answer: Answer, expected: str | None) -> list[Finding]:
    """Return whether webhook_ingest belongs to the environment that is expected, where the answer tells its own."""
    if answer.environment is None:
        return []
    if expected is None:
        text = f"It takes webhooks of {answer.environment}; --environment compares."
        return [Finding(Mark.NOTE, "environment", text)]
    if answer.environment == expected:
        return [Finding(Mark.RIGHT, "environment", f"It takes webhooks of {expected}.")]
    told = {"environment": answer.environment, "expected": expected}
    return [_wrong("environment", advice.ENVIRONMENT, told)]


def _name(question: Question, answer: Answer) -> str:
    if answer.code == "no_key" and "too many" in answer.detail:
        return "too_many_keys"
    if answer.code:
        name = OTHER_NAMES.get(answer.code, answer.code)
        return name if name in advice.REFUSALS else "unexpected"
    if 200 <= answer.status < 300:  # noqa: PLR2004 - RFC 9110
        return WHEN_TAKEN[question]
    return BY_STATUS.get(answer.status, "somebody_else")


def _wrong(name: str, told: advice.Advice, facts: Mapping[str, object]) -> Finding:
    return Finding(Mark.WRONG, name, told.wrong.format_map(facts), told.mend.format_map(facts))


def _facts(answer: Answer) -> dict[str, object]:
    return _place(answer.url) | {
        "status": answer.status,
        "code": answer.code,
        "detail": answer.detail,
        "location": answer.location,
        "milliseconds": answer.seconds * 1000,
    }


def _place(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    return {"host": parts.hostname, "port": parts.port or (443 if parts.scheme == "https" else 80)}


def _evidence(answer: Answer) -> str:
    """Say what the answer's Date and this machine's clock tell about each other."""
    if answer.ahead is None:
        return "The answer has no Date to compare with."
    ours, theirs = (datetime.fromtimestamp(answer.received_at + off, UTC) for off in (0, answer.ahead))
    if abs(answer.ahead) < APART:
        return "The proxy's clock and this machine's agree, so it is the clock of the machine webhook_ingest runs on."
    order = "ahead of" if answer.ahead > 0 else "behind"
    told = f"The answer's clock is {abs(answer.ahead):.0f} s {order} this machine's"
    return f"{told}: {theirs:%Y-%m-%d %H:%M:%S} UTC there, {ours:%H:%M:%S} here."
