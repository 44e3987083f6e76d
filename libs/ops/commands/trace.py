"""`ops trace`: the life of one transaction, from the doorbell to what its user said."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from common.database import Database
from ops import printing
from ops.commands.arguments import MOST, Json, Most
from ops.session import Refused, run
from ops.store import lives
from ops.store.lives import Moment, Transaction

Name = Annotated[str, typer.Argument(metavar="ID", help="A correlation id, or a transaction's id, Plaid's or ours.")]
NOBODY = "Nothing here has the id {name}: no transaction, no sync, no event that waits. A correlation id of a log line \
leads to what a sync stored under it; one that stored nothing leaves no row."


def show(name: Name, most: Most = MOST, as_json: Json = False) -> None:
    """Tell what happened to a transaction, or under a correlation id, and how long each step took."""

    async def look(database: Database) -> tuple[Sequence[Moment], Sequence[Transaction]]:
        async with database.transaction() as session:
            if transaction := await lives.find(session, name):
                return await lives.of_transaction(session, transaction), [transaction]
            moments, brought = await lives.of_correlation(session, name, most)
            if len(brought) == 1:
                moments = await lives.of_transaction(session, brought[0])
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
