"""What came back for a sample: an answer, or a reason why there is none."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from ipaddress import ip_address
from typing import Any
from urllib.parse import urljoin

LONGEST = 300
"""Characters of what a stranger says that are repeated to people."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names in lower case, times in seconds, `received_at` by this machine's clock (Unix)."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    peer: str
    seconds: float
    received_at: float

    @cached_property
    def problem(self) -> Mapping[str, Any]:
        """The members of a problem+json with a code, which only our services send; empty for any other answer."""
        with suppress(ValueError, RecursionError):
            told = json.loads(self.body)
            if isinstance(told, dict) and isinstance(told.get("code"), str) and "problem+json" in self._type:
                return told
        return {}

    @property
    def _type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def code(self) -> str | None:
        """Why a service of ours did not take it; None when it did, or when somebody else answered."""
        told = self.problem.get("code")
        return printable(told) if told else None

    @property
    def detail(self) -> str:
        """What a service of ours says to people."""
        return printable(self.problem.get("detail", ""))

    @property
    def environment(self) -> str | None:
        """The one environment of Plaid's whose webhooks are taken, where the answer says it."""
        told = self.problem.get("environment")
        return printable(told) if told else None

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return printable(urljoin(self.url, self.headers.get("location", "")))

    @property
    def ahead(self) -> float | None:
        """Seconds that the answer's Date is ahead of this machine's clock, to a second or so; None without one."""
        with suppress(ValueError, TypeError):
            return parsedate_to_datetime(self.headers.get("date", "")).timestamp() + 0.5 - self.received_at
        return None

    @property
    def private(self) -> bool:
        """Whether the one who answered has an address that nobody on the internet can reach."""
        return not ip_address(self.peer.partition("%")[0]).is_global


class Silence(Exception):
    """No answer from this URL. `reason` is one of a few fixed words, the text what the system said."""

    def __init__(self, url: str, reason: str, said: object = "") -> None:
        super().__init__(printable(said))
        self.url = url
        self.reason = reason


def printable(text: object) -> str:
    """Return a text without anything that could steer a terminal, and not too long."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in str(text)[:LONGEST])
