from decimal import Decimal
from typing import Any

import pytest

from link_api import rule_applications
from tests.categorizer.bank import Bank, linked_bank
from tests.link_api.rulebook import RULES, apply, categories, follow, posted, preview, rule
from tests.link_api.test_decisions import edit
from tests.link_api.world import Json, World, bearer

COUNTS = ("matched", "kept", "changing", "released")
TRANSFER = {"pfc_primary": "TRANSFER_OUT", "pfc_detailed": "TRANSFER_OUT_ACCOUNT_TRANSFER"} | {
    "name": "ONLINE TRANSFER TO CHIPOTLE",
    "merchant_name": None,
}
UNSURE = {"pfc_primary": "TRAVEL", "pfc_detailed": "TRAVEL_LODGING"}
"""Plaid and the text are sure of different things."""
CHIPOTLE = {"contains": "chipotle"}


def counts(outlook: Json) -> tuple[int, ...]:
    return tuple(outlook[name] for name in COUNTS)


def slugs(change: Json) -> tuple[str | None, ...]:
    return tuple(change[end] and change[end]["slug"] for end in ("from", "to"))


async def bank(live: World) -> Bank:
    return await linked_bank(live.database, 1)


async def moved(live: World) -> Any:
    """Return all that a preview must not change."""
    tables = ("plaid_transactions", "expenses", "category_rules", "user_events")
    kept = [await live.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables]
    return [*kept, await live.emitted("transactions.changed")]


async def test_a_preview_tells_and_changes_nothing(live: World) -> None:
    """How many it means, keeps and changes, from what to what, and the newest of them; nothing is written."""
    card = await bank(live)
    ids = await posted(live, card, {}, UNSURE, TRANSFER, {"name": "SUSHI KO", "merchant_name": None}, {})
    by_transaction = {one.transaction_id: one.id for one in await card.expenses()}
    await edit(live, by_transaction[ids[4]], category="fuel")
    await follow(live)
    before = await moved(live)
    outlook = await preview(live, conditions=CHIPOTLE)
    assert counts(outlook) == (4, 1, 3, 0)
    assert {(*slugs(change), change["count"]) for change in outlook["changes"]} == {
        ("meals", "travel", 1), ("other", "travel", 1), (None, "travel", 1),
    }  # fmt: skip
    assert [example["expense_id"] for example in outlook["examples"]] == [
        None, by_transaction[ids[1]], by_transaction[ids[0]],
    ]  # fmt: skip
    assert outlook["examples"][2].items() >= {
        "date": "2026-02-28", "description": "CHIPOTLE 1234", "vendor": "Chipotle", "amount": "12.3456789",
        "currency": "USD", "account": {"id": card.account_id, "name": "Card", "mask": "3333"},
    }.items()  # fmt: skip
    assert await moved(live) == before


async def test_applying_does_what_was_foretold(live: World) -> None:
    """Expenses get the rule's category, surely and with its reason; transfers it means become expenses."""
    card = await bank(live)
    ids = await posted(live, card, {}, TRANSFER, UNSURE, {"name": "SUSHI KO", "merchant_name": None})
    outlook, made = await preview(live, conditions=CHIPOTLE), await rule(live, contains="chipotle")
    applied = await apply(live, made["id"])
    assert applied == outlook | {"requested": 3, "remaining": 0}
    await follow(live)
    assert await categories(card) == dict(zip(ids, ["travel", "travel", "travel", "meals"], strict=True))
    for one in await card.expenses():
        assert (one.source, one.rule_id) == (
            ("rule", made["id"]) if one.description != "SUSHI KO" else (one.source, None)
        )
    again = await apply(live, made["id"])
    assert (counts(again), again["requested"]) == ((3, 0, 0, 0), 0)


async def test_a_rule_for_money_moved_withdraws(live: World) -> None:
    """What a rule calls a transfer is no expense any more, and comes back once the rule says otherwise."""
    card = await bank(live)
    await posted(live, card, {})
    made = await rule(live, "transfer", contains="chipotle")
    assert [slugs(change) for change in (await apply(live, made["id"]))["changes"]] == [("meals", None)]
    await follow(live)
    assert set((await categories(card)).values()) == {None}
    await live.api.patch(f"{RULES}/{made['id']}", json={"category": "fuel"}, headers=bearer())
    assert [slugs(change) for change in (await apply(live, made["id"]))["changes"]] == [(None, "fuel")]
    await follow(live)
    assert set((await categories(card)).values()) == {"fuel"}


async def test_what_an_edited_rule_means_no_more_is_released(live: World) -> None:
    """Applied after it was narrowed, a rule lets go what it decided in its earlier form: that is decided anew."""
    card = await bank(live)
    ids = await posted(live, card, {"amount": Decimal(10)}, {"amount": Decimal(90)})
    made = await rule(live, contains="chipotle")
    await apply(live, made["id"])
    await follow(live)
    narrower = {"contains": "chipotle", "min_amount": "50", "currency": "USD"}
    foretold = await preview(live, conditions=narrower, rule_id=made["id"])
    assert counts(foretold) == (1, 0, 0, 1)
    await live.api.patch(f"{RULES}/{made['id']}", json={"conditions": narrower}, headers=bearer())
    applied = await apply(live, made["id"])
    assert (applied["requested"], applied["remaining"]) == (1, 0)
    await follow(live)
    assert await categories(card) == dict(zip(ids, ["meals", "travel"], strict=True))
    assert counts(await preview(live, conditions=narrower, rule_id=made["id"])) == (1, 0, 0, 0)


