"""Workers over a database of the test's own and a stand-in of Plaid, and what a test looks at."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import RowMapping, text

from common.broker import Message
from common.budget.postgres import PostgresBudget
from common.database import Database
from common.events import Event, SyncRequested, TransactionsChanged, Trigger, WebhookReceived
from common.limits import Limits
from common.plaid import Credentials
from common.sealing import Vault
from sync_worker.audit import Audit
from sync_worker.handlers import Doorbells
from sync_worker.login import LoginCheck
from sync_worker.removal import Removal
from sync_worker.sweep import Sweep
from sync_worker.sync import Sync
from tests.sync_worker.bank import INSTITUTION, Bank
from tests.sync_worker.faults import WatchedPlaid

SILENCE = timedelta(hours=6)
PATIENCE = 20.0
EventT = TypeVar("EventT", bound=Event)

ADD_USER = "INSERT INTO users (id) VALUES (:user_id) ON CONFLICT DO NOTHING"
ADD_INTEGRATION = """
    INSERT INTO plaid_integrations (user_id, item_id, access_token, institution_id, institution_name, days_requested)
    VALUES (:user_id, :item_id, :access_token, :institution_id, 'First Platypus Bank', :days) RETURNING id
"""
TRANSACTIONS = """
    SELECT t.id, t.transaction_id, t.version, a.account_id, t.amount, t.date, t.authorized_date, t.name,
        t.merchant_name, t.original_description, t.pending, t.pending_transaction_id, t.iso_currency_code,
        t.unofficial_currency_code, t.pfc_detailed AS category
    FROM plaid_transactions t JOIN plaid_accounts a ON a.id = t.account_id
    WHERE t.integration_id = :id AND t.sync_status = 'synced'
