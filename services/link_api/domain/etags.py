"""Entity tags of what an edit can change (RFC 9110, sections 8.8.3 and 13.1.1)."""

from hashlib import blake2s


def tag(representation: str) -> str:
    """Return the strong entity tag of a representation."""
    return f'"{blake2s(representation.encode(), digest_size=12).hexdigest()}"'


def matches(if_match: str, current: str) -> bool:
    """Return whether an If-Match header allows a change of what has this tag now; a weak tag never does."""
    return if_match.strip() == "*" or current in (one.strip() for one in if_match.split(","))
