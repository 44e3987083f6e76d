import re
from typing import Any

import pytest

from link_api.schemas.feedback import LONGEST_COMMENT
from tests.link_api.ledger import ledger
from tests.link_api.world import Json, World

FEEDBACK = "/api/feedback"


async def said(live: World, user_id: int = 1) -> Json:
    return dict((await live.get(FEEDBACK, user_id)).json())


async def say(live: World, user_id: int = 1, **body: Any) -> Json:
    answer = await live.post(FEEDBACK, body, user_id)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_question_is_due_once_after_the_first_import(live: World) -> None:
    """Not before anything has come, then until the user answers or would rather not, then never again."""
    await ledger(live)
    assert (await said(live))["due"] is False
    await live.change("UPDATE plaid_integrations SET last_sync_at = now()")
    assert (await said(live))["due"] is False
    await live.change("UPDATE plaid_integrations SET transactions_update_status = 'INITIAL_UPDATE_COMPLETE'")
    assert await said(live) == {"due": True, "rating": None, "comment": None, "given_at": None}
    declined = await say(live, rating=None)
    assert (declined["due"], declined["rating"]) == (False, None)
    assert declined["given_at"] is not None
    assert (await said(live)) == declined


async def test_the_latest_word_stands(live: World) -> None:
    """One row a user: a new rating takes the place of the old one with its comment, a refusal of none."""
    first = await say(live, rating=2, comment="slow")
    second = await say(live, rating=5)
    assert (second["rating"], second["comment"]) == (5, None)
    assert second["given_at"] > first["given_at"]
    assert await say(live, rating=None) == second
    assert [row["rating"] for row in await live.rows("SELECT rating FROM feedback")] == [5]


async def test_nobody_sees_or_writes_anothers_feedback(live: World) -> None:
    """Each user's word is their own."""
    await say(live, 1, rating=1, comment="mine")
    await say(live, 2, rating=5, comment="yours")
    assert [(await said(live, user))["comment"] for user in (1, 2)] == ["mine", "yours"]


@pytest.mark.parametrize(
    "comment", ["'; DROP TABLE feedback; --", "<img src=x onerror=alert(1)>", "", "ü 🧾", "x" * LONGEST_COMMENT]
)
async def test_a_comment_is_literal(live: World, comment: str) -> None:
    """Whatever a user writes comes back as it was."""
    assert (await say(live, rating=3, comment=comment))["comment"] == comment
    assert (await said(live))["comment"] == comment


@pytest.mark.parametrize(
    "body",
    [
        {}, {"rating": 0}, {"rating": 6}, {"rating": "5"}, {"rating": 4.5}, {"rating": True},
        {"rating": 5, "comment": "x" * (LONGEST_COMMENT + 1)}, {"rating": 5, "comment": "a\0"},
        {"rating": 5, "stars": 5},
    ],
)  # fmt: skip
async def test_a_senseless_rating_is_refused(live: World, body: Json) -> None:
    """1 to 5, a comment of some length, and nothing else; nothing is stored of what is refused."""
    assert (await live.post(FEEDBACK, body)).status_code == 422
    assert await live.rows("SELECT rating FROM feedback") == []


async def test_ratings_are_counted(live: World) -> None:
    """What users say is a metric, by rating."""

    async def counted() -> float:
        metrics = (await live.api.get("/metrics")).text
        found = re.search(r'feedback_total{rating="4"} (\S+)', metrics)
        return float(found[1]) if found else 0.0

    before = await counted()
    await say(live, rating=4)
    assert await counted() == before + 1
