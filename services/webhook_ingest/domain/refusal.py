"""Why a webhook is not taken.

Refusal
├── Unverified          nothing proves that Plaid sent it
├── KeyUnavailable      whether Plaid sent it cannot be told now
├── Unreadable          Plaid sent it, and it is not what Plaid's documentation promises
├── WrongEnvironment    it belongs to Plaid's other environment
└── NotAccepted         neither broker nor database could keep it
"""


class Refusal(Exception):
    """A webhook is not taken; its text may be told to the sender."""


class Unverified(Refusal):
    """Nothing proves that Plaid sent it; `reason` is one of a few fixed words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KeyUnavailable(Refusal):
    """Whether Plaid has this key cannot be told now; the sender has to come again."""


class Unreadable(Refusal):
    """Plaid sent it, and these fields are missing or wrong."""


class WrongEnvironment(Refusal):
    """It belongs to Plaid's other environment."""


class NotAccepted(Refusal):
    """Neither broker nor database took it: the sender has to come again."""
