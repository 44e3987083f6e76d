"""The main path at a Plaid: link, first import in its stages, an audit, a broken login, a removal."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx2
from cryptography.fernet import Fernet
from pydantic import SecretStr

from common.database import Database
from common.events import AuditRequested
from common.plaid import Credentials
from common.sealing import Vault
from sync_worker.domain.schedule import COMPLETE
from tests.sync_worker.world import Worker, rows, worker

INSTITUTION = "ins_109508"
USER = "user_transactions_dynamic"
PATIENCE = 300.0
BREATH = 2.0

ADD = """
    INSERT INTO plaid_integrations (user_id, item_id, access_token, institution_id, days_requested)
    VALUES (1, :item_id, :access_token, :institution_id, 90) RETURNING id
"""
STANDING = "SELECT transaction_id FROM plaid_transactions WHERE sync_status = 'synced'"


@dataclass(frozen=True, slots=True)
class Path:
    """One item on its way, and the worker that looks after it."""

    credentials: Credentials
    database: Database
    worker: Worker
    integration_id: int
    access_token: str

    async def row(self) -> Any:
        """Return the integration."""
        return (await rows(self.database, "SELECT * FROM plaid_integrations"))[0]

    async def sandbox(self, path: str) -> None:
        """Call an endpoint that only the sandbox has, about this item."""
        await _post(self.credentials, path, access_token=self.access_token)


async def walk(database_url: str, credentials: Credentials) -> dict[str, int]:
    """Walk the main path and return what was counted; raises where a step does not lead where it should."""
    path = await _link(database_url, credentials)
    try:
        standing = await _import(path)
        compared = await _audit(path)
        await _break(path)
        await _remove(path)
    finally:
        path.worker.plaid.close()
        await path.database.close()
    return {"transactions": standing, "compared": compared}


async def _link(database_url: str, credentials: Credentials) -> Path:
    options = {"override_username": USER, "override_password": "any"}
    ask = {"institution_id": INSTITUTION, "initial_products": ["transactions"], "options": options}
    public_token = (await _post(credentials, "/sandbox/public_token/create", **ask))["public_token"]
    vault = Vault([SecretStr(Fernet.generate_key().decode())])
    hired = worker(database_url, credentials, vault)
    answer = await hired.plaid.exchange_public_token(SecretStr(public_token))
    sealed = vault.seal(SecretStr(answer["access_token"])).ciphertext
    values = {"item_id": answer["item_id"], "access_token": sealed, "institution_id": INSTITUTION}
    await rows(hired.database, "INSERT INTO users (id) VALUES (1)")
    [row] = await rows(hired.database, ADD, **values)
    return Path(credentials, hired.database, hired, row["id"], answer["access_token"])


async def _import(path: Path) -> int:
    """Sync until Plaid says that all history is here; then again, and nothing changes."""
    await path.worker.ring(path.integration_id, "linked")
    async with asyncio.timeout(PATIENCE):
        while (row := await path.row())["transactions_update_status"] != COMPLETE:
            assert row["last_sync_error"] is None, row["last_sync_error"]
            await asyncio.sleep(BREATH)
            await path.worker.ring(path.integration_id)
    before = await rows(path.database, STANDING)
    await path.worker.ring(path.integration_id)
    assert before
    assert await rows(path.database, STANDING) == before
    assert await rows(path.database, "SELECT * FROM quarantined_transactions") == []
    assert {one["is_active"] for one in await rows(path.database, "SELECT is_active FROM plaid_accounts")} == {True}
    return len(before)


async def _audit(path: Path) -> int:
    """Have all that Plaid says compared with all that we hold: no difference."""
    order = "INSERT INTO audits (integration_id, heal) VALUES (:id, false) RETURNING id"
    [audit] = await rows(path.database, order, id=path.integration_id)
    await path.worker.audit.on_request(AuditRequested(audit_id=audit["id"]))
    [found] = await rows(path.database, "SELECT * FROM audits")
    assert (found["error_code"], found["missing"], found["extra"], found["different"]) == (None, 0, 0, 0), dict(found)
    return int(found["compared"])


async def _break(path: Path) -> None:
    """Break the login: the next sync finds out, and waits for the user."""
    await path.sandbox("/sandbox/item/reset_login")
    await path.worker.ring(path.integration_id)
    assert (await path.row())["status"] == "login_required"


async def _remove(path: Path) -> None:
    """Disconnect: Plaid forgets the item, and we its token."""
    ended = "UPDATE plaid_integrations SET status = 'removing', is_active = false"
    await rows(path.database, ended)
    await path.worker.removal.run(path.integration_id)
    row = await path.row()
    assert (row["status"], row["access_token"]) == ("disconnected", None)


async def _post(credentials: Credentials, path: str, **body: Any) -> Any:
    secret = credentials.secret.get_secret_value()
    async with httpx2.AsyncClient(base_url=credentials.host, timeout=60) as http:
        answer = await http.post(path, json={"client_id": credentials.client_id, "secret": secret} | body)
    assert answer.status_code == httpx2.codes.OK, answer.json()
    return answer.json()
