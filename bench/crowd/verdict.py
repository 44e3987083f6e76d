"""Whether it stood the crowd: the success criteria of the product, and our own bounds, with what was measured."""

from collections import Counter
from collections.abc import Iterator, Mapping

from bench.changes import percentiles
from bench.crowd.criterion import PREFIX, Criterion, at_least, below, none
from bench.crowd.evidence import Evidence
from bench.figure import Figure, figure
from tests.e2e.settled import LEASE

LINKED = 90.0
"""Per cent of attempts to link, as all bounds with which criterion of the product."""
TAKEN = 99.9
AVERAGE_SYNC = 1_000.0
"""Milliseconds; the product asks for 5,000."""
RECOVERED = LEASE + 15.0
"""Seconds until a killed worker's work is done by another: its lease, and the sweep that finds it."""
SOON = 5.0
MOST = 99.0
"""Seconds from a webhook to its expense, and per cent of those that keep to them."""
GROWTH = 10.0
"""Per cent of memory from the first to the last quarter of the run."""


def criteria(found: Evidence) -> list[Criterion]:
    """Return every criterion of the product in its order, then ours."""
    return [*_of_the_product(found), *_ours(found)]


def _of_the_product(found: Evidence) -> Iterator[Criterion]:
    links, postman, syncs, users = found.links, found.cast.postman, found.syncs, found.plan.users
    yield at_least("connection rate", links.success, LINKED, "%", f"{links.attempts:,} attempts, {links.failed} failed")
    remark = f"average sync, {syncs.done:,} of all syncs done, {syncs.failed:,} failed; the product asks for < 5,000 ms"
    yield below("sync performance, imports", syncs.imports, AVERAGE_SYNC, "ms", remark)
    yield below("sync performance, changes", syncs.changes, AVERAGE_SYNC, "ms", "average sync while all else goes on")
    yield Criterion("data accuracy", "> 95 %", "of categories: docs/categorisation.md")
    yield _uptime(found)
    remark = f"event streams open to the end, of users who have linked; {found.heard.users:,} heard of expenses"
    yield at_least("scale", found.heard.open, users, "users at once", remark)
    answers = ", ".join(f"{count:,} answered {what}" for what, count in postman.forgeries.items())
    remark = f"of {postman.forged:,}: {answers}; {found.strangers} had an effect"
    yield none("security", max(postman.taken, found.strangers), "forged webhooks taken", remark)
    yield Criterion("user satisfaction", "> 4.5 of 5", "no load can tell: POST /api/feedback asks")


def _uptime(found: Evidence) -> Criterion:
    postman, bells = found.cast.postman, found.bells
    failed = ", ".join(f"{count} {what}" for what, count in Counter([*postman.failed, *bells.refused]).items())
    remark = (
        f"{postman.answered:,} of {postman.copies:,} that a probe sent at a steady rate were answered 200, and"
        f" {bells.sent - len(bells.refused):,} of the bank's latest {bells.sent:,}; the others: {failed or 'none'}"
    )
    return at_least("uptime of webhooks", 100 * postman.answered / postman.copies, TAKEN, "%", remark)


def _ours(found: Evidence) -> Iterator[Criterion]:
    ending, waits, staff = found.ending, found.waits, found.cast.staff
    remark = f"of {ending.transactions:,}, compared with the bank one by one"
    yield none("data lost", ending.lost, "transactions", remark)
    yield none("data doubled", ending.doubled, "transactions", remark)
    yield none(
        "left over in the end", int(bool(ending.left)), "reasons", ending.left or "nothing waits, nothing failed"
    )
    longest = max(waits.expense, default=0.0) / 1000
    remark = f"the longest wait of a change for its expense, {staff.kills} workers killed (SIGKILL)"
    yield below("recovery", longest, RECOVERED, "s", remark)
    soon = 100 * sum(one < 1000 * SOON for one in waits.expense) / max(1, len(waits.expense))
    yield at_least(f"expenses within {SOON:g} s", soon, MOST, "%", f"of {len(waits.expense):,}, from their webhook")
    memory = found.cast.watch.memory()
    grown = ", ".join(f"{name} {one.first:.0f} → {one.last:.0f} MB" for name, one in memory.items())
    yield below("memory grown", max(one.growth for one in memory.values()), GROWTH, "%", grown)


def figures(found: Evidence) -> list[Figure]:
    """Return all figures of the run: the criteria's, then how it went."""
    plan, cast, shares = str(found.plan), found.cast, found.cast.watch.processors.shares()
    return [
        *(one for criterion in criteria(found) for one in criterion.figures()),
        figure(f"{PREFIX}everybody has linked", "s", [found.links.seconds], remark=plan),
        figure(f"{PREFIX}every import is as the bank has it", "s", [found.imported], remark="from the first link"),
        figure(f"{PREFIX}changes", "changes/s", [cast.traffic.made / found.plan.seconds], remark=_mixture(found)),
        figure(f"{PREFIX}processors in use", "processors", [sum(shares.values())], remark=_most_first(shares)),
        *percentiles(f"{PREFIX}webhook → expense", [found.waits.expense], f"workers 2 → {cast.staff.workers}", {}),
        *percentiles(f"{PREFIX}webhook → browser", [found.waits.browser], "its user's event stream", {}),
        *percentiles(f"{PREFIX}webhook_ingest answers", [cast.postman.milliseconds], "in time or late", {}),
        figure(f"{PREFIX}most that ever waited", "items", [cast.watch.most], remark="requests, messages, decisions"),
    ]


def _most_first(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {used:.2f}" for name, used in sorted(shares.items(), key=lambda share: -share[1]))


def _mixture(found: Evidence) -> str:
    traffic, postman = found.cast.traffic, found.cast.postman
    beside = f"{postman.copies:,} copies, {postman.forged:,} forgeries"
    return f"{traffic.late:,} with a late doorbell, {traffic.failed:,} that the bank failed; beside them {beside}"
