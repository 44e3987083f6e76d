"""`ops trace`: the life of one transaction, from the doorbell to what its user said."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, Any

import typer

from common.broker import BrokerUnavailable
from common.database import Database
from ops import printing
from ops.commands.arguments import MOST, Json, Most
from ops.commands.dead import chosen
from ops.letters import Choice
from ops.session import Refused, read, run
from ops.settings import StatusSettings
from ops.store import lives
from ops.store.lives import Moment, Transaction

HELP = "A correlation id; a transaction's id, Plaid's or ours; or an expense's as expense:123."
Name = Annotated[str, typer.Argument(metavar="ID", help=HELP)]
NOBODY = "Nothing here has the id {name}: no transaction, no sync, no event that waits or was given up. A correlation \
id of a log line leads to what a sync stored under it; one that stored nothing leaves no row. Expense 7 is expense:7."
UNREAD = "The dead letters could not be read now (RabbitMQ is away, or another `ops dead` has them): they are left out."


def show(name: Name, most: Most = MOST, as_json: Json = False) -> None:
    """Tell what happened to a transaction, or under a correlation id, and how long each step took."""

    async def look(database: Database) -> tuple[Sequence[Moment], Sequence[Transaction]]:
        moments, brought = await _of_tables(database, name, most)
        moments = sorted([*moments, *await _dead(name, moments)], key=attrgetter("at"))
        if not moments:
            raise Refused(NOBODY.format(name=name))
        return moments, brought

    moments, brought = run(look)
    if as_json:
        printing.dump_value({"moments": steps(moments), "transactions": [asdict(one) for one in brought]})
        return
    printing.tabulate(steps(moments), "")
    for one in brought[:1] if len(brought) == 1 else ():
        printing.tell(f"Transaction {one.id} ({one.transaction_id}) of item {one.integration_id}. {standing(one)}")
    if len(brought) > 1:
        printing.tabulate([asdict(one) for one in brought], "")
        printing.tell("Each can be traced by its id.")


async def _of_tables(database: Database, name: str, most: int) -> tuple[Sequence[Moment], Sequence[Transaction]]:
    async with database.transaction() as session:
        if transaction := await lives.find(session, name):
            return await lives.of_transaction(session, transaction), [transaction]
        if moments := await lives.of_quarantined(session, name):
            return moments, []
        moments, brought = await lives.of_correlation(session, name, most)
        if len(brought) == 1:
            moments = await lives.of_transaction(session, brought[0])
        return moments, brought


async def _dead(name: str, moments: Sequence[Moment]) -> list[Moment]:
    """Return the dead letters of these correlation ids, where RabbitMQ is named."""
    if read(StatusSettings).amqp_url is None:
        return []
    try:
        letters = await chosen(Choice(), shown=False)
    except (Refused, BrokerUnavailable):
        printing.tell(UNREAD)
        return []
    known = {name, *(moment.correlation_id for moment in moments)} - {None}
    return [
        Moment(
            letter.buried_at or datetime.now(UTC),
            "dead letter",
            f"{letter.queue.name}: {letter.reason}; ops dead show {letter.name}",
            letter.properties.correlation_id,
        )
        for letter in letters
        if letter.properties.correlation_id in known
    ]


def steps(moments: Sequence[Moment]) -> list[dict[str, Any]]:
    """Return each moment with the time since the one before it."""
    before: Sequence[datetime | None] = [None, *(moment.at for moment in moments)]
    return [
        {"at": moment.at.isoformat(timespec="milliseconds"), "after": _gap(earlier, moment.at)}
        | {"what": moment.what, "detail": moment.detail, "correlation_id": moment.correlation_id}
        for earlier, moment in zip(before, moments, strict=False)
    ]


def standing(one: Transaction) -> str:
    """Return in words whether what stands was decided."""
    if one.decided_version < one.version:
        return "It waits to be decided: look at the queue categorizer.categorize in `ops status`."
    return f"It is expense {one.expense_id}." if one.expense_id else "It was decided to be no expense."


def _gap(earlier: datetime | None, now: datetime) -> str:
    if earlier is None:
        return ""
    seconds = (now - earlier).total_seconds()
    return f"{1000 * seconds:,.0f} ms" if seconds < 10 else printing.ago(earlier, now).removesuffix(" ago")  # noqa: PLR2004
