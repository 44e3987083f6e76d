"""The stand-in of Plaid, served over HTTP, and what a test may do to the bank behind it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx2

from common.runtime import serving
from plaid_sandbox.main import create_app
from plaid_sandbox.settings import Settings

INSTITUTION = "ins_109508"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bank:
    """One stand-in; every change is made through its HTTP interface."""

    url: str
    client: httpx2.AsyncClient

    async def public_token(self, username: str, days_requested: int, institution_id: str = INSTITUTION) -> str:
        """Link all accounts of a test user and return the public token."""
        options = {
            "override_username": username,
            "override_password": "pass_good",
            "transactions": {"days_requested": days_requested},
        }
        ask = {"institution_id": institution_id, "initial_products": ["transactions"], "options": options}
        answer = await self.post("/sandbox/public_token/create", {"client_id": "c", "secret": "s"} | ask)
        return str(answer["public_token"])

    async def truth(self, item_id: str) -> dict[str, Json]:
        """Return every transaction that stands at the bank, by id, amounts exact."""
        answer = await self.client.get(f"/sandbox_control/items/{item_id}/truth")
        rows = answer.raise_for_status().json()["transactions"]
        return {row["transaction_id"]: row | {"amount": Decimal(row["amount"])} for row in rows}

    async def add(self, item_id: str, **line: Any) -> list[str]:
        """Add a transaction, or without an amount a few pending ones; return their ids."""
        answer = await self.control(item_id, "transactions", **line)
        return [str(one) for one in answer["added"]]

    async def edit(self, item_id: str, transaction_id: str, **changes: Any) -> None:
        """Correct a transaction; without changes, send it once more as it was."""
        await self.control(item_id, "transactions/edit", transaction_id=transaction_id, **changes)

    async def withdraw(self, item_id: str, *transaction_ids: str) -> None:
        """Take transactions back."""
        await self.control(item_id, "transactions/withdraw", transaction_ids=list(transaction_ids))

    async def refresh(self, item_id: str) -> None:
        """Let pending ones post or vanish, new ones come, old ones come again."""
        await self.control(item_id, "refresh")

    async def open_account(self, item_id: str, **account: Any) -> str:
        """Open an account that is shared at once; return its id."""
        return str((await self.control(item_id, "accounts/open", **account))["account"]["account_id"])

    async def close_account(self, item_id: str, account_id: str = "@savings") -> str:
        """Let an account vanish without a word; return its id."""
        return str((await self.control(item_id, "accounts/close", account_id=account_id))["account_id"])

    async def churn_account(self, item_id: str, account_id: str = "@savings", **look: str) -> Json:
        """Give an account another id; return both."""
        return await self.control(item_id, "accounts/churn", account_id=account_id, **look)

    async def set_balance(self, item_id: str, account_id: str, **balances: Any) -> None:
        """Change balances without a transaction."""
        await self.control(item_id, "accounts/balance", account_id=account_id, **balances)

    async def refuse_cursors(self, item_id: str) -> None:
        """Forget every cursor that was handed out."""
        await self.control(item_id, "cursors/refuse")

    async def calls(self, item_id: str, path: str = "/transactions/sync") -> list[Json]:
        """Return the calls about an item that arrived, the first first."""
        answer = await self.client.get("/sandbox_control/calls", params={"item_id": item_id, "path": path})
        return list(answer.raise_for_status().json()["calls"])

    async def mutate_between_pages(self, item_id: str, times: int) -> None:
        """Change the data behind each of the next so many unfinished pages."""
        await self.control(item_id, "mutations", times=times)

    async def break_login(self, access_token: str) -> None:
        """Let the item need its user."""
        await self.post("/sandbox/item/reset_login", {"client_id": "c", "secret": "s", "access_token": access_token})

    async def repair_login(self, access_token: str, username: str = "user_good") -> None:
        """Go through Link's update mode."""
        ask: Json = {"client_id": "c", "secret": "s", "client_name": "CORA", "language": "en", "country_codes": ["US"]}
        ask |= {"user": {"client_user_id": "1"}, "access_token": access_token}
        link_token = (await self.post("/link/token/create", ask))["link_token"]
        login = {"institution_id": INSTITUTION, "username": username, "password": "pass_good"}
        begun = await self.post("/link/session/authenticate", {"link_token": link_token, **login})
        chosen = [account["id"] for account in begun["accounts"]]
        done = {"link_token": link_token, "auth_session": begun["auth_session"], "account_ids": chosen}
        await self.post("/link/session/complete", done)

    async def fail_next(self, **outage: Any) -> None:
        """Let the next calls fail."""
        await self.post("/sandbox_control/outages", outage)

    async def advance(self, seconds: float) -> None:
        """Skip time."""
        await self.post("/sandbox_control/clock/advance", {"seconds": seconds})

    async def control(self, item_id: str, what: str, **body: Any) -> Json:
        """Post to the item's control API."""
        return await self.post(f"/sandbox_control/items/{item_id}/{what}", body)

    async def post(self, path: str, body: Json) -> Json:
        """Post JSON with exact decimals and return the answer."""
        text = json.dumps(body, default=float)
        answer = await self.client.post(path, content=text, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@asynccontextmanager
async def bank(**settings: Any) -> AsyncIterator[Bank]:
    """Serve a stand-in of the test's own; without other wishes, everything there happens at once."""
    delays = {"initial_delay": 0, "historical_delay": 0, "refresh_delay": 0}
    app = create_app(Settings(**(delays | settings)))
    async with serving(app, "127.0.0.1", 0) as port:
        url = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
            yield Bank(url, client)
