"""`ops orphans`: items that ring and that no integration has."""

from dataclasses import asdict

from common.database import Database
from ops import printing
from ops.commands.arguments import MOST, Json, Most
from ops.session import run
from ops.store import orphans
from ops.store.orphans import Orphan

ADVICE = {
    "unknown": "unknown: we hold no token that could remove it. Look at `ops exchanges list`, search link_api's log "
    "for item.orphaned with this item_id, and other deployments for the item; if none has it, ask Plaid's support to "
    "remove it.",
    "removed": "removed: Plaid confirmed the removal more than a day before it rang. Tell Plaid's support its item_id.",
}


def show(most: Most = MOST, as_json: Json = False) -> None:
    """List items whose webhooks come and that no integration has: Plaid bills them still."""

    async def look(database: Database) -> tuple[list[Orphan], int]:
        async with database.transaction() as session:
            return await orphans.some(session, most)

    found, total = run(look)
    if as_json:
        printing.dump(found)
        return
    printing.tabulate([asdict(orphan) for orphan in found], "No orphans: every item that rings is ours.")
    printing.tell_rest(len(found), total)
    for kind in sorted({orphan.kind for orphan in found}):
        printing.tell(ADVICE[kind])
