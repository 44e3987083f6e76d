"""What of a line is known: which entries stand in it, and which of them count."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from categorizer.domain.text.entries import Kind
from categorizer.domain.text.lexicon import Lexicon, Match
from categorizer.domain.text.normalise import LEGAL, Line


class Reading(NamedTuple):
    """Phrases that the bank `said`, merchants and trades `found`, words nothing knows, the processor if it counts."""

    said: Sequence[Match]
    found: Sequence[Match]
    unknown: Sequence[str]
    processor: str | None

    @property
    def merchant(self) -> Match | None:
        """The first entry that is a merchant by name, standing letter by letter."""
        return next((match for match in self.found if match.entry.kind is not Kind.WORD and match.whole), None)

    @property
    def source(self) -> str:
        """The strongest kind of what is known: phrase, merchant, keyword, or model where nothing is."""
        if self.said:
            return "phrase"
        return "merchant" if self.merchant else "keyword" if self.found else "model"


@dataclass(frozen=True, slots=True)
class Reader:
    """Looks lines up: merchants and trades in the merchant's words, phrases of money movement in all that was said."""

    lexicon: Lexicon
    said_of_money_in: Lexicon
    said_of_money_out: Lexicon

    def read(self, line: Line, *, money_in: bool, money_out: bool) -> Reading:
        """Return what is known of the line; of an unknown amount neither direction is true."""
        words, found, processor = self._found(line)
        said = [] if money_in else self.said_of_money_out.find(line.said)
        if not said and not money_out:
            said = self.said_of_money_in.find(line.said)
        return Reading(_decisive(said, found) if said else said, found, _unknown(words, found), processor)

    def _found(self, line: Line) -> tuple[Sequence[str], list[Match], str | None]:
        """Return the entries, the words in which they stand, and the processor if it still has something to say.

        A processor's own name counts only with what follows it (`GOOGLE *WORKSPACE`), unless a longer name does
        (`SQ *CAPITAL ONE TRAVEL`), or where nothing follows.
        """
        found = self._with_place(line) or self.lexicon.find(line.words)
        if line.prefix:
            cut, own = len(line.prefix), found[0].end if found and not found[0].start else 1
            words = (*line.prefix, *line.words)
            whole = self.lexicon.find(words)
            if any(match.start < cut and match.end >= cut + own for match in whole):
                return words, [match for match in whole if match.end > cut], None
            if not line.words:
                return words, whole, line.processor
        if not found and (named := self._in_all(line)):
            return line.said, named, line.processor
        return line.words, found, line.processor

    def _with_place(self, line: Line) -> list[Match]:
        """Return the entries if a name ends in what was taken for a place: `SAFETY SUPPLY CO`, `FORD OF BOSTON`."""
        cut, words = len(line.words), (*line.words, *line.place)
        if not line.place or not self.lexicon.spans(words, cut):
            return []
        found = self.lexicon.find(words)
        return [match for match in found if match.start < cut] if any(match.end > cut for match in found) else []

    def _in_all(self, line: Line) -> list[Match]:
        """Return merchants whose name holds dropped words of the till: `MERCHANT BANKCD`, `APPLE.COM/BILL`."""
        if line.words == line.said:
            return []
        if not line.words and not line.prefix:
            return self.lexicon.find(line.said)
        return [match for match in self.lexicon.find(line.said) if _is_named(match, line)]


def _is_named(match: Match, line: Line) -> bool:
    """Whether a match is a merchant's name of several words, other than the processor's."""
    several = match.whole and match.entry.kind is not Kind.WORD and match.end - match.start > 1
    return several and not set(line.said[match.start : match.end]) <= set(line.prefix)


def _unknown(words: Sequence[str], found: Sequence[Match]) -> list[str]:
    """Return the words outside all entries."""
    known = {at for match in found for at in range(match.start, match.end)}
    return [word for at, word in enumerate(words) if at not in known and word not in LEGAL]


def _decisive(said: list[Match], found: Sequence[Match]) -> list[Match]:
    """Return the phrases that count: the sure ones, and those of mixed meaning only where nothing else is known."""
    sure = [match for match in said if match.entry.kind is not Kind.MIXED]
    return sure or ([] if any(match.entry.sure for match in found) else said)
