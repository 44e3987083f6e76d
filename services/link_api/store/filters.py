"""A filter as conditions of SQL over `e` (expenses) and `c` (the category that counts)."""

from typing import Any

from link_api.domain.filters import Filter

OPEN_QUESTION = "e.needs_review AND e.user_category_id IS NULL AND e.reviewed_at IS NULL"
COUNTS = "e.withdrawn_at IS NULL AND c.kind <> 'nonexpense'"
"""A category that is no expense's counts at once, before the categorizer has withdrawn the expense."""
FOUND = " OR ".join(
    f"strpos(lower({column}), lower(CAST(:text AS text))) > 0" for column in ("e.description", "e.vendor", "e.note")
)
SAME_MERCHANT = """EXISTS (SELECT FROM expenses m WHERE m.id = :merchant_of AND m.user_id = e.user_id AND (
    m.id = e.id OR m.merchant_entity_id = e.merchant_entity_id OR (m.merchant <> '' AND m.merchant = e.merchant)))"""
CONDITIONS = {
    "first_day": "e.expense_date >= :first_day",
    "last_day": "e.expense_date <= :last_day",
    "categories": "c.slug = ANY(CAST(:categories AS text[]))",
    "account_id": "EXISTS (SELECT FROM plaid_transactions own"
    " WHERE own.id = e.transaction_id AND own.account_id = :account_id)",
    "text": f"({FOUND})",
    "min_amount": "e.amount >= :min_amount",
    "max_amount": "e.amount <= :max_amount",
    "merchant_of": SAME_MERCHANT,
}


def where(filter_: Filter) -> tuple[str, dict[str, Any]]:
    """Return the conditions that the filter sets, and their values."""
    values = {name: value for name in CONDITIONS if (value := getattr(filter_, name)) not in (None, (), "")}
    conditions = [COUNTS, "e.excluded" if filter_.excluded else "NOT e.excluded"]
    if filter_.needs_review is not None:
        conditions.append(OPEN_QUESTION if filter_.needs_review else f"NOT ({OPEN_QUESTION})")
    conditions += [CONDITIONS[name] for name in values]
    if filter_.categories:
        values["categories"] = list(filter_.categories)
    return " AND ".join(conditions), values
