"""From a bank's line to its merchant's words: what names the shop stays; what names till, town and card goes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from categorizer.domain.text.tokens import LONGEST, STAR, tokens

_COMPANY = ("INC", "INCORPORATED", "LTD", "LIMITED", "CORP", "CORPORATION", "CO", "COMPANY", "PLC", "GMBH")
LEGAL = frozenset((*_COMPANY, "LLC", "LLP", "LP", "PLLC", "PC", "PA", "THE", "DBA"))
DOMAINS = frozenset(("COM", "WWW", "NET", "ORG", "HTTP", "HTTPS", "UK", "CA", "US", "IO"))
KEY_WORDS = 4
LATELY = 2_000
"""Lines whose reading is kept: some messages' worth."""

_OWN = frozenset(("OF", "THE", "BANK"))
"""Words after which a town's name belongs to the merchant: `CITY OF PORTLAND`."""

Phrases = Mapping[str, Sequence[list[str]]]


class Line(NamedTuple):
    """A bank line, read: all that it `said`, and of that the merchant's `words`.

    Before them may stand the `prefix` of the `processor` who took the payment, behind them the `place`.
    """

    said: tuple[str, ...]
    words: tuple[str, ...]
    processor: str | None = None
    prefix: tuple[str, ...] = ()
    place: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The merchant for memory: its words without numbers, codes (`WORKSPACE NS3PZ7P`), domains, legal forms."""
        named = [word for at, word in enumerate(self.words) if not _has_figures(word) or (not at and word[0].isalpha())]
        kept = [word for word in named if word not in LEGAL and word not in DOMAINS]
        return " ".join(kept[:KEY_WORDS]) or " ".join(self.said[:KEY_WORDS])


class Normaliser:
    """Reads bank lines by reviewed tables: words of the till, processors' prefixes, places, and names."""

    def __init__(
        self,
        till: Iterable[str],
        processors: Mapping[str, str],
        places: Iterable[str],
        regions: Iterable[str],
        names: Sequence[str] = (),
    ) -> None:
        """Take the tables; `processors` are named by prefix. What `names` hold is no word of the till within them."""
        self._till = _longest_first(till, 0)
        self._prefixes = _longest_first(processors, 0)
        self._processors = processors
        self._places = _longest_first(places, -1)
        self._regions = frozenset(regions)
        self._numbers = frozenset(word for name in names for word in name.split() if _has_figures(word))
        self._kept: Phrases = {}
        self._kept = _longest_first(list(self._endangered(names)), 0)
        self._lately = lru_cache(LATELY)(self._read)

    def _endangered(self, names: Iterable[str]) -> Iterator[str]:
        """Yield names of several words that would lose some: `CONTAINER STORE`, `CAPITAL ONE CREDIT CARD`."""
        starts = self._till.keys() | self._prefixes.keys()
        for name in names:
            if " " in name and not starts.isdisjoint(name.split()):
                words = tokens(name, self._numbers)
                if len(words) > 1 and (self._without_till(words) != words or self._prefix(words)[0]):
                    yield " ".join(words)

    def read(self, text: str) -> Line:
        """Return what the line says; never fails, and an empty line has no words.

        A line of a moment ago is known: whoever decides about it asks for its merchant before and after.
        """
        return self._lately(text[:LONGEST])

    def _read(self, text: str) -> Line:
        said = tokens(text, self._numbers)
        words = self._without_till(said)
        cut, processor = self._prefix(words)
        merchant = _without_stars(words[cut:])
        start, end = self._without_place(merchant)
        return Line(
            tuple(_without_stars(said)),
            tuple(merchant[start:end]),
            processor,
            tuple(_without_stars(words[:cut])),
            tuple(merchant[end:]),
        )

    def _prefix(self, words: list[str]) -> tuple[int, str | None]:
        """Return where the merchant begins, and the processor nearest to it: `PAYPAL *TST* SUSHI` came through two."""
        at, processor = 0, None
        while length := _starting(self._prefixes, words, at):
            if _starting(self._kept, words, at) > length or (at and words[at + length - 1] != STAR):
                break  # a name that begins like a prefix
            processor = self._processors[" ".join(words[at : at + length])]
            at += length
        return at, processor

    def _without_till(self, words: list[str]) -> list[str]:
        if self._till.keys().isdisjoint(words):
            return words
        out: list[str] = []
        at = 0
        while at < len(words):
            length = _starting(self._till, words, at)
            kept = _starting(self._kept, words, at) or (0 if length else 1)
            if kept >= length:
                out += words[at : at + kept]
            at += max(kept, length)
        return out

    def _without_place(self, words: list[str]) -> tuple[int, int]:
        """Return where the merchant's words begin and end: a town is last, with or without its state.

        Some banks print `KY LEXINGTON` first instead.
        """
        first = self._leading_place(words)
        end = len(words)
        while end > first + 1 and words[end - 1] in self._regions:
            end -= 1
        for town in self._places.get(words[end - 1], ()) if end > first else ():
            start = end - len(town)
            if start > first and words[start:end] == town and words[start - 1] not in _OWN:
                return first, start
        return first, end

    def _leading_place(self, words: list[str]) -> int:
        known = len(words) > 2 and words[0] in self._regions and [words[1]] in self._places.get(words[1], ())  # noqa: PLR2004 a state and a town
        return 2 if known else 0


def _has_figures(word: str) -> bool:
    return word.isalnum() and not word.isalpha()


def _without_stars(words: Iterable[str]) -> list[str]:
    return [word for word in words if word != STAR]


def _longest_first(phrases: Iterable[str], by: int) -> Phrases:
    """Return the phrases by their first word (0) or last (-1), longest first."""
    index: dict[str, list[list[str]]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        words = phrase.split()
        index.setdefault(words[by], []).append(words)
    return index


def _starting(index: Phrases, words: list[str], at: int) -> int:
    """Return the length of the longest phrase that starts there, 0 for none."""
    if at < len(words):
        for phrase in index.get(words[at], ()):
            if words[at : at + len(phrase)] == phrase:
                return len(phrase)
    return 0
