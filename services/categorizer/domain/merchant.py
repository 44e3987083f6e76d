"""Which merchant a transaction is of, as memory knows merchants."""

from typing import NamedTuple


class Merchant(NamedTuple):
    """Plaid's id of the merchant where there is one, and the merchant's words as its line was read."""

    entity_id: str | None = None
    key: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The names under which answers about it are learned and looked up, the surest first; none is possible."""
        entity = (f"entity:{self.entity_id}",) if self.entity_id else ()
        return (*entity, f"name:{self.key}") if self.key else entity

    @property
    def surest(self) -> str | None:
        """The one name under which purchases and refunds of it are found; None where there is none."""
        return self.entity_id or self.key or None


UNNAMED = Merchant()
