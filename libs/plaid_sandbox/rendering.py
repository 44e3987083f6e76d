"""The bank's truth in Plaid's words: JSON objects for accounts and transactions, every key that the SDK requires."""

import json
from datetime import date
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from json.encoder import encode_basestring_ascii as quoted
from typing import Literal, NamedTuple

from plaid_sandbox.bank.accounts import Account, Balance
from plaid_sandbox.bank.merchants import Category, Merchant
from plaid_sandbox.bank.transactions import Transaction
from plaid_sandbox.encoding import Raw, encode, number

CategoryVersion = Literal["v1", "v2"]

_V1 = {
    "INCOME_SALARY": "INCOME_WAGES",
    "INCOME_CONTRACTOR": "INCOME_OTHER_INCOME",
    "INCOME_OTHER": "INCOME_OTHER_INCOME",
    "TRANSFER_OUT_TRANSFER_OUT_FROM_APPS": "TRANSFER_OUT_OTHER_TRANSFER_OUT",
    "TRANSFER_IN_TRANSFER_IN_FROM_APPS": "TRANSFER_IN_OTHER_TRANSFER_IN",
    "OTHER_OTHER": "GENERAL_SERVICES_OTHER_GENERAL_SERVICES",
}
_V1_PRIMARY = {"OTHER": "GENERAL_SERVICES"}
_PAYMENT_META = encode(
    dict.fromkeys(
        ("by_order_of", "payee", "payer", "payment_method", "payment_processor", "ppd_id", "reason", "reference_number")
    )
)


class Form(NamedTuple):
    """How a client asked to see transactions."""

    category_version: CategoryVersion = "v2"
    original_description: bool = False


def account(source: Account, balance: Balance) -> dict[str, object]:
    """Return Plaid's AccountBase."""
    persistent = {"persistent_account_id": source.persistent_id} if source.persistent_id else {}
    return {
        "account_id": source.account_id,
        "balances": {
            "available": balance.available,
            "current": balance.current,
            "iso_currency_code": source.currency.iso,
            "limit": balance.limit,
            "unofficial_currency_code": source.currency.unofficial,
        },
        "holder_category": source.holder,
        "mask": source.mask,
        "name": source.name,
        "official_name": source.official_name,
        **persistent,
        "subtype": source.subtype,
        "type": source.type,
    }


def transaction(row: Transaction, source: Account, form: Form) -> bytes:
    """Return Plaid's Transaction as JSON text, in the odd form that was ordered for it, if any."""
    if row.oddity is None:
        return _text_of(row, source, form)
    fields = plain(row, source, form) | {name: Raw(value) for name, value in row.oddity.fields}
    return encode({name: value for name, value in fields.items() if name not in row.oddity.drop}).encode()


def plain(row: Transaction, source: Account, form: Form) -> dict[str, object]:
    """Return Plaid's Transaction, nothing odd about it."""
    fields: dict[str, object] = json.loads(_text_of(row, source, form), parse_float=Decimal)
    return fields


def _text_of(row: Transaction, source: Account, form: Form) -> bytes:
    """Render the transaction in few pieces: what it has in common with many others is rendered once for all."""
    currency = row.currency or source.currency
    original = f'"original_description":{quoted(row.original_description)},' if form.original_description else ""
    return (
        f'{{"account_id":"{row.account_id}","account_owner":null,"amount":{number(row.amount)},'
        f'"authorized_date":{_day(row.authorized_date)},"authorized_datetime":null,'
        f'"category":null,"category_id":null,"check_number":{_text(row.check_number)},'
        f"{_merchant(row.merchant, row.counterparty_type)}{_day(row.date)},"
        f'"datetime":null,"iso_currency_code":{_text(currency.iso)},"location":{_location(row)},'
        f'"name":{quoted(row.name)},{original}{_way(row.channel, row.pending)}{_text(row.pending_transaction_id)},'
        f"{_category(row.category, form.category_version)}{_BEFORE_CODE[row.pending]}{_text(row.code)},"
        f'"transaction_id":"{row.transaction_id}","transaction_type":"{_TYPES.get(row.channel, "unresolved")}",'
        f'"unofficial_currency_code":{_text(currency.unofficial)}}}'
    ).encode()


_BEFORE_CODE = (',"running_balance":null,"transaction_code":', ',"transaction_code":')


@lru_cache(maxsize=4096)
def _day(day: date | None) -> str:
    return "null" if day is None else f'"{day}"'


@lru_cache(maxsize=4096)
def _way(channel: str, pending: bool) -> str:
    state = "true" if pending else "false"
    return f'"payment_channel":"{channel}","payment_meta":{_PAYMENT_META},"pending":{state},"pending_transaction_id":'


_TYPES = {"online": "digital", "in store": "place", "other": "special"}


def _text(value: str | None) -> str:
    return "null" if value is None else quoted(value)


def _location(row: Transaction) -> str:
    if row.city is None:
        return _NOWHERE
    return f"{_city(row.city, row.region)}{_text(row.store)}}}"


_NOWHERE = encode(dict.fromkeys(("address", "city", "country", "lat", "lon", "postal_code", "region", "store_number")))


@lru_cache(maxsize=4096)
def _city(city: str, region: str | None) -> str:
    return (
        f'{{"address":null,"city":{_text(city)},"country":"US","lat":null,"lon":null,'
        f'"postal_code":null,"region":{_text(region)},"store_number":'
    )


@lru_cache(maxsize=4096)
def _category(category: Category | None, version: CategoryVersion) -> str:
    if category is None:
        return '"personal_finance_category":null'
    detailed, primary = category.detailed, category.primary
    if version == "v1":
        detailed, primary = _V1.get(detailed, detailed), _V1_PRIMARY.get(primary, primary)
    icon = f"https://plaid-category-icons.plaid.com/PFC_{primary}.png"
    return (
        '"personal_finance_category":'
        + encode(
            {"confidence_level": category.confidence, "detailed": detailed, "primary": primary, "version": version}
        )
        + f',"personal_finance_category_icon_url":"{icon}"'
    )


@lru_cache(maxsize=4096)
def _merchant(merchant: Merchant | None, counterparty_type: str | None) -> str:
    """Return the fields that depend on the merchant alone, and the name of the next one."""
    fields: dict[str, object] = dict.fromkeys(
        ("logo_url", "merchant_category_code", "merchant_entity_id", "merchant_name", "website")
    )
    fields["counterparties"] = []
    if merchant and merchant.name and merchant.category.primary != "BANK_FEES":
        entity = _entity_id(merchant.name)
        logo = f"https://plaid-merchant-logos.plaid.com/{entity}.png" if merchant.website else None
        fields |= {
            "logo_url": logo,
            "merchant_category_code": merchant.code,
            "merchant_entity_id": entity,
            "merchant_name": merchant.name,
            "website": merchant.website,
        }
        if counterparty_type:
            fields["counterparties"] = [
                {
                    "confidence_level": merchant.category.confidence,
                    "entity_id": entity,
                    "logo_url": logo,
                    "name": merchant.name,
                    "phone_number": None,
                    "type": counterparty_type,
                    "website": merchant.website,
                }
            ]
    return encode(fields)[1:-1] + ',"date":'


def _entity_id(name: str) -> str:
    """Return the merchant's id: the same in every stand-in, as Plaid's is for every client."""
    return blake2b(name.encode(), digest_size=18).hexdigest()
