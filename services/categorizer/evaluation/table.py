"""A CSV file of transactions, read row by row; a row that cannot be read is told, never dropped."""

import csv
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from categorizer.domain.transaction import Account, Transaction

COLUMNS = frozenset((
    "id", "name", "merchant_name", "original_description", "amount", "iso_currency_code", "payment_channel",
    "pfc_version", "pfc_primary", "pfc_detailed", "pfc_confidence", "category", "also_ok", "slice", "weight",
))  # fmt: skip
"""Any of them may be missing or empty; columns beside them are passed over."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?")
_LONGEST_RECORD = 50
"""Lines that a quoted field may run over; beyond them its quote was never closed."""
_ACCOUNT = Account(0, "other", None, None, enabled=True)
_DAY = date(2000, 1, 1)


class NotATable(Exception):
    """Nothing in the file can be read; the text says why."""


class Unreadable(NamedTuple):
    """A row that cannot be read, by the line where it begins (the header is line 1)."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row: a transaction, and what it is by its label, if it has one; `also_ok` are readings that are right too."""

    line: int
    id: str
    transaction: Transaction
    label: str | None
    also_ok: frozenset[str]
    slice: str
    weight: float


def read(path: Path, categories: Collection[str]) -> Iterator[Row | Unreadable]:
    """Yield the file's rows, labelled with these categories; raises NotATable, and OSError where it cannot be opened.

    UTF-8 with or without a byte order mark; commas, double quotes (RFC 4180); any ends of lines.
    """
    lines = _lines(path.read_bytes())
    header, at = _header(lines)
    while at < len(lines):
        first = at + 1
        try:
            fields, taken = _record(lines, at)
            if fields:
                yield _row(first, header, fields, categories)
        except (csv.Error, ValueError) as error:
            taken = 1
            yield Unreadable(first, str(error))
        at += taken


def _lines(raw: bytes) -> list[str]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotATable("It is UTF-16: save it as UTF-8.")
    text = raw.decode("utf-8-sig", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n") if text.strip() else []


def _header(lines: Sequence[str]) -> tuple[list[str], int]:
    """Return the names of the columns, and where the rows begin."""
    if not lines:
        raise NotATable("It is empty.")
    try:
        fields, taken = _record(lines, 0)
    except (csv.Error, ValueError) as error:
        raise NotATable(f"Its first line cannot be read: {error}.") from None
    header = [name.strip().lower() for name in fields]
    known = [name for name in header if name in COLUMNS]
    if not known:
        raise NotATable(f"Its first line names none of the columns {', '.join(sorted(COLUMNS))}.")
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        raise NotATable(f"Its first line names columns twice: {', '.join(twice)}.")
    return header, taken


def _record(lines: Sequence[str], at: int) -> tuple[list[str], int]:
    """Return the fields of the record that begins there, none of an empty line, and how many lines it takes."""
    reader = csv.reader((f"{line}\n" for line in islice(lines, at, at + _LONGEST_RECORD)), strict=True)
    try:
        fields = next(reader)
    except csv.Error as error:
        raise ValueError("a quote is never closed" if "end of data" in str(error) else str(error)) from None
    for line in lines[at : at + reader.line_num]:
        if "\0" in line:
            raise ValueError("it holds a NUL")
        if not line.isascii() and any("\ud800" <= letter <= "\udfff" for letter in line):
            raise ValueError("it is not UTF-8")
    return fields, reader.line_num


def _row(line: int, header: Sequence[str], fields: Sequence[str], categories: Collection[str]) -> Row:
    if len(fields) != len(header):
        raise ValueError(f"it has {len(fields)} fields, and the first line has {len(header)}")
    values = {name: value.strip() for name, value in zip(header, fields, strict=True)}
    label = values.get("category") or None
    also_ok = frozenset(filter(None, values.get("also_ok", "").split("|")))
    for name in (label, *also_ok):
        if name is not None and name not in categories:
            raise ValueError(f"there is no category “{name[:40]}”")
    weight = float(_number(values, "weight", "1"))
    if weight < 0:
        raise ValueError("its weight is negative")
    return Row(
        line, values.get("id") or str(line), _transaction(line, values), label, also_ok, values.get("slice", ""), weight
    )


def _transaction(line: int, values: Mapping[str, str]) -> Transaction:
    """Return the row's transaction; no amount and 0 both mean that it is unknown."""
    return Transaction(
        id=line,
        account=_ACCOUNT,
        amount=_number(values, "amount", "0"),
        iso_currency_code=values.get("iso_currency_code") or None,
        unofficial_currency_code=None,
        date=_DAY,
        authorized_date=None,
        name=values.get("name") or values.get("original_description") or values.get("merchant_name", ""),
        merchant_name=values.get("merchant_name") or None,
        merchant_entity_id=None,
        original_description=values.get("original_description") or None,
        payment_channel=values.get("payment_channel") or None,
        pfc_version=values.get("pfc_version") or None,
        pfc_primary=values.get("pfc_primary") or None,
        pfc_detailed=values.get("pfc_detailed") or None,
        pfc_confidence=values.get("pfc_confidence") or None,
        pending=False,
        removed=False,
        superseded=False,
    )


def _number(values: Mapping[str, str], name: str, missing: str) -> Decimal:
    text = values.get(name) or missing
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"its {name} is no number: “{text[:40]}”")
    return Decimal(text)
