"""What to offer when we ask: the likeliest categories, and those that people mix up with the first."""

from collections.abc import Collection, Mapping, Sequence

MOST = 3
LEAK = (0.10, 0.08, 0.06)
"""The part of the first category's probability that its neighbours, nearest first, are given for the choice."""


def suggestions(
    ranking: Sequence[tuple[str, float]], neighbours: Mapping[str, Sequence[str]], wrong: Collection[str] = ()
) -> tuple[str, ...]:
    """Return up to three categories, the first of the ranking first; neighbours that are `wrong` take no part."""
    first, sure = ranking[0]
    worth = dict(ranking)
    near = [category for category in neighbours.get(first, ()) if category not in wrong]
    for leak, category in zip(LEAK, near, strict=False):
        worth[category] = worth.get(category, 0.0) + leak * sure
    return tuple(sorted(worth, key=lambda category: -worth[category])[:MOST])
