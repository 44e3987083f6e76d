"""`expenses`: the columns that the categorizer decides; what the user decided is never written here."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from categorizer.domain.plan import Posting

POSTED = {
    "transaction_id": "bigint",
    "amount": "numeric",
    "iso_currency_code": "text",
    "unofficial_currency_code": "text",
    "description": "text",
    "vendor": "text",
    "expense_date": "date",
    "payment_method": "text",
    "auto_category": "text",
    "confidence": "numeric",
    "source": "text",
    "reason": "text",
    "needs_review": "boolean",
    "rule_id": "bigint",
    "merchant": "text",
    "merchant_entity_id": "text",
}

POST = text(f"""
    INSERT INTO expenses AS e ({", ".join(POSTED)}, alternatives, user_id, pipeline_version, withdrawn_at)
    SELECT {", ".join(POSTED)}, string_to_array(also, ','), :user_id, :pipeline_version,
        CASE WHEN withdrawn THEN now() END
    FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in POSTED.items())},
        CAST(:also AS text[]), CAST(:withdrawn AS boolean[])) AS posting({", ".join(POSTED)}, also, withdrawn)
    ON CONFLICT (transaction_id) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in POSTED if name != "transaction_id")},
        alternatives = excluded.alternatives, pipeline_version = excluded.pipeline_version, updated_at = now(),
        withdrawn_at = CASE WHEN excluded.withdrawn_at IS NOT NULL THEN coalesce(e.withdrawn_at, now()) END
    RETURNING transaction_id, id
""")


async def post(session: AsyncSession, user_id: int, version: str, postings: Sequence[Posting]) -> dict[int, int]:
    """Write the expenses that a pipeline of this version decided; return their ids by the transaction's."""
    if not postings:
        return {}
    values = zip(*(_values(posting) for posting in postings), strict=True)
    columns = dict(zip([*POSTED, "also", "withdrawn"], map(list, values), strict=True))
    rows = await session.execute(POST, columns | {"user_id": user_id, "pipeline_version": version})
    return {row.transaction_id: row.id for row in rows}


def _values(posting: Posting) -> tuple[object, ...]:
    draft, decision = posting.draft, posting.draft.decision
    return (
        draft.transaction_id,
        draft.amount,
        draft.iso_currency_code,
        draft.unofficial_currency_code,
        draft.description,
        draft.vendor,
        draft.expense_date,
        draft.payment_method,
        decision.category,
        decision.confidence,
        decision.source,
        decision.reason,
        decision.needs_review,
        decision.rule_id,
        draft.merchant.key,
        draft.merchant.entity_id,
        ",".join(decision.alternatives),
        posting.withdrawn,
    )
