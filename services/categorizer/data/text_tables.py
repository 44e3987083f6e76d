"""The reviewed tables of `text/`, read: everything that judges a line. `text/README.md` says what each column means."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources

from categorizer.data import model_file
from categorizer.domain.text import entries
from categorizer.domain.text.entries import Weights, log_odds
from categorizer.domain.text.evidence import Scorer
from categorizer.domain.text.judge import Judge
from categorizer.domain.text.lexicon import Lexicon
from categorizer.domain.text.model import Example, WordModel, train
from categorizer.domain.text.normalise import Normaliser
from categorizer.domain.text.priors import Priors, Usual
from categorizer.domain.text.reading import Reader

Row = Mapping[str, str]

INCOMING = {"income": 0.5, "transfer": 0.3, "debt_payment": 0.05, "other": 0.0001}
"""What money that comes in mostly is; the rest is refunds, in the shares of what is spent."""

_REFUNDED = 0.22
_LEAST_SHARE = 0.004
_TELLING = 0.3
"""Precision up to which a word is no example for the model."""
_OF_A_WORD = 2.0
"""Names that a trade's word is worth as an example."""


@cache
def judge(model: WordModel | None = None) -> Judge:
    """Return what the tables say, with a model of words: this one, the image's, or one of the tables' own names."""
    names, words, processors = rows("names.csv"), rows("words.csv"), rows("processors.csv")
    usual = _usual()
    shares = {one.category: max(one.share, _LEAST_SHARE) for one in usual}
    return Judge(
        _normaliser(processors, [row["name"] for row in (*names, *words)]),
        Scorer(
            _reader(names, words, shares),
            _hints(processors, shares),
            Priors(usual, {one.category: one.share * _REFUNDED for one in usual} | INCOMING),
            model or model_file.built_in() or train(_examples(names, words)),
        ),
        {row["category"]: row["neighbours"].split("|") for row in rows("neighbours.csv")},
    )


def examples() -> Iterator[Example]:
    """Return what the model of words learns from: sure names once, telling words twice."""
    return _examples(rows("names.csv"), rows("words.csv"))


def _examples(names: Iterable[Row], words: Iterable[Row]) -> Iterator[Example]:
    for row in names:
        if row["sure"] == "yes":
            yield Example(row["name"], row["category"])
    for row in words:
        if float(row["precision"]) > _TELLING:
            yield Example(row["name"], row["category"], _OF_A_WORD)


def rows(name: str) -> list[Row]:
    """Return the rows of a table."""
    return list(csv.DictReader(lines(name)))


def lines(name: str) -> list[str]:
    """Return the lines of a table, without empty ones."""
    text = resources.files(__name__.rpartition(".")[0]).joinpath("text", name).read_text("utf-8")
    return [line for line in text.splitlines() if line]


def _usual() -> list[Usual]:
    return [
        Usual(row["category"], float(row["share"]), float(row["middle"]), float(row["spread"]))
        for row in rows("usual.csv")
    ]


def _normaliser(processors: Sequence[Row], names: Sequence[str]) -> Normaliser:
    return Normaliser(
        lines("till.txt"),
        {row["prefix"]: row["processor"] for row in processors},
        lines("places.txt"),
        " ".join(lines("regions.txt")).split(),
        names,
    )


def _reader(names: Sequence[Row], words: Sequence[Row], shares: Mapping[str, float]) -> Reader:
    said = rows("phrases.csv")
    return Reader(
        Lexicon([*entries.merchants(names, shares), *entries.words(words, shares)]),
        said_of_money_in=Lexicon(entries.phrases(said, shares, "in"), exact=True),
        said_of_money_out=Lexicon(entries.phrases(said, shares, "out"), exact=True),
    )


def _hints(processors: Sequence[Row], shares: Mapping[str, float]) -> dict[str, Weights]:
    return {
        row["processor"]: ((row["category"], log_odds(float(row["precision"]), shares[row["category"]])),)
        for row in processors
        if row["category"]
    }
