"""Plaid's API over plaid-python: its authentication, URLs and request models; raw JSON answers with exact decimals.

The SDK's response models cost about 7 ms per transaction and fail a whole page on one odd row, so answers are read raw.
A page's transactions are not read here at all: `Updates` has each as Plaid wrote it.
The SDK is synchronous: each call runs in a thread, so many at once, and has a timeout (the SDK's default is none).
"""

import json
from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import partial
from time import perf_counter
from types import MethodType
from typing import Any, Self, TypeVar, cast

import plaid
import urllib3
from plaid.api.plaid_api import PlaidApi
from plaid.model.personal_finance_category_version import PersonalFinanceCategoryVersion
from prometheus_client import Histogram
from pydantic import SecretStr

from common import updates
from common.plaid import errors
from common.plaid.spending import Budget, Spender, Unmetered
from common.plaid.threads import Threads
from common.updates import Updates

CALLS = Histogram(
    "plaid_call_seconds", "Calls of Plaid by endpoint and outcome (ok, or why not)", ["endpoint", "outcome"]
)

Json = dict[str, Any]
T = TypeVar("T")

PAGE_SIZE = 500
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
SYNC_READ_TIMEOUT = 90.0
"""Seconds. The first sync after history is ready may be 8 times slower than usual (plaid.com/docs/transactions)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whose account at Plaid, and where Plaid is."""

    client_id: str
    secret: SecretStr
    host: str


class PlaidClient:
    """Every call that we make of Plaid: each returns Plaid's JSON with exact decimals, or raises PlaidError."""

    def __init__(self, credentials: Credentials, budget: Budget | None = None, *, concurrency: int = 16) -> None:
        configuration = plaid.Configuration(
            host=credentials.host,
            api_key={"clientId": credentials.client_id, "secret": credentials.secret.get_secret_value()},
        )
        configuration.connection_pool_maxsize = concurrency
        configuration.retries = urllib3.Retry(
            total=None, connect=1, read=False, status=False, redirect=False, other=False
        )
        self._client = plaid.ApiClient(configuration)
        self._api = PlaidApi(self._client)
        self._threads = Threads(concurrency)
        self._budget = budget or Unmetered()
        self._spender = Spender()

    def on_behalf_of(self, spender: Spender) -> Self:
        """Return the same client, its calls made for this spender."""
        bound = copy(self)
        bound._spender = spender  # noqa: SLF001 - a copy of ourselves
        return bound

    def waiting(self, patience: timedelta) -> Self:
        """Return the same client, its calls waiting so long for their turn."""
        return self.on_behalf_of(self._spender.waiting(patience))

    def for_item_of(self, integration_id: int) -> Self:
        """Return the same client, its calls counted for the item of this integration too."""
        return self.on_behalf_of(replace(self._spender, integration_id=integration_id))

    async def probe(self) -> datetime | None:
        """/institutions/get of one: that Plaid is there and takes our keys; return its time (RFC 9110, Date).

        It is not counted in the budget: it is asked where the database may be away.
        """
        request = {"count": 1, "offset": 0, "country_codes": ["US"]}
        ask = partial(_send, self._api.institutions_get, request, (CONNECT_TIMEOUT, CONNECT_TIMEOUT))
        said = (await self._threads.run(ask)).headers.get("Date")
        return parsedate_to_datetime(said) if said else None

    async def create_link_token(self, request: Mapping[str, Any]) -> Json:
        """/link/token/create: {link_token, expiration}."""
        return await self._call(self._api.link_token_create, request)

    async def get_link_token(self, link_token: SecretStr) -> Json:
        """/link/token/get: what happened in the Link sessions of this token."""
        return await self._call(self._api.link_token_get, {"link_token": link_token.get_secret_value()})

    async def exchange_public_token(self, public_token: SecretStr) -> Json:
        """/item/public_token/exchange: {access_token, item_id}. Never retried: it may have worked."""
        return await self._call(self._api.item_public_token_exchange, {"public_token": public_token.get_secret_value()})

    async def get_accounts(self, access_token: SecretStr) -> Json:
        """/accounts/get: {accounts, item}, cached balances."""
        return await self._call(self._api.accounts_get, _with(access_token))

    async def get_item(self, access_token: SecretStr) -> Json:
        """/item/get: {item, status}; `item.error` says how the login stands. Free."""
        return await self._call(self._api.item_get, _with(access_token))

    async def update_webhook(self, access_token: SecretStr, url: str) -> Json:
        """/item/webhook/update: {item}; the item's webhooks come to `url` from now on, which is rung at once."""
        return await self._call(self._api.item_webhook_update, _with(access_token) | {"webhook": url})

    async def remove_item(self, access_token: SecretStr) -> Json:
        """/item/remove: ends billing; the token is dead at once."""
        return await self._call(self._api.item_remove, _with(access_token))

    async def get_institution(self, institution_id: str, country_codes: list[str]) -> Json:
        """/institutions/get_by_id: {institution}, with logo and colour where Plaid has them."""
        request = {
            "institution_id": institution_id,
            "country_codes": country_codes,
            "options": {"include_optional_metadata": True},
        }
        return await self._call(self._api.institutions_get_by_id, request)

    async def get_verification_key(self, key_id: str) -> Json:
        """/webhook_verification_key/get: {key}, a JWK of this environment."""
        return await self._call(self._api.webhook_verification_key_get, {"key_id": key_id}, read_timeout=5.0)

    async def sync_page(self, access_token: SecretStr, cursor: str | None) -> Updates:
        """/transactions/sync: one page of at most 500 updates after `cursor` (None: from the beginning).

        Raises CursorRefused when it is the cursor that Plaid does not take.
        """
        request: Json = {
            "count": PAGE_SIZE,
            "options": {
                "include_original_description": True,
                "personal_finance_category_version": PersonalFinanceCategoryVersion("v2"),
            },
        }
        if cursor:
            request["cursor"] = cursor
        try:
            return await self._answered(
                updates.read, self._api.transactions_sync, _with(access_token) | request, SYNC_READ_TIMEOUT
            )
        except errors.PlaidError as error:
            raise (errors.of_cursor(error) if cursor else error) from None

    async def refresh_transactions(self, access_token: SecretStr) -> Json:
        """/transactions/refresh: has the bank read now; its news come by webhook. A paid add-on, billed per call."""
        return await self._call(self._api.transactions_refresh, _with(access_token))

    async def _call(
        self, endpoint: Callable[..., Any], request: Mapping[str, Any], read_timeout: float = READ_TIMEOUT
    ) -> Json:
        return await self._answered(_object, endpoint, request, read_timeout)

    async def _answered(
        self, read: Callable[[bytes], T], endpoint: Callable[..., Any], request: Mapping[str, Any], read_timeout: float
    ) -> T:
        own = deepcopy(dict(request))  # the SDK puts its enums into what it is given
        path = _path(endpoint)
        from_start = "cursor" not in own
        await self._budget.take(path, self._spender, from_start=from_start)
        try:
            return await self._threads.run(partial(_answer, read, endpoint, own, (CONNECT_TIMEOUT, read_timeout)))
        except errors.PlaidError as error:
            await self._budget.learn(path, self._spender, error, from_start=from_start)
            raise

    def close(self) -> None:
        """Let go of idle connections; calls under way are left to their timeouts."""
        self._client.rest_client.pool_manager.clear()


