from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from link_api.domain.positions import Mark, Position, Snapshot

BATCH = 2


@dataclass
class Table:
    """PostgreSQL in small: a transaction has an xid before it draws ids; its rows are seen once it is over."""

    next_xid: int = 1
    next_id: int = 1
    running: dict[int, list[int]] = field(default_factory=dict)
    visible: list[int] = field(default_factory=list)

    def begin(self) -> None:
        self.running[self.next_xid] = []
        self.next_xid += 1

    def draw(self, which: int) -> None:
        list(self.running.values())[which % len(self.running)].append(self.next_id)
        self.next_id += 1

    def end(self, which: int, *, commit: bool) -> None:
        ids = self.running.pop(list(self.running)[which % len(self.running)])
        self.visible += ids if commit else []

    def snapshot(self) -> Snapshot:
        return Snapshot(min(self.running, default=self.next_xid), self.next_xid)


@dataclass
class Client:
    """Reads as a stream does, and remembers what it got and where it may resume."""

    position: Position
    got: list[int] = field(default_factory=list)
    may_resume_after: int | None = None

    def read(self, table: Table) -> None:
        unsent = sorted(id_ for id_ in table.visible if id_ > self.position.floor and id_ not in self.position.sent)
        ids = unsent[:BATCH]
        self.position = self.position.advance(ids, table.snapshot(), full=len(ids) == BATCH)
        for id_ in ids:
            self.got.append(id_)
            self.may_resume_after = self.position.resume_at(id_)


OFTEN = ["begin", "draw", "draw", "draw", "draw", "commit", "read", "resume"]
STEPS = st.lists(st.tuples(st.sampled_from([*OFTEN, *OFTEN, "roll back"]), st.integers(0, 5)), min_size=30, max_size=80)


def play(steps: list[tuple[str, int]]) -> tuple[Table, Client]:
    """Let transactions and one client act in this order, then let all end and the client read on."""
    table, client = Table(), Client(Position())
    for step, which in steps:
        if step == "begin":
            table.begin()
        elif step == "draw" and table.running:
            table.draw(which)
        elif step in {"commit", "roll back"} and table.running:
            table.end(which, commit=step == "commit")
        elif step == "read":
            client.read(table)
        elif step == "resume" and client.may_resume_after is not None:
            client.position = Position(floor=client.may_resume_after)
    while table.running:
        table.end(0, commit=True)
    for _ in range(len(table.visible) + 2):
        client.read(table)
    return table, client


@given(STEPS)
@settings(max_examples=500)
def test_no_event_is_ever_skipped(steps: list[tuple[str, int]]) -> None:
    """Whatever the order of commits, reads and reconnects, the client gets every committed event."""
    table, client = play(steps)
    assert set(client.got) == set(table.visible)


@given(STEPS.map(lambda steps: [step for step in steps if step[0] != "resume"]))
@settings(max_examples=500)
def test_no_event_is_told_twice_on_one_connection(steps: list[tuple[str, int]]) -> None:
    """Without a reconnect each event is told exactly once."""
    table, client = play(steps)
    assert sorted(client.got) == sorted(table.visible)
    assert client.position.floor == max(table.visible, default=0)
    assert client.position.sent == frozenset()


def test_a_quiet_database_settles_at_once() -> None:
    """With no other transaction running each event's own id is where one may resume."""
    position = Position().advance([4, 5], Snapshot(9, 9))
    assert position == Position(floor=5)
    assert [position.resume_at(id_) for id_ in (4, 5)] == [4, 5]


def test_a_running_transaction_holds_the_floor_until_it_is_over() -> None:
    """While a smaller id may still appear, one may resume only below it."""
    held = Position(floor=3).advance([5], Snapshot(oldest_running=7, next_xid=9))
    assert held == Position(floor=3, sent=frozenset({5}), mark=Mark(top=5, xid=9))
    assert held.resume_at(5) == 3
    assert held.advance([4], Snapshot(oldest_running=9, next_xid=12)) == Position(floor=5)
