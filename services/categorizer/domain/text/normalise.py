"""From a bank's line to its merchant's words: what names the shop stays; what names till, town and card goes."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from categorizer.domain.text.tokens import STAR, tokens

_COMPANY = ("INC", "INCORPORATED", "LTD", "LIMITED", "CORP", "CORPORATION", "CO", "COMPANY", "PLC", "GMBH")
LEGAL = frozenset((*_COMPANY, "LLC", "LLP", "LP", "PLLC", "PC", "PA", "THE", "DBA"))
DOMAINS = frozenset(("COM", "WWW", "NET", "ORG", "HTTP", "HTTPS", "UK", "CA", "US", "IO"))
KEY_WORDS = 4

_OWN = frozenset(("OF", "THE", "BANK"))
"""Words after which a town's name belongs to the merchant: `CITY OF PORTLAND`."""

Phrases = Mapping[str, Sequence[list[str]]]


class Line(NamedTuple):
    """A bank line, read: all that it `said`, the merchant's `words`, the `processor` of the card and its `prefix`."""

    said: tuple[str, ...]
    words: tuple[str, ...]
    processor: str | None
    prefix: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The merchant for memory: its words without numbers, domains and legal forms."""
        kept = [word for word in self.words if word not in LEGAL and word not in DOMAINS and not word[0].isdigit()]
        return " ".join(kept[:KEY_WORDS]) or " ".join(self.said[:KEY_WORDS])


class Normaliser:
    """Reads bank lines by reviewed tables: words of the till, processors' prefixes, places, names with numbers."""

    def __init__(
        self,
        till: Iterable[str],
        processors: Mapping[str, str],
        places: Iterable[str],
        regions: Iterable[str],
        numbers: Container[str] = (),
    ) -> None:
        """Take the tables; `processors` are named by prefix, `numbers` are words with figures to keep."""
        self._till = _longest_first(till, 0)
        self._prefixes = _longest_first(processors, 0)
        self._processors = processors
        self._places = _longest_first(places, -1)
        self._regions = frozenset(regions)
        self._numbers = numbers

    def read(self, text: str) -> Line:
        """Return what the line says; never fails, and an empty line has no words."""
        said = tokens(text, self._numbers)
        words = self._without_till(said)
        length = _starting(self._prefixes, words, 0)
        processor = self._processors[" ".join(words[:length])] if length else None
        merchant = self._without_place(_without_stars(words[length:]))
        return Line(tuple(_without_stars(said)), tuple(merchant), processor, tuple(_without_stars(words[:length])))

    def _without_till(self, words: list[str]) -> list[str]:
        out, at = [], 0
        while at < len(words):
            length = _starting(self._till, words, at)
            if not length:
                out.append(words[at])
            at += length or 1
        return out

    def _without_place(self, words: list[str]) -> list[str]:
        """Drop the town at the end, with or without its state, and some banks' `KY LEXINGTON` at the start."""
        words = words[self._leading_place(words) :]
        end = len(words)
        while end > 1 and words[end - 1] in self._regions:
            end -= 1
        for town in self._places.get(words[end - 1], ()) if end else ():
            start = end - len(town)
            if start > 0 and words[start:end] == town and words[start - 1] not in _OWN:
                return words[:start]
        return words[:end]

    def _leading_place(self, words: list[str]) -> int:
        known = len(words) > 2 and words[0] in self._regions and [words[1]] in self._places.get(words[1], ())  # noqa: PLR2004 a state and a town
        return 2 if known else 0


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
