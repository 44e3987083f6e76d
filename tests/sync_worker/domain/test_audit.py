"""A bank that changes between any two looks, in the words of Plaid's pages, and an audit that is never wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sync_worker.domain.audit import SAMPLE, Findings, Held, Ours, compare, named, stated
from sync_worker.domain.pages import Page, read
from tests.sync_worker.answers import answer, transaction

Json = dict[str, Any]
ACCOUNTS = ("checking", "savings", "closing", "coming")
IDS = tuple("abcdefghijkl")
AT_FIRST = frozenset(ACCOUNTS) - {"coming"}
KINDS = st.sampled_from(["put", "put", "put", "spoil", "drop", "drop", "close", "open"])
CHANGES = st.lists(st.tuples(KINDS, st.sampled_from(IDS)), max_size=6)
LINKED = st.lists(st.tuples(st.sampled_from(["put", "put", "spoil"]), st.sampled_from(IDS)), max_size=16)


def account_of(transaction_id: str) -> str:
    """Return the account of a transaction: it never changes."""
    return ACCOUNTS[IDS.index(transaction_id) % len(ACCOUNTS)]


@dataclass(frozen=True, slots=True)
class View:
    """What a reader of Plaid gets to see at one moment."""

    rows: Mapping[str, Json]
    accounts: frozenset[str]


@dataclass(slots=True)
class Bank:
    """Transactions come, change for the better or the worse, and go for good; accounts close, and one opens."""

    rows: dict[str, Json] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=lambda: set(AT_FIRST))
    prices: Iterable[int] = field(default_factory=lambda: count(1))

    def happen(self, changes: Iterable[tuple[str, str]]) -> View:
        """Let it happen and return what can be seen then."""
        for kind, one in changes:
            if kind in {"put", "spoil"} and one not in self.gone:
                price = next(iter(self.prices))
                spoiled = {"name": None} if kind == "spoil" else {}
                self.rows[one] = transaction(one, amount=price, account_id=account_of(one)) | spoiled
            elif kind == "drop" and one in self.rows:
                del self.rows[one]
                self.gone.add(one)
            elif kind == "close":
                self.accounts.discard("closing")
            elif kind == "open":
                self.accounts.add("coming")
        seen = {one: row for one, row in self.rows.items() if row["account_id"] in self.accounts}
        return View(seen, frozenset(self.accounts))


def whole(view: View) -> list[Page]:
    """Return all that can be seen, as two pages from the beginning."""
    rows = list(view.rows.values())
    half = len(rows) // 2
    return [read(answer(rows[:half], has_more=True)), read(answer(rows[half:]))]


def news(since: View, until: View) -> list[Page]:
    """Return the page that leads from one moment to another: net changes alone, and nothing of what is closed."""
    changed = [row for one, row in until.rows.items() if since.rows.get(one) != row]
    removed = [one for one in since.rows if one not in until.rows and account_of(one) in until.accounts]
    return [read(answer(changed, removed=removed))]


@dataclass(slots=True)
class Mirror:
    """We, who sync."""

    rows: dict[str, Held] = field(default_factory=dict)
    quarantined: set[str] = field(default_factory=set)
    seen: View = field(default_factory=lambda: View({}, AT_FIRST))

    def sync(self, view: View) -> None:
        """Take over the news since the last sync; what a closed account had is kept."""
        [page] = news(self.seen, view)
        for one in page.removed:
            self.rows.pop(one, None)
            self.quarantined.discard(one)
        self.quarantined |= {unusable.transaction_id for unusable in page.unusable}
        for one, digest in zip(page.ids, page.hashes, strict=True):
            self.rows[one] = Held(digest, account_of(one))
            self.quarantined.discard(one)
        self.seen = view

    def holding(self) -> Ours:
        """Return what an audit reads."""
        return Ours(dict(self.rows), self.seen.accounts, frozenset(self.quarantined))


@dataclass(frozen=True, slots=True)
class Looks:
    """Everything that one audit saw."""

    ours: Ours
    theirs: View
    open_accounts: frozenset[str]
    news: set[str]

    def findings(self, ours: Ours) -> Findings:
        """Return what the audit finds when it is told that this is ours."""
        return compare(ours, stated(whole(self.theirs), self.open_accounts), self.news)


@st.composite
def looks(draw: st.DrawFn) -> Looks:
    """Let a bank and a mirror live, and look at them one after the other while the bank goes on."""
    bank, mirror = Bank(), Mirror()
    mirror.sync(bank.happen(draw(LINKED)))
    for changes in draw(st.lists(CHANGES, max_size=3)):
        mirror.sync(bank.happen(changes))
    ours, cursor = mirror.holding(), mirror.seen
    theirs, second, third, last = (bank.happen(draw(CHANGES)) for _ in range(4))
    return Looks(ours, theirs, last.accounts, named(news(cursor, second)) | named(news(theirs, third)))


@given(looks())
def test_whatever_happens_between_the_looks_is_no_difference(seen: Looks) -> None:
    """However the bank goes on while we look, and wherever our cursor stood, what is right is never called wrong."""
    found = seen.findings(seen.ours)
    assert found.counts == {"missing": 0, "extra": 0, "different": 0}
    assert found.sample == []


@given(looks(), st.data())
def test_planted_differences_are_found_exactly(seen: Looks, data: st.DataObject) -> None:
    """Rows that were lost, made up or spoiled are named, each by its kind, unless news of it are on their way."""
    rows, settled = seen.ours.rows, set(seen.ours.rows) & set(stated(whole(seen.theirs), seen.open_accounts).hashes)
    settled -= seen.news | seen.ours.quarantined
    fate = data.draw(
        st.fixed_dictionaries({one: st.sampled_from(["kept", "lost", "spoiled"]) for one in sorted(settled)})
    )
    invented = data.draw(st.sets(st.integers(1, 5).map("invented {}".format)))
    account = data.draw(st.sampled_from(sorted(AT_FIRST)))
    tampered = {one: held for one, held in rows.items() if fate.get(one) != "lost"}
    tampered |= {one: Held(b"?", rows[one].account_id) for one in settled if fate[one] == "spoiled"}
    tampered |= {one: Held(b"!", account) for one in invented}

    found = seen.findings(Ours(tampered, seen.ours.accounts, seen.ours.quarantined))
    assert found.missing == sorted(one for one in settled if fate[one] == "lost")
    assert found.different == sorted(one for one in settled if fate[one] == "spoiled")
    is_open = account in seen.ours.accounts & seen.open_accounts
    assert found.extra == (sorted(invented) if is_open else [])
    assert found.compared == len(settled | (invented if is_open else set()))


def test_what_waits_in_quarantine_is_counted_there() -> None:
    """Known and not usable, by today's schema or by that of then, is neither missing nor different."""
    pages = [read(answer([transaction("odd", amount=None), transaction("odd then"), transaction("fine")]))]
    held = Held(pages[0].hashes[1], "checking")
    theirs = stated(pages, {"checking"})
    found = compare(Ours({"fine": held}, {"checking"}, {"odd", "odd then"}), theirs, set())
    assert (found.compared, found.quarantined, found.sample) == (1, 2, [])


def test_what_nobody_remembers_is_missing_though_it_cannot_be_used() -> None:
    """An unusable transaction that is not in quarantine either was lost."""
    theirs = stated([read(answer([transaction("odd", amount=None)]))], {"checking"})
    found = compare(Ours({}, {"checking"}, set()), theirs, set())
    assert found.sample == [{"transaction_id": "odd", "kind": "missing"}]


def test_the_sample_has_some_of_every_kind() -> None:
    """However many of one kind there are, the others are seen, and the sample stays short."""
    missing = [f"missing {number}" for number in range(500)]
    found = Findings(500, 0, missing, ["one"], ["another"])
    assert len(found.sample) == SAMPLE
    assert {one["kind"] for one in found.sample} == {"missing", "extra", "different"}


def test_what_came_and_went_is_no_difference() -> None:
    """Plaid's news since our cursor need not name what came after it and went before we asked."""
    bank, mirror = Bank(), Mirror()
    mirror.sync(bank.happen([("put", "a")]))
    theirs = bank.happen([("put", "b")])
    last = bank.happen([("drop", "b")])
    seen = named(news(mirror.seen, last)) | named(news(theirs, last))
    assert compare(mirror.holding(), stated(whole(theirs), last.accounts), seen).sample == []
