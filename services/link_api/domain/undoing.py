"""What a change of many leads back to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from link_api.domain.decisions import Standing


@dataclass(frozen=True, slots=True)
class Recategorisation:
    """A change of many: the category that all got, when, and what each expense's user had chosen before, and when."""

    category: str | None
    at: datetime
    undone: bool
    former: Mapping[int, tuple[str | None, datetime | None]]

    def left_it_so(self, one: Standing) -> bool:
        """Return whether nothing was said about the expense since."""
        said = one.decisions.answered_at
        return one.decisions.category == self.category and (said is None or said <= self.at)
