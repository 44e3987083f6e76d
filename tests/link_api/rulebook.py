"""Rules of users, made and applied through the API, and what the categorizer then does."""

from typing import Any

from categorizer.handlers import decide
from tests.categorizer.bank import Bank
from tests.link_api.test_decisions import PIPELINE, follow
from tests.link_api.world import Json, World

RULES = "/api/category-rules"


async def rule(
    live: World, category: str = "travel", user_id: int = 1, position: int | None = None, **when: Any
) -> Json:
    """Lay down a rule and return it."""
    body = {"conditions": when, "category": category, "position": position}
    answer = await live.post(RULES, body, user_id)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def rules(live: World, user_id: int = 1) -> list[Json]:
    """Return the user's rules as listed."""
    answer = await live.get(RULES, user_id)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def preview(live: World, category: str = "travel", user_id: int = 1, **body: Any) -> Json:
    """Ask what a rule would do."""
    answer = await live.post(f"{RULES}/preview", {"category": category} | body, user_id)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def apply(live: World, rule_id: int, user_id: int = 1) -> Json:
    """Ask for a rule to be applied."""
    answer = await live.post(f"{RULES}/{rule_id}/apply", {}, user_id)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def posted(live: World, card: Bank, *different: dict[str, Any]) -> list[int]:
    """Store transactions, have them decided, and return their ids."""
    ids = await card.add_many(different)
    await decide(card.changed(*ids), live.database, PIPELINE)
    return ids


async def categories(card: Bank) -> dict[int, str | None]:
    """Return the category that counts of each transaction; None where there is no expense."""
    stand = {one.transaction_id: one for one in await card.expenses() if one.withdrawn_at is None}
    return {
        id_: (stand[id_].user_category_id or stand[id_].auto_category) if id_ in stand else None
        for id_ in await card.transactions()
    }


__all__ = ["PIPELINE", "RULES", "apply", "categories", "follow", "posted", "preview", "rule", "rules"]
