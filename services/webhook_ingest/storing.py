"""The way into PostgreSQL's outbox: what comes at the same time is committed together."""

import asyncio
from collections.abc import Mapping, Sequence

from common import outbox
from common.broker import Message
from common.database import Database, unavailable

WRITERS = 4
"""Transactions at a time: one that hangs holds up no other."""


Gathered = Mapping[asyncio.Future[None], Message]
"""Messages, by what tells that they are stored."""


class Storing:
    """Stores messages in the outbox, as many in one transaction as wait for it; each of at most `patience` seconds."""

    def __init__(self, database: Database, patience: float) -> None:
        self._database = database
        self._patience = patience
        self._gathered: dict[asyncio.Future[None], Message] = {}
        self._writers: set[asyncio.Task[None]] = set()

    async def store(self, message: Message) -> None:
        """Return when it is durable, or raise what the transaction did. Cancelled before a writer has it, it goes."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._gathered[stored] = message
        if len(self._writers) < WRITERS:
            writer = asyncio.create_task(self._write(), name="store webhooks")
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        try:
            await stored
        finally:
            self._gathered.pop(stored, None)

    async def _write(self) -> None:
        while self._gathered:
            gathered, self._gathered = self._gathered, {}
            try:
                async with asyncio.timeout(self._patience):
                    await self._commit(list(gathered.values()))
            except Exception as error:  # noqa: BLE001 - whoever waits hears of it
                _tell(gathered, error)
            else:
                _tell(gathered)

    async def _commit(self, messages: Sequence[Message]) -> None:
        """Commit them; once more where the pool's connection was broken: then the pool drops them all."""
        try:
            await self._keep(messages)
        except Exception as error:
            if not unavailable(error):
                raise
            await self._keep(messages)

    async def _keep(self, messages: Sequence[Message]) -> None:
        async with self._database.transaction() as session:
            await outbox.keep(session, messages)


def _tell(gathered: Gathered, error: Exception | None = None) -> None:
    for stored in gathered:
        if stored.done():  # nobody waits any more
            continue
        if error is None:
            stored.set_result(None)
        else:
            stored.set_exception(error)
