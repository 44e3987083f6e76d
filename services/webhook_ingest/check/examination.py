"""Which samples are sent, in which order, and where it ends: a handful of requests."""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from webhook_ingest.check import diagnosis, sample
from webhook_ingest.check.answer import Answer, Silence
from webhook_ingest.check.diagnosis import CLOCK_CODES, Finding, Mark, Question
from webhook_ingest.check.probe import Probe

SIGN = "/sandbox_control/webhooks/sign"


@dataclass(frozen=True, slots=True)
class Examination:
    """Of whoever answers at `door`; `sandbox` is the stand-in that signs, `expected` one of Plaid's environments."""

    door: Probe
    sandbox: Probe | None = None
    expected: str | None = None

    def findings(self) -> Iterator[Finding]:
        """Yield what is found out, as it is found; nothing follows what would hide it."""
        try:
            yield from self._findings()
        except Silence as silence:
            yield diagnosis.of_silence(silence, timeout=self.door.timeout)

    def _findings(self) -> Iterator[Finding]:
        body = sample.body(self.expected or "sandbox")
        answer = self.door.post(body)
        yield from diagnosis.of_address(answer)
        unsigned = diagnosis.diagnose(Question.UNSIGNED, answer, size=len(body))
        yield unsigned
        if unsigned.mark is Mark.WRONG:
            return
        answer = yield from self._stranger(body)
        yield from diagnosis.of_environment(answer, self.expected)
        if self.sandbox and answer.code == "unknown_key":
            yield from self._genuine(self.sandbox, answer.environment or self.expected or "sandbox")

    def _stranger(self, body: bytes) -> Generator[Finding, None, Answer]:
        """Send what a stranger signed; where only its time was wrong, once more with the other's time."""
        key = sample.stranger()
        answer = self.door.post(body, key.sign(body, time.time()))
        yield diagnosis.diagnose(Question.STRANGER, answer, size=len(body))
        if answer.code not in CLOCK_CODES:
            yield from diagnosis.of_clock(answer) if answer.code == "unknown_key" else ()
        elif answer.ahead:
            again = self.door.post(body, key.sign(body, time.time() + answer.ahead))
            if again.code not in CLOCK_CODES:
                yield diagnosis.diagnose(Question.STRANGER, again, size=len(body))
                return again
        return answer

    def _genuine(self, stand_in: Probe, environment: str) -> Iterator[Finding]:
        """Send what the stand-in signs: a webhook that must be taken, then one of the other environment."""
        other = sample.OTHER.get(environment, "sandbox")
        for question, named in ((Question.GENUINE, environment), (Question.OTHER, other)):
            body = sample.body(named)
            signature = stand_in.call(SIGN, {"body": body.decode()}).get("signature")
            answer = self.door.post(body, str(signature))
            finding = diagnosis.diagnose(question, answer, size=len(body), other=other)
            yield finding
            if finding.mark is Mark.WRONG:
                return
