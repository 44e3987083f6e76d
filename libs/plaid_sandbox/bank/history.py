"""What happened on a login's accounts. A given day always reads the same, whenever one looks back at it."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from random import Random

from plaid_sandbox.bank import merchants
from plaid_sandbox.bank.accounts import Account
from plaid_sandbox.bank.lines import Scribe
from plaid_sandbox.bank.login import Login
from plaid_sandbox.bank.merchants import Merchant, category
from plaid_sandbox.bank.plans import Habit, Movement
from plaid_sandbox.bank.transactions import Transaction, kind_of

_REFUND_DELAY = range(3, 15)
_HELD_AT_LEAST = 5
_SATURDAY = 5


def recall(login: Login, accounts: Mapping[str, Account], today: date) -> list[Transaction]:
    """Return the login's history by date, its newest card lines still pending, and what is already due after today."""
    first = today - timedelta(days=login.profile.days - 1)
    rows: list[Transaction] = []
    for back in range(login.profile.days + _REFUND_DELAY.stop - 1, -1, -1):
        rows.extend(day_of(login, accounts, today - timedelta(days=back)))
    rows = sorted((row for row in rows if row.date >= first), key=lambda row: row.date)
    past = [row for row in rows if row.date <= today]
    if login.profile.rows:
        past = past[-login.profile.rows :]
    return _hold_newest(past, today) + [row for row in rows if row.date > today]


def day_of(login: Login, accounts: Mapping[str, Account], day: date) -> Iterator[Transaction]:
    """Yield the lines that begin on this day; a purchase's refund carries its own, later date."""
    draw = login.draw("day", day)
    scribe = Scribe(draw, login.profile)
    keys = (login.identifier("transaction", day, number) for number in count())
    for habit in login.profile.habits:
        for _ in range(_visits(habit, day, draw)):
            merchant = _usual(login, habit, draw)
            row = scribe.line(next(keys), accounts[habit.account], merchant, day)
            yield row
            if row.kind == "purchase" and draw.random() < login.profile.refunds:
                yield _refund(next(keys), row, draw)
    for bill in login.profile.bills:
        if day.day == bill.day:
            yield scribe.line(next(keys), accounts[bill.account], merchants.named(bill.merchant), day)
    for movement in login.profile.movements:
        if day.day == min(movement.day, monthrange(day.year, day.month)[1]):
            yield from _both_sides(movement, accounts, day, draw, keys)


def _visits(habit: Habit, day: date, draw: Random) -> int:
    if habit.workdays_only and day.weekday() >= _SATURDAY:
        return 0
    expected = habit.per_week / (_SATURDAY if habit.workdays_only else 7)
    return int(expected) + (draw.random() < expected % 1)


def _usual(login: Login, habit: Habit, draw: Random) -> Merchant:
    """Pick a merchant of the group; everybody has favourites, the first of a personal order."""
    known = merchants.catalogue()[habit.group]
    favourite = int(len(known) * draw.random() ** 1.6)
    shift = sum(map(ord, login.institution_id + login.profile.username + habit.group))
    return known[(favourite + shift) % len(known)]


def _refund(key: str, bought: Transaction, draw: Random) -> Transaction:
    amount = -bought.amount
    if draw.random() < 1 / 3:
        amount = (amount / 2).quantize(bought.amount)
    later = bought.date + timedelta(days=draw.choice(_REFUND_DELAY))
    merchant = bought.merchant
    sort = merchant.category if merchant else bought.category
    return replace(
        bought,
        transaction_id=key,
        amount=amount,
        date=later,
        authorized_date=later,
        category=sort,
        kind=kind_of(sort, amount),
        code="refund",
        channel=merchant.channel if merchant else bought.channel,
    )


def _both_sides(
    movement: Movement, accounts: Mapping[str, Account], day: date, draw: Random, keys: Iterator[str]
) -> Iterator[Transaction]:
    source, target = accounts[movement.source], accounts[movement.target]
    amount = Decimal(draw.randrange(movement.low * 100, movement.high * 100)).scaleb(-2)
    words = _WORDS[movement.kind]
    for account, other, signed, sort, name in (
        (source, target, amount, words[0], words[2]),
        (target, source, -amount, words[1], words[3]),
    ):
        text = name.format(mask=other.mask)
        yield Transaction(
            transaction_id=next(keys),
            account_id=account.account_id,
            amount=signed,
            date=day if account is source else day + timedelta(days=draw.randrange(3)),
            authorized_date=day,
            name=text,
            original_description=text.upper(),
            merchant=None,
            category=category(sort, "VERY_HIGH"),
            kind=movement.kind,
            channel="other",
            counterparty_type=None,
        )


_CARD = "LOAN_PAYMENTS_CREDIT_CARD_PAYMENT"
_WORDS = {
    "card_payment": (_CARD, _CARD, "Payment to Credit Card ending {mask}", "Payment Thank You from ...{mask}"),
    "transfer": (
        "TRANSFER_OUT_ACCOUNT_TRANSFER",
        "TRANSFER_IN_ACCOUNT_TRANSFER",
        "Online Transfer to ...{mask}",
        "Online Transfer from ...{mask}",
    ),
}


def _hold_newest(rows: list[Transaction], today: date) -> list[Transaction]:
    """Mark the purchases of the last two days pending, and as many before them as make five."""
    held = 0
    for index in range(len(rows) - 1, -1, -1):
        row = rows[index]
        if held >= _HELD_AT_LEAST and row.date < today - timedelta(days=1):
            break
        if row.kind == "purchase" and row.channel != "other":
            rows[index] = hold(row)
            held += 1
    return rows


def hold(row: Transaction) -> Transaction:
    """Return the line as the bank shows it before it posts: unpolished, on the day it happened."""
    return replace(row, pending=True, name=row.original_description, authorized_date=row.date)
