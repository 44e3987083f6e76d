"""The trail: what operators changed, one row for each command, written in the transaction that changed it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

RECORD = text("""
    INSERT INTO ops_audit (operator, command, arguments, subject, outcome)
    VALUES (:operator, :command, CAST(:arguments AS jsonb), :subject, :outcome) RETURNING id
""")
END = text("UPDATE ops_audit SET outcome = :outcome WHERE id = :id")
SOME = text("""
    SELECT id, at, operator, command, arguments, subject, outcome FROM ops_audit
    WHERE (CAST(:subject AS text) IS NULL OR subject = :subject)
        AND (CAST(:operator AS text) IS NULL OR operator = :operator)
    ORDER BY at DESC, id DESC LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Deed:
    """What an operator does: the command's words, what it was given (ids, filters, switches), and to what it does it.

    No secret and no personal text may stand in it.
    """

    operator: str
    command: str
    subject: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """A deed as it was written down; without an outcome it was begun, and broke off or still runs."""

    id: int
    at: datetime
    operator: str
    command: str
    arguments: dict[str, Any]
    subject: str | None
    outcome: str | None


async def record(session: AsyncSession, deed: Deed, outcome: str | None = "done") -> int:
    """Write down a deed in the transaction that does it; None as outcome where it is done after the commit."""
    values = {
        "operator": deed.operator,
        "command": deed.command,
        "arguments": json.dumps(dict(deed.arguments), default=str),
        "subject": deed.subject,
        "outcome": outcome,
    }
    return int((await session.execute(RECORD, values)).scalar_one())


async def end(session: AsyncSession, entry_id: int, outcome: str) -> None:
    """Write down how a deed ended; that can be done once."""
    await session.execute(END, {"id": entry_id, "outcome": outcome})


async def some(session: AsyncSession, most: int, *, subject: str | None, operator: str | None) -> list[Entry]:
    """Return what was done last, newest first, at most so much; to this subject, by this operator."""
    values = {"most": most, "subject": subject, "operator": operator}
    return [Entry(**row) for row in (await session.execute(SOME, values)).mappings()]


def item(integration_id: int) -> str:
    """Return an item as a subject."""
    return f"item {integration_id}"
