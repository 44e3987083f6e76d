"""Our ids as clients send them: opaque, so what cannot be an id is merely unknown."""

LARGEST = 2**31 - 1
"""PostgreSQL's integer."""


def read(text: str) -> int | None:
    """Return the id, or None for what can be no id of ours."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST))):
        return None
    return check(int(text))


def check(number: int) -> int | None:
    """Return the id, or None for a number that can be no id of ours."""
    return number if 0 < number <= LARGEST else None
