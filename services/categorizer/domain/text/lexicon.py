"""What is known of names: merchants, trades and phrases of money movement, found as a line's longest whole words."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from categorizer.domain.text.entries import Entry, Kind
from categorizer.domain.text.tokens import tokens


class Match(NamedTuple):
    """An entry found in a line's words [start, end); a `whole` one stands there letter by letter."""

    start: int
    end: int
    entry: Entry
    whole: bool = True


class Shape(NamedTuple):
    """How an entry's key was parted: number of words, letters of the last."""

    words: int
    last: int


MOST_WORDS = 7
_CUT_ALONE, _CUT_TOGETHER = 5, 8
_INSIDE = 5
_LOOK = 12
_HEAD = 3
"""Letters by which entries that cannot match are passed over."""
_LONG = 8
"""Letters of a word that may have swallowed others, and of a merchant within one."""
_CUT_SHARE = 0.65
"""Letters that a cut-off word, cut-off words, and a word within another must have to be read."""


def glue(name: str) -> tuple[str, Shape]:
    """Return a name as it is looked up, and its shape: banks part and join words as they please, so without blanks."""
    words = [word for word in tokens(name, name.split()) if word != "*"]
    return "".join(words), Shape(len(words), len(words[-1]) if words else 0)


class Lexicon:
    """Finds entries in words; the parting of words does not matter (`HOME DEPOT`, `HOMEDEPOT`), their borders do."""

    def __init__(self, entries: Iterable[Entry], *, exact: bool = False) -> None:
        """Take the entries; an `exact` lexicon reads no cut-off, joined or plural words."""
        self._entries: dict[str, Entry] = {}
        self._shapes: dict[str, Shape] = {}
        self._exact = exact
        for entry in entries:
            self._add(entry)
        self._keys = sorted(self._entries)
        self._heads = frozenset(key[:_HEAD] for key in self._keys)
        self._tails = frozenset(entry.name.rpartition(" ")[2] for entry in self._entries.values())
        alone = [key for key, entry in self._entries.items() if _bold(entry, len(key))]
        self._fronts = frozenset(key[:_INSIDE] for key in alone)
        self._backs = frozenset(key[-_INSIDE:] for key in alone)

    def __len__(self) -> int:
        return len(self._entries)

    def _add(self, entry: Entry) -> None:
        key, shape = glue(entry.name)
        if not key:
            return
        known = self._entries.get(key)
        if known is None or entry.kind < known.kind:
            self._entries[key], self._shapes[key] = entry, shape
        elif entry.kind is known.kind is Kind.WORD:
            self._entries[key] = known.joined(entry)

    def find(self, words: Sequence[str]) -> list[Match]:
        """Return the entries in the words: from the left, the longest each time, none overlapping."""
        found: list[Match] = []
        at, count, heads = 0, len(words), self._heads
        while at < count:
            word = words[at]
            match = self._longest(words, at, count) if word[:_HEAD] in heads or len(word) < _HEAD else None
            if match is None and not self._exact and len(word) > _HEAD:
                match = self._nearly(words, at, count)
                if match is None and len(word) >= _LONG:
                    found += self._within(word, at)
            if match is None:
                at += 1
            else:
                found.append(match)
                at = match.end
        return found

    def spans(self, words: Sequence[str], border: int) -> bool:
        """Return whether a name stands on both sides of the border."""
        if self._tails.isdisjoint(words[border:]):
            return False
        spans = ((start, end) for start in range(border) for end in range(border + 1, len(words) + 1))
        return any("".join(words[start:end]) in self._entries for start, end in spans if end - start <= MOST_WORDS)

    def _longest(self, words: Sequence[str], at: int, count: int) -> Match | None:
        entries, heads = self._entries, self._heads
        span, best, until = "", None, at
        for end in range(at, min(at + MOST_WORDS, count)):
            span += words[end]
            if len(span) >= _HEAD and span[:_HEAD] not in heads:
                break
            entry = entries.get(span)
            if entry is not None:
                best, until = entry, end + 1
        return Match(at, until, best) if best is not None else None

    def _nearly(self, words: Sequence[str], at: int, count: int) -> Match | None:
        """A trade word in the other number (`PIZZAS`), or the end of a line that the bank has cut (`RESTAURA`)."""
        word = words[at]
        entry = self._entries.get(word[:-1] if word[-1] == "S" else word + "S")
        if entry is not None and entry.kind is Kind.WORD and entry.sure and len(word) >= _INSIDE:
            return Match(at, at + 1, entry)
        return self._cut_off(words, at, count) if at >= count - 3 else None

    def _cut_off(self, words: Sequence[str], at: int, count: int) -> Match | None:
        """Entries that begin as the line ends, differing in the last word only, if they all agree."""
        rest = "".join(words[at:])
        if len(rest) < (_CUT_ALONE if at == count - 1 else _CUT_TOGETHER):
            return None
        index = bisect_left(self._keys, rest)
        agreed: Entry | None = None
        for key in self._keys[index : index + _LOOK]:
            if not key.startswith(rest):
                break
            entry, shape = self._entries[key], self._shapes[key]
            alone = shape.words == 1 and (entry.kind is not Kind.WORD or not entry.sure)
            if (
                alone
                or shape.words != count - at
                or len(rest) <= len(key) - shape.last
                or len(rest) < _CUT_SHARE * len(key)
            ):
                continue
            if agreed and entry.weights[0][0] != agreed.weights[0][0]:
                return None
            agreed = agreed or entry
        return Match(at, count, agreed, whole=False) if agreed else None

    def _within(self, word: str, at: int) -> list[Match]:
        """Entries at both ends of a word that has swallowed others: `PARKINGCOM`, `LINCOLNPLUMBING`."""
        found, entries = [], self._entries
        if word[:_INSIDE] in self._fronts:
            found += [word[:cut] for cut in range(len(word) - 1, _INSIDE - 1, -1)]
        if word[-_INSIDE:] in self._backs:
            found += [word[cut:] for cut in range(4, len(word) - _INSIDE + 1)]
        inside = (entries[part] for part in found if part in entries and _bold(entries[part], len(part)))
        return [Match(at, at + 1, entry, whole=False) for entry in list(inside)[:2]]


def _bold(entry: Entry, length: int) -> bool:
    """Whether an entry may be read inside a longer word: trade words of five letters, merchants of eight."""
    return length >= (_INSIDE if entry.kind is Kind.WORD else _LONG)
