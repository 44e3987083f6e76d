"""The reviewed tables of `text/`, read: everything that judges a line."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources

from categorizer.domain.text.evidence import Scorer, Weighted
from categorizer.domain.text.judge import Judge
from categorizer.domain.text.lexicon import Lexicon, entries, log_odds, numbers
from categorizer.domain.text.model import train
from categorizer.domain.text.normalise import Normaliser
from categorizer.domain.text.priors import Priors, Usual
from categorizer.domain.text.reading import Reader
from categorizer.domain.text.tokens import tokens

Row = Mapping[str, str]

INCOMING = {"income": 0.5, "transfer": 0.3, "debt_payment": 0.05, "other": 0.0001}
"""What money that comes in mostly is; the rest is refunds, in the shares of what is spent."""

_REFUNDED = 0.22
_LEAST_SHARE = 0.004
_TELLING = 0.3
"""Precision under which a word is no example for the model."""


@cache
def judge() -> Judge:
    """Return what the tables say; the model of words is trained here, on the tables' own names."""
    names, words = _rows("names.csv"), _rows("words.csv")
    usual = [
        Usual(row["category"], float(row["share"]), float(row["middle"]), float(row["spread"]))
        for row in _rows("usual.csv")
    ]
    shares = {one.category: max(one.share, _LEAST_SHARE) for one in usual}
    incoming = {one.category: one.share * _REFUNDED for one in usual} | INCOMING
    processors = _rows("processors.csv")
    lexicon = Lexicon([*entries(names, shares), *entries(words, shares)])
    phrases = Lexicon(entries(_rows("phrases.csv"), shares), exact=True)
    return Judge(
        Normaliser(
            _lines("till.txt"),
            {row["prefix"]: row["processor"] for row in processors},
            _lines("places.txt"),
            " ".join(_lines("regions.txt")).split(),
            numbers(row["name"] for row in (*names, *words)),
        ),
        Scorer(
            Reader(lexicon, phrases),
            _hints(processors, shares),
            Priors(usual, incoming),
            train(_examples(names, words)),
        ),
        {row["category"]: row["neighbours"].split("|") for row in _rows("neighbours.csv")},
    )


def _hints(processors: Sequence[Row], shares: Mapping[str, float]) -> dict[str, Weighted]:
    return {
        row["processor"]: ((row["category"], log_odds(float(row["precision"]), shares[row["category"]])),)
        for row in processors
        if row["category"]
    }


def _examples(names: Sequence[Row], words: Sequence[Row]) -> Iterator[tuple[list[str], str, float]]:
    """Yield what the model learns from: sure names once, telling words twice."""
    for row in names:
        if row["sure"] == "yes":
            yield _letters(row["name"]), row["category"], 1.0
    for row in words:
        if float(row["precision"] or 1.0) > _TELLING:
            yield _letters(row["name"]), row["category"], 2.0


def _letters(name: str) -> list[str]:
    return [word for word in tokens(name) if word.isalpha()]


def _rows(name: str) -> list[Row]:
    return list(csv.DictReader(_lines(name)))


def _lines(name: str) -> list[str]:
    text = resources.files(__name__.rpartition(".")[0]).joinpath("text", name).read_text("utf-8")
    return [line for line in text.splitlines() if line]
