import string

import pytest

from webhook_ingest.answers import ADVICE as CODES
from webhook_ingest.check import advice, diagnosis
from webhook_ingest.check.answer import Answer, Silence
from webhook_ingest.check.diagnosis import Mark, Question
from webhook_ingest.check.probe import CERTIFICATES

URL = "https://bank.example.com/api/plaid/webhook"
NOW = 1_790_000_000.0


def answered(status: int = 401, body: str = "", peer: str = "203.0.113.9", url: str = URL, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(url, status, named, body.encode(), peer, 0.02, NOW)


def refused(code: str, status: int = 401, **more: str) -> Answer:
    members = "".join(f', "{name}": "{value}"' for name, value in more.items())
    return answered(status, f'{{"code": "{code}"{members}}}', content_type="application/problem+json")


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("question", [Question.STRANGER, Question.GENUINE])
def test_every_refusal_is_understood(question: Question, code: str) -> None:
    """Each reason that webhook_ingest gives for a 401 is told in words, but for those that our samples cannot bring."""
    finding = diagnosis.diagnose(question, refused(code), size=1, other="production")
    expected = (question, code) == (Question.STRANGER, "unknown_key")
    assert (finding.mark is Mark.RIGHT) == expected
    assert (finding.name == "unexpected") == (code in {"signature", "key_expired"})


@pytest.mark.parametrize("name", advice.ALL)
def test_every_advice_can_be_told(name: str) -> None:
    """No template asks for what is not known, and each is a sentence with an advice in one sentence."""
    known = {"host", "port", "said", "timeout", "status", "code", "detail", "location", "size", "other"}
    told = advice.ALL[name]
    for text in told:
        assert {field for _, field, _, _ in string.Formatter().parse(text) if field} <= known
        assert text.endswith(".")


def test_every_certificate_and_status_has_its_advice() -> None:
    """What a table names is in the other."""
    names = {*CERTIFICATES.values(), *diagnosis.BY_STATUS.values(), *diagnosis.WHEN_TAKEN.values()}
    assert names <= set(advice.ALL)
    assert {*diagnosis.OTHER_NAMES.values()} <= set(advice.REFUSALS)


def test_a_silence_is_told_by_its_own_address() -> None:
    """The port is told even where the address leaves it out."""
    finding = diagnosis.of_silence(Silence(URL, "refused"), timeout=10)
    assert finding.text == "bank.example.com refuses connections on port 443."


def test_what_a_stranger_says_cannot_steer_a_terminal() -> None:
    """Of what an answer says only printable letters are repeated, and not many."""
    moved = answered(301, location="https://x.example/\x1b[2J" + "a" * 1000)
    finding = diagnosis.diagnose(Question.UNSIGNED, moved)
    assert finding.mend
    assert "\x1b" not in finding.mend
    assert len(finding.mend) < 400
    told = diagnosis.diagnose(Question.STRANGER, refused("\\u001b[2J"))
    assert "\x1b" not in told.text
    assert told.name == "unexpected"


@pytest.mark.parametrize("body", ["", "[]", "[" * 50_000, '{"code": 1}', "{}", "null"], ids=range(6))
def test_odd_problems_are_nobody_we_know(body: str) -> None:
    """A body that is no problem of ours is a stranger's, whatever its type says."""
    finding = diagnosis.diagnose(Question.UNSIGNED, answered(502, body, content_type="application/problem+json"))
    assert finding.name == "no_service"


@pytest.mark.parametrize("peer", ["10.0.0.1", "127.0.0.1", "192.168.1.1", "::1", "fe80::1%eth0", "fc00::1"])
def test_a_private_address_is_noted(peer: str) -> None:
    """Plaid reaches no private address, so what was found of one does not say that Plaid gets there."""
    [finding] = diagnosis.of_address(answered(peer=peer))
    assert (finding.mark, finding.name) == (Mark.NOTE, "private_address")


@pytest.mark.parametrize(("scheme", "names"), [("http", ["plain_http"]), ("https", [])])
def test_plain_http_is_noted(scheme: str, names: list[str]) -> None:
    """In public, plain HTTP is worth a word."""
    answer = answered(peer="8.8.8.8", url=URL.replace("https", scheme))
    assert [finding.name for finding in diagnosis.of_address(answer)] == names


def test_a_clock_that_says_nothing() -> None:
    """Without a Date nothing is said of the clocks, but that they cannot be compared where they matter."""
    assert diagnosis.of_clock(answered()) == diagnosis.of_clock(answered(date="noon")) == []
    finding = diagnosis.diagnose(Question.STRANGER, refused("stale"))
    assert finding.name == "clock"
    assert "no Date" in finding.text
