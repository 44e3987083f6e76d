"""A transaction's text is, byte for byte, its fields written one after the other, whatever many share."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from plaid_sandbox import rendering
from plaid_sandbox.bank.accounts import Account, Currency
from plaid_sandbox.bank.history import recall
from plaid_sandbox.bank.login import Login
from plaid_sandbox.bank.profiles import PROFILES
from plaid_sandbox.bank.transactions import Oddity, Transaction
from plaid_sandbox.encoding import encode
from plaid_sandbox.identifiers import Mint
from plaid_sandbox.rendering import CategoryVersion, Form
from tests.plaid_sandbox.running import StandIn

VERSIONS: tuple[CategoryVersion, ...] = ("v1", "v2")
FORMS = [Form(version, original_description=original) for version, original in product(VERSIONS, (True, False))]
TYPES = {"online": "digital", "in store": "place", "other": "special"}
NOWHERE = dict.fromkeys(("address", "city", "country", "lat", "lon", "postal_code", "region", "store_number"))
NOBODY = dict.fromkeys(
    ("by_order_of", "payee", "payer", "payment_method", "payment_processor", "ppd_id", "reason", "reference_number")
)


def fields_of(row: Transaction, source: Account, form: Form, shown: dict[str, Any]) -> dict[str, object]:
    """Return the fields in Plaid's order; what the merchant and the category bring is taken as it is `shown`."""
    currency = row.currency or source.currency
    seller = ("logo_url", "merchant_category_code", "merchant_entity_id", "merchant_name", "website", "counterparties")
    sort = [name for name in shown if name.startswith("personal_finance_category")]
    place = {"city": row.city, "country": "US", "region": row.region, "store_number": row.store} if row.city else {}
    return {
        "account_id": row.account_id,
        "account_owner": None,
        "amount": row.amount,
        "authorized_date": row.authorized_date and row.authorized_date.isoformat(),
        "authorized_datetime": None,
        "category": None,
        "category_id": None,
        "check_number": row.check_number,
        **{name: shown[name] for name in seller},
        "date": row.date.isoformat(),
        "datetime": None,
        "iso_currency_code": currency.iso,
        "location": NOWHERE | place,
        "name": row.name,
        **({"original_description": row.original_description} if form.original_description else {}),
        "payment_channel": row.channel,
        "payment_meta": NOBODY,
        "pending": row.pending,
        "pending_transaction_id": row.pending_transaction_id,
        **{name: shown[name] for name in sort},
        **({} if row.pending else {"running_balance": None}),
        "transaction_code": row.code,
        "transaction_id": row.transaction_id,
        "transaction_type": TYPES.get(row.channel, "unresolved"),
        "unofficial_currency_code": currency.unofficial,
    }


@pytest.mark.parametrize("username", ["user_good", "user_household", "user_transactions_dynamic"])
def test_a_text_is_its_fields_one_after_the_other(username: str) -> None:
    """In each form, each line of a history is what a plain writer makes of its fields, to the last byte."""
    login = Login(Mint("seed"), "ins_109508", PROFILES[username], 1)
    accounts = login.open_accounts()
    sources = {account.account_id: account for account in accounts.values()}
    rows = recall(login, accounts, date(2026, 11, 23))[-400:]
    strange = replace(rows[0], currency=Currency(None, "BTC"), name='é"\\\n', city="Zürich", region=None, store="1")
    linked = replace(strange, pending_transaction_id="held", check_number="7", code="atm", amount=Decimal("-1E+3"))
    for row, form in product((*rows, strange, linked), FORMS):
        text = rendering.transaction(row, sources[row.account_id], form)
        shown = json.loads(text)
        category = row.category and shown["personal_finance_category"]
        assert text.decode() == encode(fields_of(row, sources[row.account_id], form, shown))
        assert (category and category["version"]) == (row.category and form.category_version)
        assert shown["merchant_name"] in {None, row.merchant and row.merchant.name}


def test_an_odd_text_differs_in_what_was_ordered_only() -> None:
    """The ordered fields are as ordered, the dropped ones gone, all others as they were and where they were."""
    login = Login(Mint("seed"), "ins_109508", PROFILES["user_good"], 1)
    accounts = login.open_accounts()
    plain = recall(login, accounts, date(2026, 11, 23))[0]
    source = next(account for account in accounts.values() if account.account_id == plain.account_id)
    odd = replace(plain, oddity=Oddity((("amount", '"12"'), ("new", "[ ]")), ("name",)))
    for form in FORMS:
        fields = rendering.plain(plain, source, form) | {"amount": "12"}
        wanted = encode({name: value for name, value in fields.items() if name != "name"})
        assert rendering.transaction(odd, source, form).decode() == f'{wanted[:-1]},"new":[ ]}}'


async def raw_rows(stand_in: StandIn, access_token: str, form: Form) -> dict[str, str]:
    """Return the text of each row of a whole loop by id, after checking that an answer is compact JSON."""
    version, original = form
    options = {"personal_finance_category_version": version, "include_original_description": original}
    rows: dict[str, str] = {}
    cursor, more = "", True
    while more:
        body = {"access_token": access_token, "cursor": cursor, "count": 500, "options": options}
        text = (await stand_in.send("/transactions/sync", body)).text
        page = json.loads(text, parse_float=Decimal)
        assert text == encode(page)
        rows |= {row["transaction_id"]: encode(row) for row in page["added"]}
        cursor, more = page["next_cursor"], page["has_more"]
    return rows


async def test_a_change_of_one_transaction_changes_its_text_only(stand_in: StandIn) -> None:
    """In each form a loop read again is byte for byte the first one, but for the line that was changed meanwhile."""
    access_token, item_id = await stand_in.linked(days=60)
    before = [await raw_rows(stand_in, access_token, form) for form in FORMS]
    assert before == [await raw_rows(stand_in, access_token, form) for form in FORMS]
    changed = list(before[0])[7]
    control = f"/sandbox_control/items/{item_id}/transactions/edit"
    await stand_in.post(control, transaction_id=changed, amount=-7.0000001, name='New "name"')
    for old, form in zip(before, FORMS, strict=True):
        new = await raw_rows(stand_in, access_token, form)
        assert [key for key in old | new if old.get(key) != new.get(key)] == [changed]
        for text in ('"amount":-7.0000001,', '"name":"New \\"name\\"",'):
            assert text in new[changed]
            assert text not in old[changed]
