"""A bank's line in words: capitals, without dates, masks, store numbers and punctuation."""

import re
import unicodedata
from collections.abc import Container

LONGEST = 160
"""Characters of a line that are read; no bank prints more than two such lines."""

STAR = "*"
"""The sign that processors put behind their prefix; kept as a word of its own."""

_SMALL = 2
"""Digits of a number that may be part of a name (`MOTEL 6`); longer ones are stores, cards, telephones."""
_COUNTED = 5
"""Letters above which figures glued to a word are cut off (`MCDONALDS12345`)."""
_POSSESSIVE = 2
_MASK = "XXX"
_AND = frozenset(("AND", "N"))

_APOSTROPHES: dict[int, None] = dict.fromkeys(map(ord, "'`\u2018\u2019\u02bc"))
_SPACES = {code: " " for code in range(128) if not chr(code).isalnum()}
_SIGNS = {**_SPACES, **_APOSTROPHES, ord("#"): " #", ord(STAR): f" {STAR} "}
_DATE = re.compile(
    r"\b[0-9X]{1,2}[/-][0-9X]{1,2}(?:[/-][0-9X]{2,4})?\b|\b[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})? ?[AP]?M?\b",
)
_FIELD = re.compile(
    r"\b(?:(?:CO|WEB|PPD|CCD|TEL|TRN|ORIG) ?)?ID ?[:#] ?\S*|\bINDN ?:.*?(?= CO ID|$)|\bDES ?:"
    r"|\bCONF(?:IRMATION)?[#:]+ ?\S+|\bMERCHANT NAME ?: ?",
)
_INITIAL = re.compile(r"\b([A-Z])\.(?=[A-Z]\b)")
_GLUED = re.compile(r"^[0-9]{2,}(?=[A-Z]{3})|^0(?=[A-Z]{3})|(?<=[A-Z]{3})[0-9X]{3,}$")


def tokens(text: str, keep: Container[str] = ()) -> list[str]:
    """Return the line's words; of words with figures those that may be a name's, and those to `keep`."""
    raw = _plain(text).translate(_SIGNS).split()
    return _joined([word if word.isalpha() or word in keep else _without_figures(word) for word in raw])


def _plain(text: str) -> str:
    """Return the line in ASCII capitals, without dates, times and the fields of an ACH entry."""
    text = text[:LONGEST]
    text = (text if text.isascii() else _to_ascii(text)).upper()
    if "/" in text or ":" in text or "-" in text:
        text = _DATE.sub(" ", text)
    if ":" in text or "#" in text:
        text = _FIELD.sub(" ", text)
    return _INITIAL.sub(r"\1", text) if "." in text else text


def _to_ascii(text: str) -> str:
    """Return `Café` as `Cafe`; signs that are no letters part words."""
    parted = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
    letters = "".join(letter for letter in parted if not unicodedata.combining(letter))
    return letters.encode("ascii", "replace").decode().replace("?", " ")


def _without_figures(word: str) -> str:
    """Return what a word with figures or signs says, often nothing."""
    if word == STAR:
        return word
    if word[0] == "#":
        return ""
    if word.isdigit():
        return word if len(word) <= _SMALL and word[0] != "0" else ""
    if len(word) > _COUNTED:
        word = _GLUED.sub("", word)
    figures = sum(letter.isdigit() for letter in word)
    return word if figures <= 1 or figures * 3 <= len(word) else ""


def _joined(words: list[str]) -> list[str]:
    """Join what punctuation has parted (`H E B`, `T J MAXX`, `MCDONALD S`); drop `AND` and masks of X."""
    out: list[str] = []
    initial = False
    for raw in words:
        word = raw[: raw.index(_MASK)] if _MASK in raw else raw
        if not word or word == "XX" or (out and out[-1] != STAR and word in _AND):
            continue
        letter = len(word) == 1 and word.isalpha()
        possessive = word == "S" and bool(out) and len(out[-1]) > _POSSESSIVE
        if letter and out and (initial or possessive):
            out[-1] += word
        else:
            out.append(word)
            initial = letter
    return out
