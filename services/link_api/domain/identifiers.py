"""Our ids as clients send them: opaque, so what cannot be an id is merely unknown."""

LARGEST = 2**31 - 1
"""PostgreSQL's integer."""
LARGEST_BIG = 2**63 - 1
"""PostgreSQL's bigint."""


def read(text: str, largest: int = LARGEST) -> int | None:
    """Return the id, or None for what can be no id of ours."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(largest))):
        return None
    return check(int(text), largest)


def check(number: int, largest: int = LARGEST) -> int | None:
    """Return the id, or None for a number that can be no id of ours."""
    return number if 0 < number <= largest else None
