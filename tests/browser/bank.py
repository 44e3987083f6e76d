"""What a test does at the bank, behind the page's back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr
from sqlalchemy import text

from common.database import Database
from common.sealing import SealedToken, Vault
from deploy.embedded import System, keys

SEALED = text("SELECT access_token FROM plaid_integrations WHERE item_id = :item_id")
CREDENTIALS = {"client_id": "sandbox-client", "secret": "sandbox-secret"}


@dataclass(frozen=True, slots=True)
class Bank:
    """The stand-in's control API; `latest` is the Item that was linked last."""

    client: httpx2.AsyncClient
    database: Database
    vault: Vault

    @classmethod
    @asynccontextmanager
    async def of(cls, running: System, data: Path) -> AsyncIterator["Bank"]:
        """Yield the levers of a running system."""
        vault = Vault([SecretStr(keys(data)["plaid_encryption_key"])])
        database = Database(running.database_url, pool_size=1)
        async with httpx2.AsyncClient(base_url=running.sandbox_url, timeout=30) as client:
            yield cls(client, database, vault)
        await database.close()

    async def spend(self, amount: str, name: str) -> None:
        """Post a transaction on the latest Item; the stand-in rings its webhook."""
        item_id = await self._latest()
        await self._post(f"/sandbox_control/items/{item_id}/transactions", {"amount": amount, "name": name})

    async def forget_login(self) -> None:
        """Make the bank ask for a new login on the latest Item, as /sandbox/item/reset_login does."""
        item_id = await self._latest()
        async with self.database.transaction() as session:
            sealed = await session.scalar(SEALED, {"item_id": item_id})
        access_token = self.vault.open(SealedToken(str(sealed))).get_secret_value()
        await self._post("/sandbox/item/reset_login", CREDENTIALS | {"access_token": access_token})

    async def link_token(self) -> str:
        """Return a link token without redirect_uri, as a web page that uses pop-ups asks for."""
        ask = {
            "client_name": "A page",
            "country_codes": ["US"],
            "language": "en",
            "products": ["transactions"],
            "user": {"client_user_id": "1"},
        }
        answer = await self._post("/link/token/create", CREDENTIALS | ask)
        return str(answer["link_token"])

    async def _latest(self) -> str:
        answer = await self.client.get("/sandbox_control/items")
        answer.raise_for_status()
        items = sorted(answer.json()["items"], key=lambda item: str(item["created_at"]))
        return str(items[-1]["item_id"])

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.client.post(path, json=body)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told
