"""What a user's own answers say about a merchant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Memory:
    """Answers of one user, newest last, by merchant and direction of money; never shared between users."""

    answers: Mapping[tuple[str, bool], Sequence[str]] = field(default_factory=dict)