def _path(endpoint: Callable[..., Any]) -> str:
    """Return Plaid's path of a method of the SDK."""
    described = getattr(cast("MethodType", endpoint).__self__, f"{endpoint.__name__}_endpoint")
    return str(described.settings["endpoint_path"])


def _with(access_token: SecretStr) -> Json:
    return {"access_token": access_token.get_secret_value()}


def _answer(read: Callable[[bytes], T], endpoint: Callable[..., Any], request: Json, timeout: tuple[float, float]) -> T:
    started, outcome = perf_counter(), "refused here"
    try:
        answer = _read(read, _send(endpoint, request, timeout).data)
    except errors.PlaidError as error:
        outcome = error.code
        raise
    else:
        outcome = "ok"
        return answer
    finally:
        CALLS.labels(endpoint.__name__, outcome).observe(perf_counter() - started)


def _send(
    endpoint: Callable[..., Any], request: Json, timeout: tuple[float, float]
) -> urllib3.response.BaseHTTPResponse:
    """Return an answer that was read to its end."""
    try:
        answer: urllib3.response.BaseHTTPResponse = endpoint(request, _preload_content=False, _request_timeout=timeout)
        _ = answer.data
    except plaid.ApiException as error:
        raise errors.from_response(error.status, error.body, (error.headers or {}).get("Retry-After")) from None
    except UnicodeDecodeError:  # the SDK decodes the body of every error
        raise errors.unreachable("the answer is no text") from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise errors.unreachable(type(error).__name__) from None
    return answer


def _read(read: Callable[[bytes], T], body: bytes) -> T:
    try:
        return read(body)
    except (ValueError, RecursionError):
        raise errors.unreachable("the answer is not the JSON that was asked for") from None


def _object(body: bytes) -> Json:
    answer = json.loads(body, parse_float=Decimal)
    if not isinstance(answer, dict):
        raise ValueError("no object")  # noqa: TRY004 - as what is no JSON
    return answer
