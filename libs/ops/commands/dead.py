"""`ops dead`: messages that were given up."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import compress
from typing import Annotated, Any

import typer

from common.broker.rabbit.dead import Advance, Busy, DeadLetters, dead_letters
from common.broker.rabbit.letter import Letter
from common.database import Database
from ops import durations, printing
from ops.commands.arguments import MOST, Json, Most
from ops.letters import Choice, detail, line
from ops.progress import bar
from ops.session import WRONG, Refused, deed, read, run
from ops.settings import QueueSettings
from ops.store import trail

app = typer.Typer(help="Messages that were given up, in <queue>.dead.", no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="With these ids, as `dead list` has them.")]
Name = Annotated[str, typer.Argument(metavar="ID", help="As `dead list` has it.")]
OfQueue = Annotated[str | None, typer.Option("--queue", help="Of this queue alone: sync_worker.sync and the like.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="WORDS", help="With these in reason or exception.")]
Older = Annotated[
    timedelta | None,
    typer.Option("--older", metavar="2d", parser=durations.parse, help="Dead for longer; not those of unknown age."),
]
Everything = Annotated[bool, typer.Option("--all", help="All dead letters.")]
Do = Annotated[bool, typer.Option("--yes", help="Do it; without it is only told what would be done.")]

MOST_READ = 50_000
"""Of a queue: beyond that the others stay unread, and in order."""
MOST_NAMED = 1_000
"""Ids that the trail keeps of a deed; it counts them all."""
BUSY = "Another `ops dead` has the dead letters in hand: wait until it is done."
NOT_OURS = "not ours"


@dataclass(frozen=True, slots=True)
class Action:
    """What is done with letters, and how it is spoken of."""

    verb: str
    going_on: str
    done: str
    act: Callable[[DeadLetters, Sequence[Letter], Advance], Awaitable[None]]
    only_ours: bool


REPLAY = Action("replay", "Replaying", "replayed", DeadLetters.replay, only_ours=True)
DROP = Action("drop", "Dropping", "dropped", DeadLetters.drop, only_ours=False)


@app.command("list")
def show_all(
    queue: OfQueue = None, reason: Reason = None, older: Older = None, most: Most = MOST, as_json: Json = False
) -> None:
    """List dead letters, those that died first in front; whatever is in the queues, also what is not ours."""
    choice = Choice(queue=queue, reason=reason, older=older)
    found = [line(letter) for letter in run(lambda _: chosen(choice, shown=not as_json))]
    shown = found[:most]
    if as_json:
        printing.dump(shown)
        return
    printing.tabulate([asdict(one) for one in shown], "No dead letters.")
    printing.tell_rest(len(shown), len(found))


@app.command("show")
def show(name: Name, as_json: Json = False) -> None:
    """Tell all about a letter: why it died, its headers, and of its body the ids that our events carry."""

    async def look(_database: Database) -> list[Letter]:
        found = await chosen(Choice([name]), shown=not as_json)
        if not found:
            raise Refused(f"No dead letter has the id {name}: `ops dead list` has them all.")
        return found

    told = [asdict(line(letter)) | detail(letter) for letter in run(look)]
    if as_json:
        printing.dump_value(told)
        return
    for facts in told:
        printing.describe(facts)


@app.command("replay")
def replay(  # noqa: PLR0917 - typer calls it by name
    names: Names = None,
    queue: OfQueue = None,
    reason: Reason = None,
    older: Older = None,
    everything: Everything = False,
    yes: Do = False,
    as_json: Json = False,
) -> None:
    """Put letters back to work, with all their tries before them. What is not ours stays; then it ends with 1."""
    choice = Choice(names or (), queue, reason, older)
    _act(REPLAY, choice, everything=everything, yes=yes, as_json=as_json)


@app.command("drop")
def drop(  # noqa: PLR0917 - typer calls it by name
    names: Names = None,
    queue: OfQueue = None,
    reason: Reason = None,
    older: Older = None,
    everything: Everything = False,
    yes: Do = False,
    as_json: Json = False,
) -> None:
    """Throw letters away for good. Sweeps make good for what they asked for."""
    choice = Choice(names or (), queue, reason, older)
    _act(DROP, choice, everything=everything, yes=yes, as_json=as_json)


def _act(action: Action, choice: Choice, *, everything: bool, yes: bool, as_json: bool) -> None:
    async def work(database: Database) -> list[tuple[Letter, str]]:
        if choice.is_of_all != everything:
            raise Refused("Say which: ids, --queue, --reason or --older; or --all, alone.")
        async with _in_hand() as letters:
            found = await _read(letters, choice, shown=not as_json)
            fits = [letter.is_ours or not action.only_ours for letter in found]
            fit = list(compress(found, fits))
            if yes and fit:
                await _do(database, letters, fit, action, choice, shown=not as_json)
            told = action.done if yes else f"would be {action.done}"
            return [(letter, told if fits else NOT_OURS) for letter, fits in zip(found, fits, strict=True)]

    told = run(work)
    _tell(action, told, yes=yes, as_json=as_json)
    if any(outcome == NOT_OURS for _, outcome in told):
        raise typer.Exit(WRONG)


async def _do(
    database: Database, letters: DeadLetters, fit: Sequence[Letter], action: Action, choice: Choice, *, shown: bool
) -> None:
    """Write down what is about to be done, do it, and write down how far it came."""
    done = 0
    given: dict[str, Any] = {"queue": choice.queue, "reason": choice.reason, "older": choice.older, "letters": len(fit)}
    ids = [letter.name for letter in fit[:MOST_NAMED]]
    async with database.transaction() as session:
        entry = await trail.record(session, deed(f"dead {action.verb}", **given, ids=ids), None)
    ended = "broken off"
    try:
        with bar(action.going_on, len(fit), shown=shown) as progress:

            def advance(more: int) -> None:
                nonlocal done
                done += more
                progress(more)

            await action.act(letters, fit, advance)
        ended = "done"
    finally:
        async with database.transaction() as session:
            await trail.end(session, entry, f"{ended}: {done} of {len(fit)} {action.done}")


async def chosen(choice: Choice, *, shown: bool) -> list[Letter]:
    """Return the letters of a choice, those that died first in front, and leave all where they are."""
    async with _in_hand() as letters:
        return await _read(letters, choice, shown=shown)


async def _read(letters: DeadLetters, choice: Choice, *, shown: bool) -> list[Letter]:
    try:
        queues = choice.queues
    except LookupError:
        raise Refused(f"There is no queue {choice.queue}: `ops doctor` lists them.") from None
    total = sum([await letters.count(queue) for queue in queues])
    with bar("Reading", total, shown=shown) as advance:
        found = [letter for queue in queues for letter in await letters.read(queue, MOST_READ, advance)]
    now = datetime.now(UTC)
    taken = [letter for letter in found if choice.takes(letter, now)]
    return sorted(taken, key=lambda letter: letter.buried_at or now)


@asynccontextmanager
async def _in_hand() -> AsyncIterator[DeadLetters]:
    try:
        async with dead_letters(read(QueueSettings).amqp_url.get_secret_value()) as letters:
            yield letters
    except Busy:
        raise Refused(BUSY) from None


def _tell(action: Action, told: Sequence[tuple[Letter, str]], *, yes: bool, as_json: bool) -> None:
    rows: list[dict[str, Any]] = [asdict(line(letter)) | {"outcome": outcome} for letter, outcome in told]
    if as_json:
        printing.dump_value(rows)
        return
    printing.tabulate(rows[:MOST], "No dead letter is like that: nothing to do.")
    if len(rows) > MOST:
        printing.tell(f"… and {len(rows) - MOST} more.")
    number = sum(outcome != NOT_OURS for _, outcome in told)
    if rows and yes:
        printing.tell(f"{printing.many(number, 'letter is', 'letters are')} {action.done}.")
    elif rows:
        would = f"{printing.many(number, 'letter')} would be {action.done}"
        printing.tell(f"{would}; nothing was done. The same with --yes does it.")
    if number < len(rows):
        others = printing.many(len(rows) - number, "is not ours", "are not ours")
        printing.tell(f"{others}, and nobody could work on it: see `ops dead show`, and drop.")
