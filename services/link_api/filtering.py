"""Which expenses a request means: the same parameters for the list, the export and the summary."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from common.web import Problem
from link_api.domain import identifiers
from link_api.domain.filters import BadFilter, Filter
from link_api.problems import unknown
from link_api.schemas import Text
from link_api.store import accounts, categories, expenses

MOST_CATEGORIES = 100
LONGEST_SEARCH = 200
DIGITS = 28

FirstDay = Annotated[date | None, Query(alias="from", description="First day, included")]
LastDay = Annotated[date | None, Query(alias="to", description="Last day, included")]
Account = Annotated[str | None, Query(description="Id of one of your accounts")]
Slugs = Annotated[
    list[str],
    Query(max_length=MOST_CATEGORIES, description="Slug of the category that counts; give it again for any of several"),
]
Search = Annotated[
    Text | None,
    Query(max_length=LONGEST_SEARCH, description="Text in description, vendor or note, in any case; taken literally"),
]
Amount = Annotated[
    Decimal | None,
    Query(max_digits=DIGITS, description="Included, exact, whatever the currency; refunds are negative"),
]
MerchantOf = Annotated[
    str | None, Query(description="Id of one of your expenses: those of the same merchant, itself among them")
]
NeedsReview = Annotated[bool | None, Query(description="true: only those that ask you; false: only those that do not")]
Excluded = Annotated[bool, Query(description="true: only those that you excluded; they are in no other list")]


def filter_of(**conditions: object) -> Filter:
    """Return the filter of these conditions; a 422 Problem where they contradict each other."""
    try:
        return Filter(**conditions)  # type: ignore[arg-type]  # as the request's schema has checked
    except BadFilter as error:
        raise Problem(422, str(error), code="invalid_request") from None


def account_id_of(text: str | None) -> int | None:
    """Return the id of an account; a 404 Problem for what can be none."""
    if text is None:
        return None
    number = identifiers.read(text)
    if number is None:
        raise unknown("account")
    return number


def _expense_id_of(text: str | None) -> int | None:
    number = None if text is None else identifiers.read(text, identifiers.LARGEST_BIG)
    if text is not None and number is None:
        raise unknown("expense")
    return number


def _ranged(first_day: FirstDay = None, last_day: LastDay = None, account: Account = None) -> Filter:
    return filter_of(first_day=first_day, last_day=last_day, account_id=account_id_of(account))


def _filtered(
    *,
    first_day: FirstDay = None,
    last_day: LastDay = None,
    category: Slugs = [],  # noqa: B006 - FastAPI copies it
    account: Account = None,
    q: Search = None,
    min_amount: Amount = None,
    max_amount: Amount = None,
    needs_review: NeedsReview = None,
    excluded: Excluded = False,
    merchant_of: MerchantOf = None,
) -> Filter:
    return filter_of(
        first_day=first_day,
        last_day=last_day,
        categories=tuple(category),
        account_id=account_id_of(account),
        text=q or None,
        min_amount=min_amount,
        max_amount=max_amount,
        needs_review=needs_review,
        excluded=excluded,
        merchant_of=_expense_id_of(merchant_of),
    )


UNKNOWN_CATEGORY = Problem(
    422,
    "There is no such category; GET /api/categories lists them.",
    code="unknown_category",
    errors=[{"field": "category", "message": "must be one of fuel, materials, tools_equipment"}],
)
RANGED = (unknown("account"),)
FILTERED = (*RANGED, unknown("expense"), UNKNOWN_CATEGORY)
"""What `check` may raise, for the description of the routes that use it."""

Ranged = Annotated[Filter, Depends(_ranged)]
"""Days and an account."""
Filtered = Annotated[Filter, Depends(_filtered)]
"""Everything that a list can be narrowed by."""


async def check(session: AsyncSession, user_id: int, filter_: Filter) -> None:
    """Raise a Problem unless its categories exist (422), and its account and expense are the user's (404)."""
    if filter_.categories:
        await check_categories(session, filter_.categories)
    if filter_.account_id is not None and not await accounts.is_owned(session, user_id, filter_.account_id):
        raise unknown("account")
    if filter_.merchant_of is not None and await expenses.one(session, user_id, filter_.merchant_of) is None:
        raise unknown("expense")


async def check_categories(session: AsyncSession, slugs: tuple[str, ...]) -> None:
    """Raise a 422 Problem that lists what there is, unless all of these exist."""
    known = await categories.known(session)
    if not known.issuperset(slugs):
        there_are = f"must be one of {', '.join(sorted(known))}"
        detail = "There is no such category; GET /api/categories lists them."
        raise Problem(422, detail, code="unknown_category", errors=[{"field": "category", "message": there_are}])
