import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.updates import Updates
from sync_worker.domain.pages import Page, read
from sync_worker.domain.plan import Known, Plan, close, fold, place, plan
from tests.sync_worker.answers import answer, transaction

IDS = st.sampled_from("abcdef")
LINES = st.dictionaries(IDS, st.integers(1, 3))
PAGES = st.lists(st.tuples(LINES, st.sets(IDS)), min_size=1, max_size=4)
BEFORE = st.dictionaries(IDS, st.tuples(st.integers(1, 3), st.booleans()))
READING = st.lists(st.tuples(st.dictionaries(IDS, st.none() | st.integers(1, 3)), st.sets(IDS)), min_size=1, max_size=3)
"""A reading from the beginning; None is an amount that nobody can use."""


def page_of(lines: Mapping[str, int | None], removed: set[str]) -> Page:
    """Return a page that adds each id with an amount, and removes ids."""
    return read(answer([transaction(i, amount=amount) for i, amount in lines.items()], removed=sorted(removed)))


def hash_of(transaction_id: str, amount: int) -> bytes:
    """Return the hash of what `page_of` says about the id."""
    return read(answer([transaction(transaction_id, amount=amount)])).hashes[0]


@given(PAGES, BEFORE)
def test_plan_reaches_exactly_what_the_pages_say(
    raw: list[tuple[dict[str, int], set[str]]], before: dict[str, tuple[int, bool]]
) -> None:
    """Rows after the plan = rows before, overwritten page by page, removals last within a page; tombstones stay."""
    expected = {i: (amount, removed) for i, (amount, removed) in before.items()}
    for lines, removed in raw:
        for i, amount in lines.items():
            expected[i] = (amount, False)
        for i in removed & expected.keys():
            expected[i] = (expected[i][0], True)
    unseen = {i for i, (_, gone) in expected.items() if gone and i not in before}

    pages = [page_of(*one) for one in raw]
    known = {i: Known(hash_of(i, amount), gone) for i, (amount, gone) in before.items()}
    changes = fold(pages)
    todo = plan(known, changes, pages)

    after = dict(before)
    for number, wanted in todo.lines.items():
        for line in wanted:
            transaction_id = pages[number].ids[line]
            after[transaction_id] = (raw[number][0][transaction_id], False)
    for i in todo.removed:
        after[i] = (after[i][0], True)
    live = {i: amount for i, (amount, gone) in after.items() if not gone}
    assert live == {i: amount for i, (amount, gone) in expected.items() if not gone}
    assert not unseen & after.keys()
    assert todo.added_count + len(todo.modified) == sum(map(len, todo.lines.values()))


@given(PAGES)
def test_a_replayed_loop_writes_nothing(raw: list[tuple[dict[str, int], set[str]]]) -> None:
    """The same pages a second time change nothing: syncing is idempotent."""
    pages = [page_of(*one) for one in raw]
    changes = fold(pages)
    known = {i: Known(pages[page].hashes[line], removed=False) for i, (page, line) in changes.upserts.items()}
    known |= {i: Known(b"", removed=True) for i in changes.removed}
    todo = plan(known, changes, pages)
    assert (todo.lines, todo.replaced, todo.added_count) == ({}, [], 0)


def test_a_removed_transaction_returns() -> None:
    """A tombstone that Plaid adds again is written, even when its content is the old one."""
    pages = [page_of({"a": 1}, set())]
    todo = plan({"a": Known(hash_of("a", 1), removed=True)}, fold(pages), pages)
    assert (todo.lines, len(todo.modified)) == ({0: [0]}, 1)


def test_removal_of_the_unknown_does_nothing() -> None:
    """Removing what we never had is no change."""
    pages = [page_of({}, {"ghost"})]
    assert plan({}, fold(pages), pages).removed == []


def test_what_nobody_can_place_is_set_aside() -> None:
    """A transaction of an unknown account goes to quarantine; the rest is written."""
    pages = [read(answer([transaction("ours"), transaction("theirs", account_id="elsewhere")]))]
    changes = place(fold(pages), pages, {"checking"})
    assert (list(changes.upserts), list(changes.unusable)) == (["ours"], ["theirs"])
    assert plan({}, changes, pages).lines == {0: [0]}


@pytest.mark.parametrize(
    ("later", "usable", "unusable"),
    [
        (answer([transaction("a", amount=None)]), [], ["a"]),
        (answer(removed=["a"]), [], []),
        (answer([transaction("a")]), ["a"], []),
    ],
)
def test_the_last_word_on_a_transaction_counts(later: Updates, usable: list[str], unusable: list[str]) -> None:
    """Of a transaction that came both whole and unusable, what came last counts, and a removal ends both."""
    pages = [read(one) for one in (answer([transaction("a", date="?")]), answer([transaction("a")]), later)]
    changes = fold(pages)
    assert (list(changes.upserts), list(changes.unusable)) == (usable, unusable)


def standing_after(before: Mapping[str, tuple[int, bool]], todo: Plan, pages: Sequence[Page]) -> dict[str, int]:
    """Return what stands, by id, once the plan is carried out."""
    standing = {i: amount for i, (amount, gone) in before.items() if not gone}
    for number, lines in todo.lines.items():
        standing |= {row["transaction_id"]: int(row["amount"]) for row in json.loads(pages[number].rows(lines))}
    for i in todo.removed:
        del standing[i]
    return standing


@given(READING, BEFORE)
def test_after_a_whole_reading_stands_what_it_names(
    raw: list[tuple[dict[str, int | None], set[str]]], before: dict[str, tuple[int, bool]]
) -> None:
    """What it names usable stands as it says, what it names unusable stays as it was, and nothing else stands."""
    said: dict[str, int | None] = {}
    for lines, removed in raw:
        said = {i: amount for i, amount in (said | lines).items() if i not in removed}
    pages = [page_of(*one) for one in raw]
    known = {i: Known(hash_of(i, amount), gone) for i, (amount, gone) in before.items()}
    stood = {i: amount for i, (amount, gone) in before.items() if not gone}

    changes = close(fold(pages), stood)

    assert changes.removed.isdisjoint(said)
    after = standing_after(before, plan(known, changes, pages), pages)
    usable = {i: amount for i, amount in said.items() if amount is not None}
    assert after == usable | {i: stood[i] for i in said.keys() & stood if said[i] is None}


@given(READING, BEFORE)
def test_a_whole_reading_closes_only_what_stands_here(
    raw: list[tuple[dict[str, int | None], set[str]]], before: dict[str, tuple[int, bool]]
) -> None:
    """What it leaves out and we were not asked about (an account that is named no more) stays as it was."""
    pages = [page_of(*one) for one in raw]
    known = {i: Known(hash_of(i, amount), gone) for i, (amount, gone) in before.items()}
    changes = fold(pages)
    asked = set(before) - {min(before, default="")}
    spared = set(before) - asked - changes.removed
    assert spared.isdisjoint(plan(known, close(changes, asked), pages).removed)
