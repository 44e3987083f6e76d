"""What the text of a transaction and Plaid's category of it say together."""

import math
from typing import NamedTuple

from categorizer.domain.catalogue import INCOME, OTHER, Catalogue, Meaning
from categorizer.domain.text.evidence import DOUBT, Opinion

VAGUE = 0.5
"""The most that a category of Plaid's is worth which says too little."""

Ranking = tuple[tuple[str, float], ...]


class Said(NamedTuple):
    """What Plaid says: its category's meaning, the one of ours that it speaks for, and how often it is right."""

    meaning: Meaning
    category: str
    sure: float


class View(NamedTuple):
    """Categories with probabilities, best first; `disagreement` is how sure the less sure of two is who differ."""

    ranking: Ranking
    disagreement: float = 0.0


def said_by_plaid(meaning: Meaning, reliability: float) -> Said | None:
    """Return what Plaid says of a transaction, if that says anything of ours."""
    if not meaning.suggestions:
        return None
    category = meaning.suggestions[0] if meaning.category == OTHER else meaning.category
    return Said(meaning, category, reliability if meaning.decisive else min(reliability, VAGUE))


def together(opinion: Opinion, said: Said, prior: float) -> Ranking:
    """Return how probable each category is by both; `prior` is the (log) probability of Plaid's by the amount alone.

    Plaid's word is evidence that alone raises its category to `said.sure`, added to the text's as log-odds: all others
    stay in proportion. Where no name is known Plaid, who saw more of the text than we, is as right as it ever is.
    """
    if opinion.source == "model":
        rest = {category: share * (1 - said.sure) for category, share in opinion.ranking}
        rest[said.category] = max(said.sure, dict(opinion.ranking).get(said.category, 0.0))
        return tuple(sorted(rest.items(), key=lambda pair: -pair[1]))
    best, top = opinion.ranking[0]
    open_, shares = DOUBT * (1 - said.sure), dict(opinion.ranking)
    before = top * math.exp(opinion.scores[said.category] - opinion.scores[best])
    shares[said.category] = before * said.sure / (1 - said.sure) * (math.exp(-prior) - 1)
    scale = (1 - open_) / (1 - DOUBT - before + shares[said.category])
    return tuple(sorted([(one, share * scale) for one, share in shares.items()], key=lambda pair: -pair[1]))


def disagreement(opinion: Opinion, said: Said, catalogue: Catalogue) -> float:
    """Return how sure the less sure one is of a text and of Plaid that differ; 0 where they do not, or cannot.

    Plaid has no word for software, advertising and others: that it calls such a merchant something else says nothing.
    Which of income, transfer and debt it is, matters little: it is no expense.
    """
    if not said.meaning.decisive or opinion.source == "model" or opinion.category == said.category:
        return 0.0
    if opinion.category not in catalogue.expressible and catalogue.is_expense(said.category):
        return 0.0
    if not catalogue.is_expense(opinion.category) and not catalogue.is_expense(said.category):
        return 0.0
    return min(opinion.confidence, said.sure)


def possible(ranking: Ranking, *, money_out: bool) -> Ranking:
    """Return the ranking without what is no answer: `other`, and income of money that went out."""
    names = [category for category, _ in ranking]
    if OTHER not in names and not (money_out and INCOME in names):
        return ranking
    return tuple([one for one in ranking if one[0] != OTHER and not (money_out and one[0] == INCOME)])