"""
COMPARED = (
    "account_id", "amount", "date", "authorized_date", "name", "original_description", "pending",
    "pending_transaction_id", "iso_currency_code", "unofficial_currency_code", "category",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Linked:
    """An item as we and the bank know it."""

    id: int
    item_id: str
    access_token: str


@dataclass(slots=True)
class Worker:
    """One process of sync_worker, without its broker."""

    database: Database
    plaid: WatchedPlaid
    sync: Sync
    login: LoginCheck
    removal: Removal
    doorbells: Doorbells
    sweep: Sweep
    audit: Audit
    emitted: list[Message] = field(default_factory=list)

    async def ring(self, integration_id: int, trigger: Trigger = "manual") -> None:
        """Handle a request for a sync to its end."""
        event = SyncRequested(integration_id=integration_id, trigger=trigger, requested_at=datetime.now(UTC))
        await (self.doorbells.on_sweep(event) if trigger == "sweep" else self.doorbells.on_request(event))

    async def hear(
        self, item_id: str, code: str = "SYNC_UPDATES_AVAILABLE", kind: str = "TRANSACTIONS", **facts: Any
    ) -> None:
        """Handle a webhook to its end."""
        webhook = WebhookReceived(
            item_id=item_id, webhook_type=kind, webhook_code=code, received_at=datetime.now(UTC), **facts
        )
        await self.doorbells.on_webhook(webhook)

    def events(self, kind: type[EventT]) -> list[EventT]:
        """Return the events of this kind whose transactions committed."""
        return [kind.model_validate_json(message.body) for message in self.emitted if message.type == kind.type]

    def changed_ids(self) -> list[int]:
        """Return the row ids of all transactions.changed, in order."""
        return [one for event in self.events(TransactionsChanged) for one in event.transaction_ids]


def worker(
    database_url: str,
    plaid_at: Credentials | str,
    vault: Vault,
    *,
    heartbeat: float = 10.0,
    slots: int = 4,
    limits: Limits | None = None,
) -> Worker:
    """Return a worker with a pool and a client of its own, which heeds no limits unless some are given."""
    database = Database(database_url)
    plaid = WatchedPlaid(plaid_at, PostgresBudget(database, limits) if limits else None)
    sync = Sync(database, plaid, vault, SILENCE, heartbeat=heartbeat)
    login = LoginCheck(database, plaid, vault)
    doorbells = Doorbells(database, sync, login, slots)
    made = Worker(
        database=database,
        plaid=plaid,
        sync=sync,
        login=login,
        removal=Removal(database, plaid, vault),
        doorbells=doorbells,
        sweep=Sweep(database),
        audit=Audit(database, plaid, vault),
    )
    database.after_commit = made.emitted.extend
    return made


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a test may look at; `worker` is the first of as many as it asks for."""

    bank: Bank
    vault: Vault
    worker: Worker
    hire: Callable[..., Awaitable[Worker]]

    async def link(
        self,
        username: str = "user_good",
        *,
        user_id: int = 1,
        days: int = 90,
        institution_id: str = INSTITUTION,
    ) -> Linked:
        """Link a bank as link_api does."""
        public_token = await self.bank.public_token(username, days, institution_id)
        answer = await self.worker.plaid.exchange_public_token(SecretStr(public_token))
        sealed = self.vault.seal(SecretStr(answer["access_token"]))
        await self.rows(ADD_USER, user_id=user_id)
        values = {"user_id": user_id, "item_id": answer["item_id"], "access_token": sealed.ciphertext, "days": days}
        integration_id = (await self.rows(ADD_INTEGRATION, institution_id=institution_id, **values))[0]["id"]
        return Linked(integration_id, answer["item_id"], answer["access_token"])

    async def synced(self, username: str = "user_good", *, days: int = 30, **link: Any) -> Linked:
        """Link a bank and sync once."""
        item = await self.link(username, days=days, **link)
        await self.worker.ring(item.id, "linked")
        return item

    async def caught_up(self, **link: Any) -> Linked:
        """Link a bank, sync once, and forget what was announced."""
        item = await self.synced(**link)
        self.worker.emitted.clear()
        return item

    async def rows(self, sql: str, **values: Any) -> list[RowMapping]:
        """Run a statement of the test's own and return its rows."""
        return await rows(self.worker.database, sql, **values)

    async def integration(self, item: Linked) -> RowMapping:
        """Return the integration's row."""
        sql = """SELECT *, next_sync_at - now() AS due_in, lease_expires_at - now() AS lease_left
            FROM plaid_integrations WHERE id = :id"""
        return (await self.rows(sql, id=item.id))[0]

    async def history(self, item: Linked) -> list[RowMapping]:
        """Return the integration's history, oldest first."""
        return await self.rows("SELECT * FROM plaid_sync_history WHERE integration_id = :id ORDER BY id", id=item.id)

    async def transactions(self, item: Linked) -> dict[str, RowMapping]:
        """Return the rows that stand, by Plaid's id."""
        return {row["transaction_id"]: row for row in await self.rows(TRANSACTIONS, id=item.id)}

    async def differences(self, item: Linked) -> dict[str, Any]:
        """Return where our rows are not the bank's truth."""
        ours, truth = await self.transactions(item), await self.bank.truth(item.item_id)
        wrong: dict[str, Any] = dict.fromkeys(truth.keys() - ours.keys(), "missing")
        wrong |= dict.fromkeys(ours.keys() - truth.keys(), "extra")
        for key in truth.keys() & ours.keys():
            mine = {name: _plain(ours[key][name]) for name in COMPARED}
            if mine != {name: truth[key][name] for name in COMPARED}:
                wrong[key] = (mine, truth[key])
        return wrong


async def rows(database: Database, sql: str, **values: Any) -> list[RowMapping]:
    """Run a statement of the test's own and return its rows."""
    async with database.transaction() as session:
        result = await session.execute(text(sql), values)
        return list(result.mappings()) if result.returns_rows else []  # type: ignore[attr-defined]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


@asynccontextmanager
async def world(database_url: str, bank: Bank) -> AsyncIterator[World]:
    """Yield a world with one worker; all that are hired end with it."""
    vault = Vault([SecretStr(Fernet.generate_key().decode())])
    async with AsyncExitStack() as stack:

        async def hire(**how: Any) -> Worker:
            hired = worker(database_url, bank.url, vault, **how)
            stack.callback(hired.plaid.close)
            stack.push_async_callback(hired.database.close)
            return hired

        yield World(bank, vault, await hire(), hire)


async def until(holds: Callable[[], Awaitable[bool]], *, within: float = PATIENCE) -> None:
    """Return as soon as it holds; fail when it does not in time."""
    async with asyncio.timeout(within):
        while not await holds():  # noqa: ASYNC110 - rows in a database have no event to wait for
            await asyncio.sleep(0.02)
