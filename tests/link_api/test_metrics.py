"""How right we are, as users judge: counted once for each category that we chose."""

import pytest
from prometheus_client import REGISTRY

from link_api.decisions import decide
from link_api.store import decisions
from tests.link_api.ledger import ledger
from tests.link_api.world import Json, World, bearer


def judged() -> tuple[float, float]:
    """Return how many were confirmed and corrected, of what the stage decided that the ledger's expenses name."""
    verdicts = [{"verdict": verdict, "source": "plaid_category"} for verdict in ("confirmed", "corrected")]
    confirmed, corrected = (REGISTRY.get_sample_value("expenses_judged_total", labels) or 0 for labels in verdicts)
    return confirmed, corrected


@pytest.mark.parametrize(
    ("asks", "steps", "added"),
    [
        (False, [{"reviewed": True}], (1, 0)),
        (False, [{"category": "materials"}], (1, 0)),
        (False, [{"category": "fuel"}], (0, 1)),
        (False, [{"category": "fuel"}, {"category": "fuel", "note": "n"}, {"category": "meals"}], (0, 1)),
        (False, [{"reviewed": True}, {"category": "fuel"}], (1, 0)),
        (False, [{"note": "n", "excluded": True}], (0, 0)),
        (True, [{"category": "fuel"}], (0, 0)),
    ],
)
async def test_a_judgement_counts_once(live: World, asks: bool, steps: list[Json], added: tuple[int, int]) -> None:
    """The first answer about what we chose; not a change of mind, not a note, not the answer to a question."""
    id_ = await (await ledger(live)).expense()
    await live.change("UPDATE expenses SET needs_review = :asks", asks=asks)
    before = judged()
    for step in steps:
        answer = await live.api.patch(f"/api/expenses/{id_}", json=step, headers=bearer(1))
        assert answer.status_code == 200
    assert judged() == (before[0] + added[0], before[1] + added[1])


async def test_many_at_once_are_judged_each(live: World) -> None:
    """One category for many expenses is a judgement of every one that we had decided."""
    book = await ledger(live)
    ids = [await book.expense(category=category) for category in ("materials", "materials", "fuel")]
    before = judged()
    wish = {"ids": ids, "category": "fuel"}
    answer = await live.api.post("/api/expenses/recategorise", json=wish, headers=bearer(1))
    assert answer.json()["changed"] == 3
    assert judged() == (before[0] + 1, before[1] + 2)


async def test_what_is_not_committed_is_no_judgement(live: World) -> None:
    """A transaction that is rolled back has judged nothing."""
    id_, before = await (await ledger(live)).expense(), judged()

    async def decide_and_fail() -> None:
        async with live.database.transaction() as session:
            await decide(session, 1, await decisions.lock(session, 1, [id_]), {"category": "fuel"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await decide_and_fail()
    assert judged() == before
