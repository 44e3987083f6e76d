"""How a bank words its lines: descriptor, amount, dates and the oddities that real feeds have."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from plaid_sandbox.bank.accounts import Account, Currency
from plaid_sandbox.bank.merchants import Category, Merchant, catalogue, category
from plaid_sandbox.bank.plans import Profile
from plaid_sandbox.bank.transactions import Transaction, kind_of

CITIES = (
    ("Columbus", "OH"),
    ("Dayton", "OH"),
    ("Raleigh", "NC"),
    ("Austin", "TX"),
    ("Boise", "ID"),
    ("Tacoma", "WA"),
    ("Omaha", "NE"),
    ("Tulsa", "OK"),
)
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODES = {"BANK_FEES_INTEREST_CHARGE": "interest", "BANK_FEES_LATE_FEES": "late fee", "TRANSFER_OUT_WITHDRAWAL": "atm"}


@dataclass(frozen=True, slots=True)
class Scribe:
    """Words a bank's lines; all chance in them comes from its dice."""

    draw: Random
    profile: Profile

    def line(self, key: str, account: Account, merchant: Merchant, day: date) -> Transaction:
        """Return a posted line for one visit to this merchant on this day."""
        draw, in_store = self.draw, merchant.channel == "in store"
        amount = price(merchant, account.currency, draw, odd=draw.random() < self.profile.odd_amounts)
        store = str(draw.randrange(100, 9999)) if in_store else None
        city, region = draw.choice(CITIES) if in_store else (None, None)
        name, original, check = _wording(merchant, draw, store or "0001", city or "Columbus", region or "OH")
        row = Transaction(
            transaction_id=key,
            account_id=account.account_id,
            amount=amount,
            date=day,
            authorized_date=day - timedelta(days=draw.randrange(3)) if merchant.channel != "other" else None,
            name=name,
            original_description=original,
            merchant=merchant,
            category=merchant.category,
            kind=kind_of(merchant.category, amount),
            channel=merchant.channel,
            city=city,
            region=region,
            store=store,
            code=_CODES.get(merchant.category.detailed),
            counterparty_type=_counterparty(merchant),
            check_number=check,
        )
        return odd(row, draw, self.profile.uncategorised) if row.kind == "purchase" else row


def price(merchant: Merchant, currency: Currency, draw: Random, *, odd: bool) -> Decimal:
    """Return an amount in the merchant's range; an odd one has three to seven decimals, as real sandbox data has."""
    if merchant.low == merchant.high:
        amount = merchant.low
    else:
        places = draw.randrange(3, 8) if odd and currency.places else currency.places
        spread = float(merchant.low) * float(merchant.high / merchant.low) ** draw.random()
        amount = Decimal(round(spread * 10**places)).scaleb(-places)
    return -amount if merchant.pays_us else amount


def odd(row: Transaction, draw: Random, uncategorised: float) -> Transaction:
    """Return the purchase, now and then without a category or with a value that no published enum has."""
    dice = draw.random()
    if dice < uncategorised:
        return replace(row, category=None)
    match int((dice - uncategorised) * 1000):
        case 0:
            return replace(row, channel="contactless")
        case 1:
            return replace(row, code="tap to pay")
        case 2:
            return replace(row, counterparty_type="robot_shop")
        case 3 if row.category:
            unknown = Category(row.category.primary, f"{row.category.primary}_NOT_YET_PUBLISHED", "EXTREMELY_HIGH")
            return replace(row, category=unknown)
        case _:
            return row


def _wording(merchant: Merchant, draw: Random, store: str, city: str, region: str) -> tuple[str, str, str | None]:
    if merchant.descriptor.startswith("CHECK"):
        number = str(draw.randrange(1000, 9999))
        return f"Check {number}", f"CHECK {number}", number
    ref = "".join(draw.choices(_LETTERS, k=7))
    raw = merchant.descriptor.format(store=store, city=city.upper(), region=region, ref=ref)
    if merchant.name is None or draw.random() < 1 / 4:
        return raw.title() if merchant.name else raw, raw, None
    return merchant.name, raw, None


def _counterparty(merchant: Merchant) -> str | None:
    match merchant.category.primary:
        case _ if merchant.name is None:
            return None
        case "INCOME":
            return "income_source"
        case "BANK_FEES" | "LOAN_PAYMENTS":
            return "financial_institution"
        case "TRANSFER_IN" | "TRANSFER_OUT":
            return "payment_app" if merchant.website else None
        case _:
            return "marketplace" if merchant.category.detailed.endswith("ONLINE_MARKETPLACES") else "merchant"


def described(key: str, account: Account, text: str, day: date, amount: Decimal) -> Transaction:
    """Return a posted line known only by its text; a known merchant's name in it brings the merchant and category."""
    merchant = recognise(text, amount)
    sort = merchant.category if merchant else category("INCOME_OTHER" if amount < 0 else "OTHER_OTHER", "LOW")
    return Transaction(
        transaction_id=key,
        account_id=account.account_id,
        amount=amount,
        date=day,
        authorized_date=day,
        name=text,
        original_description=text,
        merchant=merchant,
        category=sort,
        kind=kind_of(sort, amount),
        channel=merchant.channel if merchant else "other",
        counterparty_type=_counterparty(merchant) if merchant else None,
    )


def recognise(text: str, amount: Decimal) -> Merchant | None:
    """Return the merchant whose name stands in the text, if money can flow this way between it and us."""
    words = text.casefold()
    for merchant in (one for group in catalogue().values() for one in group if one.name):
        one_way = merchant.pays_us or merchant.category.primary in {"TRANSFER_OUT", "LOAN_PAYMENTS"}
        if str(merchant.name).casefold() in words and (not one_way or merchant.pays_us == (amount < 0)):
            return merchant
    return None