async def test_the_order_counts(live: World) -> None:
    """A rule changes only what no rule before it decides; a preview is told where the rule would stand."""
    card = await bank(live)
    ids = await posted(live, card, {})
    first = await rule(live, "fuel", equals="chipotle")
    assert counts(await preview(live, conditions=CHIPOTLE)) == (0, 0, 0, 0)
    assert counts(await preview(live, conditions=CHIPOTLE, position=1)) == (1, 0, 1, 0)
    second = await rule(live, "travel", contains="chipotle")
    assert (await apply(live, second["id"]))["requested"] == 0
    assert (await apply(live, first["id"]))["requested"] == 1
    await follow(live)
    assert await categories(card) == {ids[0]: "fuel"}
    assert counts(await preview(live, "fuel", conditions={"equals": "chipotle"}, rule_id=first["id"])) == (1, 0, 0, 0)


async def test_only_what_may_be_an_expense_is_meant(live: World) -> None:
    """Pending, removed, superseded, zero and muted rows are none, and no other user's are."""
    card, other = await bank(live), await linked_bank(live.database, 2)
    for none in ({"pending": True}, {"sync_status": "removed"}, {"amount": Decimal(0)}, {"transaction_id": "q"}):
        await posted(live, card, none)
    await posted(live, card, {"pending_transaction_id": "q"})
    await posted(live, other, {})
    assert counts(await preview(live, conditions=CHIPOTLE)) == (1, 0, 1, 0)
    await card.add()
    assert counts(await preview(live, conditions=CHIPOTLE)) == (1, 0, 1, 0)
    await card.mute()
    assert counts(await preview(live, conditions=CHIPOTLE)) == (0, 0, 0, 0)


async def test_many_are_applied_in_parts(live: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call asks for so many, the newest; the next goes on, also before the first ones are decided."""
    monkeypatch.setattr(rule_applications, "MOST", 2)
    card = await bank(live)
    ids = await posted(live, card, *[{}] * 5)
    made = await rule(live, contains="chipotle")
    parts = [await apply(live, made["id"]) for _ in range(4)]
    assert [(part["changing"], part["requested"], part["remaining"]) for part in parts] == [
        (5, 2, 3), (3, 2, 1), (1, 1, 0), (0, 0, 0),
    ]  # fmt: skip
    events = await live.emitted("transactions.changed")
    assert [event["transaction_ids"] for event in events] == [ids[3:], ids[1:3], ids[:1]]
    await follow(live)
    assert set((await categories(card)).values()) == {"travel"}


async def test_a_lost_message_loses_nothing(live: World) -> None:
    """What was asked for and not heard is undecided, which is what the categorizer's sweep looks for."""
    card = await bank(live)
    ids = await posted(live, card, {}, {})
    await apply(live, (await rule(live, contains="chipotle"))["id"])
    rows = await live.rows("SELECT id FROM plaid_transactions WHERE decided_version < version ORDER BY id")
    assert [row["id"] for row in rows] == ids


async def test_why_names_the_rule(live: World) -> None:
    """An expense that a rule decided shows it, as it is now; once it is deleted the reason alone tells of it."""
    card = await bank(live)
    made = await rule(live, contains="chipotle")
    await posted(live, card, {}, {"name": "SUSHI KO", "merchant_name": None})
    ruled, plain = await card.expenses()
    shown = (await live.get(f"/api/expenses/{ruled.id}/explain")).json()
    assert shown["rule"] == made
    assert shown["automatic"].items() >= {"source": "rule", "confidence": "1"}.items()
    assert (await live.get(f"/api/expenses/{plain.id}/explain")).json()["rule"] is None
    await live.delete(f"{RULES}/{made['id']}")
    shown = (await live.get(f"/api/expenses/{ruled.id}/explain")).json()
    assert (shown["rule"], shown["automatic"]["reason"]) == (None, "Your rule says so: text contains “chipotle”.")
    assert shown["expense"]["category"]["slug"] == "travel"


@pytest.mark.parametrize("hostile", ["%", "_", "\\", "'; DROP TABLE expenses; --", "<b>", "${x}", "٪", "😀"])
async def test_hostile_text_means_itself(live: World, hostile: str) -> None:
    """No sign in a rule's text is a wildcard, a quote or markup: it finds what has it, and nothing else."""
    card = await bank(live)
    ids = await posted(live, card, {"name": f"A {hostile} B"}, {"name": "A B"})
    assert counts(await preview(live, conditions={"contains": hostile})) == (1, 0, 1, 0)
    made = await rule(live, contains=hostile)
    await apply(live, made["id"])
    await follow(live)
    assert await categories(card) == dict(zip(ids, ["travel", "meals"], strict=True))
    [one, _] = await card.expenses()
    assert one.reason == f"Your rule says so: text contains “{hostile}”."
