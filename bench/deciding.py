"""Decides transactions as a process of its own, and prints what that took: processor time and memory of nothing else.

Beside it the plain way: one search for each category's keywords, the first that is found decides.
"""

import json
import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from categorizer import data
from categorizer.data import text_tables
from categorizer.domain.transaction import Account, Transaction

Read = TypeVar("Read")

BATCH = 500
AMOUNT = Decimal("42.17")
KEYWORDS = 20
"""Of each category, in the plain way."""
FRAMES = (
    "{name} #{number}",
    "SQ *{name} {town}",
    "POS DEBIT PURCHASE {name} {number}",
    "{name} {unknown} {number} {town}",
    "CHECKCARD 0512 {name} {town}",
    "{unknown} {unknown} {town}",
)
TOWNS = ("COLUMBUS OH", "OAKLAND CA", "AUSTIN TX", "TORONTO ON", "SPOKANE WA")


@dataclass(frozen=True, slots=True)
class Taken:
    """What it took: `us` per transaction in each batch, `ms` of single ones, `load_s` and `megabytes` of all."""

    us: list[float]
    plain_us: list[float]
    ms: list[float]
    load_s: float
    megabytes: float


def lines(number: int) -> list[str]:
    """Return so many distinct lines as banks print them, made of our own names and of words that no table knows."""
    chance = random.Random(7)  # noqa: S311 - the same lines every time
    names = [row["name"] for row in text_tables.rows("names.csv")]
    made: dict[str, None] = {}
    while len(made) < number:
        unknown = "".join(chance.choices("AEIOUBCDLMNRST", k=chance.randint(4, 9)))
        told = {"name": chance.choice(names), "number": chance.randint(100, 99999), "town": chance.choice(TOWNS)}
        made[chance.choice(FRAMES).format(**told, unknown=unknown)] = None
    return list(made)


def plain() -> Callable[[str], str | None]:
    """Return the plain way."""
    words: dict[str, list[str]] = {}
    for row in text_tables.rows("words.csv"):
        words.setdefault(row["category"], []).append(re.escape(row["name"].lower()))
    searches = [(category, re.compile("|".join(found[:KEYWORDS]))) for category, found in words.items()]
    return lambda line: next((category for category, search in searches if search.search(line.lower())), None)


def transaction(number: int, name: str) -> Transaction:
    """Return a transaction of whose category nothing but its line tells: the dearest kind."""
    return Transaction(
        id=number,
        account=Account(1, "credit", "credit card", "3333", enabled=True),
        amount=AMOUNT,
        iso_currency_code="USD",
        unofficial_currency_code=None,
        date=date(2026, 3, 2),
        authorized_date=None,
        name=name,
        merchant_name=None,
        merchant_entity_id=None,
        original_description=None,
        payment_channel="in store",
        pfc_version=None,
        pfc_primary=None,
        pfc_detailed=None,
        pfc_confidence=None,
        pending=False,
        removed=False,
        superseded=False,
    )


def used(read: Callable[[Read], object], batch: Sequence[Read]) -> float:
    """Return the processor's seconds for a batch."""
    began = time.process_time()
    for one in batch:
        read(one)
    return time.process_time() - began


def resident() -> float:
    """Return the most memory that this process has had, in megabytes (proc(5))."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def measure(batches: int) -> Taken:
    """Load, decide so many batches of distinct transactions in both ways, and single ones."""
    began = time.process_time()
    pipeline = data.pipeline()
    loaded = time.process_time() - began
    megabytes = resident()
    simple, names = plain(), lines(BATCH * (batches + 1))
    rows = [transaction(number, name) for number, name in enumerate(names)]
    parts = [slice(start, start + BATCH) for start in range(0, BATCH * batches, BATCH)]
    pairs = [(used(pipeline.categorize, rows[part]), used(simple, names[part])) for part in parts]
    return Taken(
        us=[ours / BATCH * 1e6 for ours, _ in pairs],
        plain_us=[theirs / BATCH * 1e6 for _, theirs in pairs],
        ms=[used(pipeline.categorize, [row]) * 1000 for row in rows[-BATCH:]],
        load_s=loaded,
        megabytes=megabytes,
    )


if __name__ == "__main__":
    print(json.dumps(asdict(measure(int(sys.argv[1])))))  # noqa: T201 - its answer
